import Glibc

/// A folder of its own for one test, removed with everything in it when the value is released.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// Makes the folder; the name is a word for people who find it after a crash.
    package init(_ name: String = "test") throws(SupportError) {
        let base = environmentValue("TMPDIR") ?? "/tmp"
        var template = Array("\(base)/runbook-\(name)-XXXXXX".utf8CString)
        guard
            unsafe template.withUnsafeMutableBufferPointer({
                unsafe $0.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
            })
        else {
            throw SupportError("cannot make a temporary folder in \(base), errno \(errno)")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = try? run(["rm", "-rf", "--", path])
    }

    /// The path of a file in the folder.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in the folder and answers its path.
    @discardableResult
    package func write(
        _ name: String, _ text: String, mode: UInt32 = 0o600
    ) throws(SupportError) -> String {
        try writeFile(file(name), Array(text.utf8), mode: mode)
        return file(name)
    }
}

/// What went wrong in the support itself: never a verdict on the code under test.
package struct SupportError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A variable of this process's environment.
package func environmentValue(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}

/// Writes a whole file, whatever was there before.
package func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(SupportError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SupportError("cannot write \(path), errno \(errno)") }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw SupportError("cannot write \(path), errno \(errno)") }
        rest = rest.dropFirst(count)
    }
}

/// Reads a whole file.
package func readFile(_ path: String) throws(SupportError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SupportError("cannot read \(path), errno \(errno)") }
    defer { close(descriptor) }
    return readToEnd(descriptor)
}

func readToEnd(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe part.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return bytes }
        bytes += part[..<count]
    }
}
