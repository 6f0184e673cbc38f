import Glibc
import RunbookTestSupport

/// A folder with a runbook and a site file, a real sshd as its host, and the built program.
struct Story {
    let server: SSHDServer
    let folder: TemporaryDirectory
    /// The host's folder for claims: this story's own, so that stories do not lock each other out.
    let hostFolder: String

    /// - Parameter hosts: the runbook's hosts; all are this machine, by one sshd.
    init(
        _ runbook: String, hosts: [String] = ["box"], options: [String] = [], accounts: Accounts? = nil
    ) throws {
        folder = try TemporaryDirectory("story")
        hostFolder = folder.file("host")
        let place = accounts == nil ? ["SetEnv RUNBOOK_DIR=\(folder.file("host"))"] : []
        server = try SSHDServer(options: options + place, accounts: accounts)
        unsafe mkdir(folder.file("runbooks"), 0o755)
        try folder.write("runbooks/small.yaml", runbook)
        try folder.write("runbooks/small.site.yaml", site(hosts))
    }

    func site(_ hosts: [String], hostKey: String? = nil, port: UInt16? = nil) -> String {
        var lines = ["for: small", "hosts:"]
        for host in hosts {
            lines += [
                "  \(host):", "    address: 127.0.0.1", "    port: \(port ?? server.port)",
                "    user: \(server.user)", "    identity: \(server.userKey)",
                "    host_key: \(hostKey ?? server.fingerprints[0])",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Lines that steps have written into a file of the story.
    func lines(_ name: String) -> [String] {
        let bytes = (try? readFile(folder.file(name))) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Runs `runbook ARGUMENTS` to its end, with no terminal.
    @discardableResult
    func runbook(_ arguments: String..., environment: [String: String] = [:]) throws -> CommandResult {
        try run(
            [Self.program] + arguments.map { $0 == "FILE" ? folder.file("runbooks/small.yaml") : $0 },
            environment: Self.environment.merging(environment) { $1 })
    }

    /// Starts `runbook ARGUMENTS`; its output goes nowhere.
    func start(_ arguments: String...) throws -> Int32 {
        try spawn(
            [Self.program] + arguments.map { $0 == "FILE" ? folder.file("runbooks/small.yaml") : $0 },
            environment: Self.environment)
    }

    /// Starts `runbook ARGUMENTS` with stderr going into a file of the story.
    func start(_ arguments: String..., errorsIn name: String) throws -> Int32 {
        let words = arguments.map { $0 == "FILE" ? folder.file("runbooks/small.yaml") : $0 }
        return try spawn(
            ["sh", "-c", "exec \"$@\" 2> \"$0\"", folder.file(name), Self.program] + words,
            environment: Self.environment)
    }

    /// Waits until a file of the story is there; false after ten seconds.
    func waits(for name: String) -> Bool {
        for _ in 0..<1000 {
            if unsafe access(folder.file(name), F_OK) == 0 { return true }
            usleep(10_000)
        }
        return false
    }

    static let environment = [
        "NO_COLOR": "1", "SWIFT_BACKTRACE": "enable=no", "USER": "tester", "SSH_AUTH_SOCK": "",
    ]

    /// The program as it was built together with the tests: it lies beside their own executable.
    static let program: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/runbook"
    }()
}

/// Text with what differs from run to run taken out.
func steady(_ text: String, _ story: Story) -> String {
    text.replacing(story.folder.path, with: "DIR")
}
