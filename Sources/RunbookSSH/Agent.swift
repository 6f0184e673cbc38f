import Glibc
import Synchronization

/// A key that the agent holds.
struct AgentIdentity: Sendable, Equatable {
    var blob: [UInt8]
    var comment: String

    /// The key type at the beginning of the blob; nil when there is none.
    var type: String? {
        var reader = WireReader(blob[...])
        return reader.string().map { String(decoding: $0, as: UTF8.self) }
    }
}

/// What the agent did not do.
enum AgentFailure: Error, Equatable {
    case unavailable
    case late
    case refused
    case nonsense
}

/// A connection to ssh-agent (draft-miller-ssh-agent), with a deadline on every answer: libssh waits for an
/// agent for ever.
final class Agent: Sendable {
    private enum Message {
        static let failure: UInt8 = 5
        static let requestIdentities: UInt8 = 11
        static let identitiesAnswer: UInt8 = 12
        static let signRequest: UInt8 = 13
        static let signResponse: UInt8 = 14
    }

    private let descriptor: Int32
    private let patience: Duration

    init(socketPath: String, patience: Duration) throws(AgentFailure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socketPath.utf8)
        guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unavailable
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, kind, 0)
        self.patience = patience
        let result = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, result == 0 else { throw .unavailable }
    }

    deinit { close(descriptor) }

    /// The keys that the agent holds.
    func identities() throws(AgentFailure) -> [AgentIdentity] {
        let answer = try talk([Message.requestIdentities])
        var reader = WireReader(answer.dropFirst())
        guard answer.first == Message.identitiesAnswer, let count = reader.number(), count <= 1024 else {
            throw .nonsense
        }
        var found: [AgentIdentity] = []
        for _ in 0..<count {
            guard let blob = reader.string(), let comment = reader.string() else { throw .nonsense }
            found.append(AgentIdentity(blob: Array(blob), comment: String(decoding: comment, as: UTF8.self)))
        }
        return found
    }

    /// Sends a message and waits for the answer to it, without the lengths before them.
    func talk(_ message: [UInt8]) throws(AgentFailure) -> [UInt8] {
        let deadline = ContinuousClock.now + patience
        try send(wireBytes(message), until: deadline)
        var reader = WireReader(try receive(4, until: deadline)[...])
        guard let length = reader.number(), length > 0, length <= 1 << 20 else { throw .nonsense }
        return try receive(Int(length), until: deadline)
    }

    private func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(AgentFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(Int32(POLLOUT), deadline) }
        }
    }

    private func receive(_ count: Int, until deadline: ContinuousClock.Instant) throws(AgentFailure)
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let got = unsafe recv(descriptor, &part, count - bytes.count, 0)
            if got == 0 { throw .refused }
            if got > 0 { bytes += part[..<got] } else { try wait(Int32(POLLIN), deadline) }
        }
        return bytes
    }

    private func wait(_ events: Int32, _ deadline: ContinuousClock.Instant) throws(AgentFailure) {
        guard errno == EAGAIN || errno == EINTR else { throw .refused }
        let left = Int32(((deadline - .now) / .milliseconds(1)).rounded(.up))
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard left > 0, unsafe poll(&entry, 1, left) != 0 else { throw .late }
    }

    /// Stands between libssh and the agent: shows libssh one key at a time and keeps the deadline.
    fileprivate func answer(_ request: [UInt8], offering identity: AgentIdentity?) -> ([UInt8], AgentFailure?)
    {
        let failure = [Message.failure]
        switch request.first {
        case Message.requestIdentities:
            guard let identity else { return (failure, nil) }
            let list = wireBytes(identity.blob) + wireText(identity.comment)
            return ([Message.identitiesAnswer, 0, 0, 0, 1] + list, nil)
        case Message.signRequest:
            do throws(AgentFailure) {
                let answer = try talk(request)
                return answer.first == Message.signResponse ? (answer, nil) : (failure, .refused)
            } catch {
                return (failure, error)
            }
        default:
            return (failure, nil)
        }
    }
}

/// A thread that speaks for the agent to libssh over a socket pair.
///
/// libssh tries all of an agent's keys by itself, tells not which one opened the door, and waits for the
/// agent without a limit. Here it sees an agent with one key, which answers in time.
final class AgentRelay: Sendable {
    private struct State {
        var offered: AgentIdentity?
        var failure: AgentFailure?
        /// Our end of the pair; -1 when the relay is closed.
        var descriptor: Int32
    }

    private let state: Mutex<State>
    private let agent: Agent

    /// Starts the relay. libssh owns `theirs` from the moment that it is told of it.
    static func start(_ agent: Agent) -> (relay: AgentRelay, theirs: Int32)? {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        let relay = AgentRelay(agent, ends[0])
        let ours = ends[0]
        guard startDetachedThread({ relay.serve(ours) }) == 0 else {
            Glibc.close(ends[0])
            Glibc.close(ends[1])
            return nil
        }
        return (relay, ends[1])
    }

    private init(_ agent: Agent, _ descriptor: Int32) {
        self.agent = agent
        state = Mutex(State(descriptor: descriptor))
    }

    /// The only key that libssh sees from now on.
    func offer(_ identity: AgentIdentity) {
        state.withLock {
            $0.offered = identity
            $0.failure = nil
        }
    }

    /// Why the agent did not sign with the offered key.
    var failure: AgentFailure? { state.withLock { $0.failure } }

    /// Ends the thread.
    func close() {
        // Under the lock the thread has not closed it yet, so the number is still ours.
        state.withLock { if $0.descriptor >= 0 { shutdown($0.descriptor, Int32(SHUT_RDWR)) } }
    }

    private func serve(_ descriptor: Int32) {
        while let head = read(descriptor, 4) {
            var reader = WireReader(head[...])
            guard let length = reader.number(), length <= 1 << 20, let request = read(descriptor, Int(length))
            else { break }
            let (answer, failure) = agent.answer(request, offering: state.withLock { $0.offered })
            if let failure { state.withLock { $0.failure = failure } }
            let bytes = wireBytes(answer)
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent == bytes.count else { break }
        }
        state.withLock {
            Glibc.close(descriptor)
            $0.descriptor = -1
        }
    }

    private func read(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = unsafe recv(descriptor, &bytes, count, Int32(MSG_WAITALL))
        return got == count ? bytes : nil
    }
}

/// Reads SSH's wire form (RFC 4251, section 5).
struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func number() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string() -> ArraySlice<UInt8>? {
        guard let count = number(), rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }
}
