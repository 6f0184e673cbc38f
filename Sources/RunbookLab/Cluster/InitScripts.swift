/// `service` and the init scripts of /etc/init.d.
extension ClusterModel {
    func service(_ caller: Caller) async throws -> Int32 {
        guard let name = caller.arguments.first else {
            throw CommandExit(
                1, "Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]")
        }
        guard !name.hasPrefix("-") else { throw NotModelled() }
        guard CommandTable.initScripts.contains(name) else {
            throw CommandExit(1, "\(name): unrecognized service")
        }
        return try await initScript(name, Array(caller.arguments.dropFirst()), caller)
    }

    func initScript(_ name: String, _ arguments: [String], _ caller: Caller) async throws -> Int32 {
        let action = arguments.first ?? ""
        switch name {
        case "cman": return try await cmanScript(arguments, caller)
        case "rgmanager": return try await rgmanagerScript(action, caller)
        case "pve-cluster": return try await pveClusterScript(action, caller)
        case "pvedaemon", "pveproxy": return try await pveDaemonScript(name, action, caller)
        case "open-iscsi": return try await openISCSIScript(action, caller)
        case "clvm":
            // START_CLVM=no in the stock default: it ends before it prints anything.
            guard ["start", "stop", "restart", "reload", "force-reload", "status"].contains(action) else {
                throw NotModelled()
            }
            return 0
        case "ssh": return try await sshScript(action, caller)
        default: throw NotModelled()
        }
    }

    /// The front door of a node is the lab's own server: it stays, whatever is said here.
    private func sshScript(_ action: String, _ caller: Caller) async throws -> Int32 {
        switch action {
        case "status": await caller.line("sshd is running.")
        case "start": await caller.line("Starting OpenBSD Secure Shell server: sshd.")
        case "restart": await caller.line("Restarting OpenBSD Secure Shell server: sshd.")
        case "reload", "force-reload":
            await caller.line("Reloading OpenBSD Secure Shell server's configuration: sshd.")
        default: throw NotModelled()
        }
        return 0
    }

    private func pveClusterScript(_ action: String, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        switch action {
        case "start":
            await caller.out("Starting pve cluster filesystem : pve-cluster")
            guard state[node].pmxcfs == nil else {
                await caller.line(".")
                return 0
            }
            guard try await bringUpPmxcfs(caller) else { return 1 }
            try await updateCertificates(node, isSilent: true)
        case "stop":
            await caller.out("Stopping pve cluster filesystem: pve-cluster")
            await stopPmxcfs(node)
            try await wait(.seconds(1))
            await caller.line(".")
        case "restart", "force-reload":
            await caller.out("Restarting pve cluster filesystem: pve-cluster")
            await stopPmxcfs(node)
            try await wait(.seconds(1))
            guard try await bringUpPmxcfs(caller) else { return 1 }
        case "status":
            await caller.out("Checking status of pve cluster filesystem: pve-cluster")
            let isRunning = state[node].pmxcfs != nil
            await caller.line(isRunning ? " running." : " stopped failed!")
            return isRunning ? 0 : 1
        default:
            throw CommandExit(
                1, "Usage: /etc/init.d/pve-cluster {start|stop|restart|force-reload|status}")
        }
        return 0
    }

    /// Starts pmxcfs and ends the line that the init script began.
    private func bringUpPmxcfs(_ caller: Caller) async throws -> Bool {
        let node = caller.node
        guard !state.faults.staleMount.contains(node) else {
            await caller.line(
                "fuse: failed to access mountpoint /etc/pve: Transport endpoint is not connected")
            await caller.line("[main] crit: fuse_mount error: Transport endpoint is not connected")
            await caller.line("[main] notice: exit proxmox configuration filesystem (-1)")
            await caller.line(" (warning).")
            return false
        }
        guard let address = resolve(node, node), !address.hasPrefix("127.") else {
            await caller.line("[main] crit: Unable to get local IP address")
            await caller.line(" failed!")
            return false
        }
        if startPmxcfs(node) {
            await caller.line("[dcdb] notice: wrote new cluster config '/etc/cluster/cluster.conf'")
        }
        await settle()
        showPVE(node)
        await caller.line(".")
        return true
    }

    private func pveDaemonScript(_ name: String, _ action: String, _ caller: Caller) async throws -> Int32 {
        let title = name == "pvedaemon" ? "PVE Daemon" : "PVE API Proxy Server"
        let isRunning = action != "stop"
        switch action {
        case "start": await caller.out("Starting \(title): \(name)")
        case "stop": await caller.out("Stopping \(title): \(name)")
        case "restart": await caller.out("Restarting \(title): \(name)")
        case "reload", "force-reload": await caller.out("Reloading \(title): \(name)")
        default:
            throw CommandExit(1, "Usage: /etc/init.d/\(name) {start|stop|restart|reload|force-reload}")
        }
        if name == "pvedaemon" {
            state[caller.node].hasPVEDaemon = isRunning
        } else if action != "start" || state[caller.node].proxy == nil {
            // First the word, then the deed: while the server ends, another command may look at the state.
            state[caller.node].proxy = nil
            await stopWeb(caller.node)
            state[caller.node].proxy = isRunning ? WebProxy(startedAt: now, workerStartedAt: now) : nil
            if isRunning { startWorker(caller.node) }
        }
        try await wait(.seconds(1))
        await caller.line(".")
        return 0
    }
}
