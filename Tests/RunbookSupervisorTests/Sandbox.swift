import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

/// The shells that a host may have as /bin/sh; each also with shells that stand by, as after a first request.
enum HostShell: String, CaseIterable, CustomTestStringConvertible {
    case dash, bash, busybox
    case dashStandingBy, bashStandingBy, busyboxStandingBy

    var testDescription: String { rawValue }

    var standsBy: Bool {
        switch self {
        case .dash, .bash, .busybox: false
        case .dashStandingBy, .bashStandingBy, .busyboxStandingBy: true
        }
    }

    var isBash: Bool { self == .bash || self == .bashStandingBy }

    /// Makes this shell the `sh` of the folder $1. busybox brings its own tools as well.
    var setUp: String {
        switch self {
        case .dash, .dashStandingBy: #"ln -s "$(command -v dash)" "$1/sh""#
        case .bash, .bashStandingBy: #"ln -s "$(command -v bash)" "$1/sh""#
        case .busybox, .busyboxStandingBy:
            #"""
            for tool in sh setsid grep head tail wc sleep mkdir mkfifo rm stat id date readlink cat; do
                ln -s "$(command -v busybox)" "$1/$tool"
            done
            """#
        }
    }
}

struct SandboxError: Error { var message: String }

/// A folder on this machine that plays a host: its own shell, its own folder of runs.
struct Sandbox {
    static let host = HostID("master")
    static let run = RunID(rawValue: "two-node-1a2b")

    let folder: String
    private let standsBy: Bool
    private let connector: LocalConnector

    /// Lends a sandbox to a test and removes it afterwards.
    static func with(
        _ shell: HostShell = .dash, _ body: (Sandbox) async throws -> Void
    ) async throws {
        let plain = LocalConnector()
        let (folder, _) = try await say(plain, "mktemp -d")
        let path = String(folder.dropLast())
        _ = try await say(plain, "mkdir \(path)/bin \(path)/work; set -- \(path)/bin; \(shell.setUp)")
        let environment = ["PATH": "\(path)/bin:/usr/bin:/bin", "HOME": path, "LANG": "de_DE.UTF-8"]
        let sandbox = Sandbox(
            folder: path, standsBy: shell.standsBy,
            connector: LocalConnector(shell: "\(path)/bin/sh", environment: environment))
        do {
            try await body(sandbox)
        } catch {
            _ = try? await say(plain, "rm -rf \(path)")
            throw error
        }
        _ = try await say(plain, "rm -rf \(path)")
    }

    var options: SupervisorOptions {
        var options = SupervisorOptions()
        options.base = "\(folder)/runs"
        return options
    }

    /// The run's folder.
    var runFolder: String { "\(folder)/runs/\(Self.run)" }

    func connect() -> LocalConnection { connector.connect(to: Self.host) }

    /// A session that has not greeted.
    func session(_ nonce: String = "nonce") -> SupervisedSession {
        SupervisedSession(host: Self.host, connection: connect(), nonce: nonce, options: options)
    }

    /// A session that has made or found the run's folder.
    func greeted(_ nonce: String = "nonce", isNew: Bool = true) async throws -> SupervisedSession {
        let session = session(nonce)
        _ = try await session.greet(run: Self.run, isNew: isNew)
        guard standsBy else { return session }
        // What stands by is started behind the reply to a first request that had use for it.
        _ = try await session.ask([QuestionRequest(script: "true")], environment: [])
        _ = try await session.attempt(AttemptRequest(id: .test("first-\(nonce)"), script: "true"))
        return session
    }

    /// What a command says on stdout; throws when it fails.
    @discardableResult
    func say(_ command: String) async throws -> String {
        let (text, status) = try await Self.say(connector, command)
        guard status == .exited(0) else { throw SandboxError(message: "\(command): \(status): \(text)") }
        return text
    }

    private static func say(_ connector: LocalConnector, _ command: String) async throws -> (
        String, CommandEnd
    ) {
        let channel = try await connector.connect(to: host).open(command)
        try await channel.endInput()
        var said: [UInt8] = []
        while true {
            switch try await channel.next() {
            case .output(let bytes), .errors(let bytes): said += bytes
            case .ended(let end): return (String(decoding: said, as: UTF8.self), end)
            }
        }
    }

    /// Waits until a shell condition holds.
    func until(_ condition: String) async throws {
        try await say("i=0; until \(condition); do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.05; done")
    }
}

extension AttemptID {
    static func test(_ name: String) -> AttemptID {
        AttemptID(step: StepID(name), host: Sandbox.host, number: 1)
    }
}

extension CapturedText {
    init(_ text: String) { self.init(head: Array(text.utf8), total: text.utf8.count) }
}

extension AttemptEnd {
    init(_ end: ProcessEnd, _ output: String = "", errors: String = "") {
        self.init(end: end, output: CapturedText(output), errors: CapturedText(errors))
    }
}

extension Answer {
    init(_ verdict: Verdict, _ end: ProcessEnd, output: String = "", errors: String = "", reason: String = "")
    {
        self.init(verdict)
        self.end = end
        self.output = output
        self.errors = errors
        self.reason = reason
    }
}

extension SupervisedSession {
    /// Issues a script and gives its end.
    func run(_ script: String, as name: String = "step") async throws -> AttemptReply {
        try await attempt(AttemptRequest(id: .test(name), script: script))
    }
}
