import Glibc
import Testing

@testable import RunbookLab

/// A lab of a test: in a folder of its own under /tmp, taken down and removed at the end.
final class TestLab {
    let folder: String
    let process: LabProcess
    let site: LabSite

    /// - Parameter asNobody: run it as an ordinary user; only root can.
    init(layout: LabLayout = .twoNodes, asNobody: Bool = false) throws {
        folder = "/tmp/runbook-lab-\(UInt32.random(in: 0 ... .max))"
        try HostFiles.makeFolder(folder, mode: 0o700)
        process = LabProcess(folder: folder)
        var words: [String] = []
        if asNobody {
            unsafe chown(folder, 65534, 65534)
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=\(folder)"]
        }
        do throws(LabFailure) {
            site = try process.up(
                layout: layout, profile: "", programs: try Self.programs(), asUser: words)
        } catch {
            let log = HostFiles.readText(folder + "/lab.log") ?? ""
            HostFiles.empty(folder)
            unsafe rmdir(folder)
            throw LabFailure(error.code, error.message + "\n" + log)
        }
    }

    deinit {
        process.down()
        HostFiles.empty(folder)
        unsafe rmdir(folder)
    }

    /// The `runbook` that was built together with these tests.
    static func programs() throws(LabFailure) -> LabPrograms {
        let tests = HostFiles.linkTarget("/proc/self/exe") ?? ""
        let folder = tests.split(separator: "/").dropLast().joined(separator: "/")
        return try LabPrograms.find(runbook: "/" + folder + "/runbook")
    }

    /// Runs a command in a node through this machine's OpenSSH, its host key pinned.
    func ssh(_ node: String, _ command: String, options: [String] = []) -> (status: Int32, output: String) {
        guard let host = site.nodes.first(where: { $0.name == node }) else { return (255, "no such node") }
        let known = folder + "/known_hosts." + node
        let key = HostFiles.readText(folder + "/nodes/\(node)/etc/ssh/ssh_host_ed25519_key.pub") ?? ""
        try? HostFiles.write(known, "[127.0.0.1]:\(host.port) \(key)")
        return Programs.shared.run(
            [
                "ssh", "-F", "none", "-i", site.identity, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                "-o", "UserKnownHostsFile=\(known)", "-o", "StrictHostKeyChecking=yes", "-o",
                "GlobalKnownHostsFile=none", "-o", "ConnectTimeout=10", "-p", "\(host.port)",
            ] + options + ["root@127.0.0.1", command])
    }
}

/// Whether this machine can run a lab; says aloud what is missing when it cannot.
let labIsPossible: Bool = {
    let missing = LabProbe.missing()
    for problem in missing { print("no lab on this machine: \(problem)") }
    return missing.isEmpty
}()
