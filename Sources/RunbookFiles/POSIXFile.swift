import CRunbookFiles
import Glibc

/// A file of the real disk, by its descriptor.
final class POSIXFile: OpenFile {
    let path: String
    private let descriptor: Int32
    private let identity: FileIdentity
    private let poison: Poison

    /// Takes over `descriptor`, and closes it if the file is not one to use.
    init(owning descriptor: Int32, path: String, forWriting: Bool, poison: Poison) throws(FileError) {
        self.path = path
        self.descriptor = descriptor
        self.poison = poison
        do throws(FileError) {
            let status = try FileStatus(descriptor: descriptor, path: path)
            guard status.kind == .regular else { throw FileError(.open, path, .notRegular) }
            guard !forWriting || status.linkCount <= 1 else {
                throw FileError(.open, path, .severalNames(status.linkCount))
            }
            identity = status.identity
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    func append(_ bytes: [UInt8]) throws(FileError) {
        try poison.check(identity, .append, path)
        let failure = unsafe bytes.withUnsafeBytes { buffer in
            untilAllWritten(buffer.count) { written in
                uninterrupted {
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                    return unsafe write(descriptor, rest.baseAddress, rest.count)
                }
            }
        }
        if let failure { throw trouble(.append, failure) }
    }

    func read(into buffer: inout [UInt8], range: Range<Int>, from offset: Int) throws(FileError) -> Int {
        let result = unsafe buffer.withUnsafeMutableBytes { bytes in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range])
            return uninterrupted { unsafe pread(descriptor, room.baseAddress, room.count, off_t(offset)) }
        }
        guard result >= 0 else { throw trouble(.read, Int32(-result)) }
        return result
    }

    func sync() throws(FileError) {
        try poison.check(identity, .sync, path)
        // fdatasync(2) writes the length too when it is needed to read the data back.
        let result = uninterrupted { Int(fdatasync(descriptor)) }
        guard result == 0 else {
            poison.mark(identity)
            throw trouble(.sync, Int32(-result))
        }
    }

    func reserve(_ range: Range<Int>) throws(FileError) {
        let result = uninterrupted {
            Int(runbook_files_reserve(descriptor, Int64(range.lowerBound), Int64(range.count)))
        }
        guard result == 0 else { throw trouble(.reserve, Int32(-result)) }
    }

    func truncate(to length: Int) throws(FileError) {
        try poison.check(identity, .truncate, path)
        let result = uninterrupted { Int(ftruncate(descriptor, off_t(length))) }
        guard result == 0 else { throw trouble(.truncate, Int32(-result)) }
    }

    func status() throws(FileError) -> FileStatus {
        try FileStatus(descriptor: descriptor, path: path)
    }

    func lock() throws(FileError) -> Bool {
        let result = uninterrupted { Int(flock(descriptor, LOCK_EX | LOCK_NB)) }
        if result == -Int(EWOULDBLOCK) { return false }
        guard result == 0 else { throw trouble(.lock, Int32(-result)) }
        return true
    }

    func unlock() throws(FileError) {
        let result = uninterrupted { Int(flock(descriptor, LOCK_UN)) }
        guard result == 0 else { throw trouble(.lock, Int32(-result)) }
    }

    func dropCache() throws(FileError) {
        // posix_fadvise(2) returns the error number. It is advice: a file system that ignores it is no failure.
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Gives a file made just now the mode that a umask took from it.
    func restoreMode(_ mode: FileMode) throws(FileError) {
        guard try status().mode != mode.bits else { return }
        let result = uninterrupted { Int(fchmod(descriptor, mode.bits)) }
        guard result == 0 else { throw trouble(.create, Int32(-result)) }
    }

    private func trouble(_ operation: FileError.Operation, _ number: Int32) -> FileError {
        let error = FileError(operation, path, .system(number))
        guard error.isNoSpace else { return error }
        var room = statvfs()
        guard unsafe fstatvfs(descriptor, &room) == 0 else { return error }
        let free = UInt64(room.f_bavail) &* UInt64(room.f_frsize)
        return FileError(operation, path, .system(number), freeBytes: Int(clamping: free))
    }
}
