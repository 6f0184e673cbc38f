import Glibc
import Synchronization

/// Answers the emulated commands of one node, each on a thread of its own.
///
/// The socket lies in a folder that the node may only read, so which node asks is known from the socket.
final class CommandServer: Sendable {
    private let node: String
    private let model: any NodeModel
    private let listener: Descriptor

    /// Takes the socket `socket` in the node's /opt/lab.
    init?(node: String, folder: String, model: any NodeModel) {
        guard let tools = Descriptor.open(folder, O_RDONLY | O_DIRECTORY),
            let listener = PacketSocket.listen(in: tools, name: "socket")
        else { return nil }
        self.node = node
        self.model = model
        self.listener = listener
    }

    /// Begins to answer, for the life of the lab.
    func start() {
        startThread { [self] in
            while let connection = PacketSocket.accept(listener) {
                startThread { [self] in serve(connection) }
            }
        }
    }

    private func serve(_ connection: PacketSocket) {
        guard let packet = connection.receive() else { return }
        let fields = packet.fields
        if fields.first == "renamed", fields.count == 2 {
            // Unlocked and answered at once: the program that renamed waits.
            let (node, model, path) = (node, model, Self.shownPath(fields[1]))
            _ = blockUntilDone { await model.renamed(node, to: path) }
            connection.send(["done"])
        } else if let call = call(fields, packet.descriptors, connection) {
            run(call.0, cancelled: call.1, connection)
        }
    }

    /// `/run/pve/cluster-rw/cluster.conf` is what people call `/etc/pve/cluster.conf`.
    static func shownPath(_ path: String) -> String {
        let parts = path.split(separator: "/")
        guard parts.count > 2, parts[0] == "run", parts[1] == "pve" else { return path }
        return "/etc/pve/" + parts.dropFirst(3).joined(separator: "/")
    }

    private func run(_ call: CommandCall, cancelled: Flag, _ connection: PacketSocket) {
        let model = model
        let status = Signal<Int32>()
        let task = Task { status.set(await model.run(call)) }
        var polled = [
            pollfd(fd: status.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: connection.descriptor.number, events: Int16(POLLIN), revents: 0),
        ]
        while unsafe poll(&polled, 2, -1) < 0 && errno == EINTR {}
        if polled[0].revents == 0 {
            // The command was killed, or its node died.
            cancelled.set()
            task.cancel()
        }
        connection.send(number: status.wait() ?? 255)
    }

    /// The call that a request describes: `command NAME FOLDER COUNT WORD… VARIABLE=VALUE…` and 0, 1, 2.
    private func call(
        _ fields: [String], _ descriptors: [Descriptor], _ connection: PacketSocket
    ) -> (CommandCall, Flag)? {
        guard fields.first == "command", fields.count >= 4, descriptors.count == 3,
            let count = Int(fields[3]), (0...(fields.count - 4)).contains(count)
        else { return nil }
        var environment: [String: String] = [:]
        for variable in fields.dropFirst(4 + count) {
            guard let equals = variable.firstIndex(of: "=") else { continue }
            environment[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
        }
        let cancelled = Flag()
        let (input, output, errors) = (descriptors[0], descriptors[1], descriptors[2])
        let call = CommandCall(
            node: node, name: fields[1], arguments: Array(fields[4..<(4 + count)]),
            environment: environment, currentDirectory: fields[2],
            inputIsTerminal: isatty(input.number) == 1, outputIsTerminal: isatty(output.number) == 1,
            readInput: { await onOwnThread { input.read() ?? [] } },
            writeOutput: { await write($0, to: output) }, writeError: { await write($0, to: errors) },
            isCancelled: { cancelled.isSet })
        return (call, cancelled)
    }
}

/// Writes all bytes; waits on an own thread when the reader is slow, for the pool must not.
private func write(_ bytes: [UInt8], to descriptor: Descriptor) async {
    // A pipe that polls writable takes PIPE_BUF bytes at once (pipe(7)), so a short text never blocks.
    if bytes.count <= 4096, descriptor.waitFor(Int16(POLLOUT), milliseconds: 0) {
        descriptor.writeAll(bytes)
    } else if !bytes.isEmpty {
        _ = await onOwnThread { descriptor.writeAll(bytes) }
    }
}

/// Something that happens once.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
