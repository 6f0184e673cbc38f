/// fence_tool and fence_ack_manual (fence/fence_tool/fence_tool.c of redhat-cluster 3.2.0).
extension ClusterModel {
    func fenceTool(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let options = caller.arguments.dropFirst()
        switch caller.arguments.first {
        case "join":
            guard options.allSatisfy({ $0 == "-w" || Int($0) != nil || $0 == "-t" }) else {
                throw NotModelled()
            }
            try requireFenceDaemon(node)
            await joinFenceDomain(node)
            effect("fence join", caller)
            if options.contains("-w") {
                for _ in 0..<60 where state[node].fenced?.isMember != true { try await wait(.seconds(1)) }
            }
            return 0
        case "leave":
            guard options.isEmpty || options == ["-w"] else { throw NotModelled() }
            try requireFenceDaemon(node)
            guard state[node].rgmanager == nil else {
                throw CommandExit(1, "fence_tool: cannot leave due to active systems")
            }
            if state[node].fenced?.domain != .out { effect("fence leave", caller) }
            state[node].fenced?.domain = .out
            return 0
        case "ls":
            guard options.isEmpty else { throw NotModelled() }
            guard let text = fenceDomainText(node) else { return 1 }
            await caller.out(text)
            return 0
        default: throw NotModelled()
        }
    }

    private func requireFenceDaemon(_ node: String) throws(CommandExit) {
        guard state[node].corosync != nil else { throw CommandExit(1, "fence_tool: can't connect to cman") }
        guard state[node].fenced != nil else {
            throw CommandExit(1, "fence_tool: fenced not running, no lockfile")
        }
    }

    /// Asks fenced to join; a fault may take the other nodes' power at this moment.
    func joinFenceDomain(_ node: String) async {
        guard state[node].fenced?.domain == .out else { return }
        state[node].fenced?.domain = .joining(since: now)
        guard state.faults.killsPeersAtFenceJoin else { return }
        state.faults.killsPeersAtFenceJoin = false
        for other in state.nodes where other.name != node { control.powerOff(other.name) }
    }

    /// Nil while this node is not in the domain: fence_tool prints nothing then.
    private func fenceDomainText(_ node: String) -> String? {
        guard let fenced = state[node].fenced, fenced.isMember else { return nil }
        let members = state.fenceDomain(of: state[node])
        let victims = fenced.victims.sorted()
        let isQuorate = state[node].corosync?.isQuorate == true
        let waits = !victims.isEmpty ? "fencing" : isQuorate ? "none" : "quorum"
        return """
            fence domain
            member count  \(members.count)
            victim count  \(victims.count)
            victim now    \(victims.first ?? 0)
            master nodeid \(members.first ?? 0)
            wait state    \(waits)
            members       \(members.map(String.init).joined(separator: " "))\u{20}


            """
    }

    func fenceAckManual(_ caller: Caller) async throws -> Int32 {
        guard caller.arguments.count == 1, let name = caller.arguments.first, !name.hasPrefix("-") else {
            throw NotModelled()
        }
        await caller.line("About to override fencing for \(name).")
        await caller.line("Improper use of this command can cause severe file system damage.")
        await caller.line()
        await caller.out("Continue [NO/absolutely]? ")
        var answer: [UInt8] = []
        while let byte = await caller.readByte(), byte != 10 { answer.append(byte) }
        guard String(decoding: answer, as: UTF8.self) == "absolutely" else {
            await caller.line("Aborted.")
            return 1
        }
        if let id = state[caller.node].corosync?.config.node(named: name)?.id {
            state[caller.node].fenced?.victims.remove(id)
            // What was acknowledged is not fenced again until it has been back.
            state[caller.node].corosync?.members[
                id,
                default: Corosync.Member(isMember: false, incarnation: 0)
            ].leftInOrder = true
        }
        await caller.line("Done")
        return 0
    }
}
