import Glibc
import Synchronization

extension OpenFile {
    /// Everything in the file, at most `limit` bytes.
    package func readAll(limit: Int) throws(FileError) -> [UInt8] {
        // One byte more than allowed shows that there is more; a length of 0 is no promise (see /proc).
        let expected = try status().length
        guard expected <= limit else { throw FileError(.read, path, .tooLong(limit: limit)) }
        var bytes = [UInt8](repeating: 0, count: expected + 1)
        var filled = 0
        while true {
            let count = try read(into: &bytes, range: filled..<bytes.count, from: filled)
            filled += count
            guard filled <= limit else { throw FileError(.read, path, .tooLong(limit: limit)) }
            if count == 0 { break }
            if filled == bytes.count {
                let more = min(max(filled, 4096), limit + 1 - filled)
                bytes.append(contentsOf: repeatElement(0, count: more))
            }
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }
}

extension OpenDirectory {
    /// The contents of a regular file in this directory, at most `limit` bytes; no symbolic link is followed.
    package func readFile(_ name: String, limit: Int) throws(FileError) -> [UInt8] {
        try open(name, .read, mode: .ownerOnly).readAll(limit: limit)
    }

    /// Gives `name` new contents at once: a reader, or a crash, finds the old file or the new one.
    ///
    /// Durable on return. After an error the old file is there, or, if only the last sync failed, perhaps the new.
    package func writeAtomically(
        _ name: String, _ bytes: [UInt8], mode: FileMode = .ownerOnly
    ) throws(FileError) {
        let (file, temporary) = try makeTemporary(for: name, mode: mode)
        do throws(FileError) {
            try file.append(bytes)
            try file.sync()
            try rename(temporary, to: name)
        } catch {
            // The first error is the one to tell; a left-over temporary file harms nobody.
            try? remove(temporary)
            throw error
        }
        // fsync(2): syncing a file does not sync its name.
        try sync()
    }

    /// Removes temporary files that a crash left. Only for a directory that nobody else writes in now.
    package func removeLeftOvers() throws(FileError) {
        for name in try list() where name.hasPrefix(temporaryPrefix) {
            try remove(name)
        }
    }

    private func makeTemporary(
        for name: String, mode: FileMode
    ) throws(FileError) -> (any OpenFile, String) {
        for _ in 0..<16 {
            let number = temporaryCounter.add(1, ordering: .relaxed).newValue
            let temporary = "\(temporaryPrefix)\(getpid())-\(number)"
            do throws(FileError) {
                return (try open(temporary, .createNew, mode: mode), temporary)
            } catch  where error.errno == EEXIST {
                // Left by a process that had our id; the next number is free.
            }
        }
        throw FileError(.create, "\(path)/\(name)", .system(EEXIST))
    }
}

extension FileStore {
    /// Gives the file at `path` new contents at once, as `OpenDirectory.writeAtomically` does.
    ///
    /// A symbolic link at `path` is replaced, not followed.
    package func writeAtomically(
        _ path: String, _ bytes: [UInt8], mode: FileMode = .ownerOnly
    ) throws(FileError) {
        guard let (above, name) = POSIXFileStore.split(path) else {
            throw FileError(.create, path, .badName)
        }
        try openDirectory(above, create: false).writeAtomically(name, bytes, mode: mode)
    }
}

/// Begins the name of each temporary file; short, so that a long name does not become too long.
private let temporaryPrefix = ".tmp-"

private let temporaryCounter = Atomic<Int>(0)
