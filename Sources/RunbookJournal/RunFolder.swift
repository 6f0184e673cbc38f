package import RunbookFiles
import Synchronization

/// A run's folder, held by this process: the journal, the outputs, the lock. It knows bytes, not steps.
///
/// The lock is held until `close` or the last reference. All methods may be called from any thread; each blocks
/// until the disk has answered.
package final class RunFolder: Sendable {
    /// What the caller decides about an opening.
    package struct Options: Sendable {
        /// Who holds the lock, for the message another process gets: process, user, host, since when. One line.
        package var holder: String
        /// Opens the folder although it lies on a network file system.
        package var allowsNetworkFileSystem: Bool

        package init(holder: String, allowsNetworkFileSystem: Bool = false) {
            self.holder = holder
            self.allowsNetworkFileSystem = allowsNetworkFileSystem
        }
    }

    /// The run's name: the name of its folder.
    package let name: String
    /// The folder's path.
    package let path: String
    /// What was cut off where the next record will be; the next step counts as possibly issued then.
    ///
    /// Every opening reports it until a record has been appended in its place.
    package let tornTail: TornTail?
    /// Paths of records that could not be appended when they should have been, for a person to look at.
    package let rescuedRecords: [String]

    let store: any FileStore
    let files: RunFiles
    let tail: Mutex<JournalTail>

    /// Opens the run `name` in `stateDirectory`, or makes it, and takes its lock.
    ///
    /// What is missing of the path is made. Everything that earlier processes wrote is durable before it is read,
    /// and the folder's names are durable on return. Each record is given to `replay`, with its members' bytes.
    ///
    /// - Throws: `.locked`, `.damaged`, `.newerVersion`, `.notPrivate`, `.networkFileSystem`, `.badName`, or
    ///   what the disk said. The journal is untouched then, except that a torn tail may have been cut off
    ///   (its copy is kept).
    package static func open(
        _ name: String, in stateDirectory: String, store: any FileStore, options: Options,
        replay: (RecordPosition, Span<UInt8>) throws(JournalError) -> Void = { (_, _) in }
    ) throws(JournalError) -> RunFolder {
        let files = try RunFiles.open(name, in: stateDirectory, store: store, options: options)
        try onDisk { () throws(FileError) in
            // A process that was killed may have written what no sync has followed: it must not be shown and
            // then lost. And what a failed sync has left in memory must not be taken for what is on the disk.
            try files.journal.sync()
            try files.folder.sync()
            try files.journal.dropCache()
        }
        let length = try onDisk { () throws(FileError) in try files.journal.status().length }
        var scanner = JournalScanner(files.journal)
        if case .torn(let bytes) = try scanner.scan(upTo: length, replay) {
            try TornTail.setAside(bytes, at: scanner.offset, number: scanner.nextNumber, files)
        }
        try onDisk { () throws(FileError) in
            try files.folder.removeLeftOvers()
            try files.output.removeLeftOvers()
        }
        let names = try onDisk { () throws(FileError) in try files.folder.list() }
        return RunFolder(
            name, files, store, JournalTail(scanner),
            tornTail: TornTail.find(number: scanner.nextNumber, among: names, in: files.folder.path),
            rescuedRecords: names.filter { $0.hasPrefix(RunFiles.rescuePrefix) }
                .map { files.folder.path + "/" + $0 })
    }

    private init(
        _ name: String, _ files: RunFiles, _ store: any FileStore, _ tail: JournalTail,
        tornTail: TornTail?, rescuedRecords: [String]
    ) {
        self.name = name
        self.files = files
        self.store = store
        self.tail = Mutex(tail)
        self.tornTail = tornTail
        self.rescuedRecords = rescuedRecords
        path = files.folder.path
    }

    /// How many records the journal has.
    package var recordCount: UInt64 {
        tail.withLock { $0.nextNumber - 1 }
    }

    /// Gives the lock back. Every append fails afterwards.
    package func close() {
        tail.withLock { tail in
            tail.poison = tail.poison ?? JournalError(.poisoned, files.journal.path)
            // The lock goes with the last reference in any case.
            try? files.lock.unlock()
        }
    }
}

/// What is known of the end of the journal.
struct JournalTail {
    var nextNumber: UInt64
    var lastHash: ChainHash
    /// The journal's length: the end of its last record.
    var length: Int
    /// The end of the space that was taken; 0 if none was by this process.
    var reservedEnd = 0
    /// False once the file system has said that it cannot.
    var canReserve = true
    /// Why nothing is appended any more.
    var poison: JournalError?

    init(_ scanner: borrowing JournalScanner) {
        nextNumber = scanner.nextNumber
        lastHash = scanner.lastHash
        length = scanner.offset
    }
}
