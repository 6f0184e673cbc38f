import Glibc
import RunbookText

extension SSHConfig {
    /// The user's own file, `~/.ssh/config`; nil when there is none.
    package static func ofUser(home: String) throws(Problem) -> SSHConfig? {
        try at("\(home)/.ssh/config", as: "~/.ssh/config", home: home)
    }

    /// A file that is called `name` in messages.
    package static func at(_ path: String, as name: String, home: String) throws(Problem) -> SSHConfig? {
        guard let file = try read(path, as: name) else { return nil }
        return SSHConfig(file) { (pattern) throws(Problem) in try included(pattern, home: home) }
    }

    /// Who this process is, as ssh sees it.
    package static var reader: Reader {
        let name = unsafe getpwuid(getuid()).map { unsafe String(cString: $0.pointee.pw_name) }
        return Reader(home: environmentValue("HOME") ?? "/", userName: name ?? "\(getuid())")
    }

    private static let sizeMax = 1 << 20

    /// The file, if there is one. As ssh does, one that others may write to is refused.
    private static func read(_ path: String, as name: String) throws(Problem) -> File? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Problem("\(name) cannot be read: \(errorText(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Problem("\(name) is not a file")
        }
        guard status.st_uid == getuid() || status.st_uid == 0, status.st_mode & 0o022 == 0 else {
            throw Problem("\(name) is another user's, or others may write to it: chmod 600")
        }
        guard status.st_size <= sizeMax else { throw Problem("\(name) is too large") }
        guard let bytes = readAll(descriptor) else {
            throw Problem("\(name) cannot be read: \(errorText(errno))")
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw Problem("\(name) is not text")
        }
        return File(name: name, text: text)
    }

    /// The files that a pattern of `Include` means; a relative one is meant in `~/.ssh`.
    private static func included(_ pattern: String, home: String) throws(Problem) -> [File] {
        let path: String
        if pattern.hasPrefix("/") {
            path = pattern
        } else if pattern.hasPrefix("~") {
            guard pattern.hasPrefix("~/") else {
                throw Problem("`Include \(visible(pattern))`: another user's home is not supported")
            }
            path = home + pattern.dropFirst()
        } else {
            path = "\(home)/.ssh/\(pattern)"
        }
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(path, 0, nil, &found) == 0 else { return [] }
        var files: [File] = []
        for index in unsafe 0..<Int(found.gl_pathc) {
            guard let entry = unsafe found.gl_pathv[index] else { continue }
            let path = unsafe String(cString: entry)
            let name = path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
            if let file = try read(path, as: visible(name)) { files.append(file) }
        }
        return files
    }
}
