import CRunbookLab
import Glibc

/// Starts, finds and ends the process that holds a lab.
package struct LabProcess: Sendable {
    let folder: LabFolder

    /// - Parameter folder: absolute path of the lab's folder, which belongs to it alone.
    package init(folder: String) {
        self.folder = LabFolder(path: folder)
    }

    /// Starts a lab; returns when all nodes can be logged into. The lab stays when this process ends.
    ///
    /// Whatever a former lab left in the folder's `nodes`, `cluster` and `snapshots` is removed first.
    ///
    /// - Parameters:
    ///   - profile: file that describes the lab to its model; empty for plain nodes.
    ///   - programs: as `LabPrograms.find` gives them.
    package func up(
        layout: LabLayout, profile: String, programs: LabPrograms
    ) throws(LabFailure) -> LabSite {
        try up(layout: layout, profile: profile, programs: programs, asUser: [])
    }

    /// - Parameter asUser: words before the command that make it run as another user, for tests.
    func up(
        layout: LabLayout, profile: String, programs: LabPrograms, asUser: [String]
    ) throws(LabFailure) -> LabSite {
        if let problem = layout.problem { throw LabFailure(.cannotStart, problem) }
        try prepareFolder()
        guard let ready = PacketSocket.pair(), let nothing = Descriptor.open("/dev/null", O_RDWR),
            let log = Descriptor.open(folder.log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        else { throw LabFailure(.cannotStart, "\(folder.path): \(systemText(errno))") }
        var descriptors = [nothing, log, log, ready.1.descriptor]
        descriptors += try layout.nodes.map { _ throws(LabFailure) in try Self.bindOutside() }
        let argv =
            asUser + [
                "unshare", "-U", "-r", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--",
                programs.runbook,
            ]
            + [LabInner.name, folder.path, profile, layout.domain, layout.nasAddress]
            + layout.nodes.map { "\($0.name)=\($0.address)" }
        Self.extendPath()
        guard let child = Programs.shared.start(argv, descriptors: descriptors, ownSession: true) else {
            throw LabFailure(.missing, "unshare: \(systemText(errno)): apt-get install util-linux")
        }
        ready.1.descriptor.close()
        guard ready.0.descriptor.waitFor(Int16(POLLIN), milliseconds: 30_000) else {
            kill(child.pid, SIGKILL)
            throw LabFailure(.cannotStart, "the lab did not start within 30 s: \(folder.log)")
        }
        let words = ready.0.receive()?.fields ?? []
        guard words.first == "ok", let site = LabSite(fields: Array(words.dropFirst())) else {
            kill(child.pid, SIGKILL)
            throw failure(words)
        }
        try record(child.pid, site)
        return site
    }

    /// How the nodes of the running lab are reached.
    package func site() throws(LabFailure) -> LabSite {
        let words = try request(["site"])
        guard let site = LabSite(fields: words) else {
            throw LabFailure(.refused, "the lab in \(folder.path) is of another version of runbook")
        }
        return site
    }

    /// Ends the lab and waits until nothing of it runs. Its files stay. Does nothing when none runs.
    package func down() {
        let recorded = recordedProcess()
        _ = try? request(["down"])
        guard let pid = recorded, !Self.waitUntilGone(pid, milliseconds: 3000) else { return forget() }
        // `recordedProcess` made sure that it is this lab, and pids are not given again that fast.
        kill(pid, SIGKILL)
        _ = Self.waitUntilGone(pid, milliseconds: 3000)
        forget()
    }

    package var isRunning: Bool { recordedProcess() != nil }

    /// Process that holds the lab; killing it takes everything down.
    package var process: Int32? { recordedProcess() }

    package func reboot(_ node: String) throws(LabFailure) { _ = try request(["reboot", node]) }
    package func powerOff(_ node: String) throws(LabFailure) { _ = try request(["power-off", node]) }
    /// Plugs or pulls the cable between a node and the other nodes; the machine's own way in stays.
    package func setLink(_ node: String, up: Bool) throws(LabFailure) {
        _ = try request(["link", node, up ? "up" : "down"])
    }
    /// Breaks all SSH connections to a node at once.
    package func cutLogins(_ node: String) throws(LabFailure) { _ = try request(["cut", node]) }
    package func setFault(_ name: String, to value: String) throws(LabFailure) {
        _ = try request(["fault", name, value])
    }
    /// Keeps the lab's state under a name (letters, digits, hyphens).
    package func takeSnapshot(_ name: String) throws(LabFailure) { _ = try request(["snapshot", name]) }
    /// Goes back to a kept state: the nodes' processes end, they boot again with the files of then.
    package func restoreSnapshot(_ name: String) throws(LabFailure) { _ = try request(["restore", name]) }

    /// The words of a good answer.
    func request(_ words: [String]) throws(LabFailure) -> [String] {
        let connection = try connect()
        guard connection.send(words), let answer = connection.receive()?.fields else {
            throw LabFailure(.notRunning, "the lab in \(folder.path) does not answer")
        }
        guard answer.first == "ok" else {
            throw LabFailure(.refused, answer.dropFirst().first ?? "the lab refuses")
        }
        return Array(answer.dropFirst())
    }

    func connect() throws(LabFailure) -> PacketSocket {
        guard let home = Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY),
            let connection = PacketSocket.connect(in: home, name: LabFolder.controlSocket)
        else {
            throw LabFailure(.notRunning, "no lab runs in \(folder.path): start one with `runbook lab up`")
        }
        return connection
    }
}

extension LabProcess {
    private func prepareFolder() throws(LabFailure) {
        guard folder.path.hasPrefix("/") else { throw LabFailure(.cannotStart, "not an absolute folder") }
        if isRunning {
            throw LabFailure(
                .alreadyRunning,
                "a lab runs in \(folder.path): end it with `runbook lab down --dir \(folder.path)`")
        }
        do throws(HostFiles.Failure) { try HostFiles.makeFolder(folder.path, mode: 0o700) } catch {
            throw LabFailure(.cannotStart, error.message)
        }
        for name in ["nodes", "cluster", "snapshots"] { HostFiles.empty(folder.path + "/" + name) }
        for file in [folder.operatorKey, folder.operatorKey + ".pub"] { unsafe unlink(file) }
    }

    /// A listening socket on a port of 127.0.0.1 that it keeps: a socket that asked for port 0 would lose
    /// its number when it stops listening, as it does while its node is down.
    private static func bindOutside() throws(LabFailure) -> Descriptor {
        for _ in 0..<16 {
            let free = Descriptor(unsafe runbook_lab_listen_tcp("127.0.0.1", 0))
            let port = UInt16(clamping: runbook_lab_port(free.number))
            free.close()
            let fd = unsafe runbook_lab_listen_tcp("127.0.0.1", port)
            if port > 0 && fd >= 0 { return Descriptor(fd) }
        }
        throw LabFailure(.cannotStart, "no free port on 127.0.0.1")
    }

    /// `ip` is in sbin, which an ordinary user's PATH may lack.
    private static func extendPath() {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        let missing = LabProbe.folders.filter { !path.split(separator: ":").map(String.init).contains($0) }
        unsafe setenv("PATH", ([path] + missing).filter { !$0.isEmpty }.joined(separator: ":"), 1)
    }

    private func failure(_ words: [String]) -> LabFailure {
        // What this machine lacks explains more than what broke because of it.
        if let missing = LabProbe.missing().first {
            return LabFailure(.missing, "no lab can run on this machine: \(missing)")
        }
        let log = HostFiles.readText(folder.log) ?? ""
        let last = log.split(separator: "\n").last.map(String.init) ?? "it said nothing"
        return LabFailure(.cannotStart, words.count > 1 ? words[1] : "the lab does not start: \(last)")
    }

    // MARK: - The recorded process

    private func record(_ pid: Int32, _ site: LabSite) throws(LabFailure) {
        do throws(HostFiles.Failure) {
            try HostFiles.write(folder.path + "/lab.pid", "\(pid) \(Self.startTime(pid) ?? "")\n")
            try HostFiles.write(folder.description, site.json)
        } catch { throw LabFailure(.cannotStart, error.message) }
    }

    /// The recorded process if it is still the same one: its number may have been given to another since.
    private func recordedProcess() -> Int32? {
        let words = (HostFiles.readText(folder.path + "/lab.pid") ?? "").split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let pid = Int32(words[0]), Self.startTime(pid) == String(words[1]) else {
            return nil
        }
        return pid
    }

    private func forget() {
        for name in ["lab.pid", "lab.json", LabFolder.controlSocket] {
            unsafe unlink(folder.path + "/" + name)
        }
    }

    /// Field 22 of /proc/PID/stat, in ticks since boot; nil for a process that is not there or is a zombie.
    private static func startTime(_ pid: Int32) -> String? {
        guard let text = HostFiles.readText("/proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[name...].split(separator: " ")
        return fields.count > 20 && fields[1] != "Z" ? String(fields[20]) : nil
    }

    private static func waitUntilGone(_ pid: Int32, milliseconds: Int) -> Bool {
        for _ in 0..<(milliseconds / 5) {
            if startTime(pid) == nil { return true }
            usleep(5000)
        }
        return false
    }
}

extension LabProcess {
    /// Ends the lab and removes its folder with all that is in it.
    package func remove() {
        down()
        HostFiles.empty(folder.path)
        unsafe rmdir(folder.path)
    }
}
