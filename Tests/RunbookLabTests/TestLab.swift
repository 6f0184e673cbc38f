import Glibc
import Testing

@testable import RunbookLab

/// A lab of a test: in a folder of its own under /tmp, taken down and removed at the end.
final class TestLab: Sendable {
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
        for node in site.nodes {
            let key = "\(folder)/nodes/\(node.name)/etc/ssh/ssh_host_ed25519_key.pub"
            let line = "[127.0.0.1]:\(node.port) " + (HostFiles.readText(key) ?? "")
            try HostFiles.write(folder + "/known_hosts." + node.name, line)
        }
    }

    deinit {
        remove()
    }

    /// The `runbook` that was built together with these tests.
    static func programs() throws(LabFailure) -> LabPrograms {
        let tests = HostFiles.linkTarget("/proc/self/exe") ?? ""
        let folder = tests.split(separator: "/").dropLast().joined(separator: "/")
        return try LabPrograms.find(runbook: "/" + folder + "/runbook")
    }

    /// The words of this machine's OpenSSH for a command in a node, the host key pinned.
    func sshWords(_ node: String, _ command: String, options: [String] = []) -> [String] {
        guard let host = site.nodes.first(where: { $0.name == node }) else { return ["false"] }
        return [
            "ssh", "-F", "none", "-i", site.identity, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
            "UserKnownHostsFile=\(folder)/known_hosts.\(node)", "-o", "StrictHostKeyChecking=yes", "-o",
            "GlobalKnownHostsFile=none", "-o", "ConnectTimeout=10", "-p", "\(host.port)",
        ] + options + ["root@127.0.0.1", command]
    }

    /// Runs a command in a node over SSH from this machine; both outputs together.
    func ssh(_ node: String, _ command: String, options: [String] = []) -> (status: Int32, output: String) {
        Programs.shared.run(sshWords(node, command, options: options))
    }

    /// Runs a command in a node without SSH.
    func shell(_ node: String, _ command: String) -> Int32 {
        (try? process.shell(node: node, command: ["bash", "-c", command])) ?? 255
    }

    /// One lab for the tests that leave it as they found it; taken down at the end of the test process.
    static let shared: Result<TestLab, any Error> = {
        atexit { if case .success(let lab) = TestLab.shared { lab.remove() } }
        return Result { try TestLab() }
    }()

    /// Takes the lab down and removes its folder.
    func remove() {
        process.down()
        HostFiles.empty(folder)
        unsafe rmdir(folder)
    }
}

/// The tests of real nodes, one after the other: most share a lab.
@Suite(.serialized, .enabled(if: labIsPossible)) enum PracticeNodes {}

/// Whether this machine can run a lab; says aloud what is missing when it cannot.
let labIsPossible: Bool = {
    let missing = LabProbe.missing()
    for problem in missing { print("no lab on this machine: \(problem)") }
    return missing.isEmpty
}()
