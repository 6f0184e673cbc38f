import Glibc

/// The files of a fresh node: what any Debian has and programs of this machine need, no product's files.
struct NodeRoot {
    let folder: LabFolder
    let layout: LabLayout
    let node: LabLayout.Node
    /// The programs that this lab brings along.
    let programs: LabPrograms

    private var root: String { folder.node(node.name) }

    /// Makes all folders and files of the node.
    func build(commands: [String], initScripts: [String]) throws(HostFiles.Failure) {
        let folders = [
            "etc/default", "etc/init.d", "etc/ssh", "etc/ssl/certs", "etc/alternatives", "etc/iscsi",
            "etc/cron.d",
            "etc/cluster", "root", "tmp", "run", "home", "srv", "var/lib", "var/log", "var/cache", "var/tmp",
            "var/spool", "pve", "lab", "commands",
        ]
        for name in folders { try HostFiles.makeFolder(root + "/" + name) }
        try HostFiles.makeFolder(root + "/root/.ssh", mode: 0o700)
        unsafe chmod(root + "/root", 0o700)
        unsafe chmod(root + "/tmp", 0o1777)
        unsafe chmod(root + "/var/tmp", 0o1777)
        try HostFiles.link(root + "/var/run", to: "/run")
        try HostFiles.link(root + "/var/lock", to: "/run/lock")
        try HostFiles.link(root + "/pve/local", to: "/run/pve/local")
        try writeAccounts()
        try writeNetwork()
        try copyFromMachine()
        try installPrograms(commands: commands, initScripts: initScripts)
        try prepareBoot()
    }

    /// What every boot begins with: an empty /run, a new boot id, no /etc/pve.
    func prepareBoot() throws(HostFiles.Failure) {
        let run = root + "/run"
        HostFiles.empty(run)
        let folders = [
            "lock", "sshd", "pve/unmounted", "pve/private-rw", "pve/private-ro", "pve/cluster-rw",
            "pve/cluster-ro",
        ]
        for name in folders { try HostFiles.makeFolder(run + "/" + name) }
        try HostFiles.link(run + "/pve/local", to: "/etc/pve/nodes/" + node.name)
        try show(.unmounted)
        try HostFiles.write(root + "/boot_id", Self.newBootID() + "\n", mode: 0o444)
    }

    /// Changes what the node sees at /etc/pve. A link can be changed while the node runs, by anybody who may
    /// write the folder; a mount cannot, by an ordinary user on a machine that keeps /dev/fuse for root.
    func show(_ view: PVEView) throws(HostFiles.Failure) {
        try HostFiles.link(root + "/etc/pve", to: view.mountPoint)
    }

    private func writeAccounts() throws(HostFiles.Failure) {
        let etc = root + "/etc"
        try HostFiles.write(
            etc + "/passwd",
            """
            root:x:0:0:root:/root:/bin/bash
            daemon:x:1:1:daemon:/usr/sbin:/bin/sh
            www-data:x:33:33:www-data:/var/www:/bin/sh
            sshd:x:101:65534::/var/run/sshd:/usr/sbin/nologin
            nobody:x:65534:65534:nobody:/nonexistent:/bin/sh

            """)
        try HostFiles.write(
            etc + "/group", "root:x:0:\ndaemon:x:1:\nadm:x:4:\ndisk:x:6:\nwww-data:x:33:\nnogroup:x:65534:\n")
        try HostFiles.write(etc + "/motd", "")
        try HostFiles.write(etc + "/shells", "/bin/sh\n/bin/bash\n")
        try HostFiles.write(etc + "/profile", "export PATH=\(NodeRoot.path)\nPS1='root@\\h:\\w# '\n")
        try HostFiles.write(root + "/root/.bashrc", "PS1='root@\\h:\\w# '\n")
    }

    private func writeNetwork() throws(HostFiles.Failure) {
        let etc = root + "/etc"
        try HostFiles.write(etc + "/hostname", node.name + "\n")
        try HostFiles.write(
            etc + "/hosts",
            """
            127.0.0.1 localhost.localdomain localhost
            \(node.address) \(node.name).\(layout.domain) \(node.name) pvelocalhost

            # The following lines are desirable for IPv6 capable hosts

            ::1     ip6-localhost ip6-loopback
            fe00::0 ip6-localnet
            ff00::0 ip6-mcastprefix
            ff02::1 ip6-allnodes
            ff02::2 ip6-allrouters
            ff02::3 ip6-allhosts

            """)
        // Names come from /etc/hosts alone: a lab asks no name server.
        try HostFiles.write(
            etc + "/nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files\nnetworks: files\nservices: files\n"
                + "protocols: files\n")
        try HostFiles.write(etc + "/resolv.conf", "search \(layout.domain)\n")
        try HostFiles.link(etc + "/mtab", to: "/proc/mounts")
    }

    /// What this machine's /usr needs from /etc: the loader's cache, the links of alternatives, openssl's
    /// settings (without them `openssl req` fails). Nothing that is this machine's own.
    private func copyFromMachine() throws(HostFiles.Failure) {
        let etc = root + "/etc"
        for name in ["ld.so.cache", "ssl/openssl.cnf", "services", "protocols"] {
            if let bytes = HostFiles.read("/etc/" + name) { try HostFiles.write(etc + "/" + name, bytes) }
        }
        for name in HostFiles.list("/etc/alternatives") {
            guard let target = HostFiles.linkTarget("/etc/alternatives/" + name) else { continue }
            unsafe symlink(target, etc + "/alternatives/" + name)
        }
    }

    private func installPrograms(commands: [String], initScripts: [String]) throws(HostFiles.Failure) {
        let tools = folder.tools(node.name)
        for (name, source) in [
            ("runbook-node", programs.agent), ("libRunbookNode.so", programs.preload),
        ] {
            guard let bytes = HostFiles.read(source) else {
                throw HostFiles.Failure(message: "\(source): \(systemText(errno))")
            }
            try HostFiles.write(tools + "/" + name, bytes, mode: 0o755)
        }
        try HostFiles.write(root + "/etc/ld.so.preload", "/opt/lab/libRunbookNode.so\n")
        for name in commands {
            try HostFiles.link(folder.commands(node.name) + "/" + name, to: "/opt/lab/runbook-node")
        }
        for name in initScripts {
            try HostFiles.write(
                root + "/etc/init.d/" + name, "#!/opt/lab/runbook-node\n# \(name) is emulated by the lab.\n",
                mode: 0o755)
        }
    }

    /// PATH of everything in a node; the emulated commands are in the first folder.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private static func newBootID() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}

extension PVEView {
    /// Where in a node the tree is mounted that the view shows.
    var mountPoint: String {
        switch self {
        case .unmounted: "/run/pve/unmounted"
        case .privateTree(let writable): "/run/pve/private-" + (writable ? "rw" : "ro")
        case .clusterTree(let writable): "/run/pve/cluster-" + (writable ? "rw" : "ro")
        }
    }

    /// The same tree's writable mount, for the lab itself; nil while nothing is mounted.
    var writableMountPoint: String? {
        switch self {
        case .unmounted: nil
        case .privateTree: "/run/pve/private-rw"
        case .clusterTree: "/run/pve/cluster-rw"
        }
    }
}
