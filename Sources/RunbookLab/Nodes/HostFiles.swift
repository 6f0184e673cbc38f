import Glibc

/// The lab's own files on this machine, before a node runs in them.
///
/// Nothing here is called on a folder that a running node can write to, but for the last part of a path,
/// which these calls never follow: a symbolic link made in a node must not lead out of it.
enum HostFiles {
    struct Failure: Error {
        let message: String
    }

    /// Makes a folder and its parents.
    static func makeFolder(_ path: String, mode: UInt32 = 0o755) throws(Failure) {
        if unsafe mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure(path)
        }
        try makeFolder(String(path[..<slash]))
        if unsafe mkdir(path, mode) != 0 && errno != EEXIST { throw failure(path) }
    }

    static func write(_ path: String, _ text: String, mode: UInt32 = 0o644) throws(Failure) {
        try write(path, [UInt8](text.utf8), mode: mode)
    }

    static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(Failure) {
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
        guard let file = Descriptor.open(path, flags, mode: mode), file.writeAll(bytes) else {
            throw failure(path)
        }
        _ = withExtendedLifetime(file) { fchmod(file.number, mode) }
    }

    static func read(_ path: String) -> [UInt8]? {
        Descriptor.open(path, O_RDONLY | O_NOFOLLOW)?.readAll()
    }

    static func readText(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Puts a symbolic link in place at once, over a file or link that is there.
    static func link(_ path: String, to target: String) throws(Failure) {
        let new = path + ".new"
        unsafe unlink(new)
        guard unsafe symlink(target, new) == 0, unsafe rename(new, path) == 0 else { throw failure(path) }
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
            return unsafe readlink(path, start, bytes.count)
        }
        return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// Names in a folder without `.` and `..`, sorted; none when it cannot be read.
    static func list(_ path: String) -> [String] {
        Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).map(list) ?? []
    }

    /// The same of an open folder.
    static func list(_ folder: Descriptor) -> [String] {
        guard let stream = unsafe fdopendir(fcntl(folder.number, F_DUPFD_CLOEXEC, 3)) else { return [] }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes what a folder holds; symbolic links are removed, not followed.
    static func empty(_ path: String) {
        for name in list(path) {
            remove(path + "/" + name)
        }
    }

    /// Removes a file, a link, or a folder with all that it holds.
    static func remove(_ path: String) {
        if unsafe unlink(path) == 0 { return }
        empty(path)
        unsafe rmdir(path)
    }

    static func isLink(_ path: String) -> Bool { linkTarget(path) != nil }

    private static func failure(_ path: String) -> Failure {
        Failure(message: "\(path): \(systemText(errno))")
    }
}
