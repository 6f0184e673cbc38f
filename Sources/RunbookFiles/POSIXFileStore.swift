import CRunbookFiles
import Glibc

/// The real disk.
package struct POSIXFileStore: FileStore {
    let poison = Poison()

    /// A file size limit (RLIMIT_FSIZE) becomes an error of the write instead of the end of the process: SIGXFSZ
    /// is ignored from here on.
    package init() {
        _ = signal(SIGXFSZ, SIG_IGN)
    }

    package var currentUser: UInt32 { geteuid() }

    package func openDirectory(_ path: String, create: Bool) throws(FileError) -> any OpenDirectory {
        let path = path.isEmpty ? "." : path
        guard create, let (above, name) = POSIXFileStore.split(path) else {
            return try POSIXDirectory(at: AT_FDCWD, path, path: path, follow: true, poison: poison)
        }
        do throws(FileError) {
            let found = try POSIXDirectory(at: AT_FDCWD, path, path: path, follow: true, poison: poison)
            // Whoever made it may have been killed before its name was durable.
            // Where a file system cannot sync directories at all, this is not the place to say so.
            if let parent = try? openDirectory(above, create: false) {
                do throws(FileError) { try parent.sync() } catch  where error.isUnsupported {}
            }
            return found
        } catch  where error.isNotFound {
            let parent = try openDirectory(above, create: true)
            let made = try parent.openDirectory(name, create: true)
            try parent.sync()
            return made
        }
    }

    package func status(of path: String) throws(FileError) -> FileStatus? {
        try FileStatus(of: path, in: AT_FDCWD, path: path)
    }

    package func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        try openFile(path).readAll(limit: limit)
    }

    /// The regular file at `path`, for reading; symbolic links are followed.
    package func openFile(_ path: String) throws(FileError) -> any OpenFile {
        // O_NONBLOCK: opening a pipe must not wait for a writer; regular files do not know it.
        let descriptor = uninterrupted {
            Int(unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY))
        }
        guard descriptor >= 0 else { throw FileError(.open, path, .system(Int32(-descriptor))) }
        return try POSIXFile(owning: Int32(descriptor), path: path, forWriting: false, poison: poison)
    }

    /// Where the symbolic link at `path` leads, as it is written in it.
    package func target(of path: String) throws(FileError) -> String {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = uninterrupted { Int(unsafe readlink(path, &text, text.count)) }
        guard count >= 0 else { throw FileError(.read, path, .system(Int32(-count))) }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The directory above and the last name; nil for `/`, `.` and whatever ends in `..`.
    static func split(_ path: String) -> (above: String, name: String)? {
        var parts = path.split(separator: "/").map(String.init)
        guard let name = parts.popLast(), isSingleName(name) else { return nil }
        let above = parts.joined(separator: "/")
        return (path.hasPrefix("/") ? "/" + above : above.isEmpty ? "." : above, name)
    }
}

extension FileStatus {
    /// What `name` in the directory `descriptor` is; nil if nothing. A symbolic link is not followed.
    init?(of name: String, in descriptor: Int32, path: String) throws(FileError) {
        var raw = stat()
        let result = uninterrupted { Int(unsafe fstatat(descriptor, name, &raw, AT_SYMLINK_NOFOLLOW)) }
        if result == -Int(ENOENT) { return nil }
        guard result == 0 else { throw FileError(.status, path, .system(Int32(-result))) }
        self.init(raw)
    }

    /// What is open as `descriptor`.
    init(descriptor: Int32, path: String) throws(FileError) {
        var raw = stat()
        let result = uninterrupted { Int(unsafe fstat(descriptor, &raw)) }
        guard result == 0 else { throw FileError(.status, path, .system(Int32(-result))) }
        self.init(raw)
    }

    private init(_ raw: stat) {
        let kind: Kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        self.init(
            identity: FileIdentity(device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino)), kind: kind,
            length: Int(raw.st_size), linkCount: Int(raw.st_nlink), owner: raw.st_uid,
            mode: raw.st_mode & 0o7777)
    }
}

extension FileSystemKind {
    /// From the f_type of statfs(2); the numbers are those of linux/magic.h, and of fs/smb for SMB2.
    init(magic: Int64) {
        let networks: [Int64: String] = [
            0x6969: "NFS", 0x517b: "SMB", 0xff53_4d42: "CIFS", 0xfe53_4d42: "SMB2", 0x5346_414f: "AFS",
            0x6b41_4653: "AFS", 0x0102_1997: "9p", 0x7375_7245: "Coda", 0x00c3_6400: "Ceph",
        ]
        self = networks[magic].map { .network($0) } ?? .local
    }
}
