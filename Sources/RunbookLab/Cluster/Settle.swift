/// What a step of time brought about, for the actor that owns the files of the nodes.
enum Consequence: Equatable, Sendable {
    /// A line for a log file of a node, without date and daemon.
    case log(node: String, daemon: String, text: String)
    /// What the node shows as /etc/pve is another tree now, or may be written, or not any more.
    case view(node: String)
}

/// Delays of the daemons, in lab time.
enum LabDelay {
    /// A new corosync hears the others after this.
    static let membership = Duration.seconds(2)
    /// qdiskd is initialised ~9 s after its start, is master ~6 s later, and its votes come after that
    /// (observed with interval 1, tko 10).
    static let diskInitialised = Duration.seconds(9)
    static let diskMaster = Duration.seconds(15)
    static let diskVotes = Duration.seconds(1)
    /// pmxcfs takes writes ~1.5 s after cman has quorum (observed).
    static let writable = Duration.milliseconds(1500)
    static let fenceJoin = Duration.seconds(2)
    static let postJoin = Duration.seconds(6)
    static let lockSpace = Duration.seconds(1)
    static let proxyWorker = Duration.seconds(5)
}

extension ClusterState {
    /// Brings the state to `now`: who hears whom, the disk's votes, quorum, the fence domain, rgmanager.
    /// Pure but for its own value; the same state and time give the same result.
    mutating func settle(now: Duration, unixTime: Int) -> [Consequence] {
        var consequences: [Consequence] = []
        settleMembership(now: now, unixTime: unixTime)
        settleQuorumDisk(now: now, unixTime: unixTime, &consequences)
        settleQuorum(now: now, &consequences)
        settleFencing(now: now, &consequences)
        settleResourceManagers(now: now, &consequences)
        for index in nodes.indices where nodes[index].tree == .awaiting {
            let node = nodes[index]
            guard node.pmxcfs != nil,
                nodes.contains(where: { $0.tree == .shared && hear(node, $0, now: now) })
            else { continue }
            nodes[index].tree = .shared
            consequences.append(.view(node: node.name))
        }
        for index in nodes.indices {
            let writable = mayWrite(nodes[index], now: now)
            if writable != nodes[index].isWritable {
                nodes[index].isWritable = writable
                consequences.append(.view(node: nodes[index].name))
            }
        }
        return consequences
    }

    // MARK: membership

    /// Whether the corosyncs of two nodes hear each other: same cluster, same key, a transport that both
    /// speak and the network carries, addresses that lead to the other, and each in the other's file.
    func hear(_ left: NodeState, _ right: NodeState, now: Duration) -> Bool {
        guard let one = left.corosync, let two = right.corosync, left.isUp, right.isUp,
            now >= one.startedAt + LabDelay.membership, now >= two.startedAt + LabDelay.membership,
            network.unplugged.isDisjoint(with: [left.name, right.name]),
            one.config.name == two.config.name, one.key == two.key, one.transport == two.transport,
            one.config.node(named: right.name)?.id == two.nodeID,
            two.config.node(named: left.name)?.id == one.nodeID
        else { return false }
        switch one.transport {
        case "udpu":
            return one.addresses[right.name] == right.address && two.addresses[left.name] == left.address
        case "udpb":
            return true
        default:
            return !network.dropsMulticast
        }
    }

    private mutating func settleMembership(now: Duration, unixTime: Int) {
        for index in nodes.indices {
            guard var corosync = nodes[index].corosync else { continue }
            corosync.noteSelf(unixTime: unixTime)
            for other in nodes where other.name != nodes[index].name {
                guard let id = corosync.config.node(named: other.name)?.id else { continue }
                if hear(nodes[index], other, now: now) {
                    guard corosync.members[id]?.isMember != true else {
                        corosync.members[id]?.silentSince = nil
                        continue
                    }
                    corosync.generation += 4
                    corosync.members[id] = Corosync.Member(
                        isMember: true, incarnation: corosync.generation, joinedAt: unixTime)
                    corosync.expected = max(corosync.expected, other.corosync?.expected ?? 0)
                } else if corosync.members[id]?.isMember == true {
                    corosync.missed(id, now: now)
                }
            }
            nodes[index].corosync = corosync
        }
        spreadExpectedVotes(now: now)
    }

    /// Members announce what they expect; the highest counts.
    private mutating func spreadExpectedVotes(now: Duration) {
        for index in nodes.indices {
            for other in nodes where other.name != nodes[index].name {
                guard let theirs = other.corosync?.expected, let mine = nodes[index].corosync?.expected,
                    theirs > mine, hear(nodes[index], other, now: now)
                else { continue }
                nodes[index].corosync?.expected = theirs
            }
        }
    }

    /// The nodes that are members in the eyes of one node, itself among them.
    func members(of node: NodeState) -> [ClusterConfig.Node] {
        guard let corosync = node.corosync else { return [] }
        return corosync.config.nodes.filter { corosync.members[$0.id]?.isMember == true }
    }

    // MARK: quorum disk and quorum

    private mutating func settleQuorumDisk(
        now: Duration, unixTime: Int, _ consequences: inout [Consequence]
    ) {
        for index in nodes.indices {
            guard var daemon = nodes[index].qdiskd, nodes[index].corosync != nil else {
                nodes[index].qdiskd = nil
                nodes[index].corosync?.diskSince = nil
                continue
            }
            let name = nodes[index].name
            let isReadable = sees(nodes[index], daemon.region)
            daemon.lostSince = isReadable ? nil : daemon.lostSince ?? now
            let age = now - daemon.startedAt
            let hasMaster = nodes.contains { $0.name != name && $0.qdiskd?.isMaster == true }
            if isReadable, !hasMaster, !daemon.isMaster, age >= LabDelay.diskMaster {
                daemon.isMaster = true
                consequences.append(.log(node: name, daemon: "qdiskd", text: "Assuming master role"))
            }
            let isReady =
                age >= LabDelay.diskInitialised + LabDelay.diskVotes && (hasMaster || daemon.isMaster)
                && age >= (daemon.isMaster && !hasMaster ? LabDelay.diskMaster + LabDelay.diskVotes : .zero)
            let isDead = daemon.lostSince.map { now - $0 >= .seconds(daemon.interval * daemon.tko) } ?? false
            nodes[index].qdiskd = daemon
            if isReady, !isDead, isReadable, nodes[index].corosync?.diskSince == nil {
                nodes[index].corosync?.diskSince = unixTime
                consequences.append(.log(node: name, daemon: "qdiskd", text: "Initialization complete"))
                consequences.append(.log(node: name, daemon: "corosync", text: "quorum device registered"))
            } else if isDead, nodes[index].corosync?.diskSince != nil {
                nodes[index].corosync?.diskSince = nil
                nodes[index].qdiskd?.isMaster = false
                consequences.append(
                    .log(node: name, daemon: "corosync", text: "lost contact with quorum device"))
            }
        }
    }

    /// The votes as one node counts them; nil while its cman does not run.
    func votes(of node: NodeState) -> Votes? {
        guard let corosync = node.corosync else { return nil }
        return Votes(
            members: members(of: node).map(\.votes),
            disk: corosync.diskSince == nil ? nil : node.qdiskd?.votes,
            expected: corosync.expected,
            isTwoNode: corosync.config.isTwoNode && corosync.config.nodes.count <= 2)
    }

    private mutating func settleQuorum(now: Duration, _ consequences: inout [Consequence]) {
        for index in nodes.indices {
            guard let corosync = nodes[index].corosync, let votes = votes(of: nodes[index]) else { continue }
            let isQuorate = votes.isQuorate && now >= corosync.startedAt + LabDelay.membership
            guard isQuorate != corosync.isQuorate else { continue }
            nodes[index].corosync?.isQuorate = isQuorate
            nodes[index].corosync?.quorateSince = isQuorate ? now : nil
            consequences.append(
                .log(
                    node: nodes[index].name, daemon: "corosync",
                    text: isQuorate ? "quorum regained, resuming activity" : "quorum lost, blocking activity")
            )
        }
    }

    /// Local mode: always. In a cluster: with cman and quorum, and after pmxcfs has noticed.
    private func mayWrite(_ node: NodeState, now: Duration) -> Bool {
        guard node.isUp, let pmxcfs = node.pmxcfs else { return false }
        guard pmxcfs.isClustered else { return true }
        guard let corosync = node.corosync, corosync.isQuorate, let since = corosync.quorateSince else {
            return false
        }
        return now >= since + LabDelay.writable
    }
}

extension Corosync {
    mutating func noteSelf(unixTime: Int) {
        guard members[nodeID] == nil else { return }
        members[nodeID] = Member(isMember: true, incarnation: generation, joinedAt: unixTime)
    }

    /// A member that is not heard stays one until the token is given up.
    mutating func missed(_ id: Int, now: Duration) {
        let since = members[id]?.silentSince ?? now
        members[id]?.silentSince = since
        if now - since >= token {
            members[id]?.isMember = false
            members[id]?.leftInOrder = false
            members[id]?.silentSince = nil
            generation += 4
        }
    }
}
