import CRunbookLab
import Glibc
import Synchronization

/// An open file descriptor that closes itself when nobody holds it any more, or earlier by `close`.
final class Descriptor: Sendable {
    private let open: Atomic<Int32>

    /// The descriptor; -1 after `close`.
    var number: Int32 { open.load(ordering: .relaxed) }

    init(_ number: Int32) {
        open = Atomic(number)
    }

    deinit {
        close()
    }

    /// Closes it now; only for an owner that knows that nobody uses it at the moment.
    func close() {
        let number = open.exchange(-1, ordering: .relaxed)
        if number >= 0 { Glibc.close(number) }
    }

    /// Both ends of a new pipe, reading end first; closed in started programs.
    static func pipe() -> (reading: Descriptor, writing: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        guard unsafe runbook_lab_pipe(&ends) == 0 else { return nil }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// Opens a path of the machine; nil with errno set.
    static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o644) -> Descriptor? {
        let number = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
        return number < 0 ? nil : Descriptor(number)
    }

    /// Reads once, at most `limit` bytes; empty at the end, nil on an error (also EAGAIN).
    func read(upTo limit: Int = 65536) -> [UInt8]? {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var got = -1
            repeat {
                got = unsafe Glibc.read(number, buffer.baseAddress, limit)
            } while got < 0 && errno == EINTR
            failed = got < 0
            count = max(0, got)
        }
        return failed ? nil : bytes
    }

    /// Reads to the end.
    func readAll() -> [UInt8] {
        var all: [UInt8] = []
        while let piece = read(), !piece.isEmpty { all += piece }
        return all
    }

    /// Writes once; the number of bytes taken, or nil on an error (also EAGAIN).
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        let written = unsafe bytes.withUnsafeBytes { buffer in
            var count = -1
            repeat {
                count = unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            return count
        }
        return written < 0 ? nil : written
    }

    /// Writes everything; false when the other side is gone or the disk is full.
    @discardableResult
    func writeAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = write(rest) else {
                guard errno == EAGAIN, waitFor(Int16(POLLOUT)) else { return false }
                continue
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits until the descriptor is ready, or has an error; false after the time has passed.
    func waitFor(_ events: Int16, milliseconds: Int32 = -1) -> Bool {
        var polled = pollfd(fd: number, events: events, revents: 0)
        while true {
            let ready = unsafe poll(&polled, 1, milliseconds)
            if ready >= 0 { return ready > 0 }
            guard errno == EINTR else { return true }
        }
    }

    func setNonBlocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }
}

/// Text of an errno, as C programs print it.
func systemText(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
