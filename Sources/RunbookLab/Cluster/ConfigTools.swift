/// ccs_config_validate and ccs_tool (config/tools of redhat-cluster 3.2.0).
extension ClusterModel {
    /// A path as the caller means it, from its own folder.
    func absolute(_ path: String, _ caller: Caller) -> String {
        path.hasPrefix("/") ? path : caller.call.currentDirectory + "/" + path
    }

    func ccsConfigValidate(_ caller: Caller) async throws -> Int32 {
        var (isVerbose, isQuiet) = (false, false)
        var file: String?
        var rest = caller.arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-v": isVerbose = true
            case "-q": isQuiet = true
            case "-f", "-l":
                guard let path = rest.popFirst() else {
                    throw CommandExit(255, "Error: option requires an argument")
                }
                file = absolute(path, caller)
            default: throw NotModelled()
            }
        }
        guard !(isVerbose && isQuiet) else {
            throw CommandExit(255, "Error: invalid options combination: -v and -q")
        }
        if isVerbose {
            let name = "tmp." + String(clock.unixTime * 7919 + state[caller.node].makePID(), radix: 36)
            await caller.line("Creating temporary file: /tmp/\(name)")
            await caller.line("Config interface set to:")
            await caller.line("Configuration stored in temporary file")
            await caller.line("Updating relaxng schema")
            await caller.line("Validating..")
        }
        let path = file ?? "/etc/cluster/cluster.conf"
        let text = text(caller.node, path)
        if text == nil { await caller.error("cp: cannot stat `\(path)': No such file or directory") }
        let (status, lines) = validate(text ?? "")
        if !isQuiet { for line in lines { await caller.line(line) } }
        if isVerbose { await caller.line("Validation completed") }
        return status
    }

    /// What the validator says of a text, and its exit status.
    func validate(_ text: String) -> (Int32, [String]) {
        do throws(XMLError) {
            let root = try XMLReader.parse(text)
            var problems = ClusterSchema.problems(in: root)
            if state.faults.inventsSchemaError {
                problems.append(
                    "tempfile:\(root.child("cman")?.line ?? 1): element cman: Relax-NG validity error : "
                        + "Invalid attribute foo for element cman")
            }
            return problems.isEmpty
                ? (0, ["Configuration validates"]) : (3, problems + ["Configuration fails to validate"])
        } catch {
            return (1, ["tempfile:\(error.line): parser error : \(error.text)"])
        }
    }

    func ccsTool(_ caller: Caller) async throws -> Int32 {
        let words = caller.arguments
        switch words.first {
        case "query":
            guard words.count == 2 else { throw NotModelled() }
            guard let corosync = state[caller.node].corosync else {
                throw CommandExit(1, "Unable to connect to ccs")
            }
            guard let value = corosync.config.query(words[1]),
                !(state.faults.ignoresResourceManager && words[1].hasPrefix("/cluster/rm"))
            else { throw CommandExit(1, "Query failed: Invalid argument") }
            await caller.line(value)
            return 0
        case "addnode", "delnode": return try await editNodes(caller)
        default: throw NotModelled()
        }
    }

    private func editNodes(_ caller: Caller) async throws -> Int32 {
        var file = "/etc/cluster/cluster.conf"
        var (votes, id): (String, Int?) = ("1", nil)
        var name: String?
        var rest = caller.arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "-c": file = absolute(rest.popFirst() ?? "", caller)
            case "-v": votes = rest.popFirst() ?? "1"
            case "-n": id = rest.popFirst().flatMap { Int($0) }
            case _ where word.hasPrefix("-"): throw NotModelled()
            default: name = word
            }
        }
        guard let name else { throw NotModelled() }
        guard let text = text(caller.node, file), let config = ClusterConfig(text) else {
            throw CommandExit(1, "Unable to open \(file)")
        }
        let isInPVE = file.hasPrefix("/etc/pve/")
        guard !isInPVE || state[caller.node].isWritable else {
            throw CommandExit(1, "Unable to open \(file): Permission denied")
        }
        let changed: String
        if caller.arguments[0] == "addnode" {
            guard config.node(named: name) == nil else {
                throw CommandExit(1, "ccs_tool: node \(name) already exists in \(file)")
            }
            let id = id ?? config.freeNodeID
            guard config.node(id: id) == nil else { throw CommandExit(1, "nodeid \(id) already in use") }
            changed = config.adding(
                nodeElement: "<clusternode name=\"\(name)\" votes=\"\(votes)\" nodeid=\"\(id)\"/>")
        } else {
            guard let without = config.removing(node: name) else {
                throw CommandExit(1, "ccs_tool: node \(name) does not exist in \(file)")
            }
            changed = without
        }
        try control.write(caller.node, file + ".old", text: text)
        try control.write(caller.node, file, text: changed)
        await followClusterFile(origin: caller.node)
        return 0
    }
}

/// The part of cluster.rng that the lab knows: elements, their attributes, what must be there.
enum ClusterSchema {
    private struct Rule {
        var attributes: Set<String>
        var required: Set<String> = []
        /// Nil: whatever stands below is not looked at (resources, fence agents).
        var children: Set<String>? = []
    }

    private static let rules: [String: Rule] = [
        "cluster": Rule(
            attributes: ["name", "config_version", "alias"], required: ["name", "config_version"],
            children: [
                "cman", "totem", "quorumd", "fence_daemon", "fence_xvmd", "dlm", "gfs_controld", "group",
                "logging", "clusternodes", "fencedevices", "rm", "uidgid",
            ]),
        "cman": Rule(
            attributes: [
                "two_node", "expected_votes", "upgrading", "disable_openais", "keyfile", "transport",
                "broadcast",
                "port", "cluster_id", "hash_cluster_id", "nodename", "quorum_dev_poll", "shutdown_timeout",
                "ccsd_poll", "debug_mask", "disallowed",
            ], children: ["multicast"]),
        "multicast": Rule(attributes: ["addr", "ttl"]),
        "totem": Rule(
            attributes: [
                "token", "consensus", "join", "secauth", "keyfile", "rrp_mode", "send_join", "window_size",
                "max_messages", "version", "fail_recv_const", "netmtu", "token_retransmits_before_loss_const",
            ], children: ["interface"]),
        "interface": Rule(
            attributes: ["ringnumber", "bindnetaddr", "mcastaddr", "mcastport", "ttl", "broadcast"],
            children: ["member"]),
        "member": Rule(attributes: ["memberaddr"]),
        "quorumd": Rule(
            attributes: [
                "interval", "tko", "tko_up", "upgrade_wait", "master_wait", "votes", "min_score", "reboot",
                "allow_kill", "paranoid", "io_timeout", "scheduler", "priority", "device", "label",
                "cman_label",
                "status_file", "max_error_cycles", "stop_cman", "master_wins", "use_uptime",
            ], children: ["heuristic"]),
        "heuristic": Rule(attributes: ["program", "score", "interval", "tko"], required: ["program"]),
        "fence_daemon": Rule(
            attributes: [
                "post_join_delay", "post_fail_delay", "override_path", "override_time", "clean_start",
                "skip_undefined",
            ]),
        "clusternodes": Rule(attributes: [], children: ["clusternode"]),
        "clusternode": Rule(
            attributes: ["name", "nodeid", "votes", "weight", "fence"], required: ["name", "nodeid"],
            children: nil),
        "logging": Rule(
            attributes: [
                "to_syslog", "to_logfile", "syslog_facility", "syslog_priority", "logfile_priority",
                "logfile",
                "debug",
            ], children: nil),
        "fencedevices": Rule(attributes: [], children: nil),
        "rm": Rule(
            attributes: [
                "log_level", "log_facility", "disabled", "central_processing", "status_child_max",
                "status_poll_interval", "transition_throttling",
            ], children: nil),
        "dlm": Rule(
            attributes: [
                "log_debug", "timewarn", "protocol", "enable_fencing", "enable_quorum", "plock_debug",
            ],
            children: nil),
    ]

    /// xmllint's lines for what does not fit.
    static func problems(in element: XMLElement) -> [String] {
        let start = "tempfile:\(element.line): element \(element.name): Relax-NG validity error : "
        guard let rule = rules[element.name] else { return [] }
        var problems: [String] = []
        for attribute in element.attributes where !rule.attributes.contains(attribute.name) {
            problems.append(start + "Invalid attribute \(attribute.name) for element \(element.name)")
        }
        for name in rule.required.sorted() where element[name] == nil {
            problems.append(start + "Element \(element.name) failed to validate attributes")
            break
        }
        if !valuesAreValid(element) {
            problems.append(start + "Element \(element.name) failed to validate attributes")
        }
        guard let children = rule.children else { return problems }
        for child in element.children {
            guard children.contains(child.name) else {
                problems.append(
                    "tempfile:\(child.line): element \(child.name): Relax-NG validity error : "
                        + "Element \(element.name) has extra content: \(child.name)")
                continue
            }
            problems += self.problems(in: child)
        }
        return problems
    }

    private static func valuesAreValid(_ element: XMLElement) -> Bool {
        let isPositive = { (name: String) in element[name].map { (Int($0) ?? 0) > 0 } ?? true }
        switch element.name {
        case "cluster": return isPositive("config_version")
        case "cman":
            return isPositive("expected_votes")
                && (element["transport"].map { ["udp", "udpb", "udpu", "rdma"].contains($0) } ?? true)
        case "clusternode": return isPositive("nodeid")
        case "totem": return isPositive("token")
        default: return true
        }
    }
}
