import CLibSSH
import CRunbookSSH
import Glibc

/// One session of an SSH connection: a command, a shell or sftp, and its pipes.
@safe final class SSHChannel {
    enum Service { case goesOn, nodeDied }

    private let raw: ssh_channel
    private let server: SSHServer
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private var environment: [String: String] = [:]
    private var terminal: (rows: Int, columns: Int)?
    private var program: NodeProgram?
    private var input: Descriptor?
    private var output: Descriptor?
    private var errors: Descriptor?
    /// What the client sent and the program has not yet taken.
    private var pending: [UInt8] = []
    private var inputEnded = false
    private var waitStatus: Int32?
    /// Whether everything was said, or the client closed the channel.
    private(set) var isOver = false

    init(raw: ssh_channel, server: SSHServer) {
        unsafe self.raw = raw
        self.server = server
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: ssh_channel_callbacks_struct())
        installCallbacks()
    }

    deinit {
        unsafe ssh_remove_channel_callbacks(raw, callbacks)
        unsafe ssh_channel_free(raw)
        unsafe callbacks.deallocate()
    }

    // MARK: - Events

    /// What must happen before this channel can go on.
    func addInterests(to polled: inout [pollfd]) {
        guard let program, !isOver else { return }
        if waitStatus == nil {
            polled.append(pollfd(fd: program.descriptor, events: Int16(POLLIN), revents: 0))
        }
        if let input, !pending.isEmpty {
            polled.append(pollfd(fd: input.number, events: Int16(POLLOUT), revents: 0))
        }
        // Without window a write would block inside libssh and call back into this channel.
        guard unsafe ssh_channel_window_size(raw) > 0 else { return }
        for source in [output, errors] {
            guard let source else { continue }
            polled.append(pollfd(fd: source.number, events: Int16(POLLIN), revents: 0))
        }
    }

    /// Moves what can be moved without waiting.
    func serve() -> Service {
        guard let program, !isOver else { return .goesOn }
        feedProgram()
        if waitStatus == nil, isReady(program.descriptor) {
            guard let status = program.waitStatus() else { return .nodeDied }
            waitStatus = status
        }
        let hadEnded = waitStatus != nil
        forward(&output, isErrors: false)
        forward(&errors, isErrors: true)
        // A terminal stays open as long as a background program has it; its user is gone all the same.
        let isDrained = output == nil || (terminal != nil && hadEnded && !isReady(output?.number ?? -1))
        if let waitStatus, isDrained, errors == nil { finish(waitStatus) }
        return .goesOn
    }

    private func feedProgram() {
        if let input, !pending.isEmpty {
            if let count = input.write(pending[...]) {
                pending.removeFirst(count)
            } else if errno != EAGAIN {
                pending = []
                self.input = nil
            }
        }
        if inputEnded, pending.isEmpty {
            // A terminal's user types Ctrl-D; closing would hang up.
            if terminal != nil, let input { input.writeAll([4]) } else { input = nil }
            inputEnded = false
        }
    }

    private func forward(_ source: inout Descriptor?, isErrors: Bool) {
        while let open = source, isReady(open.number) {
            let window = Int(unsafe ssh_channel_window_size(raw))
            guard window > 0 else { return }
            let bytes = open.read(upTo: min(window, 32768))
            if bytes == nil && errno == EAGAIN { return }
            // A terminal's controlling side answers EIO when the last program has closed it.
            guard let bytes, !bytes.isEmpty else {
                source = nil
                return
            }
            let count = UInt32(bytes.count)
            if isErrors {
                _ = unsafe ssh_channel_write_stderr(raw, bytes, count)
            } else {
                _ = unsafe ssh_channel_write(raw, bytes, count)
            }
        }
    }

    private func finish(_ waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        if signal == 0 {
            unsafe ssh_channel_request_send_exit_status(raw, (waitStatus >> 8) & 0xff)
        } else {
            let name = Self.signals.first { $0.value == signal }?.key ?? "TERM"
            unsafe ssh_channel_request_send_exit_signal(raw, name, 0, "", "")
        }
        unsafe ssh_channel_send_eof(raw)
        unsafe ssh_channel_close(raw)
        isOver = true
    }

    private func isReady(_ descriptor: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, 0) > 0
    }

    // MARK: - Requests of the client

    /// Starts a program of the node with this channel as its standard input and output.
    private func start(_ argv: [String]) -> Bool {
        guard program == nil, let link = server.node.link else { return false }
        let (name, model) = (server.node.plan.name, server.model)
        _ = blockUntilDone { await model.beforeCommand(name) }
        var description = NodeProgram.Description(
            argv: argv,
            environment: environment.merging(
                [
                    "PATH": NodeRoot.path, "HOME": "/root", "USER": "root", "LOGNAME": "root",
                    "SHELL": "/bin/bash",
                ]
            ) { $1 })
        description.terminal = terminal
        if terminal != nil {
            program = link.start(description)
            input = program?.terminal
            output = input.map { Descriptor(fcntl($0.number, F_DUPFD_CLOEXEC, 3)) }
        } else {
            guard let stdin = Descriptor.pipe(), let stdout = Descriptor.pipe(),
                let stderr = Descriptor.pipe()
            else { return false }
            description.descriptors = [stdin.reading, stdout.writing, stderr.writing]
            program = link.start(description)
            (input, output, errors) = (stdin.writing, stdout.reading, stderr.reading)
        }
        input?.setNonBlocking()
        return program != nil
    }

    private func startSubsystem(_ name: String) -> Bool {
        let server = "/usr/lib/openssh/sftp-server"
        return name == "sftp" && HostFiles.exists(server) && start([server])
    }

    private func setEnvironment(_ name: String, _ value: String) -> Bool {
        guard name == "LANG" || name.hasPrefix("LC_") else { return false }
        environment[name] = value
        return true
    }

    private func setTerminal(_ type: String, rows: Int32, columns: Int32) -> Bool {
        terminal = (rows: max(1, Int(rows)), columns: Int(columns))
        environment["TERM"] = type
        return true
    }

    private func resize(rows: Int32, columns: Int32) {
        guard let terminal = program?.terminal else { return }
        var size = winsize(
            ws_row: UInt16(clamping: rows), ws_col: UInt16(clamping: columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(terminal.number, UInt(TIOCSWINSZ), &size)
    }

    private func take(_ bytes: [UInt8]) {
        if input != nil { pending += bytes }
        feedProgram()
    }

    private func signal(_ name: String) {
        if let number = Self.signals[name] { program?.signal(number) }
    }

    /// RFC 4254, 6.10.
    private static let signals = [
        "ABRT": SIGABRT, "ALRM": SIGALRM, "FPE": SIGFPE, "HUP": SIGHUP, "ILL": SIGILL, "INT": SIGINT,
        "KILL": SIGKILL, "PIPE": SIGPIPE, "QUIT": SIGQUIT, "SEGV": SIGSEGV, "TERM": SIGTERM, "USR1": SIGUSR1,
        "USR2": SIGUSR2,
    ]

    private func installCallbacks() {
        unsafe callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        unsafe callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        unsafe callbacks.pointee.channel_data_function = { _, _, data, length, _, context in
            guard let data = unsafe data, let channel = unsafe SSHChannel.of(context) else { return 0 }
            channel.take(unsafe [UInt8](UnsafeRawBufferPointer(start: data, count: Int(length))))
            return Int32(length)
        }
        unsafe callbacks.pointee.channel_eof_function = { _, _, context in
            guard let channel = unsafe SSHChannel.of(context) else { return }
            channel.inputEnded = true
            channel.feedProgram()
        }
        unsafe callbacks.pointee.channel_close_function = { _, _, context in
            unsafe SSHChannel.of(context)?.isOver = true
        }
        unsafe callbacks.pointee.channel_signal_function = { _, _, name, context in
            guard let name = unsafe name else { return }
            unsafe SSHChannel.of(context)?.signal(String(cString: name))
        }
        unsafe callbacks.pointee.channel_pty_request_function = { _, _, type, columns, rows, _, _, context in
            let type = unsafe type.map { unsafe String(cString: $0) } ?? "dumb"
            return unsafe SSHChannel.answer(context) { $0.setTerminal(type, rows: rows, columns: columns) }
        }
        unsafe callbacks.pointee.channel_pty_window_change_function = { _, _, columns, rows, _, _, context in
            unsafe SSHChannel.of(context)?.resize(rows: rows, columns: columns)
            return 0
        }
        installProgramCallbacks()
    }

    private func installProgramCallbacks() {
        unsafe callbacks.pointee.channel_shell_request_function = { _, _, context in
            unsafe SSHChannel.answer(context) { $0.start(["/bin/bash", "-l"]) }
        }
        unsafe callbacks.pointee.channel_exec_request_function = { _, _, command, context in
            guard let command = unsafe command else { return 1 }
            let text = unsafe String(cString: command)
            return unsafe SSHChannel.answer(context) { $0.start(["/bin/bash", "-c", text]) }
        }
        unsafe callbacks.pointee.channel_env_request_function = { _, _, name, value, context in
            guard let name = unsafe name, let value = unsafe value else { return 1 }
            let (key, text) = unsafe (String(cString: name), String(cString: value))
            return unsafe SSHChannel.answer(context) { $0.setEnvironment(key, text) }
        }
        unsafe callbacks.pointee.channel_subsystem_request_function = { _, _, name, context in
            guard let name = unsafe name else { return 1 }
            let text = unsafe String(cString: name)
            return unsafe SSHChannel.answer(context) { $0.startSubsystem(text) }
        }
        unsafe ssh_set_channel_callbacks(raw, callbacks)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> SSHChannel? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<SSHChannel>.fromOpaque(context).takeUnretainedValue()
    }

    /// libssh's number for a request that was granted (0) or refused.
    private static func answer(_ context: UnsafeMutableRawPointer?, _ body: (SSHChannel) -> Bool) -> Int32 {
        guard let channel = unsafe of(context) else { return 1 }
        return body(channel) ? 0 : 1
    }
}
