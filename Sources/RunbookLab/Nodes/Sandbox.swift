import Glibc

/// Starts the namespaces of one node and pid 1 in them.
struct Sandbox {
    let folder: LabFolder
    let layout: LabLayout
    let node: LabLayout.Node
    /// Number of the node in the lab; names its end of the cable.
    let index: Int

    /// A node whose processes run.
    struct Booted {
        let link: AgentLink
        let child: Programs.Child
    }

    /// Name of the node's cable on the bridge.
    var cable: String { "node\(index)" }

    /// The shell of the new network namespace says that it is there, waits for its cable, sets the network
    /// up (bubblewrap would leave us no privilege for that) and becomes bubblewrap. Pid 1 has no capability,
    /// so port 22 and `ping` must be allowed to everybody; these settings belong to the namespace.
    private static let script = """
        set -e
        address=$1 gateway=$2; shift 2
        ip link set lo up
        echo "$$"
        read -r go
        ip addr add "$address/24" dev eth0
        ip link set eth0 up
        ip route add default via "$gateway"
        echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
        echo "0 0" > /proc/sys/net/ipv4/ping_group_range || :
        exec "$@" 0</dev/null 1>&2
        """

    /// Starts the node; throws with the sandbox's own words when it does not come up.
    func boot() throws(LabFailure) -> Booted {
        guard let (ours, theirs) = PacketSocket.pair(), let input = Descriptor.pipe(),
            let output = Descriptor.pipe(),
            let console = Descriptor.open(
                folder.node(node.name) + "/console.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)
        else { throw LabFailure(.cannotStart, "node \(node.name): \(systemText(errno))") }
        let argv =
            namespaces + ["sh", "-c", Self.script, "sh", node.address, layout.gateway] + bubblewrap
        let descriptors = [
            input.reading, output.writing, console, theirs.descriptor,
        ]
        guard let child = Programs.shared.start(argv, descriptors: descriptors) else {
            throw LabFailure(.cannotStart, "unshare: \(systemText(errno))")
        }
        input.reading.close()
        output.writing.close()
        theirs.descriptor.close()
        let pid = String(decoding: output.reading.read() ?? [], as: UTF8.self).filter { $0 != "\n" }
        guard Int(pid) != nil, plugIn(pid: pid) else { throw failure(child) }
        input.writing.writeAll([0x0a])
        let link = AgentLink(channel: ours)
        guard link.waitUntilReady() else { throw failure(child) }
        return Booted(link: link, child: child)
    }

    /// Puts one end of a cable into the node's network namespace and the other on the bridge.
    private func plugIn(pid: String) -> Bool {
        // The cable of the last boot goes away some time after its namespace: not soon enough.
        _ = Programs.shared.run(["ip", "link", "delete", cable])
        let commands = """
            link add \(cable) type veth peer name eth0 address \(hardwareAddress(for: node.address)) netns \(pid)
            link set \(cable) master br0 up

            """
        return Programs.shared.run(["ip", "-batch", "-"], input: commands).status == 0
    }

    private func failure(_ child: Programs.Child) -> LabFailure {
        kill(child.pid, SIGKILL)
        _ = child.wait()
        let console = HostFiles.readText(folder.node(node.name) + "/console.log") ?? ""
        let last = console.split(separator: "\n").suffix(3).joined(separator: "; ")
        return LabFailure(
            .cannotStart, "node \(node.name) does not start: \(last.isEmpty ? "it said nothing" : last)")
    }

    private var namespaces: [String] {
        // A clock since boot of its own, so that /proc/uptime begins at 0; kernels may lack it.
        var clock: [String] = []
        if HostFiles.exists("/proc/self/ns/time"), let uptime = HostFiles.readText("/proc/uptime"),
            let seconds = uptime.split(separator: ".").first
        {
            clock = ["-T", "--boottime", "-\(seconds)"]
        }
        return ["unshare", "-n"] + clock + ["--fork", "--kill-child"]
    }

    private var bubblewrap: [String] {
        let root = folder.node(node.name)
        var words = [
            "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", node.name,
            "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
        ]
        for name in ["bin", "sbin", "lib", "lib32", "lib64"] {
            if let target = HostFiles.linkTarget("/" + name) { words += ["--symlink", target, "/" + name] }
        }
        for name in ["etc", "root", "var", "run", "tmp", "home", "srv"] {
            words += ["--bind", root + "/" + name, "/" + name]
        }
        // This machine's /usr/local is nobody's business in a node, and its sbin is first on every PATH.
        words += ["--tmpfs", "/usr/local", "--ro-bind", folder.commands(node.name), "/usr/local/sbin"]
        words += ["--ro-bind", folder.tools(node.name), "/opt/lab"]
        // Scripts call /lib/udev/scsi_id by its path; a folder can only be covered where there is one.
        if HostFiles.exists("/usr/lib/udev") {
            words += ["--ro-bind", folder.commands(node.name), "/usr/lib/udev"]
        }
        for (name, tree) in [("private", folder.privateTree(node.name)), ("cluster", folder.clusterTree)] {
            words += ["--bind", tree, "/run/pve/\(name)-rw", "--ro-bind", tree, "/run/pve/\(name)-ro"]
        }
        words += [
            "--proc", "/proc", "--ro-bind", root + "/boot_id", "/proc/sys/kernel/random/boot_id", "--dev",
            "/dev",
            "--chdir", "/root", "--clearenv", "--setenv", "PATH", NodeRoot.path, "--setenv", "HOME", "/root",
            "/opt/lab/runbook-node", "agent", "3",
        ]
        return words
    }
}
