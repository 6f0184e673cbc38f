import RunbookFiles
import Synchronization

extension RunFolder {
    /// Stores an output as a whole: after a crash there is the old one, the new one, or none. Durable on return.
    package func writeOutput(_ name: String, _ bytes: [UInt8]) throws(JournalError) {
        try requireName(name, in: files.output.path)
        try withOutputs { () throws(FileError) in try files.output.writeAtomically(name, bytes) }
    }

    /// Opens an output that grows, or makes it.
    package func openOutput(_ name: String) throws(JournalError) -> RunOutput {
        try requireName(name, in: files.output.path)
        let file = try withOutputs { () throws(FileError) in
            let file = try files.output.open(name, .appendOrCreate, mode: .ownerOnly)
            try files.output.sync()
            return file
        }
        return RunOutput(self, file)
    }

    /// The contents of an output, at most `limit` bytes.
    package func readOutput(_ name: String, limit: Int) throws(JournalError) -> [UInt8] {
        try requireName(name, in: files.output.path)
        return try onDisk { () throws(FileError) in try files.output.readFile(name, limit: limit) }
    }

    /// Does `body`. A sync that failed poisons the journal: a disk that lost one file is not trusted with another.
    func withOutputs<Value: Sendable>(_ body: () throws(FileError) -> Value) throws(JournalError) -> Value {
        try withTail { (tail) throws(JournalError) in
            do throws(FileError) {
                return try body()
            } catch {
                if error.isFailedSync { tail.poison = JournalError(error) }
                throw JournalError(error)
            }
        }
    }
}

/// An output of a run that is written as it comes.
package struct RunOutput: Sendable {
    private let folder: RunFolder
    private let file: any OpenFile

    init(_ folder: RunFolder, _ file: any OpenFile) {
        self.folder = folder
        self.file = file
    }

    /// In bytes. After a power cut only what was synced is sure to be right.
    package var length: Int {
        get throws(JournalError) {
            try onDisk { () throws(FileError) in try file.status().length }
        }
    }

    /// Adds to the output; durable after `sync`.
    package func append(_ bytes: [UInt8]) throws(JournalError) {
        try folder.withOutputs { () throws(FileError) in try file.append(bytes) }
    }

    /// Cuts the output, to write its end again.
    package func truncate(to length: Int) throws(JournalError) {
        try folder.withOutputs { () throws(FileError) in try file.truncate(to: length) }
    }

    /// Makes what was added durable.
    package func sync() throws(JournalError) {
        try folder.withOutputs { () throws(FileError) in try file.sync() }
    }
}
