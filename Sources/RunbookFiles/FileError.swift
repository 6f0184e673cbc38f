import CRunbookFiles
import Glibc

/// What went wrong with a file, where, and what to do about it.
package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried; the raw value is the verb of the message.
    package enum Operation: String, Hashable, Sendable, CaseIterable {
        case open
        case create
        case read
        case append = "write to"
        case sync
        case reserve = "reserve space for"
        case truncate = "cut"
        case lock
        case status = "look at"
        case rename
        case remove
        case list
        case createDirectory = "create the directory"
        case openDirectory = "open the directory"
        case syncDirectory = "sync the directory"
    }

    /// Why it did not work.
    package enum Reason: Equatable, Sendable {
        /// The system's error number.
        case system(Int32)
        /// A directory, a device, a pipe or a socket stands where a file was expected.
        case notRegular
        case symbolicLink
        /// The file has other names, so that what is written shows in places nobody thinks of.
        case severalNames(Int)
        case tooLong(limit: Int)
        /// An earlier sync failed.
        case poisoned
        /// Not a single name: empty, `.`, `..`, or with a slash or NUL in it.
        case badName
    }

    package let operation: Operation
    package let path: String
    package let reason: Reason
    /// The bytes free on the file system when it was full, if that could be asked.
    package let freeBytes: Int?

    package init(_ operation: Operation, _ path: String, _ reason: Reason, freeBytes: Int? = nil) {
        self.operation = operation
        self.path = path
        self.reason = reason
        self.freeBytes = freeBytes
    }

    /// The system's error number; 0 if the refusal is our own.
    package var errno: Int32 {
        if case .system(let number) = reason { number } else { 0 }
    }

    /// The disk, the quota or the file size limit is full (RLIMIT_FSIZE gives EFBIG).
    package var isNoSpace: Bool {
        [ENOSPC, EDQUOT, EFBIG].contains(errno)
    }

    /// The file system cannot do this at all.
    package var isUnsupported: Bool {
        [EOPNOTSUPP, ENOSYS, EINVAL].contains(errno)
    }

    package var isNotFound: Bool {
        errno == ENOENT
    }

    /// A sync failed: what was written may be lost although it can be read.
    package var isFailedSync: Bool {
        (operation == .sync || operation == .syncDirectory) && reason != .badName
    }

    /// One line: what, where, why, and the remedy where there is one.
    package var message: String {
        let remedy = remedy.map { "; \($0)" } ?? ""
        return "cannot \(operation.rawValue) \(path): \(cause)\(remedy)"
    }

    package var description: String { message }

    private var cause: String {
        switch reason {
        case .system(let number):
            let text = unsafe String(cString: runbook_files_error_text(number))
            return freeBytes.map { "\(text) (\($0) bytes free)" } ?? text
        case .notRegular: return "it is not a regular file"
        case .symbolicLink: return "it is a symbolic link"
        case .severalNames(let count): return "it is a file with \(count) names (hard links)"
        case .tooLong(let limit): return "it is longer than \(limit) bytes"
        case .poisoned: return "an earlier sync of it failed, so the disk may not have what was written"
        case .badName: return "this is not a file name"
        }
    }

    private var remedy: String? {
        switch reason {
        case .system(let number): FileError.remedies[number]
        case .notRegular, .symbolicLink: "move it away and try again"
        case .severalNames: "copy it, so that this name has a file of its own"
        case .poisoned: "check the disk, then start again"
        case .tooLong, .badName: nil
        }
    }

    private static let remedies: [Int32: String] = [
        ENOSPC: "make room there and try again",
        EDQUOT: "the quota is used up: make room there and try again",
        EFBIG: "raise the file size limit (ulimit -f) and try again",
        EROFS: "the file system is mounted read-only: see dmesg, and mount it for writing again",
        EIO: "the disk reports an error: see dmesg before anything else is written to it",
        EACCES: "check the owner and the mode of it and of the directories above",
        EPERM: "check the owner and the mode of it and of the directories above",
        EMFILE: "too many files are open: raise the limit (ulimit -n) and try again",
        ENFILE: "the system has too many files open: close something and try again",
        ENOTDIR:
            "a file or a symbolic link stands where a directory was expected: move it away and try again",
    ]
}
