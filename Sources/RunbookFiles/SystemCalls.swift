import Glibc

/// The result of a call that gives a count: at least 0, or minus the error number.
typealias CountOrError = Int

/// Calls `body` until it is not interrupted by a signal; its result, or minus the error number.
func uninterrupted(_ body: () -> Int) -> CountOrError {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { return -Int(number) }
    }
}

/// Calls `step` with the place reached until `count` bytes are through.
///
/// A write may take less than it was given, near a limit or when a signal comes (write(2)); the rest is tried
/// again, and the error that follows, if any, says why.
///
/// - Returns: nil, or the error number.
func untilAllWritten(_ count: Int, _ step: (_ written: Int) -> CountOrError) -> Int32? {
    var written = 0
    while written < count {
        let result = step(written)
        if result < 0 { return Int32(-result) }
        // A write of nothing without an error would go on for ever.
        if result == 0 { return EIO }
        written += result
    }
    return nil
}

/// A name that stays in its directory.
func isSingleName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(0)
        && !name.utf8.contains(UInt8(ascii: "/"))
}

/// The path of `name` in the directory `path`, for messages.
func joined(_ path: String, _ name: String) -> String {
    path.hasSuffix("/") ? path + name : path + "/" + name
}
