import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Synchronization

let master = HostID("master")

/// A home folder with a known_hosts, for a connector that sees nothing of the user who runs the tests.
struct Client {
    let home: TemporaryDirectory
    var settings: SSHConnector.Settings
    var prompts: (any ConnectionPrompts)?

    init(knownHosts: String? = nil) throws {
        home = try TemporaryDirectory("home")
        let files = KnownHostsFiles(user: home.file("known_hosts"))
        if let knownHosts { try home.write("known_hosts", knownHosts) }
        settings = SSHConnector.Settings(home: home.path, knownHosts: files)
        settings.deadlines.banner = .seconds(5)
    }

    var knownHosts: String {
        (try? readFile(home.file("known_hosts"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func connect(_ target: SiteHost) async throws(TransportError) -> any Connection {
        try await SSHConnector(prompts: prompts, settings: settings).connect(to: master, target)
    }

    /// Connects and answers the error that this must end with.
    func failure(_ target: SiteHost) async -> TransportError? {
        do throws(TransportError) {
            await (try await connect(target)).close()
            return nil
        } catch {
            return error
        }
    }
}

extension SSHDServer {
    /// The server as a site file has it: its first host key pinned, the user's key named.
    var target: SiteHost {
        var target = SiteHost(address: "127.0.0.1")
        target.port = port
        target.user = user
        target.hostKeys = [fingerprints[0]]
        target.identity = userKey
        return target
    }

    /// The same without a pin.
    var unpinned: SiteHost {
        var target = target
        target.hostKeys = []
        return target
    }
}

/// All that a command said, and how it ended.
struct Said: Equatable {
    var output = ""
    var errors = ""
    var end: CommandEnd?
}

func said(_ channel: any Channel) async throws(TransportError) -> Said {
    var said = Said()
    while true {
        switch try await channel.next() {
        case .output(let bytes): said.output += String(decoding: bytes, as: UTF8.self)
        case .errors(let bytes): said.errors += String(decoding: bytes, as: UTF8.self)
        case .ended(let end):
            said.end = end
            return said
        }
    }
}

extension Connection {
    /// Runs a command without input to its end.
    func run(_ command: String) async throws(TransportError) -> Said {
        let channel = try await open(command)
        try await channel.endInput()
        return try await said(channel)
    }
}

/// A person at a terminal, who has the answers ready and remembers the questions.
final class Person: ConnectionPrompts {
    private let accepts: Bool
    private let answers: Mutex<[String]>
    private let heard = Mutex<[String]>([])

    init(accepts: Bool = true, answers: [String] = []) {
        self.accepts = accepts
        self.answers = Mutex(answers)
    }

    var questions: [String] { heard.withLock { $0 } }

    func acceptsNewHost(_ host: HostID, address: String, fingerprint: String) async -> Bool {
        heard.withLock { $0.append("\(host) \(address) \(fingerprint)") }
        return accepts
    }

    func secret(_ question: String, host: HostID) async -> String? {
        heard.withLock { $0.append(question) }
        return answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}

/// The processor time that this process has used.
func processorTime() -> Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
