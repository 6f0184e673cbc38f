import Synchronization

/// The files whose sync failed: the store that it belongs to writes to none of them again.
final class Poison: Sendable {
    private let files = Mutex<Set<FileIdentity>>([])

    func mark(_ file: FileIdentity) {
        files.withLock { _ = $0.insert(file) }
    }

    func check(_ file: FileIdentity, _ operation: FileError.Operation, _ path: String) throws(FileError) {
        if files.withLock({ $0.contains(file) }) {
            throw FileError(operation, path, .poisoned)
        }
    }
}
