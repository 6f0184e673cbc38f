/// `pvecm add`: the real ssh of the node carries it, so unknown host keys and missing logins show their
/// real faces.
extension ClusterModel {
    func pvecmAdd(_ arguments: [String], _ caller: Caller) async throws -> Int32 {
        guard let options = Options(arguments, known: ["force", "nodeid", "votes"], flags: ["force"]) else {
            throw NotModelled()
        }
        guard options.words.count == 1 else { throw Self.wrongNumber("pvecm add <hostname> [OPTIONS]") }
        let (node, host) = (caller.node, options.words[0])
        if options.values["force"] != "1" { try checkMayJoin(node) }
        await setUpRootKeys(node)
        try await copyID(from: node, to: host)
        try await addToPeer(node, host, options, caller)
        await caller.line("copy corosync auth key")
        try fetchFromPeer(node, host)
        try await wait(.seconds(1))
        await caller.line("stopping pve-cluster service")
        _ = try await initScript("pve-cluster", ["stop"], caller)
        await caller.line("backup old database")
        await backUpDatabase(node)
        try emptyOwnTree(node)
        linkVirtualFiles(node, tree: Self.ownTree)
        state[node].tree = .awaiting
        if let config = text(node, "/etc/cluster/cluster.conf") {
            try control.write(node, Self.ownTree + "/cluster.conf", text: config)
        }
        effect("pvecm add", caller)
        _ = try await initScript("pve-cluster", ["start"], caller)
        // The status of cman is not looked at: the wait below says the same.
        _ = try await startCman(caller)
        try await waitUntilWritable(caller)
        await caller.line("generating node certificates")
        try await makeCertificates(node)
        await caller.line("merge known_hosts file")
        mergeKnownHosts(node)
        await mergeAuthorizedKeys(node)
        await caller.line("restart services")
        _ = try await initScript("pvedaemon", ["restart"], caller)
        _ = try await initScript("pveproxy", ["restart"], caller)
        await caller.line("successfully added node '\(node)' to cluster.")
        return 0
    }

    private func checkMayJoin(_ node: String) throws {
        guard !control.exists(node, "/var/lib/pve-cluster/corosync.authkey") else {
            throw CommandExit(255, "authentication key already exists")
        }
        guard text(node, treePath(node) + "/cluster.conf") == nil else {
            throw CommandExit(255, "cluster config '/etc/pve/cluster.conf' already exists")
        }
        guard guests(seenBy: node).isEmpty else {
            throw CommandExit(255, "this host already contains virtual machines - please remove the first")
        }
        guard state[node].corosync == nil else { throw CommandExit(255, "cman is already running") }
    }

    /// ssh-copy-id of wheezy: appends the key without looking whether it is there. No terminal here, so no
    /// question can be answered.
    private func copyID(from node: String, to host: String) async throws {
        let key = (try? control.read(node, "/root/.ssh/id_rsa.pub")) ?? []
        let result =
            key.isEmpty
            ? NodeProgramResult(status: 1)
            : await control.run(
                node,
                [
                    "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "root@\(host)",
                    "umask 077 ; test -d ~/.ssh || mkdir ~/.ssh ; cat >> ~/.ssh/authorized_keys",
                ], stdin: key)
        guard result.status == 0 else { throw CommandExit(1, "unable to copy ssh ID: exit code 1") }
    }

    private func addToPeer(_ node: String, _ host: String, _ options: Options, _ caller: Caller) async throws
    {
        var command = "pvecm addnode \(node) --force 1"
        if let id = options.values["nodeid"] { command += " --nodeid \(id)" }
        if let votes = options.values["votes"] { command += " --votes \(votes)" }
        let result = await control.run(
            node, ["ssh", host, "-o", "BatchMode=yes"] + command.split(separator: " ").map(String.init))
        await caller.call.writeOutput(result.output)
        guard result.status == 0 else {
            await caller.call.writeError(result.errors)
            throw CommandExit(
                255, "unable to add node: command failed (ssh \(host) -o BatchMode=yes \(command))")
        }
    }

    /// The rsync of the key and of cluster.conf, and the copies to their places.
    private func fetchFromPeer(_ node: String, _ host: String) throws {
        guard let peer = reached(from: node, by: host), state[peer].isUp,
            let key = try? control.read(peer, "/var/lib/pve-cluster/corosync.authkey"),
            let config = try? control.read(peer, "/etc/pve/cluster.conf")
        else { throw CommandExit(23, "can't rsync data from host '\(host)'") }
        try control.makeDirectory(node, "/etc/cluster", mode: 0o755)
        try control.makeDirectory(node, "/var/lib/pve-cluster", mode: 0o755)
        try control.write(node, "/etc/cluster/cluster.conf", config, mode: 0o640)
        try control.write(node, "/var/lib/pve-cluster/corosync.authkey", key, mode: 0o400)
    }

    /// A copy of the database goes to backup/config-EPOCH.sql.gz: here a list of the files of the tree.
    private func backUpDatabase(_ node: String) async {
        let folder = "/var/lib/pve-cluster/backup"
        let names = (try? control.list(node, Self.ownTree)) ?? []
        let dump = names.map { "-- \($0)" }.joined(separator: "\n") + "\n"
        let packed = await control.run(node, ["gzip", "-c"], stdin: Array(dump.utf8))
        guard packed.status == 0 else { return }
        try? control.makeDirectory(node, folder, mode: 0o755)
        try? control.write(node, "\(folder)/config-\(clock.unixTime).sql.gz", packed.output, mode: 0o600)
    }

    /// Each second, without end, until /etc/pve can be written. Who kills it here gets no certificates.
    private func waitUntilWritable(_ caller: Caller) async throws {
        let node = caller.node
        if state.faults.killsJoin.remove(node) != nil { throw CancellationError() }
        guard !state[node].isWritable else { return }
        await caller.out("waiting for quorum...")
        while !state[node].isWritable || state[node].tree != .shared { try await wait(.seconds(1)) }
        await caller.line("OK")
    }
}
