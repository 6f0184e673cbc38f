/// A guest: its file's place in /etc/pve says on which node it is.
struct LabGuest: Equatable, Sendable {
    enum Kind: String, Sendable { case qemu, openvz }
    var id: Int
    var kind: Kind
    var node: String
    var name: String
    var isRunning: Bool
}

extension ClusterModel {
    /// The guests in the tree that a node has; with nil, those of every node's tree, each once.
    func guests(seenBy node: String?) -> [LabGuest] {
        if let node { return guests(inTreeOf: node) }
        var seen: Set<Int> = []
        return state.nodes.flatMap { $0.isUp ? guests(inTreeOf: $0.name) : [] }
            .filter { seen.insert($0.id).inserted }
    }

    private func guests(inTreeOf viewer: String) -> [LabGuest] {
        let root = treePath(viewer) + "/nodes"
        var found: [LabGuest] = []
        for node in (try? control.list(viewer, root)) ?? [] {
            for (folder, kind) in [("qemu-server", LabGuest.Kind.qemu), ("openvz", .openvz)] {
                for file in (try? control.list(viewer, "\(root)/\(node)/\(folder)")) ?? [] {
                    guard file.hasSuffix(".conf"), let id = Int(file.dropLast(5)) else { continue }
                    let lines = (text(viewer, "\(root)/\(node)/\(folder)/\(file)") ?? "").split(
                        separator: "\n")
                    let name = lines.first { $0.hasPrefix("name: ") }.map { String($0.dropFirst(6)) }
                    found.append(
                        LabGuest(
                            id: id, kind: kind, node: node, name: name ?? "VM\(id)",
                            isRunning: state.runningGuests.contains(id)))
                }
            }
        }
        return found.sorted { $0.id < $1.id }
    }

    /// Moves a guest's file to another node of the shared tree.
    func moveGuest(_ id: Int, to target: String) throws {
        guard let guest = guests(seenBy: nil).first(where: { $0.id == id }) else { return }
        let root = treePath(guest.node) + "/nodes"
        let folder = guest.kind == .qemu ? "qemu-server" : "openvz"
        try control.makeDirectory(target, "\(root)/\(target)/\(folder)", mode: 0o755)
        try control.rename(
            target, "\(root)/\(guest.node)/\(folder)/\(id).conf", to: "\(root)/\(target)/\(folder)/\(id).conf"
        )
    }

    func guestCommand(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        if caller.call.name == "vzlist" {
            guard Set(caller.arguments).isSubset(of: ["-a", "--all"]) else { throw NotModelled() }
            guard guests(seenBy: node).allSatisfy({ $0.kind != .openvz || $0.node != node }) else {
                throw NotModelled()
            }
            throw CommandExit(1, "Container(s) not found")
        }
        guard state[node].pmxcfs != nil else {
            throw CommandExit(255, "pve configuration filesystem not mounted")
        }
        switch caller.arguments.first {
        case "list": return await listGuests(caller)
        case "status":
            guard caller.arguments.count == 2, let id = Int(caller.arguments[1]) else { throw NotModelled() }
            let guest = try guest(id, on: node)
            await caller.line("status: \(guest.isRunning ? "running" : "stopped")")
            return 0
        case "migrate": return try await migrate(caller)
        default: throw NotModelled()
        }
    }

    private func guest(_ id: Int, on node: String) throws(CommandExit) -> LabGuest {
        guard
            let guest = guests(seenBy: node).first(where: {
                $0.id == id && $0.node == node && $0.kind == .qemu
            })
        else {
            throw CommandExit(2, "unable to find configuration file for VM \(id) - no such machine")
        }
        return guest
    }

    private func listGuests(_ caller: Caller) async -> Int32 {
        let found = guests(seenBy: caller.node).filter { $0.node == caller.node && $0.kind == .qemu }
        guard !found.isEmpty else { return 0 }
        await caller.line("      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID       ")
        for guest in found {
            await caller.line(
                "\(String(guest.id).leftPadded(to: 10)) \(guest.name.rightPadded(to: 20)) "
                    + "\((guest.isRunning ? "running" : "stopped").rightPadded(to: 10)) 512             "
                    + "    4.00 \((guest.isRunning ? String(3000 + guest.id) : "0").rightPadded(to: 10))")
        }
        return 0
    }

    /// Live migration of a guest on shared storage; of one under rgmanager through clusvcadm.
    private func migrate(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard
            let options = Options(
                caller.arguments.dropFirst(), known: ["online", "force"], flags: ["online"]),
            options.words.count == 2, let id = Int(options.words[0])
        else { throw NotModelled() }
        let target = options.words[1]
        guard target != node else { throw CommandExit(255, "target is local node.") }
        try requireQuorum(node)
        let guest = try guest(id, on: node)
        guard let config = state[node].corosync?.config, config.node(named: target) != nil else {
            throw CommandExit(255, "no such cluster node '\(target)'")
        }
        guard !guest.isRunning || options.values["online"] == "1" else {
            throw CommandExit(255, "cant migrate running VM without --online")
        }
        if config.root.child("rm")?.children(named: "pvevm").contains(where: { $0["vmid"] == String(id) })
            == true
        {
            await caller.line("Executing HA migrate for VM \(id) to node \(target)")
            var call = caller.call
            call.arguments = ["-M", "pvevm:\(id)", "-m", target]
            let status = try await clusvcadm(Caller(call))
            guard status == 0 else {
                throw CommandExit(
                    255, "command 'clusvcadm -M pvevm:\(id) -m \(target)' failed: exit code \(status)")
            }
            return 0
        }
        return try await moveOverSSH(guest, target, caller)
    }

    private func moveOverSSH(_ guest: LabGuest, _ target: String, _ caller: Caller) async throws -> Int32 {
        let log = { (text: String) async in
            await caller.line("\(LabDate(unixTime: self.clock.unixTime).syslog) \(text)")
        }
        let address = state.has(target) ? state[target].address : target
        await log("starting migration of VM \(guest.id) to node '\(target)' (\(address))")
        let answer = await control.run(
            caller.node, ["ssh", "-o", "BatchMode=yes", "root@\(address)", "/bin/true"])
        guard answer.status == 0 else {
            await log(
                "ERROR: migration aborted (duration 00:00:02): Can't connect to destination address using public key"
            )
            throw CommandExit(255, "migration aborted")
        }
        guard state[target].isWritable else {
            await log("ERROR: migration aborted (duration 00:00:01): no quorum on target node")
            throw CommandExit(255, "migration aborted")
        }
        await log("copying disk images")
        if guest.isRunning {
            await log("starting VM \(guest.id) on remote node '\(target)'")
            await log("starting ssh migration tunnel")
            await log("starting online/live migration on localhost:60000")
            await log("migrate_set_speed: 8589934592")
            try await wait(.seconds(10))
            await log("migration speed: 85.33 MB/s - downtime 12 ms")
            await log("migration status: completed")
        }
        try moveGuest(guest.id, to: target)
        effect("migrate \(guest.id)", caller)
        await log("migration finished successfuly (duration 00:00:12)")
        return 0
    }
}
