import Glibc
import Synchronization

/// Asks the person at the terminal. One question at a time; a second one waits.
package final class Prompter: Sendable {
    private let terminal: Int32
    private let ownsTerminal: Bool
    /// Written to by `cancel`, so that a read that waits wakes up.
    private let wakeRead: Int32
    private let wakeWrite: Int32
    private let oneAtATime = Mutex(())
    /// The terminal's settings while echo is off.
    private let settings = Mutex<termios?>(nil)

    /// Asks on the controlling terminal, else on stdin if that is a terminal, else there is nobody to ask.
    package convenience init?() {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        if descriptor >= 0 {
            self.init(terminal: descriptor, owned: true)
        } else {
            self.init(terminal: 0, owned: false)
        }
    }

    init?(terminal: Int32, owned: Bool) {
        var ends: [Int32] = [-1, -1]
        guard isTerminal(terminal), unsafe pipe(&ends) == 0 else {
            if owned { close(terminal) }
            return nil
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        self.terminal = terminal
        ownsTerminal = owned
        wakeRead = ends[0]
        wakeWrite = ends[1]
    }

    deinit {
        restoreEcho()
        if ownsTerminal { close(terminal) }
        close(wakeRead)
        close(wakeWrite)
    }

    /// Shows a question, below lines that explain it, and waits for a line; nil at the end of input and after
    /// `cancel`.
    package func ask(
        _ question: StyledText, below lines: [StyledText] = [], style: OutputStyle = .plain
    ) async -> String? {
        let text = (lines + [question]).map { $0.rendered(style) }.joined(separator: "\n")
        return await answer(to: text, isSecret: false)
    }

    /// Like `ask`, without showing what is typed. What was typed before the question is thrown away.
    package func askSecret(_ question: StyledText, style: OutputStyle = .plain) async -> String? {
        await answer(to: question.rendered(style), isSecret: true)
    }

    /// Ends the question that is being asked, and every one after it, with nil. From any thread.
    package func cancel() {
        var byte: UInt8 = 0
        _ = unsafe write(wakeWrite, &byte, 1)
    }

    /// Switches echo on again if a question has switched it off. For who ends the process during one; from any
    /// thread, but not from a signal handler.
    package func restoreEcho() {
        settings.withLock { settings in
            guard var before = settings else { return }
            _ = unsafe tcsetattr(terminal, TCSANOW, &before)
            settings = nil
        }
    }
}

extension Prompter {
    private func answer(to question: String, isSecret: Bool) async -> String? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let started = onOwnThread { [self] in
                    continuation.resume(
                        returning: oneAtATime.withLock { _ in blockingAnswer(to: question, isSecret: isSecret)
                        })
                }
                if started == nil { continuation.resume(returning: nil) }
            }
        } onCancel: {
            cancel()
        }
    }

    private func blockingAnswer(to question: String, isSecret: Bool) -> String? {
        if isSecret, !silence() { return nil }
        defer { if isSecret { restoreEcho() } }
        guard LineWriter.writeAll(question, to: terminal) == nil else { return nil }
        let answer = readLine()
        // The line end that the person typed was not shown, or there was none.
        if isSecret || answer == nil { _ = LineWriter.writeAll("\n", to: terminal) }
        return answer
    }

    /// Switches echo off; false when the terminal refuses, and then nothing must be asked.
    private func silence() -> Bool {
        settings.withLock { settings in
            var before = termios()
            guard unsafe tcgetattr(terminal, &before) == 0 else { return false }
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO | ECHONL)
            settings = before
            guard unsafe tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else {
                settings = nil
                return false
            }
            return true
        }
    }

    private func readLine() -> String? {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while waitForInput() {
            let count = unsafe read(terminal, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else {
                return line.isEmpty || count < 0 ? nil : String(decoding: line, as: UTF8.self)
            }
            line += buffer[..<count]
            guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { continue }
            line.removeSubrange(end...)
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            return String(decoding: line, as: UTF8.self)
        }
        return nil
    }

    /// False when the question was cancelled.
    private func waitForInput() -> Bool {
        while true {
            var places = [
                pollfd(fd: terminal, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0),
            ]
            let count = unsafe poll(&places, nfds_t(places.count), -1)
            if count < 0 {
                guard errno == EINTR else { return false }
                continue
            }
            if places[1].revents != 0 { return false }
            if places[0].revents != 0 { return true }
        }
    }
}
