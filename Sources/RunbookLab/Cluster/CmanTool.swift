/// cman_tool of redhat-cluster-pve 3.2.0 (cman/cman_tool/main.c).
extension ClusterModel {
    static let noConnection = "cman_tool: Cannot open connection to cman, is it running ?"

    func cmanTool(_ caller: Caller) async throws -> Int32 {
        let arguments = caller.arguments
        guard let command = arguments.first else {
            throw CommandExit(1, "cman_tool: no operation specified")
        }
        let options = Array(arguments.dropFirst())
        switch command {
        case "status":
            guard options.isEmpty else { throw NotModelled() }
            await caller.out(try cmanStatusText(caller.node))
            return 0
        case "nodes":
            guard options.isEmpty else { throw NotModelled() }
            await caller.out(try cmanNodesText(caller.node))
            return 0
        case "version": return try await cmanVersion(options, caller)
        case "wait": return try await cmanWait(options, caller)
        case "expected": return try await cmanExpected(options, caller)
        case "leave": return try await cmanLeave(options, caller)
        case "join":
            guard options.allSatisfy({ $0 == "-w" }) else { throw NotModelled() }
            throw state[caller.node].corosync == nil
                ? NotModelled() : CommandExit(1, "cman_tool: Node is already active") as any Error
        default: throw NotModelled()
        }
    }

    private func running(_ node: String) throws(CommandExit) -> Corosync {
        guard let corosync = state[node].corosync else { throw CommandExit(1, Self.noConnection) }
        return corosync
    }

    func cmanStatusText(_ node: String) throws -> String {
        let corosync = try running(node)
        let current = state[node]
        guard let votes = state.votes(of: current) else { throw CommandExit(1, Self.noConnection) }
        let isMember = now >= corosync.startedAt + LabDelay.membership
        let isQuorate = corosync.isQuorate
        let subsystems =
            3 + (current.fenced == nil ? 0 : 1) + (current.hasDLM ? 1 : 0) + (current.qdiskd == nil ? 0 : 1)
            + (current.rgmanager?.hasLocks == true ? 1 : 0)
        var ports = "0 "
        if current.rgmanager?.hasLocks == true { ports += "177 " }
        if current.qdiskd != nil { ports += "178 " }
        let multicast =
            corosync.transport == "udpu" ? "255.255.255.255" : corosync.config.multicastAddress
        var lines = [
            "Version: 6.2.0", "Config Version: \(corosync.config.version)",
            "Cluster Name: \(corosync.config.name)", "Cluster Id: \(corosync.config.clusterID)",
            "Cluster Member: Yes", "Cluster Generation: \(corosync.generation)",
            "Membership state: \(isMember ? "Cluster-Member" : "Joining")",
            "Nodes: \(votes.members.count)", "Expected votes: \(votes.expected)",
        ]
        if let disk = votes.disk { lines.append("Quorum device votes: \(disk)") }
        lines += [
            "Total votes: \(votes.total)",
            "Node votes: \(corosync.config.node(named: node)?.votes ?? 1)",
            "Quorum: \(votes.quorum) \(isQuorate ? " " : "Activity blocked")",
            "Active subsystems: \(subsystems)", "Flags: \(votes.isTwoNode ? "2node " : "")",
            "Ports Bound: \(ports) ", "Node name: \(node)", "Node ID: \(corosync.nodeID)",
            "Multicast addresses: \(multicast) ", "Node addresses: \(current.address) ",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    func cmanNodesText(_ node: String) throws -> String {
        let corosync = try running(node)
        var text = "Node  Sts   Inc   Joined               Name\n"
        if let since = corosync.diskSince, let disk = state[node].qdiskd {
            text += nodeRow(id: 0, sign: "M", incarnation: 0, joinedAt: since, name: disk.device)
        }
        for other in corosync.config.nodes.sorted(by: { $0.id < $1.id }) {
            let member = corosync.members[other.id]
            text += nodeRow(
                id: other.id, sign: member?.isMember == true ? "M" : "X",
                incarnation: member?.incarnation ?? 0,
                joinedAt: member?.isMember == true ? member?.joinedAt : nil, name: other.name)
        }
        return text
    }

    private func nodeRow(id: Int, sign: String, incarnation: Int, joinedAt: Int?, name: String) -> String {
        let joined = joinedAt.map { LabDate(unixTime: $0).iso } ?? String(repeating: " ", count: 19)
        return
            "\(String(id).leftPadded(to: 4))   \(sign)  \(String(incarnation).leftPadded(to: 5))   \(joined)"
            + "  \(name)\n"
    }

    private func cmanVersion(_ options: [String], _ caller: Caller) async throws -> Int32 {
        let corosync = try running(caller.node)
        if options.isEmpty {
            await caller.line("6.2.0 config \(corosync.config.version)")
            return 0
        }
        guard options.contains("-r"), Set(options).isSubset(of: ["-r", "-S"]) else { throw NotModelled() }
        guard options.contains("-S") else {
            // The package does not ship /usr/bin/ccs_sync.
            throw CommandExit(
                1,
                "cman_tool: ccs_sync failed.\nIf you have distributed the config file yourself, try re-running with -S"
            )
        }
        guard reload(caller.node) else {
            throw CommandExit(
                1, "cman_tool: Not reloading, config version older or equal the running config")
        }
        await refresh()
        return 0
    }

    private func cmanWait(_ options: [String], _ caller: Caller) async throws -> Int32 {
        _ = try running(caller.node)
        var needsQuorum = false
        var seconds = Int.max
        var rest = options[...]
        while let option = rest.popFirst() {
            switch option {
            case "-q": needsQuorum = true
            case "-t":
                guard let value = rest.popFirst().flatMap({ Int($0) }) else { throw NotModelled() }
                seconds = value == 0 ? Int.max : value
            default: throw NotModelled()
            }
        }
        guard needsQuorum else { return 0 }
        guard try await waitForQuorum(caller.node, seconds: seconds) else {
            throw CommandExit(2, "Timed-out waiting for cluster")
        }
        return 0
    }

    private func cmanExpected(_ options: [String], _ caller: Caller) async throws -> Int32 {
        _ = try running(caller.node)
        guard options.count == 2, options[0] == "-e", let number = Int(options[1]) else {
            throw NotModelled()
        }
        guard number > 0, let votes = state.votes(of: state[caller.node]), votes.mayExpect(number) else {
            throw CommandExit(1, "cman_tool: can't set expected votes: Invalid argument")
        }
        for other in state.nodes
        where other.name == caller.node || state.hear(state[caller.node], other, now: now) {
            state[other.name].corosync?.expected = number
        }
        effect("cman expected", caller)
        await refresh()
        return 0
    }

    private func cmanLeave(_ options: [String], _ caller: Caller) async throws -> Int32 {
        _ = try running(caller.node)
        guard Set(options).isSubset(of: ["remove", "force", "-w"]) else { throw NotModelled() }
        let current = state[caller.node]
        let isBusy =
            current.fenced != nil || current.hasDLM || current.rgmanager != nil || current.qdiskd != nil
        guard !isBusy || options.contains("force") else {
            throw CommandExit(1, "cman_tool: Error leaving cluster: Device or resource busy")
        }
        state.leave(caller.node, remove: options.contains("remove"))
        notePID(caller.node, "cman", nil)
        effect("cman stop", caller)
        await refresh()
        return 0
    }
}
