/// pmxcfs: which tree a node shows as /etc/pve, whether it may be written, and what happens when
/// cluster.conf in it changes (data/src/dcdb.c of pve-cluster 3.0).
extension ClusterModel {
    static let sharedTree = "/run/pve/cluster-rw"
    static let ownTree = "/run/pve/private-rw"
    /// Per-node targets of what pmxcfs makes up for each node.
    static let ownFiles = "/run/pmxcfs"

    func treePath(_ node: String) -> String {
        state[node].tree == .shared ? Self.sharedTree : Self.ownTree
    }

    /// Makes the node show what the state says.
    func showPVE(_ node: String) {
        let current = state[node]
        guard current.pmxcfs != nil else {
            control.setPVE(node, .unmounted)
            return
        }
        control.setPVE(
            node,
            current.tree == .shared
                ? .clusterTree(writable: current.isWritable) : .privateTree(writable: current.isWritable))
        writeVirtualFiles(node)
    }

    /// `.members`, `.version` and `.vmlist` differ per node, so the shared tree has links to a folder of the
    /// node's own.
    func writeVirtualFiles(_ node: String) {
        let own = Self.ownFiles
        try? control.makeDirectory(node, own, mode: 0o755)
        for (name, text) in [
            ("members", membersFile(node)), ("version", versionFile()), ("vmlist", guestFile(node)),
        ] where self.text(node, "\(own)/\(name)") != text {
            try? control.write(node, "\(own)/\(name)", text: text)
        }
    }

    /// The links that every tree has.
    func linkVirtualFiles(_ node: String, tree: String) {
        for name in ["members", "version", "vmlist"] {
            try? control.symlink(node, "\(tree)/.\(name)", to: "\(Self.ownFiles)/\(name)")
        }
        // The nodes make this link at every boot.
        try? control.symlink(node, "\(tree)/local", to: "/run/pve/local")
        try? control.symlink(node, "\(tree)/qemu-server", to: "local/qemu-server")
        try? control.symlink(node, "\(tree)/openvz", to: "local/openvz")
    }

    private func membersFile(_ node: String) -> String {
        let current = state[node]
        guard let corosync = current.corosync else {
            return "{\n\"nodename\": \"\(node)\",\n\"version\": 0\n}\n"
        }
        let online = Set(state.members(of: current).map(\.id))
        let list = corosync.config.nodes.map { other -> String in
            let address = state.has(other.name) ? ", \"ip\": \"\(state[other.name].address)\"" : ""
            return
                "  \"\(other.name)\": { \"id\": \(other.id), \"online\": \(online.contains(other.id) ? 1 : 0)"
                + "\(address)}"
        }
        return """
            {
            "nodename": "\(node)",
            "version": \(corosync.generation),
            "cluster": { "name": "\(corosync.config.name)", "version": \(corosync.config.version), \
            "nodes": \(corosync.config.nodes.count), "quorate": \(corosync.isQuorate ? 1 : 0) },
            "nodelist": {
            \(list.joined(separator: ",\n"))
              }
            }

            """
    }

    private func versionFile() -> String { "{ \"starttime\": 1, \"clinfo\": 1, \"vmlist\": 1 }\n" }

    private func guestFile(_ node: String) -> String {
        let guests = guests(seenBy: node).map {
            "\"\($0.id)\": { \"node\": \"\($0.node)\", \"type\": \"\($0.kind.rawValue)\", \"version\": 1 }"
        }
        return "{\n\"version\": 1,\n\"ids\": {\(guests.joined(separator: ",\n"))}\n}\n"
    }

    // MARK: start and stop

    /// Starts pmxcfs. The result is whether cluster.conf was copied to /etc/cluster, which it reports on the
    /// terminal. Without a database and with a cluster.conf it makes a tree that holds only that.
    func startPmxcfs(_ node: String) -> Bool {
        let config = text(node, treePath(node) + "/cluster.conf")
        let local = text(node, "/etc/cluster/cluster.conf")
        let isClustered = config != nil || local != nil
        var current = state[node]
        current.pmxcfs = Pmxcfs(pid: current.makePID(), isClustered: isClustered, mirrored: local)
        state[node] = current
        var didCopy = false
        if let config, config != local, Self.version(of: config) >= Self.version(of: local ?? "") {
            didCopy = (try? mirror(config, on: node)) != nil
        }
        state[node].pmxcfs?.mirrored = config ?? local
        return didCopy
    }

    /// pmxcfs ends, and with /etc/pve the workers of the web UI.
    func stopPmxcfs(_ node: String) async {
        stopPmxcfsAtOnce(node)
        await loseWorker(node)
    }

    func stopPmxcfsAtOnce(_ node: String) {
        state[node].pmxcfs = nil
        state[node].isWritable = false
        showPVE(node)
    }

    private func mirror(_ config: String, on node: String) throws(NodeFileError) {
        try control.makeDirectory(node, "/etc/cluster", mode: 0o755)
        try control.write(node, "/etc/cluster/cluster.conf", text: config)
        state[node].corosync?.hasNewerFile = true
        log(
            node, "syslog",
            "pmxcfs[\(state[node].pmxcfs?.pid ?? 0)]: [dcdb] notice: wrote new cluster config "
                + "'/etc/cluster/cluster.conf'")
    }

    static func version(of config: String) -> Int { ClusterConfig(config)?.version ?? 0 }

    // MARK: the hook on cluster.conf

    /// Compares cluster.conf of every tree with what each node copied, copies it where the node is in touch
    /// with the cluster, and lets the running cman load it. `origin` is the node that wrote, if known.
    func followClusterFile(origin: String?) async {
        var mayReload = true
        for node in state.nodes {
            guard node.isUp, let pmxcfs = node.pmxcfs, pmxcfs.isClustered, node.isWritable,
                let config = text(node.name, treePath(node.name) + "/cluster.conf"), config != pmxcfs.mirrored
            else { continue }
            state[node.name].pmxcfs?.mirrored = config
            let local = text(node.name, "/etc/cluster/cluster.conf") ?? ""
            guard Self.version(of: config) >= Self.version(of: local) else {
                log(node.name, "syslog", "pmxcfs[\(pmxcfs.pid)]: [dcdb] crit: local cluster.conf is newer")
                continue
            }
            do { try mirror(config, on: node.name) } catch { continue }
            guard node.corosync != nil, origin == node.name || (origin == nil && mayReload) else { continue }
            mayReload = false
            reloadOrNote(node.name)
        }
        for node in state.nodes where isBehind(node) { _ = reload(node.name) }
    }

    /// `cman_tool version -r -S` as pmxcfs runs it: a refusal goes to the log only.
    private func reloadOrNote(_ node: String) {
        guard !reload(node) else { return }
        log(
            node, "syslog",
            "pmxcfs[\(state[node].pmxcfs?.pid ?? 0)]: [dcdb] notice: cman_tool version failed with exit code 1"
        )
    }

    /// Whether a node runs an older configuration than one that it hears, and has the newer file.
    private func isBehind(_ node: NodeState) -> Bool {
        guard let running = node.corosync?.config.version else { return false }
        let newest =
            state.nodes.filter { $0.name != node.name && state.hear(node, $0, now: now) }
            .compactMap { $0.corosync?.config.version }.max() ?? 0
        return newest > running
            && Self.version(of: text(node.name, "/etc/cluster/cluster.conf") ?? "") >= newest
    }

    /// A running cman reads /etc/cluster/cluster.conf again. False if its version is not newer. Transport,
    /// token and qdiskd stay as they are: they are read when corosync starts.
    func reload(_ node: String) -> Bool {
        guard let corosync = state[node].corosync, let text = text(node, "/etc/cluster/cluster.conf"),
            let config = ClusterConfig(text)
        else { return false }
        guard config.version > corosync.config.version else {
            log(
                node, "corosync",
                "Unable to load new config in corosync: New configuration version has to be newer than "
                    + "current running configuration")
            return false
        }
        state[node].corosync?.config = config
        for other in config.nodes where corosync.addresses[other.name] == nil {
            state[node].corosync?.addresses[other.name] = resolve(node, other.name)
        }
        // Without the attribute a reload never raises what is expected (read_cman_nodes, override_expected).
        if config.isTwoNode || config.expectedVotes != nil {
            state[node].corosync?.expected = config.expectedAtStart
        }
        return true
    }

    // MARK: trees

    /// Makes the node's own tree the one that its cluster shares, unless another cluster has taken it.
    func promoteTree(_ node: String) throws {
        guard state[node].tree == .own, !state.nodes.contains(where: { $0.tree == .shared }) else { return }
        for name in try control.list(node, Self.sharedTree) {
            try control.remove(node, "\(Self.sharedTree)/\(name)")
        }
        try copyTree(node, from: Self.ownTree, to: Self.sharedTree)
        state[node].tree = .shared
    }

    /// Empties a node's own tree, as deleting config.db does.
    func emptyOwnTree(_ node: String) throws {
        for name in try control.list(node, Self.ownTree) {
            try control.remove(node, "\(Self.ownTree)/\(name)")
        }
    }

    private func copyTree(_ node: String, from source: String, to target: String) throws {
        for name in try control.list(node, source) {
            let (old, new) = ("\(source)/\(name)", "\(target)/\(name)")
            guard let status = control.status(node, old) else { continue }
            switch status.kind {
            case .directory:
                try control.makeDirectory(node, new, mode: status.mode)
                try copyTree(node, from: old, to: new)
            case .symbolicLink: try control.symlink(node, new, to: try control.readLink(node, old))
            case .file: try control.write(node, new, try control.read(node, old), mode: status.mode)
            case .other: continue
            }
        }
    }
}
