import Glibc
import Synchronization

/// dropbear, the SSH server of small machines, on a free port of 127.0.0.1, run by the current user.
///
/// It reads the keys of its user's home, so this machine's user must be given one for a moment: it is started in a
/// mount namespace in which that home is an empty folder of its own. Only root can do that.
package final class DropbearServer: Sendable {
    private static let program = "/usr/sbin/dropbear"
    package static let isAvailable: Bool = {
        let isThere = unsafe access(program, X_OK) == 0
        return getuid() == 0 && isThere && (try? runChecked(["unshare", "-m", "true"])) != nil
    }()
    package static let missing = "root, mount namespaces and dropbear are needed: script/bootstrap --tests"

    package let directory: TemporaryDirectory
    package let port: UInt16
    package let userKey: String
    package let fingerprint: String
    private let process: Mutex<Int32?>

    package init() throws(SupportError) {
        directory = try TemporaryDirectory("dropbear")
        userKey = directory.file("user_key")
        try SSHDServer.makeKey(userKey, .ed25519)
        unsafe mkdir(directory.file("home"), 0o700)
        unsafe mkdir(directory.file("home/.ssh"), 0o700)
        try directory.write("home/.ssh/authorized_keys", try SSHDServer.publicKey(userKey) + "\n")
        let key = directory.file("host_key")
        let said = try runChecked(["dropbearkey", "-t", "ed25519", "-f", key])
        let line = said.split(separator: "\n").first { $0.hasPrefix("ssh-ed25519 ") } ?? ""
        try directory.write("host_key.pub", String(line) + "\n")
        fingerprint = try SSHDServer.fingerprint(key)
        port = try freePort()
        process = Mutex(nil)
        let log = unsafe open(directory.file("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        let script = "mount --bind \(directory.file("home")) \"$HOME\"; exec \"$@\""
        let child = try spawn(
            ["unshare", "-m", "sh", "-ec", script, "sh", Self.program, "-F", "-E", "-s"]
                + ["-r", key, "-p", "127.0.0.1:\(port)", "-P", directory.file("pid")],
            stdout: log, stderr: log)
        process.withLock { $0 = child }
        for _ in 0..<500 {
            if accepts(port: port) { return }
            usleep(10_000)
        }
        throw SupportError("dropbear does not start")
    }

    deinit {
        guard let child = process.withLock({ $0 }) else { return }
        kill(child, SIGKILL)
        waitFor(child)
    }
}
