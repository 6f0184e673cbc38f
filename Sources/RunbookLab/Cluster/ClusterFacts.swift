/// What the cluster is, in words that do not change from one run to the next: no times, no process numbers,
/// no generations.
extension ClusterModel {
    package func facts() async -> [String: String] {
        await refresh()
        var facts: [String: String] = [:]
        for node in state.nodes { add(node, to: &facts) }
        facts["nas: partitions"] = (state.storage.table ?? [])
            .map { "\($0.number) at \($0.startSector), \($0.sectors) sectors" }.joined(separator: "; ")
        facts["nas: quorum disks"] = state.storage.headers
            .map { "\($0.key): \($0.value.label)" }.sorted().joined(separator: "; ")
        facts["guests that run"] = state.runningGuests.sorted().map(String.init).joined(separator: " ")
        return facts
    }

    private func add(_ node: NodeState, to facts: inout [String: String]) {
        func set(_ name: String, _ value: String) { facts["\(node.name): \(name)"] = value }
        set("power", node.isUp ? "on" : "off")
        set("tree of /etc/pve", "\(node.tree)")
        set("pmxcfs", node.pmxcfs.map { $0.isClustered ? "clustered" : "alone" } ?? "stopped")
        set("/etc/pve", node.isWritable ? "writable" : "read-only")
        set("cman", node.corosync.map(words) ?? "stopped")
        set("qdiskd", node.qdiskd.map { "on \($0.region), votes \($0.votes)" } ?? "stopped")
        set("fence domain", node.fenced.map(words) ?? "no fenced")
        set("rgmanager", node.rgmanager.map { $0.hasLocks ? "runs" : "has no lock space" } ?? "stopped")
        set("web UI", node.proxy.map { $0.servesTLS ? "answers" : "has no certificate" } ?? "stopped")
        set("iSCSI", node.iscsi.sessions.map(\.iqn).joined(separator: " "))
        set("partitions seen", node.iscsi.kernelTable.map { String($0.number) }.joined(separator: " "))
    }

    private func words(_ corosync: Corosync) -> String {
        let members = corosync.members.filter(\.value.isMember).keys.sorted().map(String.init)
        return "\(corosync.transport), members \(members.joined(separator: " ")), "
            + "expected \(corosync.expected), \(corosync.isQuorate ? "quorate" : "not quorate"), "
            + "disk \(corosync.diskSince == nil ? "silent" : "votes")"
    }

    private func words(_ fenced: FenceDaemon) -> String {
        let victims = fenced.victims.sorted().map(String.init)
        let domain =
            switch fenced.domain {
            case .out: "out"
            case .joining: "joining"
            case .member: "member"
            }
        return victims.isEmpty ? domain : "\(domain), victims \(victims.joined(separator: " "))"
    }
}
