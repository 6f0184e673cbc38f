package import RunbookFiles

/// Trouble with a run's folder. The code decides, the message informs.
package struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// Somebody else has the run open; what they wrote about themselves, for people only.
        case locked(by: String)
        /// The journal is not what was written: the number of the first record that is wrong, and where it begins.
        case damaged(record: UInt64, offset: Int)
        /// A later program wrote the journal, in this version of the format.
        case newerVersion(UInt64)
        /// There is no such run.
        case missing
        /// The disk, the quota or the file size limit is full; nothing was written.
        case noSpace
        /// An earlier failure ended the journal for this process.
        case poisoned
        /// The folder or a file in it was moved, replaced or changed while it was open.
        case replaced
        /// The folder belongs to somebody else, or others may write in it.
        case notPrivate
        /// The folder is on a network file system, where locks cannot be relied on.
        case networkFileSystem(String)
        /// The record has more bytes than the format allows.
        case recordTooLong(Int)
        /// The members are empty, not UTF-8, or have control characters in them.
        case badMembers
        /// Not a name for a run or an output.
        case badName(String)
        /// A file could not be used; the cause has the operation and the system's error.
        case file
    }

    package let code: Code
    /// The folder or the file.
    package let path: String
    /// What the disk said, if it was that.
    package let cause: FileError?

    package init(_ code: Code, _ path: String, cause: FileError? = nil) {
        self.code = code
        self.path = path
        self.cause = cause
    }

    /// From an error of the disk; a full one has a code of its own.
    init(_ error: FileError) {
        self.init(error.isNoSpace ? .noSpace : .file, error.path, cause: error)
    }

    /// One line: what is wrong, where, and the remedy.
    package var message: String {
        switch code {
        case .locked(let holder):
            "the run is open in another process (\(holder)); wait for it or stop it, "
                + "the lock goes with its process"
        case .damaged(let record, let offset):
            "\(path) is damaged at record \(record), byte \(offset), and was left as it is; "
                + "put a sound copy in its place, or see docs/journal-format.md"
        case .newerVersion(let version):
            "\(path) was written by a later runbook (format \(version)) and was left as it is; "
                + "use that one, or a later one"
        case .missing: "there is no run at \(path)"
        case .noSpace, .file: cause?.message ?? "\(path) cannot be used"
        case .poisoned:
            "\(path) takes no more records after an earlier failure"
                + (cause.map { " (\($0.message))" } ?? "") + "; check the disk, then run again"
        case .replaced:
            "\(path) was moved, replaced or changed while the run had it open; nothing more is written. "
                + "find out who did it, then run again"
        case .notPrivate:
            "\(path) must belong to you and be writable by nobody else (chmod 700); "
                + "the folder above must be yours or root's and not writable by everyone"
        case .networkFileSystem(let name):
            "\(path) is on \(name), where locks do not keep other machines out; "
                + "keep the state on a local disk (--state)"
        case .recordTooLong(let length):
            "a record of \(length) bytes is too long for the journal (at most \(JournalLimits.recordLengthMax))"
        case .badMembers: "a record for \(path) is empty or has bytes that a journal line cannot hold"
        case .badName(let name): "`\(name)` is not a name for a run or an output"
        }
    }

    package var description: String { message }
}

/// Does `body` and turns an error of the disk into one of the journal.
func onDisk<Value>(_ body: () throws(FileError) -> Value) throws(JournalError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw JournalError(error)
    }
}

/// A name that is one name, short enough, not hidden, and without control characters.
func requireName(_ name: String, in path: String) throws(JournalError) {
    let isName =
        !name.isEmpty && name.utf8.count <= JournalLimits.nameLengthMax && !name.hasPrefix(".")
        && !name.utf8.contains { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "/") }
    guard isName else { throw JournalError(.badName(name), path) }
}
