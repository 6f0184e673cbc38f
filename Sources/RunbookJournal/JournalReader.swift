package import RunbookFiles

/// Reads a run's journal without its lock and without writing anything, also while another process appends.
package struct JournalReader: Sendable {
    /// What was found.
    package struct Summary: Equatable, Sendable {
        package let recordCount: UInt64
        /// In bytes: the end of the last record.
        package let length: Int
        /// The last record's hash, in hexadecimal; 32 zeros without records.
        package let lastHash: String
        /// Bytes after it: a record that is being written, or a torn tail that no `run` has set aside yet.
        package let unfinishedLength: Int
    }

    /// The folder's path.
    package let path: String
    private let folder: any OpenDirectory
    private let journal: any OpenFile

    /// Opens the run `name` in `stateDirectory`.
    ///
    /// - Throws: `.missing` if there is no such run; `.badName`; what the disk said.
    package init(_ name: String, in stateDirectory: String, store: any FileStore) throws(JournalError) {
        try requireName(name, in: stateDirectory)
        do throws(FileError) {
            folder = try store.openDirectory(stateDirectory, create: false)
                .openDirectory(name, create: false)
            journal = try folder.open(RunFiles.journalName, .read, mode: .ownerOnly)
        } catch  where error.isNotFound {
            throw JournalError(.missing, stateDirectory + "/" + name)
        } catch {
            throw JournalError(error)
        }
        path = folder.path
    }

    /// Gives each record to `body` with its members' bytes, up to the length the journal has now.
    ///
    /// A writer may cut a torn tail and write over it meanwhile, so that damage is believed only when it is still
    /// there on a second look.
    ///
    /// - Throws: `.damaged` or `.newerVersion`; the records before were given to `body`. What `body` throws.
    @discardableResult
    package func read(
        _ body: (RecordPosition, Span<UInt8>) throws(JournalError) -> Void
    ) throws(JournalError) -> Summary {
        var scanner = JournalScanner(journal)
        var looks = 0
        while true {
            let length = try onDisk { () throws(FileError) in try journal.status().length }
            do throws(JournalError) {
                let rest = try scanner.scan(upTo: length, body)
                return Summary(
                    recordCount: scanner.nextNumber - 1, length: scanner.offset,
                    lastHash: scanner.lastHash.hex, unfinishedLength: rest.length)
            } catch {
                guard case .damaged = error.code, looks < 2 else { throw error }
                looks += 1
            }
        }
    }

    /// Reads the whole journal and checks every hash and the chain.
    package func verify() throws(JournalError) -> Summary {
        try read { (_, _) in }
    }

    /// The contents of an output, at most `limit` bytes.
    package func readOutput(_ name: String, limit: Int) throws(JournalError) -> [UInt8] {
        try requireName(name, in: path)
        return try onDisk { () throws(FileError) in
            try folder.openDirectory(RunFiles.outputName, create: false).readFile(name, limit: limit)
        }
    }
}
