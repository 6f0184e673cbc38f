import Glibc

extension LabProcess {
    /// Runs a command, or a shell, in a node with our standard input and output; its exit status.
    ///
    /// On a terminal the node makes one of its own, and this one is passed through until the command ends.
    package func shell(node: String, command: [String]) throws(LabFailure) -> Int32 {
        let connection = try connect()
        let isTerminal = isatty(0) == 1 && isatty(1) == 1
        var size = winsize()
        if isTerminal { _ = unsafe ioctl(0, UInt(TIOCGWINSZ), &size) }
        let term = unsafe getenv("TERM").map { unsafe String(cString: $0) } ?? "dumb"
        let rows = isTerminal ? max(1, Int(size.ws_row)) : 0
        let words = ["shell", node, "\(rows)", "\(size.ws_col)", term] + command
        let ours = isTerminal ? [] : (0...2).map { Descriptor(dup($0)) }
        guard connection.send(words, passing: ours), let answer = connection.receive()
        else { throw LabFailure(.notRunning, "the lab does not answer") }
        guard answer.fields.first == "ok" else {
            throw LabFailure(.refused, answer.fields.dropFirst().first ?? "the lab refuses")
        }
        if let terminal = answer.descriptors.first { Self.passThrough(terminal) }
        return connection.receiveNumber() ?? 255
    }

    /// Copies between our terminal, made raw, and the node's, until that one is closed.
    private static func passThrough(_ terminal: Descriptor) {
        var old = termios()
        unsafe tcgetattr(0, &old)
        var raw = old
        unsafe cfmakeraw(&raw)
        unsafe tcsetattr(0, TCSADRAIN, &raw)
        defer { unsafe tcsetattr(0, TCSADRAIN, &old) }
        var polled = [
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
            pollfd(fd: terminal.number, events: Int16(POLLIN), revents: 0),
        ]
        let (input, output) = (Descriptor(dup(0)), Descriptor(dup(1)))
        while true {
            if unsafe poll(&polled, 2, -1) < 0 { continue }
            if polled[1].revents != 0 {
                guard let bytes = terminal.read(), !bytes.isEmpty else { return }
                output.writeAll(bytes)
            }
            if polled[0].revents != 0 {
                guard let bytes = input.read(), !bytes.isEmpty else { return }
                terminal.writeAll(bytes)
            }
        }
    }
}
