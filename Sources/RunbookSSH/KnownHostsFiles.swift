import Glibc
import RunbookTransport

/// The files in which host keys are remembered.
package struct KnownHostsFiles: Sendable, Equatable {
    /// The user's own; a newly accepted host is added to it.
    package var user: String
    /// The machine's; only read.
    package var system: [String]

    package init(user: String, system: [String] = []) {
        self.user = user
        self.system = system
    }

    /// Longer than any honest file: 10⁵ hosts with RSA keys are 60 MB.
    private static let sizeMax = 128 << 20

    /// Everything the files say of the address. A missing file is an empty one; one that cannot be read or
    /// is not a file is a refusal.
    func entries(for address: SSHAddress) throws(TransportError) -> KnownHosts {
        var known = KnownHosts()
        for path in [user] + system {
            guard let text = try read(path, address) else { continue }
            do throws(KnownHosts.Problem) {
                try known.read(text, file: path, name: address.knownHostsName)
            } catch {
                throw TransportError(
                    .knownHosts, host: address.host,
                    "\(error.place) is about \(address.description), but \(error.reason)",
                    remedy: "mend or remove that line")
            }
        }
        return known
    }

    private func read(_ path: String, _ address: SSHAddress) throws(TransportError) -> [UInt8]? {
        // Without O_NONBLOCK a named pipe of this name would hang here.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw problem(path, address, "cannot be read: \(errorText(errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw problem(path, address, "is not a file")
        }
        guard status.st_size <= Self.sizeMax else { throw problem(path, address, "is too large") }
        guard let bytes = readAll(descriptor) else {
            throw problem(path, address, "cannot be read: \(errorText(errno))")
        }
        return bytes
    }

    private func problem(_ path: String, _ address: SSHAddress, _ what: String) -> TransportError {
        TransportError(
            .knownHosts, host: address.host, "\(path) \(what), so it is not known who \(address.host) is",
            remedy: "make \(path) a readable file")
    }

    /// Remembers a host that a person accepted.
    ///
    /// The line is added by one write under a lock, as OpenSSH itself appends: another process's line is
    /// neither lost nor cut in two. Renaming a new file over the old one would lose what ssh adds meanwhile.
    func add(_ key: HostKey, for address: SSHAddress) throws(TransportError) {
        let folder = user.lastIndex(of: "/").map { String(user[..<$0]) } ?? "."
        _ = unsafe mkdir(folder, 0o700)
        let descriptor = unsafe open(user, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem(user, address, "cannot be written: \(errorText(errno))") }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX) == 0, let text = readAll(descriptor) else {
            throw problem(user, address, "cannot be written: \(errorText(errno))")
        }
        var known = KnownHosts()
        try? known.read(text, file: user, name: address.knownHostsName)
        if known.judge(key) == .known { return }
        var line = Array("\(address.knownHostsName) \(key.type) \(key.base64)\n".utf8)
        if let last = text.last, last != UInt8(ascii: "\n") { line.insert(UInt8(ascii: "\n"), at: 0) }
        let count = unsafe line.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.count, fsync(descriptor) == 0 else {
            throw problem(user, address, "cannot be written: \(errorText(errno))")
        }
    }
}

/// All that a descriptor has from its beginning; nil with errno when it cannot be read.
func readAll(_ descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe part.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count == 0 { return bytes }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return nil }
        bytes += part[..<count]
    }
}

/// `No such file or directory`
func errorText(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "errno \(code)"
}
