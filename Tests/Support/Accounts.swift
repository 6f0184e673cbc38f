import Glibc

/// A server's own user, password and sudoers, in a mount namespace of its own: nothing of this machine changes.
///
/// Only root can have it. `/var/lib` is the server's own as well, since runs of root keep their files there.
package struct Accounts: Sendable {
    package var user = "lena"
    package var password = "tr0ub4dor"
    /// Lines of sudoers; none: she may do nothing.
    package var sudoers: [String] = []

    package init(sudoers: [String] = []) { self.sudoers = sudoers }

    /// Whether such a server can be started here.
    package static let isAvailable: Bool = {
        let hasSudo = unsafe access("/usr/bin/sudo", X_OK) == 0
        return getuid() == 0 && hasSudo && (try? runChecked(["unshare", "-m", "true"])) != nil
    }()
    package static let missing = "root, mount namespaces and sudo are needed: script/bootstrap --tests"

    func home(in directory: TemporaryDirectory) -> String { directory.file("home") }

    /// Makes the files, and says what is to stand before the server's command line.
    func prepare(in directory: TemporaryDirectory) throws(SupportError) -> [String] {
        let hash = try runChecked(["openssl", "passwd", "-6", password]).prefix { $0 != "\n" }
        let others = try String(decoding: readFile("/etc/passwd"), as: UTF8.self)
        let home = home(in: directory)
        try directory.write("passwd", others + "\(user):x:12345:12345::\(home):/bin/sh\n")
        let shadow = try String(decoding: readFile("/etc/shadow"), as: UTF8.self)
        try directory.write("shadow", shadow + "\(user):\(hash):19000:0:99999:7:::\n")
        let lines = ["Defaults timestamp_timeout=0", "root ALL=(ALL:ALL) ALL"] + sudoers
        try directory.write("sudoers", lines.joined(separator: "\n") + "\n")
        unsafe mkdir(home, 0o755)
        unsafe mkdir(directory.file("lib"), 0o755)
        unsafe chown(home, 12345, 12345)
        unsafe chmod(directory.path, 0o711)
        unsafe chmod(directory.file("passwd"), 0o644)
        unsafe chmod(directory.file("sudoers"), 0o440)
        let binds = [
            ("passwd", "/etc/passwd"), ("shadow", "/etc/shadow"), ("sudoers", "/etc/sudoers"),
            ("lib", "/var/lib"),
        ]
        .map { "mount --bind \(directory.file($0.0)) \($0.1)" }
        return ["unshare", "-m", "sh", "-ec", (binds + ["exec \"$@\""]).joined(separator: "\n"), "sh"]
    }
}
