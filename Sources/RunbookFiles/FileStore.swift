/// The door to the disk: nothing else in the program opens a file for writing.
///
/// The real one is `POSIXFileStore`; `MemoryFileStore` fails and loses power when a test wants it to.
package protocol FileStore: Sendable {
    /// The user that new files will belong to.
    var currentUser: UInt32 { get }

    /// Opens the directory at `path`; symbolic links on the way and at its end are followed, the user named them.
    ///
    /// With `create`, what is missing of the path is made with mode 0700, and its name is durable on return as
    /// far as the directory above can be read.
    func openDirectory(_ path: String, create: Bool) throws(FileError) -> any OpenDirectory

    /// What `path` names, not following a symbolic link at its end; nil if it names nothing.
    func status(of path: String) throws(FileError) -> FileStatus?

    /// The contents of the regular file at `path`, following symbolic links.
    ///
    /// - Throws: `FileError` with `.tooLong` if there are more than `limit` bytes; nothing is returned then.
    func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8]
}

/// An open directory. Its operations take single names and stay in it, whatever happens to its path.
package protocol OpenDirectory: Sendable {
    /// The path it was opened by, for messages.
    var path: String { get }

    /// Opens a file in this directory; never through a symbolic link, and only a regular file.
    ///
    /// For writing the file must have one name only. A new file has `mode` whatever the umask is. Its name is
    /// durable after `sync` of this directory.
    func open(_ name: String, _ access: FileAccess, mode: FileMode) throws(FileError) -> any OpenFile

    /// Opens a directory in this one, never through a symbolic link; with `create` it is made if it is missing,
    /// with mode 0700 whatever the umask is, and its name is durable after `sync` of this directory.
    func openDirectory(_ name: String, create: Bool) throws(FileError) -> any OpenDirectory

    /// The names in the directory, sorted, without `.` and `..`.
    func list() throws(FileError) -> [String]

    /// Renames a file within the directory, replacing what has the new name; durable after `sync`.
    func rename(_ name: String, to newName: String) throws(FileError)

    /// Removes a file or an empty directory; durable after `sync`.
    func remove(_ name: String) throws(FileError)

    /// Makes the names in the directory durable. After the first failure it fails always.
    func sync() throws(FileError)

    /// The directory itself.
    func status() throws(FileError) -> FileStatus

    /// What `name` names, not following a symbolic link; nil if it names nothing.
    func status(of name: String) throws(FileError) -> FileStatus?

    /// Where the directory lies.
    func fileSystem() throws(FileError) -> FileSystemKind
}

/// An open file. It is closed, and its lock released, with its last reference.
package protocol OpenFile: AnyObject, Sendable {
    /// The path it was opened by, for messages.
    var path: String { get }

    /// Writes all of `bytes` at the end; durable after `sync`. After a failure a part of them may be there.
    func append(_ bytes: [UInt8]) throws(FileError)

    /// Reads into `buffer[range]` from `offset` of the file; returns how many bytes came, 0 at the end.
    func read(into buffer: inout [UInt8], range: Range<Int>, from offset: Int) throws(FileError) -> Int

    /// Makes the file's contents and length durable.
    ///
    /// After the first failure this file takes no append and no sync any more, also when it is opened again by
    /// the same store: Linux marks pages that it failed to write as clean, and a second fsync would succeed
    /// without them (fsync(2)).
    func sync() throws(FileError)

    /// Takes space on the disk for `range`; the file's length stays. Fails with `isUnsupported` where that is
    /// not possible.
    func reserve(_ range: Range<Int>) throws(FileError)

    /// Cuts the file to `length`; durable after `sync`.
    func truncate(to length: Int) throws(FileError)

    /// The file itself, whatever its name names now.
    func status() throws(FileError) -> FileStatus

    /// Takes the exclusive lock of the file if nobody has it; false if somebody has.
    ///
    /// It belongs to this opening: it goes with it, and with the process. Another opening in the same process
    /// is kept out as well.
    func lock() throws(FileError) -> Bool

    /// Gives the lock back.
    func unlock() throws(FileError)

    /// Forgets what memory holds of the file and the disk already has or has refused, so that the next read
    /// shows what is on the disk.
    func dropCache() throws(FileError)
}

/// What a file is opened for.
package enum FileAccess: Sendable {
    /// Reading; the file must exist.
    case read
    /// Reading and appending; the file must exist.
    case append
    /// Reading and appending; the file is made if it is missing.
    case appendOrCreate
    /// Reading and appending; the file must not exist.
    case createNew
}

/// The permission bits of a new file.
package struct FileMode: Equatable, Sendable {
    package let bits: UInt32

    package init(_ bits: UInt32) {
        self.bits = bits & 0o7777
    }

    /// Read and written by its owner, by nobody else: 0600.
    package static let ownerOnly = FileMode(0o600)
    /// Read by everyone, written by its owner: 0644. For what the user shares, such as a runbook.
    package static let shared = FileMode(0o644)
}

/// Which file it is, whatever its name.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}

/// What stat(2) tells of a file.
package struct FileStatus: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case regular, directory, symbolicLink, other
    }

    package let identity: FileIdentity
    package let kind: Kind
    /// In bytes.
    package let length: Int
    /// How many names it has.
    package let linkCount: Int
    package let owner: UInt32
    /// The permission bits, with set-id and sticky bits.
    package let mode: UInt32
}

/// Where a directory lies, as far as it matters for locks.
package enum FileSystemKind: Equatable, Sendable {
    /// Locks are kept by this machine's kernel.
    case local
    /// A network file system, by its usual name: a lock may not keep another machine out, or not hold.
    case network(String)
}
