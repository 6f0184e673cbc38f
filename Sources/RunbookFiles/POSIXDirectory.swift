import CRunbookFiles
import Glibc

/// A directory of the real disk, by its descriptor.
final class POSIXDirectory: OpenDirectory {
    let path: String
    private let descriptor: Int32
    private let identity: FileIdentity
    private let poison: Poison

    /// Opens `name` in the directory `base`; `path` is what messages call it.
    init(at base: Int32, _ name: String, path: String, follow: Bool, poison: Poison) throws(FileError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)
        let result = uninterrupted { Int(unsafe openat(base, name, flags)) }
        guard result >= 0 else { throw FileError(.openDirectory, path, .system(Int32(-result))) }
        self.path = path
        self.descriptor = Int32(result)
        self.poison = poison
        do throws(FileError) {
            identity = try FileStatus(descriptor: Int32(result), path: path).identity
        } catch {
            close(Int32(result))
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    func open(_ name: String, _ access: FileAccess, mode: FileMode) throws(FileError) -> any OpenFile {
        try requireSingle(name, .open)
        let path = pathOf(name)
        let flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK
        switch access {
        case .read:
            let descriptor = try openFile(name, flags | O_RDONLY, 0, .open)
            return try POSIXFile(owning: descriptor, path: path, forWriting: false, poison: poison)
        case .append:
            let descriptor = try openFile(name, flags | O_RDWR | O_APPEND, 0, .open)
            return try POSIXFile(owning: descriptor, path: path, forWriting: true, poison: poison)
        case .createNew:
            let descriptor = try openFile(
                name, flags | O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode.bits, .create)
            let file = try POSIXFile(owning: descriptor, path: path, forWriting: true, poison: poison)
            try file.restoreMode(mode)
            return file
        case .appendOrCreate:
            return try openOrCreate(name, mode: mode)
        }
    }

    func openDirectory(_ name: String, create: Bool) throws(FileError) -> any OpenDirectory {
        try requireSingle(name, .openDirectory)
        let path = pathOf(name)
        if create {
            let result = uninterrupted { Int(unsafe mkdirat(descriptor, name, 0o700)) }
            guard result == 0 || result == -Int(EEXIST) else {
                throw FileError(.createDirectory, path, .system(Int32(-result)))
            }
            // A umask can only take bits away; one that takes the owner's would leave a directory of no use.
            if result == 0, let made = try status(of: name), made.kind == .directory,
                made.mode & 0o700 != 0o700
            {
                _ = unsafe fchmodat(descriptor, name, 0o700, 0)
            }
        }
        return try POSIXDirectory(at: descriptor, name, path: path, follow: false, poison: poison)
    }

    func list() throws(FileError) -> [String] {
        // A descriptor of its own, since closedir closes it and reading moves its place.
        let copy = uninterrupted { Int(unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        guard copy >= 0 else { throw FileError(.list, path, .system(Int32(-copy))) }
        guard let stream = unsafe fdopendir(Int32(copy)) else {
            let number = errno
            close(Int32(copy))
            throw FileError(.list, path, .system(number))
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // readdir(3): the end and an error differ in errno only.
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileError(.list, path, .system(errno)) }
        return names.sorted()
    }

    func rename(_ name: String, to newName: String) throws(FileError) {
        try requireSingle(name, .rename)
        try requireSingle(newName, .rename)
        let result = uninterrupted { Int(unsafe renameat(descriptor, name, descriptor, newName)) }
        guard result == 0 else { throw FileError(.rename, pathOf(name), .system(Int32(-result))) }
    }

    func remove(_ name: String) throws(FileError) {
        try requireSingle(name, .remove)
        var result = uninterrupted { Int(unsafe unlinkat(descriptor, name, 0)) }
        if result == -Int(EISDIR) {
            result = uninterrupted { Int(unsafe unlinkat(descriptor, name, Int32(AT_REMOVEDIR))) }
        }
        guard result == 0 else { throw FileError(.remove, pathOf(name), .system(Int32(-result))) }
    }

    func sync() throws(FileError) {
        try poison.check(identity, .syncDirectory, path)
        let result = uninterrupted { Int(fsync(descriptor)) }
        guard result == 0 else {
            let error = FileError(.syncDirectory, path, .system(Int32(-result)))
            if !error.isUnsupported { poison.mark(identity) }
            throw error
        }
    }

    func status() throws(FileError) -> FileStatus {
        try FileStatus(descriptor: descriptor, path: path)
    }

    func status(of name: String) throws(FileError) -> FileStatus? {
        try requireSingle(name, .status)
        return try FileStatus(of: name, in: descriptor, path: pathOf(name))
    }

    func fileSystem() throws(FileError) -> FileSystemKind {
        let magic = runbook_files_magic(descriptor)
        guard magic >= 0 else { throw FileError(.status, path, .system(errno)) }
        return FileSystemKind(magic: magic)
    }

    /// Opens the file, or makes it. Two steps, since only the one who made it may set its mode.
    private func openOrCreate(_ name: String, mode: FileMode) throws(FileError) -> any OpenFile {
        for _ in 0..<16 {
            do throws(FileError) {
                return try open(name, .append, mode: mode)
            } catch  where error.isNotFound {}
            do throws(FileError) {
                return try open(name, .createNew, mode: mode)
            } catch  where error.errno == EEXIST {}
        }
        // Somebody makes and removes it all the time.
        throw FileError(.create, pathOf(name), .system(EEXIST))
    }

    private func openFile(
        _ name: String, _ flags: Int32, _ mode: UInt32, _ operation: FileError.Operation
    ) throws(FileError) -> Int32 {
        let result = uninterrupted { Int(unsafe openat(descriptor, name, flags, mode)) }
        guard result < 0 else { return Int32(result) }
        let reason: FileError.Reason =
            switch Int32(-result) {
            case ELOOP: .symbolicLink
            // A directory for writing; a socket, or a device without a driver (open(2)).
            case EISDIR, ENXIO, ENODEV: .notRegular
            default: .system(Int32(-result))
            }
        throw FileError(operation, pathOf(name), reason)
    }

    private func pathOf(_ name: String) -> String {
        joined(path, name)
    }

    private func requireSingle(_ name: String, _ operation: FileError.Operation) throws(FileError) {
        guard isSingleName(name) else { throw FileError(operation, pathOf(name), .badName) }
    }
}
