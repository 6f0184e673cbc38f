/// A node's boot and end as the model sees them.
extension ClusterModel {
    package func nodeStarted(_ node: String, firstBoot: Bool) async {
        guard state.has(node) else { return }
        start()
        state[node].isUp = true
        if firstBoot { installStockFiles(node) }
        await bootEarly(node)
        if firstBoot { await firstConfiguration(node) }
        bootTasks[node]?.cancel()
        bootTasks[node] = Task { [weak self] in await self?.bootCluster(node) }
    }

    package func nodeStopped(_ node: String) async {
        guard state.has(node) else { return }
        bootTasks.removeValue(forKey: node)?.cancel()
        // The node's processes are gone already; only the handles are left.
        webServers[node] = nil
        deadPorts.remove(node)
        state[node].isUp = false
        state[node].pmxcfs = nil
        state[node].corosync = nil
        state[node].qdiskd = nil
        state[node].fenced = nil
        state[node].hasDLM = false
        state[node].rgmanager = nil
        state[node].hasPVEDaemon = false
        state[node].proxy = nil
        state[node].isWritable = false
        state[node].iscsi.sessions = []
        state[node].iscsi.kernelTable = []
        state[node].iscsi.isDaemonRunning = false
        state.pinging[node] = nil
        state.runningGuests.subtract(guests(seenBy: nil).filter { $0.node == node }.map(\.id))
        await settle()
    }

    package func beforeCommand(_ node: String) async { await refresh() }

    package func renamed(_ node: String, to path: String) async {
        guard path == "/etc/pve/cluster.conf", state.has(node) else { return }
        await followClusterFile(origin: node)
    }

    // MARK: boot

    /// What runs before anybody can log in: iSCSI, pmxcfs, the API daemons.
    private func bootEarly(_ node: String) async {
        let silent = Self.console(node)
        _ = try? await initScript("open-iscsi", ["start"], silent)
        _ = startPmxcfs(node)
        await settle()
        showPVE(node)
        linkTree(node)
        state[node].hasPVEDaemon = true
    }

    private func linkTree(_ node: String) {
        guard !control.exists(node, treePath(node) + "/local") else { return }
        linkVirtualFiles(node, tree: treePath(node))
    }

    /// cman and rgmanager start later, as init gets to them. A script that fails stops nothing.
    private func bootCluster(_ node: String) async {
        let silent = Self.console(node)
        _ = try? await updateCertificates(node, isSilent: true)
        state[node].proxy = WebProxy(startedAt: now, workerStartedAt: now)
        startWorker(node)
        await settleWeb()
        guard control.exists(node, "/etc/cluster/cluster.conf") else { return }
        do {
            try await wait(.seconds(2))
            _ = try await startCman(silent)
            _ = try await initScript("rgmanager", ["start"], silent)
        } catch {
            // The node went down in the middle of its boot.
            return
        }
    }

    static func console(_ node: String) -> Caller {
        Caller(CommandCall(node: node, name: "rc", writeOutput: { _ in }, writeError: { _ in }))
    }

    // MARK: stock files

    private func installStockFiles(_ node: String) {
        let folders = [
            "/etc/default", "/etc/iscsi", "/etc/network", "/etc/ssh", "/var/lib/pve-cluster",
            "/var/log/cluster",
            "/root/.ssh", "/tmp", "/run/pmxcfs",
        ]
        for folder in folders { try? control.makeDirectory(node, folder, mode: 0o755) }
        for (path, text) in Self.stockFiles { try? control.write(node, path, text: text) }
        let initiator = profile.nodes.first { $0.name == node }?.initiatorName ?? ""
        try? control.write(
            node, "/etc/iscsi/initiatorname.iscsi",
            Array("## DO NOT EDIT OR REMOVE THIS FILE!\nInitiatorName=\(initiator)\n".utf8), mode: 0o600)
        if resolve(node, node) == nil {
            let address = state[node].address
            try? control.write(
                node, "/etc/hosts",
                text: "127.0.0.1 localhost.localdomain localhost\n"
                    + "\(address) \(node).\(profile.domain) \(node) pvelocalhost\n")
        }
        try? control.write(
            node, "/etc/network/interfaces",
            text: "auto lo\niface lo inet loopback\n\nauto vmbr0\niface vmbr0 inet static\n"
                + "\taddress \(state[node].address)\n\tnetmask 255.255.255.0\n\tbridge_ports eth0\n"
                + "\tbridge_stp off\n\tbridge_fd 0\n")
    }

    /// Texts as the packages ship them.
    private static let stockFiles = [
        (
            "/etc/default/redhat-cluster-pve",
            """
            # this file is sourced by the following init scripts:
            # /etc/init.d/cpglockd
            # /etc/init.d/cman
            # /etc/init.d/rgmanager

            # FENCE_JOIN="yes"

            """
        ),
        ("/etc/default/pve-cluster", "# Defaults for pve-cluster initscript\n"),
        (
            "/etc/iscsi/iscsid.conf",
            "node.startup = manual\nnode.leading_login = No\nnode.session.timeo.replacement_timeout = 120\n"
        ),
    ]

    /// What the installation made: the tree, root's keys, certificates, the guests of the profile.
    private func firstConfiguration(_ node: String) async {
        for folder in ["priv", "nodes/\(node)/qemu-server", "nodes/\(node)/openvz", "nodes/\(node)/priv"] {
            try? control.makeDirectory(node, "\(Self.ownTree)/\(folder)", mode: 0o755)
        }
        linkVirtualFiles(node, tree: Self.ownTree)
        for (name, text) in [
            (
                "storage.cfg",
                "dir: local\n\tpath /var/lib/vz\n\tcontent images,iso,vztmpl,rootdir\n\tmaxfiles 0\n"
            ),
            ("datacenter.cfg", "keyboard: en-us\n"), ("user.cfg", "user:root@pam:1:0:::\(node)::\n"),
        ] {
            try? control.write(node, "\(Self.ownTree)/\(name)", text: text)
        }
        for guest in profile.guests where guest.node == node {
            installGuest(guest.id, name: guest.name, on: node, isRunning: guest.isRunning)
        }
        async let keys: Void = setUpRootKeys(node)
        try? await makeCertificates(node)
        await keys
    }

    func installGuest(_ id: Int, name: String, on node: String, isRunning: Bool) {
        let folder = "\(treePath(node))/nodes/\(node)/qemu-server"
        try? control.makeDirectory(node, folder, mode: 0o755)
        try? control.write(
            node, "\(folder)/\(id).conf",
            text: "bootdisk: virtio0\ncores: 1\nmemory: 512\nname: \(name)\nostype: l26\n"
                + "virtio0: nfs:\(id)/vm-\(id)-disk-1.qcow2,size=4G\n")
        if isRunning { state.runningGuests.insert(id) }
    }
}
