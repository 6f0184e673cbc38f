import Glibc
import Synchronization

/// A disk in memory for tests: it counts its operations, fails the one it is told to, and can lose power.
///
/// It promises no more than a disk does: what was not synced may be there after a crash, or not, or be garbled;
/// names are durable only when their directory was synced; after a failed sync the data can still be read but
/// will not survive, whatever later syncs say.
package final class MemoryFileStore: FileStore {
    /// One operation that fails.
    package struct Fault: Sendable {
        /// Which one, counted from 1 among those that `only` lets through.
        package var at: Int
        package var errno: Int32
        /// All later ones fail as well.
        package var isSticky: Bool
        /// How many bytes of a failing append are written before it fails.
        package var writtenBytes: Int
        /// The operations that count; all if nil.
        package var only: Set<FileError.Operation>?

        package init(
            at: Int, errno: Int32, isSticky: Bool = false, writtenBytes: Int = 0,
            only: Set<FileError.Operation>? = nil
        ) {
            self.at = at
            self.errno = errno
            self.isSticky = isSticky
            self.writtenBytes = writtenBytes
            self.only = only
        }
    }

    /// What a power cut does to what was not synced. The same seed gives the same disk.
    package enum Fate: Sendable {
        case keep, drop
        /// Every write has wrong bytes or zeros in some of its sectors; each name is kept or dropped.
        case garble(seed: UInt64)
        /// Each write and each name is kept, dropped or garbled by itself.
        case mixed(seed: UInt64)
    }

    struct State {
        var disk = MemoryDisk()
        var fault: Fault?
        var counted = 0
        var trace: [String] = []
        var locks: [Int: ObjectIdentifier] = [:]
        var poisoned: Set<Int> = []
        /// nil: no limit.
        var freeBytes: Int?
        var kind = FileSystemKind.local
    }

    let state: Mutex<State>

    package init() {
        state = Mutex(State())
    }

    private init(_ disk: MemoryDisk) {
        state = Mutex(State(disk: disk))
    }

    /// Who everything belongs to, unless `setDirectory` says otherwise.
    package static let user: UInt32 = 1000

    package var currentUser: UInt32 { MemoryFileStore.user }

    /// Arms a fault, and counts from here; nil disarms.
    package func arm(_ fault: Fault?) {
        state.withLock {
            $0.fault = fault
            $0.counted = 0
        }
    }

    /// The operations since the last `arm` that its fault counts; all of them without one.
    package var countedOperations: Int { state.withLock { $0.counted } }

    /// What was done since the store was made, such as `write to /state/run/journal.jsonl`.
    package var trace: [String] { state.withLock { $0.trace } }

    /// How much may still be written or reserved; nil if there is no limit.
    package func setFreeBytes(_ count: Int?) {
        state.withLock { $0.freeBytes = count }
    }

    /// What `fileSystem` answers.
    package func setFileSystem(_ kind: FileSystemKind) {
        state.withLock { $0.kind = kind }
    }

    /// Gives the directory at `path` another owner and mode.
    package func setDirectory(_ path: String, owner: UInt32, mode: UInt32) {
        state.withLock { state in
            guard let inode = state.disk.find(path) else { return }
            state.disk.directories[inode]?.owner = owner
            state.disk.directories[inode]?.mode = mode
        }
    }

    /// The disk as the next start of the machine finds it. This store is not changed.
    package func afterPowerCut(_ fate: Fate) -> MemoryFileStore {
        MemoryFileStore(state.withLock { $0.disk.afterPowerCut(fate) })
    }

    /// The disk as the next process finds it after this one was killed: everything written is there.
    package func afterKill() -> MemoryFileStore {
        MemoryFileStore(state.withLock { $0.disk })
    }

    /// The contents of the file at `path`, without counting; nil if there is none.
    package func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in
            state.disk.find(path).flatMap { state.disk.files[$0]?.bytes }
        }
    }

    /// Puts a durable file there, with the directories it needs, without counting.
    package func place(_ path: String, _ bytes: [UInt8]) {
        state.withLock { $0.disk.place(path, bytes) }
    }

    package func openDirectory(_ path: String, create: Bool) throws(FileError) -> any OpenDirectory {
        if let inode = state.withLock({ $0.disk.find(path) }) {
            return try MemoryDirectory(self, inode: inode, path: path)
        }
        guard create, let (above, name) = POSIXFileStore.split(path) else {
            throw FileError(.openDirectory, path, .system(ENOENT))
        }
        let parent = try openDirectory(above, create: true)
        let made = try parent.openDirectory(name, create: true)
        try parent.sync()
        return made
    }

    package func status(of path: String) throws(FileError) -> FileStatus? {
        try perform(.status, path) { (state: inout State) throws(FileError) in
            state.disk.find(path).flatMap { state.disk.status($0) }
        }
    }

    package func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard let (above, name) = POSIXFileStore.split(path) else { throw FileError(.open, path, .badName) }
        return try openDirectory(above, create: false).readFile(name, limit: limit)
    }

    /// Counts the operation, fails it if it is its turn, and does it otherwise.
    func perform<Value>(
        _ operation: FileError.Operation, _ path: String,
        onFailure: (inout State, Fault) -> Void = { _, _ in },
        _ body: (inout State) throws(FileError) -> Value
    ) throws(FileError) -> Value {
        // A result and not a throw, since a value of any type may not leave the lock by itself.
        var outcome: Result<Value, FileError>?
        state.withLock { state in
            outcome = MemoryFileStore.attempt(operation, path, &state, onFailure, body)
        }
        guard let outcome else { preconditionFailure("the lock ran its body") }
        return try outcome.get()
    }

    private static func attempt<Value>(
        _ operation: FileError.Operation, _ path: String, _ state: inout State,
        _ onFailure: (inout State, Fault) -> Void, _ body: (inout State) throws(FileError) -> Value
    ) -> Result<Value, FileError> {
        state.trace.append("\(operation.rawValue) \(path)")
        if state.fault?.only?.contains(operation) ?? true {
            state.counted += 1
            if let fault = state.fault,
                state.counted == fault.at || (fault.isSticky && state.counted > fault.at)
            {
                onFailure(&state, fault)
                return .failure(FileError(operation, path, .system(fault.errno)))
            }
        }
        do throws(FileError) {
            return .success(try body(&state))
        } catch {
            return .failure(error)
        }
    }
}
