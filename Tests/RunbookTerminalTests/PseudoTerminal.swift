import Glibc
import Testing

/// A terminal whose other end the test holds.
final class PseudoTerminal: Sendable {
    // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2): macros that Swift does not import.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// What a person sees and types.
    let person: Int32
    /// What the program has.
    let program: Int32

    init(columns: UInt16 = 80) throws {
        person = try opened("/dev/ptmx")
        var unlocked: Int32 = 0
        var number: Int32 = 0
        try #require(unsafe ioctl(person, Self.setLock, &unlocked) == 0)
        try #require(unsafe ioctl(person, Self.getNumber, &number) == 0)
        program = try opened("/dev/pts/\(number)")
        try resize(columns)
    }

    deinit {
        close(person)
        close(program)
    }

    func resize(_ columns: UInt16) throws {
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try #require(unsafe ioctl(person, UInt(TIOCSWINSZ), &size) == 0)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(person, bytes, bytes.count)
    }

    /// What is on its way to the person now.
    func seen() -> String { whatIsThere(at: person) }

    /// What comes to the person up to `end`; what has come in ten seconds when that never comes.
    func seen(until end: String) async -> String {
        var text = ""
        for _ in 0..<1000 where !text.hasSuffix(end) {
            text += whatIsThere(at: person)
            try? await Task.sleep(for: .milliseconds(10))
        }
        return text
    }

    var echoes: Bool {
        var settings = termios()
        return unsafe tcgetattr(program, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Waits until echo is on or off; false when that does not happen within ten seconds.
    func waits(forEcho wanted: Bool) async -> Bool {
        for _ in 0..<1000 where echoes != wanted { try? await Task.sleep(for: .milliseconds(10)) }
        return echoes == wanted
    }
}

private func opened(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(descriptor >= 0)
    return descriptor
}

/// A pipe; the reading end is closed at the end of the test.
final class Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func content() -> String { whatIsThere(at: readEnd) }
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
