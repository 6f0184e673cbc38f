extension ClusterState {
    /// fenced: who is in the domain, and who should be fenced. There is no fence method in this lab's
    /// configurations, so a victim stays one until it is back in the cluster.
    mutating func settleFencing(now: Duration, _ consequences: inout [Consequence]) {
        for index in nodes.indices {
            guard var fenced = nodes[index].fenced, let corosync = nodes[index].corosync else {
                nodes[index].fenced = nil
                nodes[index].hasDLM = nodes[index].hasDLM && nodes[index].corosync != nil
                continue
            }
            let present = Set(members(of: nodes[index]).map(\.id))
            if case .joining(let since) = fenced.domain, corosync.isQuorate,
                now >= since + LabDelay.fenceJoin
            {
                fenced.domain = .member(since: now)
            }
            if case .member(let since) = fenced.domain, now >= since + LabDelay.postJoin {
                addVictims(to: &fenced, present: present, of: nodes[index], &consequences)
            }
            fenced.victims.subtract(present)
            nodes[index].fenced = fenced
        }
    }

    /// A node that is configured and was never a member since the domain began (start-up fencing), or that
    /// was a member and fell silent. One that left in order is not a victim.
    private func addVictims(
        to fenced: inout FenceDaemon, present: Set<Int>, of node: NodeState,
        _ consequences: inout [Consequence]
    ) {
        guard let corosync = node.corosync, corosync.isQuorate else { return }
        for other in corosync.config.nodes where !present.contains(other.id) {
            guard !fenced.victims.contains(other.id), corosync.members[other.id]?.leftInOrder != true else {
                continue
            }
            fenced.victims.insert(other.id)
            for text in [
                "fencing node \(other.name)",
                "fence \(other.name) dev 0.0 agent none result: error no method",
                "fence \(other.name) failed",
            ] {
                consequences.append(.log(node: node.name, daemon: "fenced", text: text))
            }
        }
    }

    /// Node ids in the fence domain as one node sees it.
    func fenceDomain(of node: NodeState) -> [Int] {
        let present = members(of: node)
        return nodes.filter { $0.fenced?.isMember == true }
            .compactMap { other in present.first { $0.name == other.name }?.id }
            .sorted()
    }

    /// rgmanager takes its lock space after quorum. Outside the fence domain dlm_controld refuses it, and
    /// rgmanager ends; while a victim waits for fencing the lock space does not come.
    mutating func settleResourceManagers(now: Duration, _ consequences: inout [Consequence]) {
        for index in nodes.indices {
            guard let manager = nodes[index].rgmanager else { continue }
            let node = nodes[index]
            guard node.corosync != nil else {
                nodes[index].rgmanager = nil
                consequences.append(
                    .log(node: node.name, daemon: "rgmanager", text: "#67: Shutting down uncleanly"))
                continue
            }
            guard !manager.hasLocks else { continue }
            guard node.corosync?.isQuorate == true, now >= manager.startedAt + LabDelay.lockSpace else {
                continue
            }
            guard let fenced = node.fenced, fenced.domain != .out, node.hasDLM else {
                nodes[index].rgmanager = nil
                consequences.append(
                    .log(
                        node: node.name, daemon: "dlm_controld", text: "dlm_join_lockspace no fence domain"))
                consequences.append(
                    .log(
                        node: node.name, daemon: "dlm_controld",
                        text: "process_uevent online@ error -1 errno 2"))
                consequences.append(
                    .log(node: node.name, daemon: "rgmanager", text: "Locks not working!"))
                continue
            }
            if fenced.isMember, fenced.victims.isEmpty { nodes[index].rgmanager?.hasLocks = true }
        }
    }
}
