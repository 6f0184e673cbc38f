/// rgmanager's init script, clustat and clusvcadm (rgmanager/ of redhat-cluster 3.2.0).
extension ClusterModel {
    func rgmanagerScript(_ action: String, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard control.exists(node, "/etc/cluster/cluster.conf") else { return 0 }
        switch action {
        case "start": return try await startManager(caller)
        case "stop":
            try await stopManager(caller)
            return 0
        case "restart":
            try await stopManager(caller)
            return try await startManager(caller)
        case "reload", "force-reload": return 3
        case "condrestart", "try-restart":
            guard state[node].rgmanager != nil else { return 0 }
            try await stopManager(caller)
            return try await startManager(caller)
        case "status":
            guard let manager = state[node].rgmanager else {
                await caller.line("rgmanager is stopped")
                return 1
            }
            await caller.line("rgmanager (pid \(manager.pid) \(manager.pid - 1)) is running...")
            return 0
        default:
            await caller.line(
                "Usage: /etc/init.d/rgmanager {start|stop|status|restart|condrestart|try-restart|reload|force-reload}"
            )
            return 2
        }
    }

    /// Silent, with exit 0, when the running configuration has no rm element or cman is down. It looks right
    /// after the fork only, so OK is printed for a daemon that ends a second later.
    private func startManager(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard let corosync = state[node].corosync, corosync.config.hasResourceManager,
            !state.faults.ignoresResourceManager
        else { return 0 }
        await caller.out("Starting Cluster Service Manager: ")
        if state[node].rgmanager == nil {
            if corosync.config.query("/cluster/rm/@disabled") == "1" {
                await caller.out("rgmanager disabled in configuration; not starting\n" + Self.failed)
                return 1
            }
            let pid = state[node].makePID()
            state[node].rgmanager = ResourceManager(pid: pid, startedAt: now)
            notePID(node, "rgmanager", pid)
            effect("rgmanager start", caller)
        }
        await caller.out(Self.ok)
        return 0
    }

    private func stopManager(_ caller: Caller) async throws {
        await caller.out("Stopping Cluster Service Manager: ")
        if state[caller.node].rgmanager != nil {
            try await wait(.seconds(1))
            if !state.faults.stubbornManager.contains(caller.node) {
                state[caller.node].rgmanager = nil
                notePID(caller.node, "rgmanager", nil)
                effect("rgmanager stop", caller)
            }
        }
        await caller.out(Self.ok)
    }

    // MARK: clustat

    struct ClusterRow {
        var name: String
        var id: Int
        var isOnline: Bool
        var isLocal = false
        var hasManager = false
        var isDisk = false

        var flags: String {
            (isOnline ? "Online" : "Offline") + (isLocal ? ", Local" : "") + (hasManager ? ", rgmanager" : "")
                + (isDisk ? ", Quorum Disk" : "")
        }
    }

    /// The rows as one node sees them; the flag of rgmanager needs the local one to run.
    private func clusterRows(_ node: String, _ corosync: Corosync) -> [ClusterRow] {
        let current = state[node]
        let online = Set(state.members(of: current).map(\.id))
        let asksManagers = current.rgmanager?.hasLocks == true
        var rows = corosync.config.nodes.map { other in
            ClusterRow(
                name: other.name, id: other.id, isOnline: online.contains(other.id),
                isLocal: other.name == node,
                hasManager: asksManagers && online.contains(other.id) && state.has(other.name)
                    && state[other.name].rgmanager?.hasLocks == true)
        }
        if corosync.diskSince != nil, let disk = current.qdiskd {
            rows.append(ClusterRow(name: disk.device, id: 0, isOnline: true, isDisk: true))
        }
        return rows
    }

    func clustat(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard let corosync = state[node].corosync else {
            throw CommandExit(1, "Could not connect to CMAN: No such file or directory")
        }
        switch caller.arguments {
        case []: await caller.out(clustatText(node, corosync))
        case ["-x"]: await caller.out(clustatXML(node, corosync))
        case ["-Q"]: return corosync.isQuorate ? 0 : 1
        case ["-v"]: await caller.line("clustat version 3.2.0")
        default: throw NotModelled()
        }
        return 0
    }

    private func clustatText(_ node: String, _ corosync: Corosync) -> String {
        var text = """
            Cluster Status for \(corosync.config.name) @ \(LabDate(unixTime: clock.unixTime).ctime)
            Member Status: \(corosync.isQuorate ? "Quorate" : "Inquorate")

             Member Name                             ID   Status
             ------ ----                             ---- ------

            """
        for row in clusterRows(node, corosync) {
            let name = String(row.name.prefix(40)).rightPadded(to: 40)
            text += " \(name) \(String(row.id).leftPadded(to: 4)) \(row.flags)\n"
        }
        text += "\n"
        let services = managedGuests(corosync)
        guard state[node].rgmanager?.hasLocks == true, !services.isEmpty else { return text }
        text += " Service Name                   Owner (Last)                   State         \n"
        text += " ------- ----                   ----- ------                   -----         \n"
        for service in services {
            let owner = service.isRunning ? service.node : "(\(service.node))"
            text += " \("pvevm:\(service.id)".rightPadded(to: 30)) \(owner.rightPadded(to: 30)) "
            text += (service.isRunning ? "started" : "stopped").rightPadded(to: 14) + "\n"
        }
        return text
    }

    private func clustatXML(_ node: String, _ corosync: Corosync) -> String {
        let isGroupMember = state[node].rgmanager?.hasLocks == true
        var text = "<?xml version=\"1.0\"?>\n<clustat version=\"4.1.1\">\n"
        text +=
            "  <cluster name=\"\(corosync.config.name)\" id=\"\(corosync.config.clusterID)\""
            + " generation=\"\(corosync.generation)\"/>\n"
        text +=
            "  <quorum quorate=\"\(corosync.isQuorate ? 1 : 0)\" groupmember=\"\(isGroupMember ? 1 : 0)\"/>\n"
        text += "  <nodes>\n"
        for row in clusterRows(node, corosync) {
            let id = String(row.id, radix: 16)
            text +=
                "    <node name=\"\(row.name)\" state=\"\(row.isOnline ? 1 : 0)\" local=\"\(row.isLocal ? 1 : 0)\""
                + " estranged=\"0\" rgmanager=\"\(row.hasManager ? 1 : 0)\" rgmanager_master=\"0\""
                + " qdisk=\"\(row.isDisk ? 1 : 0)\" nodeid=\"0x\(String(repeating: "0", count: 8 - id.count))\(id)\"/>\n"
        }
        return text + "  </nodes>\n</clustat>\n"
    }

    private func managedGuests(_ corosync: Corosync) -> [LabGuest] {
        let ids = (corosync.config.root.child("rm")?.children(named: "pvevm") ?? [])
            .compactMap { $0["vmid"].flatMap { Int($0) } }
        return guests(seenBy: nil).filter { ids.contains($0.id) }
    }

    // MARK: clusvcadm

    func clusvcadm(_ caller: Caller) async throws -> Int32 {
        let arguments = caller.arguments
        guard arguments.count == 4, arguments[0] == "-M", arguments[2] == "-m",
            arguments[1].hasPrefix("pvevm:"), let id = Int(arguments[1].dropFirst(6))
        else { throw NotModelled() }
        let target = arguments[3]
        await caller.out("Trying to migrate pvevm:\(id) to \(target)...")
        guard state[caller.node].rgmanager?.hasLocks == true else {
            await caller.line("Could not connect to resource group manager")
            return 1
        }
        guard state.has(target), state[target].rgmanager?.hasLocks == true else {
            await caller.line("Target node dead / nonexistent")
            return 1
        }
        try await wait(.seconds(5))
        try moveGuest(id, to: target)
        effect("migrate \(id)", caller)
        await caller.line("Success")
        return 0
    }
}
