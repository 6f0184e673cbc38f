import Glibc
import Synchronization

extension Lab {
    private static let environment = [
        "PATH": NodeRoot.path, "HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash",
    ]

    func run(_ node: String, _ argv: [String], stdin: [UInt8]) async -> NodeProgramResult {
        await onOwnThread { [self] in runBlocking(node, argv, stdin: stdin) }
    }

    private func runBlocking(_ node: String, _ argv: [String], stdin: [UInt8]) -> NodeProgramResult {
        guard let link = try? link(node), let input = Descriptor.pipe(), let output = Descriptor.pipe(),
            let errors = Descriptor.pipe()
        else { return NodeProgramResult(status: 255) }
        let description = NodeProgram.Description(
            argv: argv, environment: Self.environment,
            descriptors: [input.reading, output.writing, errors.writing])
        guard let program = link.start(description) else { return NodeProgramResult(status: 255) }
        for end in [input.reading, output.writing, errors.writing] { end.close() }
        let writer = input.writing
        if stdin.isEmpty {
            writer.close()
        } else {
            startThread {
                writer.writeAll(stdin)
                writer.close()
            }
        }
        let errorsRead = Signal<[UInt8]>()
        startThread { errorsRead.set(errors.reading.readAll()) }
        let out = output.reading.readAll()
        let err = errorsRead.wait() ?? []
        return NodeProgramResult(status: shellStatus(program.waitStatus()), output: out, errors: err)
    }

    func start(_ node: String, _ argv: [String], log: String) throws(NodeFileError) -> any NodeDaemon {
        let link = try link(node)
        let file = try link.open(log, O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        let nothing = try link.open("/dev/null", O_RDONLY)
        let description = NodeProgram.Description(
            argv: argv, environment: Self.environment,
            descriptors: [nothing, file, file])
        guard let program = link.start(description) else {
            throw NodeFileError(.nodeDown, "\(node) is down")
        }
        return Daemon(program)
    }
}

/// A program that stays, seen from the lab.
private final class Daemon: NodeDaemon {
    private let program: NodeProgram
    private let isOver = Flag()
    private let ended = Signal<Int32>()

    init(_ program: NodeProgram) {
        self.program = program
        startThread { [program, isOver, ended] in
            let status = shellStatus(program.waitStatus())
            isOver.set()
            ended.set(status)
        }
    }

    var isRunning: Bool { !isOver.isSet }

    func end() async {
        guard isRunning else { return }
        program.signal(SIGTERM)
        _ = await onOwnThread { [self] in
            var polled = pollfd(fd: ended.descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&polled, 1, 2000) == 0 { program.signal(SIGKILL) }
            return ended.wait()
        }
    }
}
