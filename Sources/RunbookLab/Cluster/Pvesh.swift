/// pvesh on /cluster/ha of pve-manager 3.4 (PVE/API2/HAConfig.pm): "Activate" is a create on changes.
extension ClusterModel {
    func pvesh(_ caller: Caller) async throws -> Int32 {
        guard let action = caller.arguments.first else {
            throw CommandExit(255, "USAGE: pvesh <get|set|create|delete|ls|help> <path> [OPTIONS]")
        }
        guard ["get", "create", "set", "delete", "ls", "help"].contains(action) else {
            throw CommandExit(255, "ERROR: unknown command '\(action)'")
        }
        guard state[caller.node].pmxcfs != nil else {
            throw CommandExit(255, "pve configuration filesystem not mounted")
        }
        guard caller.arguments.count >= 2 else { throw NotModelled() }
        let path = caller.arguments[1].hasPrefix("/") ? caller.arguments[1] : "/" + caller.arguments[1]
        let options = Array(caller.arguments.dropFirst(2))
        let service = path.hasPrefix("/cluster/ha/groups/") ? String(path.dropFirst(19)) : nil
        switch (action, path) {
        case ("get", "/cluster/ha/changes"): try await showChanges(caller)
        case ("create", "/cluster/ha/changes"): try await activate(caller)
        case ("delete", "/cluster/ha/changes"): try await revert(caller)
        case ("get", "/cluster/ha/config"):
            await caller.error("200 OK")
            let root = try pendingConfig(caller.node).root
            await caller.line(Self.json(root, indent: 0))
        case ("get", "/cluster/ha/groups"):
            await caller.error("200 OK")
            let groups = managedServices(try pendingConfig(caller.node)).map { "   { \"id\" : \"\($0)\" }" }
            await caller.line(groups.isEmpty ? "[]" : "[\n\(groups.joined(separator: ",\n"))\n]")
        case ("create", "/cluster/ha/groups"): try await addService(options, caller)
        case ("delete", _) where service != nil: try await changeService(service ?? "", nil, caller)
        case ("set", _) where service != nil:
            try await changeService(service ?? "", Options(options, known: ["autostart"]), caller)
        case ("create", _) where path.hasPrefix("/cluster/ha"),
            ("set", _) where path.hasPrefix("/cluster/ha"):
            throw CommandExit(255, "no '\(action)' handler for '\(path)'")
        default: throw NotModelled()
        }
        return 0
    }

    private func pendingConfig(_ node: String) throws -> ClusterConfig {
        let tree = treePath(node)
        let text = text(node, tree + "/cluster.conf.new") ?? text(node, tree + "/cluster.conf") ?? ""
        guard let config = ClusterConfig(text) else {
            throw CommandExit(255, "unable to parse cluster config")
        }
        return config
    }

    private func managedServices(_ config: ClusterConfig) -> [String] {
        (config.root.child("rm")?.children ?? []).compactMap { element in
            switch element.name {
            case "pvevm": element["vmid"].map { "pvevm:\($0)" }
            case "service": element["name"].map { "service:\($0)" }
            default: nil
            }
        }
    }

    // MARK: changes

    private func showChanges(_ caller: Caller) async throws {
        let (node, tree) = (caller.node, treePath(caller.node))
        await caller.error("200 OK")
        guard let new = text(node, tree + "/cluster.conf.new").flatMap(ClusterConfig.init),
            let old = text(node, tree + "/cluster.conf").flatMap(ClusterConfig.init)
        else { return }
        let folder = "/tmp/.pvesh-\(state[node].makePID())"
        try control.makeDirectory(node, folder, mode: 0o700)
        try control.write(node, folder + "/old", text: Self.document(old.root))
        try control.write(node, folder + "/new", text: Self.document(new.root))
        let result = await control.run(
            node,
            [
                "diff", "-b", "-N", "-u", "--label", "/etc/pve/cluster.conf", "--label",
                "/etc/pve/cluster.conf.new", folder + "/old", folder + "/new",
            ])
        try control.remove(node, folder)
        await caller.call.writeOutput(result.output)
    }

    static func document(_ root: XMLElement) -> String { "<?xml version=\"1.0\"?>\n" + root.serialized() }

    /// Validates, asks for quorum, renames; pmxcfs does the rest. It does not compare versions.
    private func activate(_ caller: Caller) async throws {
        let (node, tree) = (caller.node, treePath(caller.node))
        guard let new = text(node, tree + "/cluster.conf.new"), validate(new).0 == 0 else {
            // Relax-NG errors go to standard output, of which the API shows nothing.
            throw CommandExit(255, "config validation failed: unknown error")
        }
        try requireQuorum(node)
        if let old = text(node, tree + "/cluster.conf") {
            try control.write(node, tree + "/cluster.conf.old", text: old)
            if state.faults.keepsVersion, let config = ClusterConfig(new) {
                let kept = config.withVersion(Self.version(of: old))
                try control.write(node, tree + "/cluster.conf.new", text: kept)
            }
        }
        try control.rename(node, tree + "/cluster.conf.new", to: tree + "/cluster.conf")
        effect("activate", caller)
        await followClusterFile(origin: node)
        await caller.error("200 OK")
    }

    private func revert(_ caller: Caller) async throws {
        let path = treePath(caller.node) + "/cluster.conf.new"
        guard control.exists(caller.node, path) else {
            throw CommandExit(2, "unlink failed - No such file or directory")
        }
        guard state[caller.node].isWritable else {
            throw CommandExit(13, "unlink failed - Permission denied")
        }
        try control.remove(caller.node, path)
        await caller.error("200 OK")
    }

    // MARK: groups

    private func addService(_ arguments: [String], _ caller: Caller) async throws {
        guard let options = Options(arguments, known: ["vmid", "autostart"]), options.words.isEmpty else {
            throw NotModelled()
        }
        guard let id = options.values["vmid"].flatMap({ Int($0) }) else {
            throw Self.badParameter(
                "vmid", "property is missing and it is not optional", usage: "pvesh create /cluster/ha/groups"
            )
        }
        try requireQuorum(caller.node)
        guard guests(seenBy: nil).contains(where: { $0.id == id }) else {
            throw CommandExit(255, "400 Parameter verification failed.\nvmid: no such vmid '\(id)'")
        }
        let config = try pendingConfig(caller.node)
        guard !managedServices(config).contains("pvevm:\(id)") else {
            throw CommandExit(255, "unable to create service 'pvevm:\(id)' - already exists")
        }
        var guest = XMLElement(name: "pvevm")
        guest["autostart"] = options.values["autostart"] ?? "1"
        guest["vmid"] = String(id)
        try await writePending(config, caller) { manager in manager.children.append(guest) }
    }

    /// Sets options of a service, or removes it when there are none.
    private func changeService(_ service: String, _ options: Options?, _ caller: Caller) async throws {
        try requireQuorum(caller.node)
        let config = try pendingConfig(caller.node)
        guard managedServices(config).contains(service), service.hasPrefix("pvevm:") else {
            throw CommandExit(255, "no such service '\(service)'")
        }
        let id = String(service.dropFirst(6))
        try await writePending(config, caller) { manager in
            guard let options else {
                manager.children.removeAll { $0.name == "pvevm" && $0["vmid"] == id }
                return
            }
            for index in manager.children.indices where manager.children[index]["vmid"] == id {
                manager.children[index]["autostart"] = options.values["autostart"] ?? "1"
            }
        }
    }

    private func writePending(
        _ config: ClusterConfig, _ caller: Caller, change: (inout XMLElement) -> Void
    ) async throws {
        var root = config.root
        if root.child("rm") == nil { root.children.append(XMLElement(name: "rm")) }
        for index in root.children.indices where root.children[index].name == "rm" {
            change(&root.children[index])
        }
        root["config_version"] = String(config.version + 1)
        try control.write(
            caller.node, treePath(caller.node) + "/cluster.conf.new", text: Self.document(root))
        await caller.error("200 OK")
    }

    private static func json(_ element: XMLElement, indent: Int) -> String {
        let pad = String(repeating: "   ", count: indent + 1)
        var fields = ["\"text\" : \"\(element.name)\""]
        fields += element.attributes.sorted { $0.name < $1.name }.map { "\"\($0.name)\" : \"\($0.value)\"" }
        if !element.children.isEmpty {
            let children = element.children.map { json($0, indent: indent + 1) }
            fields.append("\"children\" : [\n\(children.joined(separator: ",\n"))\n\(pad)]")
        }
        let outer = String(repeating: "   ", count: indent)
        return "\(outer){\n" + fields.map { pad + $0 }.joined(separator: ",\n") + "\n\(outer)}"
    }
}
