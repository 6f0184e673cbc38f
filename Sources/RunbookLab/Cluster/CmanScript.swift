/// /etc/init.d/cman of redhat-cluster-pve 3.2.0: each step three blanks, its text, the outcome with a
/// carriage return; what fails ends the script and is not rolled back.
extension ClusterModel {
    static let ok = "[  OK  ]\r\n"
    static let failed = "[FAILED]\r\n"

    func cmanScript(_ arguments: [String], _ caller: Caller) async throws -> Int32 {
        switch arguments.first ?? "" {
        case "start":
            guard arguments.count == 1 else { throw NotModelled() }
            return try await startCman(caller)
        case "stop":
            return try await stopCman(caller, remove: arguments.count > 1 && arguments[1] == "remove")
        case "restart", "reload", "force-reload":
            let stopped = try await stopCman(caller, remove: true)
            return stopped == 0 ? try await startCman(caller) : stopped
        case "condrestart", "try-restart":
            guard state[caller.node].corosync != nil else { return 0 }
            let stopped = try await stopCman(caller, remove: true)
            return stopped == 0 ? try await startCman(caller) : stopped
        case "status":
            let (status, text) = cmanStatus(caller.node)
            await caller.line(text)
            return status
        default:
            await caller.line(
                "Usage: /etc/init.d/cman {start|stop|reload|force-reload|restart|condrestart|try-restart|status}"
            )
            return 2
        }
    }

    private func cmanStatus(_ node: String) -> (Int32, String) {
        let current = state[node]
        guard let corosync = current.corosync else { return (1, "corosync is stopped") }
        if corosync.config.quorumDisk != nil, current.qdiskd == nil { return (1, "qdiskd is stopped") }
        if current.fenced == nil { return (1, "fenced is stopped") }
        if !current.hasDLM { return (1, "dlm_controld is stopped") }
        return (0, "cluster is running.")
    }

    // MARK: start

    func startCman(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard control.exists(node, "/etc/cluster/cluster.conf") else { return 0 }
        await caller.line("Starting cluster: ")
        for text in [
            "Checking if cluster has been disabled at boot", "Checking Network Manager", "Global setup",
            "Loading kernel modules", "Mounting configfs",
        ] {
            await step(text, caller)
        }
        await caller.out("   Starting cman... ")
        if state[node].corosync == nil {
            if let problem = try await startCorosync(node) {
                return await fail(problem + " Check cluster logs for details", caller)
            }
            effect("cman start", caller)
        }
        await caller.out(Self.ok)
        if state[node].corosync?.config.quorumDisk != nil {
            await caller.out("   Starting qdiskd... ")
            guard try await startQuorumDaemon(node) else { return await fail("", caller) }
            await caller.out(Self.ok)
        }
        await caller.out("   Waiting for quorum... ")
        guard try await waitForQuorum(node, seconds: 45) else {
            return await fail("Timed-out waiting for cluster", caller)
        }
        await caller.out(Self.ok)
        if state[node].fenced == nil { state[node].fenced = FenceDaemon() }
        await step("Starting fenced", caller)
        state[node].hasDLM = true
        for text in ["Starting dlm_controld", "Tuning DLM kernel config", "Unfencing self"] {
            await step(text, caller)
        }
        if joinsFenceDomain(node) {
            await caller.out("   Joining fence domain... ")
            await joinFenceDomain(node)
            for _ in 0..<20 where state[node].fenced?.isMember != true { try await wait(.seconds(1)) }
            await caller.out(Self.ok)
        }
        return 0
    }

    private func step(_ text: String, _ caller: Caller) async {
        await caller.out("   \(text)... " + Self.ok)
    }

    private func fail(_ text: String, _ caller: Caller) async -> Int32 {
        await caller.out(text + "\n" + Self.failed)
        return 1
    }

    func waitForQuorum(_ node: String, seconds: Int) async throws -> Bool {
        for _ in 0..<max(1, seconds) {
            if state[node].corosync?.isQuorate == true { return true }
            guard state[node].corosync != nil else { return false }
            try await wait(.seconds(1))
        }
        return state[node].corosync?.isQuorate == true
    }

    /// FENCE_JOIN of /etc/default/redhat-cluster-pve: only "no" switches off, and unset means no here.
    func joinsFenceDomain(_ node: String) -> Bool {
        guard !state.faults.ignoresFenceJoin,
            let text = text(node, "/etc/default/redhat-cluster-pve")
        else { return false }
        let assignments = text.split(separator: "\n").map { $0.drop { $0 == " " || $0 == "\t" } }
            .filter { $0.hasPrefix("FENCE_JOIN=") }
        guard let value = assignments.last?.dropFirst("FENCE_JOIN=".count) else { return false }
        let word = value.prefix { $0 != " " && $0 != "#" && $0 != ";" }.filter { $0 != "\"" && $0 != "'" }
        return word != "no"
    }

    /// Starts corosync. Nil when it runs; else what `cman_tool join` said.
    private func startCorosync(_ node: String) async throws -> String? {
        let didNotStart = "cman_tool: corosync daemon didn't start"
        guard let text = text(node, "/etc/cluster/cluster.conf"), let config = ClusterConfig(text) else {
            return "Unable to get the configuration\n" + didNotStart
        }
        guard let own = config.node(named: node) else {
            return "Cannot find node name in cluster.conf\nUnable to get the configuration\n" + didNotStart
        }
        guard ["udp", "udpb", "udpu", "rdma"].contains(config.transport) else {
            return "Transport option value can be one of udp, udpb, udpu, rdma\n"
                + "Unable to get the configuration\n" + didNotStart
        }
        var addresses: [String: String] = [:]
        for other in config.nodes {
            guard let address = resolve(node, other.name) else {
                return "Can't determine address family of nodename\nUnable to get the configuration\n"
                    + didNotStart
            }
            addresses[other.name] = address
        }
        guard addresses[node]?.hasPrefix("127.") != true else {
            return "Node name resolves to localhost, please check /etc/hosts and assign this node a network "
                + "IP address\nUnable to get the configuration\n" + didNotStart
        }
        let key = config.hasKeyFile ? authenticationKey(node) : []
        state[node].corosync = Corosync(
            config: config, nodeID: own.id, transport: config.transport,
            token: .milliseconds(state.faults.ignoresToken ? 10_000 : config.tokenInMilliseconds), key: key,
            addresses: addresses, startedAt: now, expected: config.expectedAtStart)
        notePID(node, "cman", state[node].makePID())
        log(node, "corosync", "Corosync Cluster Engine ('1.4.7'): started and ready to provide service.")
        try await wait(.seconds(3))
        return nil
    }

    private func authenticationKey(_ node: String) -> [UInt8] {
        let key = (try? control.read(node, "/var/lib/pve-cluster/corosync.authkey")) ?? []
        return state.faults.foreignKey.contains(node) ? key.reversed() + [0] : key
    }

    /// Starts qdiskd and polls for its vote, ten times two seconds. False when it ended at once; why is in
    /// qdiskd.log.
    private func startQuorumDaemon(_ node: String) async throws -> Bool {
        guard state[node].qdiskd == nil, let corosync = state[node].corosync,
            let disk = corosync.config.quorumDisk
        else { return true }
        log(node, "qdiskd", "Loading dynamic configuration")
        let slowest = disk.slowestRecoveryInMilliseconds
        let token = Int(corosync.token.components.seconds) * 1000
        guard token >= 10_000 else {
            log(node, "qdiskd", "Token timeout \(token) is too fast to use with qdiskd!")
            log(node, "qdiskd", "Configuration failed")
            return false
        }
        guard token > slowest else {
            log(node, "qdiskd", "Quorum disk timings are too slow for configured token timeout")
            log(node, "qdiskd", " * Totem Token timeout: \(token)ms")
            log(node, "qdiskd", " * Min. Master recovery time: \(slowest)ms")
            log(node, "qdiskd", "Please set token timeout to at least \(slowest + 1000)ms")
            log(node, "qdiskd", "Configuration failed")
            return false
        }
        guard let found = quorumRegion(node, disk) else {
            let label = disk.label ?? disk.device ?? ""
            log(node, "qdiskd", "Unable to match label '\(label)' to any device")
            log(node, "qdiskd", "Configuration failed")
            return false
        }
        let device = devicePaths(node, found).first ?? "/dev/sdb"
        log(node, "qdiskd", "Quorum Partition: \(device) Label: \(disk.label ?? "")")
        state[node].qdiskd = QuorumDaemon(
            device: device, lun: state.storage.nas.lun, region: found, startedAt: now,
            votes: corosync.config.quorumDiskVotes, interval: disk.interval, tko: disk.tko)
        for _ in 0..<10 where state[node].corosync?.diskSince == nil { try await wait(.seconds(2)) }
        return true
    }

    private func quorumRegion(_ node: String, _ disk: ClusterConfig.QuorumDisk) -> Storage.Region? {
        let visible = visibleHeaders(node)
        if let device = disk.device { return visible.first { devicePaths(node, $0.0).contains(device) }?.0 }
        return visible.first { $0.1.label == disk.label }?.0
    }

    // MARK: stop

    func stopCman(_ caller: Caller, remove: Bool) async throws -> Int32 {
        let node = caller.node
        let wasRunning = state[node].corosync != nil
        let hasDisk = state[node].corosync?.config.quorumDisk != nil
        await caller.line("Stopping cluster: ")
        if joinsFenceDomain(node) {
            await caller.out("   Leaving fence domain... ")
            if state[node].rgmanager != nil {
                await caller.line("found dlm lockspace /sys/kernel/dlm/rgmanager")
                return await fail("fence_tool: cannot leave due to active systems", caller)
            }
            state[node].fenced?.domain = .out
            await caller.out(Self.ok)
        }
        await caller.out("   Stopping dlm_controld... ")
        if state[node].rgmanager != nil {
            try await wait(.seconds(30))
            return await fail("", caller)
        }
        state[node].hasDLM = false
        await caller.out(Self.ok)
        await caller.out("   Stopping fenced... ")
        if state[node].fenced.map({ $0.domain != .out }) == true {
            try await wait(.seconds(30))
            return await fail("", caller)
        }
        state[node].fenced = nil
        await caller.out(Self.ok)
        if hasDisk {
            if state[node].qdiskd != nil { log(node, "qdiskd", "Unregistering quorum device.") }
            state[node].qdiskd = nil
            state[node].corosync?.diskSince = nil
            await step("Stopping qdiskd", caller)
        }
        if wasRunning {
            state.leave(node, remove: remove)
            notePID(node, "cman", nil)
            effect("cman stop", caller)
        }
        await step("Stopping cman", caller)
        if wasRunning {
            await caller.out("   Waiting for corosync to shutdown:")
            try await wait(.seconds(1))
            await caller.out(Self.ok)
        }
        await step("Unloading kernel modules", caller)
        await step("Unmounting configfs", caller)
        return 0
    }
}

extension ClusterState {
    /// A node's cman leaves in order: the others know at once. With `remove` they also expect its votes no
    /// more: what they expect becomes the votes of the nodes that are left.
    mutating func leave(_ name: String, remove: Bool) {
        for index in nodes.indices where nodes[index].name != name {
            guard var corosync = nodes[index].corosync, let id = corosync.config.node(named: name)?.id,
                corosync.members[id]?.isMember == true
            else { continue }
            corosync.members[id]?.isMember = false
            corosync.members[id]?.leftInOrder = true
            corosync.members[id]?.silentSince = nil
            corosync.generation += 4
            nodes[index].corosync = corosync
            if remove {
                let left = members(of: nodes[index]).reduce(0) { $0 + $1.votes }
                nodes[index].corosync?.expected = left
            }
        }
        self[name].corosync = nil
        self[name].qdiskd = nil
        self[name].fenced = nil
        self[name].hasDLM = false
    }
}
