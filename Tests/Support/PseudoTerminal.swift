import Glibc

/// A terminal whose other end the test holds.
package final class PseudoTerminal: Sendable {
    // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2): macros that Swift does not import.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// What a person sees and types.
    package let person: Int32
    /// What the program has.
    package let program: Int32

    package init(columns: UInt16 = 80) throws(SupportError) {
        person = try opened("/dev/ptmx")
        var unlocked: Int32 = 0
        var number: Int32 = 0
        guard unsafe ioctl(person, Self.setLock, &unlocked) == 0,
            unsafe ioctl(person, Self.getNumber, &number) == 0
        else { throw SupportError("no pseudo-terminal, errno \(errno)") }
        program = try opened("/dev/pts/\(number)")
        try resize(columns)
    }

    deinit {
        close(person)
        close(program)
    }

    package func resize(_ columns: UInt16) throws(SupportError) {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard unsafe ioctl(person, UInt(TIOCSWINSZ), &size) == 0 else {
            throw SupportError("a pseudo-terminal has no size, errno \(errno)")
        }
    }

    package func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(person, bytes, bytes.count)
    }

    /// What is on its way to the person now.
    package func seen() -> String { whatIsThere(at: person) }

    /// What comes to the person up to `end`; what has come in ten seconds when that never comes.
    package func seen(until end: String) async -> String {
        var text = ""
        for _ in 0..<1000 where !text.hasSuffix(end) {
            text += whatIsThere(at: person)
            try? await Task.sleep(for: .milliseconds(10))
        }
        return text
    }

    package var echoes: Bool {
        var settings = termios()
        return unsafe tcgetattr(program, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Waits until echo is on or off; false when that does not happen within ten seconds.
    package func waits(forEcho wanted: Bool) async -> Bool {
        for _ in 0..<1000 where echoes != wanted { try? await Task.sleep(for: .milliseconds(10)) }
        return echoes == wanted
    }
}

private func opened(_ path: String) throws(SupportError) -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SupportError("cannot open \(path), errno \(errno)") }
    return descriptor
}

/// A pipe; the reading end is closed at the end of the test.
package final class Pipe: Sendable {
    package let readEnd: Int32
    package let writeEnd: Int32

    package init() throws(SupportError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SupportError("no pipe, errno \(errno)") }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    package func content() -> String { whatIsThere(at: readEnd) }
}

/// Reads without waiting for more than a moment.
private func whatIsThere(at descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while unsafe poll(&place, 1, 5) == 1 {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
}
