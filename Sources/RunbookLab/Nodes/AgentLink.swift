import Glibc
import Synchronization

/// The lab's line to pid 1 of a node (`runbook-node agent`), from one boot to the next.
final class AgentLink: Sendable {
    private let channel: PacketSocket
    /// One connection kept for file requests, which are short and answered in order.
    private let files: Mutex<PacketSocket?>

    init(channel: PacketSocket) {
        self.channel = channel
        files = Mutex(nil)
    }

    /// Waits until pid 1 says that it is there; false if the sandbox could not be made.
    func waitUntilReady() -> Bool {
        guard let packet = channel.receive(), packet.bytes == [UInt8]("ready".utf8) else { return false }
        files.withLock { $0 = connect() }
        return true
    }

    /// Waits until pid 1 is gone. Nothing else reads from the channel after `waitUntilReady`.
    func waitUntilGone() {
        while channel.receive() != nil {}
    }

    /// Ends the node: pid 1 ends when its channel does, and everything in the node with it.
    func hangUp() {
        _ = shutdown(channel.descriptor.number, Int32(SHUT_RDWR))
    }

    private func connect() -> PacketSocket? {
        guard let (ours, theirs) = PacketSocket.pair() else { return nil }
        return channel.send(["connect"], passing: [theirs.descriptor]) ? ours : nil
    }

    /// A request about files or sockets.
    ///
    /// - Returns: what came after the error number, and a descriptor for those that give one.
    func request(_ fields: [String]) throws(NodeFileError) -> PacketSocket.Packet {
        let answer = files.withLock { connection -> PacketSocket.Packet? in
            guard let connection, connection.send(fields) else { return nil }
            return connection.receive()
        }
        guard var answer, answer.bytes.count >= 4 else {
            throw NodeFileError(.nodeDown, "the node is down")
        }
        let code = unsafe answer.bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Int32.self) }
        answer.bytes.removeFirst(4)
        guard code == 0 else {
            throw NodeFileError(
                NodeFileError.Code(errno: code),
                "\(fields.dropFirst().first ?? fields[0]): \(systemText(code))")
        }
        return answer
    }

    /// Opens a file as the node sees it.
    func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(NodeFileError) -> Descriptor {
        let answer = try request(["open", path, "\(flags)", "\(mode)"])
        guard let descriptor = answer.descriptors.first else {
            throw NodeFileError(.nodeDown, "the node is down")
        }
        return descriptor
    }

    /// A socket that listens in the node's network.
    func listen(_ address: String, port: UInt16) throws(NodeFileError) -> Descriptor {
        let answer = try request(["listen", address, "\(port)"])
        guard let descriptor = answer.descriptors.first else {
            throw NodeFileError(.nodeDown, "the node is down")
        }
        return descriptor
    }

    /// Starts a program in the node with three descriptors, or with a terminal of the node.
    func start(_ program: NodeProgram.Description) -> NodeProgram? {
        guard let connection = connect() else { return nil }
        let rows = program.terminal.map { max(1, $0.rows) } ?? 0
        let fields =
            ["exec", "\(rows)", "\(program.terminal?.columns ?? 0)", program.folder, "\(program.argv.count)"]
            + program.argv + program.environment.map { "\($0.key)=\($0.value)" }.sorted()
        guard connection.send(fields, passing: program.descriptors) else { return nil }
        guard rows > 0 else { return NodeProgram(connection: connection, terminal: nil) }
        guard let packet = connection.receive(), let terminal = packet.descriptors.first else { return nil }
        return NodeProgram(connection: connection, terminal: terminal)
    }
}

/// A program that runs in a node; letting go of it sends SIGHUP to its process group.
final class NodeProgram: Sendable {
    struct Description: Sendable {
        var argv: [String]
        var environment: [String: String]
        var folder = "/root"
        /// Standard input, output and error; none with a terminal.
        var descriptors: [Descriptor] = []
        var terminal: (rows: Int, columns: Int)?
    }

    private let connection: PacketSocket
    /// The controlling side of its terminal, if it has one.
    let terminal: Descriptor?

    fileprivate init(connection: PacketSocket, terminal: Descriptor?) {
        self.connection = connection
        self.terminal = terminal
    }

    /// Becomes readable when the program has ended.
    var descriptor: Int32 { connection.descriptor.number }

    /// Waits for the end: a wait status, or nil when the node died.
    func waitStatus() -> Int32? {
        connection.receiveNumber()
    }

    /// Sends a signal to the program's process group.
    func signal(_ number: Int32) {
        connection.send(["signal", "\(number)"])
    }
}

/// A shell's number for a wait status: exit status, 128 + signal, 255 when the node died.
func shellStatus(_ waitStatus: Int32?) -> Int32 {
    guard let waitStatus else { return 255 }
    return waitStatus & 0x7f == 0 ? (waitStatus >> 8) & 0xff : 128 + (waitStatus & 0x7f)
}

extension NodeFileError.Code {
    init(errno code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .notFound
        case EEXIST: self = .exists
        default: self = .system(code)
        }
    }
}
