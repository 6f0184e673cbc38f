import Glibc
import Synchronization

/// An open directory of a `MemoryFileStore`.
final class MemoryDirectory: OpenDirectory {
    let path: String
    private let store: MemoryFileStore
    private let inode: Int

    init(_ store: MemoryFileStore, inode: Int, path: String) throws(FileError) {
        self.store = store
        self.inode = inode
        self.path = path
        try store.perform(.openDirectory, path) { (state) throws(FileError) in
            guard state.disk.directories[inode] != nil else {
                throw FileError(.openDirectory, path, .system(ENOTDIR))
            }
        }
    }

    func open(_ name: String, _ access: FileAccess, mode: FileMode) throws(FileError) -> any OpenFile {
        let path = joined(self.path, name)
        guard isSingleName(name) else { throw FileError(.open, path, .badName) }
        let exists = store.state.withLock { $0.disk.directories[inode]?.entries[name] != nil }
        let creates = access == .createNew || (access == .appendOrCreate && !exists)
        let file = try store.perform(creates ? .create : .open, path) { (state) throws(FileError) in
            if let found = state.disk.directories[self.inode]?.entries[name] {
                guard access != .createNew else { throw FileError(.create, path, .system(EEXIST)) }
                guard state.disk.files[found] != nil else { throw FileError(.open, path, .notRegular) }
                return found
            }
            guard creates else { throw FileError(.open, path, .system(ENOENT)) }
            let made = state.disk.makeFile(mode: mode.bits)
            state.disk.directories[self.inode]?.change(.set(name, made))
            return made
        }
        return MemoryFile(store, inode: file, path: path)
    }

    func openDirectory(_ name: String, create: Bool) throws(FileError) -> any OpenDirectory {
        let path = joined(self.path, name)
        guard isSingleName(name) else { throw FileError(.openDirectory, path, .badName) }
        var found = store.state.withLock { $0.disk.directories[inode]?.entries[name] }
        if create, found == nil {
            found = try store.perform(.createDirectory, path) { (state) throws(FileError) in
                let made = state.disk.makeDirectory()
                state.disk.directories[self.inode]?.change(.set(name, made))
                return made
            }
        }
        guard let found else { throw FileError(.openDirectory, path, .system(ENOENT)) }
        return try MemoryDirectory(store, inode: found, path: path)
    }

    func list() throws(FileError) -> [String] {
        try store.perform(.list, path) { (state) throws(FileError) in
            (state.disk.directories[self.inode]?.entries.keys).map { $0.sorted() } ?? []
        }
    }

    func rename(_ name: String, to newName: String) throws(FileError) {
        try store.perform(.rename, joined(path, name)) { (state) throws(FileError) in
            guard state.disk.directories[self.inode]?.entries[name] != nil else {
                throw FileError(.rename, joined(self.path, name), .system(ENOENT))
            }
            state.disk.directories[self.inode]?.change(.rename(name, newName))
        }
    }

    func remove(_ name: String) throws(FileError) {
        try store.perform(.remove, joined(path, name)) { (state) throws(FileError) in
            guard state.disk.directories[self.inode]?.entries[name] != nil else {
                throw FileError(.remove, joined(self.path, name), .system(ENOENT))
            }
            state.disk.directories[self.inode]?.change(.remove(name))
        }
    }

    func sync() throws(FileError) {
        let inode = inode
        try store.perform(.syncDirectory, path) { (state, _) in
            state.poisoned.insert(inode)
            state.disk.directories[inode]?.pending = []
        } _: { (state) throws(FileError) in
            guard !state.poisoned.contains(inode) else {
                throw FileError(.syncDirectory, self.path, .poisoned)
            }
            state.disk.directories[inode]?.sync()
        }
    }

    func status() throws(FileError) -> FileStatus {
        try status(inode, path)
    }

    func status(of name: String) throws(FileError) -> FileStatus? {
        guard let found = store.state.withLock({ $0.disk.directories[inode]?.entries[name] }) else {
            return nil
        }
        return try status(found, joined(path, name))
    }

    func fileSystem() throws(FileError) -> FileSystemKind {
        try store.perform(.status, path) { (state) throws(FileError) in state.kind }
    }

    private func status(_ inode: Int, _ path: String) throws(FileError) -> FileStatus {
        try store.perform(.status, path) { (state) throws(FileError) in
            guard let status = state.disk.status(inode) else {
                throw FileError(.status, path, .system(ENOENT))
            }
            return status
        }
    }
}

/// An open file of a `MemoryFileStore`.
final class MemoryFile: OpenFile {
    let path: String
    private let store: MemoryFileStore
    private let inode: Int

    init(_ store: MemoryFileStore, inode: Int, path: String) {
        self.store = store
        self.inode = inode
        self.path = path
    }

    deinit {
        let me = ObjectIdentifier(self)
        store.state.withLock { state in
            if state.locks[inode] == me { state.locks[inode] = nil }
        }
    }

    func append(_ bytes: [UInt8]) throws(FileError) {
        let inode = inode
        try store.perform(.append, path) { (state, fault) in
            let part = [UInt8](bytes.prefix(fault.writtenBytes))
            if let end = state.disk.files[inode]?.bytes.count, !part.isEmpty {
                state.disk.files[inode]?.write(part, at: end)
            }
        } _: { (state) throws(FileError) in
            try self.requireSound(.append, state)
            let end = state.disk.files[inode]?.bytes.count ?? 0
            try self.take(end..<(end + bytes.count), .append, &state)
            state.disk.files[inode]?.write(bytes, at: end)
        }
    }

    func read(into buffer: inout [UInt8], range: Range<Int>, from offset: Int) throws(FileError) -> Int {
        let found = try store.perform(.read, path) { (state) throws(FileError) in
            let bytes = state.disk.files[self.inode]?.bytes ?? []
            return [UInt8](bytes.dropFirst(offset).prefix(range.count))
        }
        buffer.replaceSubrange(range.lowerBound..<(range.lowerBound + found.count), with: found)
        return found.count
    }

    func sync() throws(FileError) {
        let inode = inode
        try store.perform(.sync, path) { (state, _) in
            // What could not be written counts as clean from now on: it can be read, and is lost.
            state.poisoned.insert(inode)
            state.disk.files[inode]?.pending = []
        } _: { (state) throws(FileError) in
            try self.requireSound(.sync, state)
            state.disk.files[inode]?.sync()
        }
    }

    func reserve(_ range: Range<Int>) throws(FileError) {
        try store.perform(.reserve, path) { (state) throws(FileError) in
            try self.take(range, .reserve, &state)
        }
    }

    func truncate(to length: Int) throws(FileError) {
        try store.perform(.truncate, path) { (state) throws(FileError) in
            try self.requireSound(.truncate, state)
            state.disk.files[self.inode]?.cut(to: length)
        }
    }

    func status() throws(FileError) -> FileStatus {
        try store.perform(.status, path) { (state) throws(FileError) in
            guard let status = state.disk.status(self.inode) else {
                throw FileError(.status, self.path, .system(ENOENT))
            }
            return status
        }
    }

    func lock() throws(FileError) -> Bool {
        let me = ObjectIdentifier(self)
        return try store.perform(.lock, path) { (state) throws(FileError) in
            guard state.locks[self.inode] == nil || state.locks[self.inode] == me else { return false }
            state.locks[self.inode] = me
            return true
        }
    }

    func unlock() throws(FileError) {
        let me = ObjectIdentifier(self)
        try store.perform(.lock, path) { (state) throws(FileError) in
            if state.locks[self.inode] == me { state.locks[self.inode] = nil }
        }
    }

    func dropCache() throws(FileError) {
        store.state.withLock { $0.disk.files[inode]?.dropCache() }
    }

    private func requireSound(
        _ operation: FileError.Operation, _ state: MemoryFileStore.State
    ) throws(FileError) {
        guard !state.poisoned.contains(inode) else { throw FileError(operation, path, .poisoned) }
    }

    /// Takes space for `range` as far as it was not reserved before.
    private func take(
        _ range: Range<Int>, _ operation: FileError.Operation, _ state: inout MemoryFileStore.State
    ) throws(FileError) {
        let taken = max(state.disk.files[inode]?.reservedEnd ?? 0, range.lowerBound)
        let needed = max(0, range.upperBound - taken)
        if let free = state.freeBytes {
            guard needed <= free else {
                throw FileError(operation, path, .system(ENOSPC), freeBytes: free)
            }
            state.freeBytes = free - needed
        }
        state.disk.files[inode]?.reservedEnd = max(taken, range.upperBound)
    }
}
