import RunbookFiles

/// The open files of a run's folder.
struct RunFiles: Sendable {
    static let journalName = "journal.jsonl"
    static let lockName = "lock"
    static let outputName = "output"
    static let tornPrefix = "journal.torn-"
    static let rescuePrefix = "journal.rescue-"
    static let holderLengthMax = 1024

    let folder: any OpenDirectory
    let output: any OpenDirectory
    let journal: any OpenFile
    let lock: any OpenFile
    let folderIdentity: FileIdentity
    let journalIdentity: FileIdentity
    let lockIdentity: FileIdentity

    /// Opens or makes the folder and what is in it, and takes the lock; reads nothing of the journal.
    static func open(
        _ name: String, in stateDirectory: String, store: any FileStore, options: RunFolder.Options
    ) throws(JournalError) -> RunFiles {
        try requireName(name, in: stateDirectory)
        let folder = try onDisk { () throws(FileError) in
            let state = try store.openDirectory(stateDirectory, create: true)
            let folder = try state.openDirectory(name, create: true)
            try state.sync()
            return folder
        }
        try requirePrivate(folder, above: stateDirectory, store)
        try requireLocal(folder, options)
        let lock = try takeLock(folder, options.holder)
        return try onDisk { () throws(FileError) in
            let output = try folder.openDirectory(outputName, create: true)
            let journal = try folder.open(journalName, .appendOrCreate, mode: .ownerOnly)
            return RunFiles(
                folder: folder, output: output, journal: journal, lock: lock,
                folderIdentity: try folder.status().identity,
                journalIdentity: try journal.status().identity, lockIdentity: try lock.status().identity)
        }
    }

    /// Refuses a folder of somebody else, and one that others can write in or replace.
    private static func requirePrivate(
        _ folder: any OpenDirectory, above: String, _ store: any FileStore
    ) throws(JournalError) {
        let status = try onDisk { () throws(FileError) in try folder.status() }
        let parent = try onDisk { () throws(FileError) in
            try store.openDirectory(above, create: false).status()
        }
        // In a sticky directory nobody else can rename what is mine (unlink(2), EPERM).
        let isExposed = parent.mode & 0o002 != 0 && parent.mode & 0o1000 == 0
        // Its owner can rename it in any case; root works in the folders of the users it serves.
        let isTrusted = [store.currentUser, 0].contains(parent.owner) || store.currentUser == 0
        guard status.owner == store.currentUser, status.mode & 0o022 == 0, isTrusted, !isExposed else {
            throw JournalError(.notPrivate, folder.path)
        }
    }

    private static func requireLocal(
        _ folder: any OpenDirectory, _ options: RunFolder.Options
    ) throws(JournalError) {
        let kind = try onDisk { () throws(FileError) in try folder.fileSystem() }
        if case .network(let name) = kind, !options.allowsNetworkFileSystem {
            throw JournalError(.networkFileSystem(name), folder.path)
        }
    }

    /// Takes the lock, or says who has it.
    private static func takeLock(
        _ folder: any OpenDirectory, _ holder: String
    ) throws(JournalError) -> any OpenFile {
        while true {
            let lock = try onDisk { () throws(FileError) in
                try folder.open(lockName, .appendOrCreate, mode: .ownerOnly)
            }
            guard try onDisk({ () throws(FileError) in try lock.lock() }) else {
                let text = (try? lock.readAll(limit: holderLengthMax)) ?? []
                throw JournalError(.locked(by: oneLine(text)), folder.path)
            }
            // Between the opening and the lock the file may have been removed and made anew by another.
            let isCurrent = try onDisk { () throws(FileError) in
                let named = try folder.status(of: lockName)?.identity
                return try lock.status().identity == named
            }
            guard isCurrent else { continue }
            // For people only: nothing is decided by it, so it is not synced, and a full disk stops nothing here.
            try? lock.truncate(to: 0)
            try? lock.append([UInt8](holder.utf8.prefix(holderLengthMax - 1)) + [newline])
            return lock
        }
    }

    /// The text of a lock file as one line without control characters.
    private static func oneLine(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .map { $0.properties.generalCategory == .control ? " " : Character($0) }
        let line = String(text).split(separator: " ").joined(separator: " ")
        return line.isEmpty ? "it did not say who it is" : line
    }
}
