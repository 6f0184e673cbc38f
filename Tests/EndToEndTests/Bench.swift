import Glibc
import RunbookTestSupport

/// A runbook whose steps count how often they happened, real servers as its hosts, and the built program.
///
/// The rule that nothing may break: a step's effect happens at most once, and it has happened once for each step
/// that was shown as done.
final class Bench {
    let folder: TemporaryDirectory
    /// Ids of the steps; each adds a line to `n/ID`.
    let steps: [String]
    let hosts: [String]
    private(set) var servers: [String: SSHDServer] = [:]
    /// Variables of every command, besides the usual.
    var environment: [String: String] = [:]

    /// - Parameter text: the `steps:` of a runbook with the hosts `hosts`; `DIR` is the bench's folder.
    init(_ text: String, steps: [String], hosts: [String] = ["box"]) throws {
        folder = try TemporaryDirectory("bench")
        self.steps = steps
        self.hosts = hosts
        for host in hosts {
            servers[host] = try SSHDServer(options: ["SetEnv RUNBOOK_DIR=\(folder.file("host-\(host)"))"])
        }
        unsafe mkdir(folder.file("runbooks"), 0o755)
        let titles = hosts.map { "  \($0): { title: this machine }" }.joined(separator: "\n")
        try folder.write(
            "runbooks/small.yaml",
            "runbook: small\nhosts:\n\(titles)\nsteps:\n\(text)\n".replacing("DIR", with: folder.path))
        try writeSite()
        try reset()
    }

    /// Names other ports for the hosts, such as a proxy's, and no host keys unless `pinned`.
    func writeSite(ports: [String: UInt16] = [:], pinned: Bool = true) throws {
        var lines = ["for: small", "hosts:"]
        for host in hosts {
            guard let server = servers[host] else { continue }
            lines += [
                "  \(host):", "    address: 127.0.0.1", "    port: \(ports[host] ?? server.port)",
                "    user: \(server.user)", "    identity: \(server.userKey)",
            ]
            if pinned { lines.append("    host_key: \(server.fingerprints[0])") }
        }
        try folder.write("runbooks/small.site.yaml", lines.joined(separator: "\n") + "\n")
    }

    // MARK: - State

    /// What a run changes: here, on the hosts, and what its steps count.
    private var changing: String {
        "state n tmp tries ready conf \(hosts.map { "host-\($0)" }.joined(separator: " "))"
    }

    /// As before the first run.
    func reset() throws {
        // A request of a client that is gone may still take the host for a run that is over.
        for server in servers.values { try server.awaitEndOfConnections() }
        // A session whose link was cut may still make its folder.
        try shell("until rm -rf \(changing); do sleep 0.02; done; mkdir n tmp; echo colour=red >conf")
    }

    /// Keeps how things are under a name, to begin there again.
    func keep(_ name: String) throws {
        try shell(
            "rm -rf kept-\(name); mkdir kept-\(name); for f in \(changing); do [ ! -e $f ] || cp -a $f kept-\(name)/; done"
        )
    }

    func restore(_ name: String) throws {
        try shell("rm -rf \(changing); cp -a kept-\(name)/. .")
    }

    @discardableResult
    func shell(_ script: String) throws -> String {
        try runChecked(["sh", "-euc", "cd \"$1\"; \(script)", "sh", folder.path])
    }

    var stateFolder: String { (environment["RUNBOOK_STATE"] ?? folder.file("state")) + "/small@small" }
    var journal: String { stateFolder + "/journal.jsonl" }

    /// How often a step's effect happened.
    func count(_ step: String) -> Int { lines("n/\(step)").count }

    func lines(_ name: String) -> [String] {
        let bytes = (try? readFile(folder.file(name))) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    // MARK: - Running

    /// Runs `runbook COMMAND FILE` to its end, `prefix` before it; killed after two minutes.
    @discardableResult
    func runbook(
        _ command: String..., prefix: [String] = [], environment: [String: String] = [:]
    ) throws -> CommandResult {
        try RunbookTestSupport.run(
            ["timeout", "--foreground", "-s", "KILL", "120"] + prefix + [Story.program] + command
                + [folder.file("runbooks/small.yaml")],
            environment: variables.merging(environment) { $1 })
    }

    private var variables: [String: String] {
        Story.environment.merging(["TMPDIR": folder.file("tmp")]) { $1 }.merging(environment) { $1 }
    }

    /// Starts `runbook COMMAND FILE`; its output goes nowhere.
    func start(_ command: String..., stdout: Int32 = -1, stderr: Int32 = -1) throws -> Int32 {
        try spawn(
            [Story.program] + command + [folder.file("runbooks/small.yaml")], environment: variables,
            stdout: stdout, stderr: stderr)
    }

    /// Starts `runbook COMMAND FILE` with a terminal of its own, which a person at the other end sees.
    func start(_ command: String..., on terminal: PseudoTerminal) throws -> Int32 {
        try spawn(
            ["setsid", "--ctty", "--wait", Story.program] + command + [folder.file("runbooks/small.yaml")],
            environment: variables.merging(["TERM": "xterm"]) { $1 }, stdin: terminal.program,
            stdout: terminal.program, stderr: terminal.program)
    }

    /// Text of the program with what differs from bench to bench taken out.
    func steady(_ text: String) -> String {
        var text = text.replacing(folder.path, with: "DIR")
        for (host, server) in servers {
            text = text.replacing("\(server.port)", with: "PORT-\(host)")
            for fingerprint in server.fingerprints {
                text = text.replacing(fingerprint, with: "FINGERPRINT-\(host)")
            }
        }
        return text
    }

    /// Waits until `condition` holds; false after ten seconds.
    func waits(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }

    // MARK: - The rule

    /// Steps whose intent is in the journal.
    var intended: [String] { records("intent").compactMap(step(of:)) }

    /// Steps whose end is in the journal.
    var concluded: [String] { (records("outcome") + records("settled")).compactMap(step(of:)) }

    /// The journal's records of a kind.
    func records(_ kind: String) -> [String] {
        let text = String(decoding: (try? readFile(journal)) ?? [], as: UTF8.self)
        return text.split(separator: "\n").map(String.init).filter { $0.contains("\"kind\":\"\(kind)\"") }
    }

    /// The step whose intent a record is.
    func intent(in record: some StringProtocol) -> String? {
        record.contains(#""kind":"intent""#) ? step(of: record) : nil
    }

    private func step(of record: some StringProtocol) -> String? {
        steps.first { record.contains("\"step\":\"\($0)\"") }
    }

    /// Steps that an output shows as done.
    func shownDone(_ output: String) -> [String] {
        output.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let first = words.first, ["done", "adopted", "was"].contains(first) else { return nil }
            let step = first == "was" ? words.dropFirst(2).first : words.dropFirst().first
            return step.map(String.init).flatMap { steps.contains($0) ? $0 : nil }
        }
    }

    /// What breaks the rule, now that `output` was shown.
    func violations(_ output: String, _ moment: String) -> [String] {
        var found: [String] = []
        for step in steps where count(step) > 1 {
            found.append("\(moment): \(step) happened \(count(step)) times")
        }
        let concluded = concluded
        for step in shownDone(output) where count(step) != 1 || !concluded.contains(step) {
            found.append(
                "\(moment): \(step) is shown done, happened \(count(step)) times"
                    + (concluded.contains(step) ? "" : ", and its end is not in the journal"))
        }
        return found
    }

    /// Runs again until the run is finished; what broke the rule, or did not come to its end.
    ///
    /// - Parameters:
    ///   - tries: how often `run` may end otherwise before.
    ///   - accepts: whether it may end so.
    func violationsOfGoingOn(
        tries: Int = 3, accepts: (CommandResult) -> Bool = { $0.status == 1 }
    ) throws -> [String] {
        var found: [String] = []
        for attempt in 1...(tries + 1) {
            let status = try runbook("status")
            if status.status != 0 {
                found.append("status ended with \(status.status): \(status.errors)")
            }
            found += violations(status.output, "status before run \(attempt)")
            let result = try runbook("run")
            found += violations(result.output, "run \(attempt)")
            if result.status == 0 {
                for step in steps where count(step) != 1 {
                    found.append("finished, and \(step) happened \(count(step)) times")
                }
                return found
            }
            if !accepts(result) || attempt > tries {
                found.append("run \(attempt) ended with \(result.status): \(result.output)\(result.errors)")
            }
        }
        return found
    }
}

/// Whether also the tests are wanted that are run once for a figure.
let isLong = environmentValue("RUNBOOK_LONG_TESTS") != nil

/// Goes through what is to be tried: all of it in a long run, else a spread sample in a bounded time.
///
/// - Returns: how many were tried, and the seconds it took.
@discardableResult
func sample<Point>(
    _ points: [Point], seconds: Int, of what: String, _ body: (Point) throws -> Void
) rethrows -> Int {
    let clock = ContinuousClock()
    let begin = clock.now
    var tried = 0
    // A step without a divisor in common with the count reaches every point once, far ones first.
    var stride = max(1, points.count * 618 / 1000)
    while points.count > 1, greatestCommonDivisor(stride, points.count) != 1 { stride += 1 }
    for index in points.indices {
        if !isLong, clock.now - begin > .seconds(seconds) { break }
        try body(points[index * stride % points.count])
        tried += 1
    }
    print("\(what): \(tried) of \(points.count) points in \((clock.now - begin).components.seconds) s")
    return tried
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
