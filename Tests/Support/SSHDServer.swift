import Glibc
import Synchronization

/// OpenSSH's real server on a free port of 127.0.0.1, run by the current user, with keys of its own.
///
/// It is stopped by its process id when the value is released. Only `user` can log in, with `userKey`.
package final class SSHDServer: Sendable {
    package enum KeyType: String, Sendable { case ed25519, ecdsa, rsa }

    private static let program = "/usr/sbin/sshd"
    /// Whether the server is installed here; a test that needs it is skipped otherwise.
    package static let isAvailable = unsafe access(program, X_OK) == 0
    /// What a skipped test says.
    package static let missing = "the server's package is not installed: apt-get install openssh-server"

    package let directory: TemporaryDirectory
    package let port: UInt16
    /// The user that can log in: the one who runs the tests.
    package let user: String
    /// The private key file that opens the door; `.pub` stands beside it.
    package let userKey: String
    /// The public host keys as `TYPE BASE64`, in the order asked for.
    package let hostKeys: [String]
    /// `SHA256:…` of each of `hostKeys`.
    package let fingerprints: [String]
    /// What comes before the server's own command line.
    private let prefix: [String]
    private let process: Mutex<Int32?>

    /// Makes keys and a configuration and starts the server.
    ///
    /// `options` are lines of sshd_config, where the first line with a keyword wins; `authorizedKeys` are
    /// further lines of authorized_keys.
    package init(
        options: [String] = [], hostKeys types: [KeyType] = [.ed25519], authorizedKeys: [String] = [],
        userKeyType: KeyType = .ed25519, accounts: Accounts? = nil
    ) throws(SupportError) {
        directory = try TemporaryDirectory("sshd")
        let me = try runChecked(["id", "-un"]).split(separator: "\n").map(String.init).first ?? ""
        user = accounts?.user ?? me
        prefix = try accounts?.prepare(in: directory) ?? []
        let home = accounts?.home(in: directory) ?? directory.path
        userKey = directory.file("user_key")
        try Self.makeKey(userKey, userKeyType)
        var hostKeys: [String] = [], fingerprints: [String] = [], lines = options
        for type in types {
            let path = directory.file("host_\(type.rawValue)")
            try Self.makeKey(path, type)
            hostKeys.append(try Self.publicKey(path))
            fingerprints.append(try Self.fingerprint(path))
            lines.append("HostKey \(path)")
        }
        self.hostKeys = hostKeys
        self.fingerprints = fingerprints
        let publicKeys = [try Self.publicKey(userKey)] + authorizedKeys
        let keysFile = try directory.write(
            "authorized_keys", publicKeys.joined(separator: "\n") + "\n", mode: 0o644)
        port = try freePort()
        lines += [
            "ListenAddress 127.0.0.1:\(port)", "AuthorizedKeysFile \(keysFile)", "PidFile none",
            "StrictModes no", "UsePAM no", "PasswordAuthentication no", "UseDNS no",
            "KbdInteractiveAuthentication no", "PermitRootLogin yes", "MaxStartups 100",
            "LogLevel VERBOSE", "PrintMotd no",
            // The start files of the one who runs the tests are slow and none of the tests' business.
            "SetEnv HOME=\(home)",
        ]
        try directory.write("sshd_config", lines.joined(separator: "\n") + "\n")
        process = Mutex(nil)
        try start()
    }

    deinit { stop() }

    /// Starts the server again after `stop()`, on the same port with the same keys.
    package func start() throws(SupportError) {
        // Debian's sshd refuses to start as root without its empty folder, which its unit makes otherwise.
        if getuid() == 0 { unsafe mkdir("/run/sshd", 0o755) }
        let log = unsafe open(directory.file("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        let child = try spawn(
            prefix + [Self.program, "-D", "-e", "-f", directory.file("sshd_config")], stdout: log, stderr: log
        )
        process.withLock { $0 = child }
        for _ in 0..<500 {
            if accepts(port: port) { return }
            usleep(10_000)
        }
        stop()
        throw SupportError("sshd does not start: \(logText)")
    }

    /// Ends the listening server. What is connected stays connected.
    package func stop() {
        let child = process.withLock { (process: inout Int32?) in
            defer { process = nil }
            return process
        }
        guard let child else { return }
        kill(child, SIGKILL)
        waitFor(child)
    }

    /// Stops the listening server where it is: connections are taken by the kernel and nobody answers.
    package func freeze() { signal(SIGSTOP) }
    package func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let child = process.withLock({ $0 }) { kill(child, number) }
    }

    /// Ends, stops (SIGSTOP) or continues the server's processes of all connections.
    package func signalConnections(_ signal: Int32) {
        guard let child = process.withLock({ $0 }) else { return }
        for descendant in descendants(of: child) where name(of: descendant) == "sshd" {
            kill(descendant, signal)
        }
    }

    /// Waits until no connection is open: what a client that is gone had sent is carried out by then.
    package func awaitEndOfConnections() throws(SupportError) {
        guard let child = process.withLock({ $0 }) else { return }
        for _ in 0..<1000 {
            if !descendants(of: child).contains(where: { name(of: $0) == "sshd" }) { return }
            usleep(10_000)
        }
        throw SupportError("connections do not end: \(logText)")
    }

    /// What the server wrote to its log until now.
    package var logText: String {
        (try? readFile(directory.file("log"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// A known_hosts line for each of the server's keys.
    package var knownHostsLines: String {
        hostKeys.map { "[127.0.0.1]:\(port) \($0)\n" }.joined()
    }

    /// Makes a key pair at `path` and `path.pub`.
    package static func makeKey(
        _ path: String, _ type: KeyType, passphrase: String = "", comment: String = "tester@example"
    ) throws(SupportError) {
        let size = type == .rsa ? ["-b", "2048"] : []
        try runChecked(
            ["ssh-keygen", "-q", "-t", type.rawValue, "-N", passphrase, "-C", comment, "-f", path] + size)
    }

    /// `TYPE BASE64` of the key pair at `path`.
    package static func publicKey(_ path: String) throws(SupportError) -> String {
        let text = String(decoding: try readFile(path + ".pub"), as: UTF8.self)
        return text.split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// `SHA256:…` of the key pair at `path`, as ssh-keygen prints it.
    package static func fingerprint(_ path: String) throws(SupportError) -> String {
        let words = try runChecked(["ssh-keygen", "-lf", path + ".pub"]).split(separator: " ")
        guard words.count > 1 else { throw SupportError("ssh-keygen -l said nothing") }
        return String(words[1])
    }
}

private func descendants(of process: Int32) -> [Int32] {
    let path = "/proc/\(process)/task/\(process)/children"
    let text = (try? readFile(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let children = text.split(separator: " ").compactMap { Int32($0) }
    return children + children.flatMap { descendants(of: $0) }
}

private func name(of process: Int32) -> String {
    let text = (try? readFile("/proc/\(process)/comm")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return String(text.prefix { $0 != "\n" })
}
