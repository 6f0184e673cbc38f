/// pvecm of pve-cluster 3.0 (data/PVE/pvecm). A perl die ends with errno or 255; the lab uses 255 unless
/// the page of observed facts has a number.
extension ClusterModel {
    /// What a pvecm command line holds: plain words and options, `-votes 1` or `--votes 1`.
    struct Options {
        var words: [String] = []
        var values: [String: String] = [:]

        /// Nil for an option that is not known. Those in `flags` may stand without a value.
        init?(_ arguments: some Sequence<String>, known: Set<String>, flags: Set<String> = []) {
            var rest = Array(arguments)[...]
            while let word = rest.popFirst() {
                guard word.hasPrefix("-"), word.count > 1 else {
                    words.append(word)
                    continue
                }
                let name = String(word.drop { $0 == "-" })
                guard known.contains(name) else { return nil }
                if let value = rest.first, !value.hasPrefix("-"), !flags.contains(name) || value.count == 1 {
                    values[name] = value
                    rest.removeFirst()
                } else {
                    guard flags.contains(name) else { return nil }
                    values[name] = "1"
                }
            }
        }
    }

    private static let commands = [
        "add", "addnode", "create", "delnode", "expected", "help", "keygen", "nodes", "status", "updatecerts",
    ]

    func pvecm(_ caller: Caller) async throws -> Int32 {
        guard let word = caller.arguments.first else {
            throw CommandExit(
                255, "ERROR: no command specified\nUSAGE: pvecm <COMMAND> [ARGS] [OPTIONS]")
        }
        try checkOwnName(caller.node)
        let matches = Self.commands.filter { $0.hasPrefix(word) }
        guard let command = matches.first(where: { $0 == word }) ?? (matches.count == 1 ? matches.first : nil)
        else { throw CommandExit(255, "ERROR: unknown command '\(word)'") }
        guard state[caller.node].pmxcfs != nil else {
            throw CommandExit(255, "pve configuration filesystem not mounted")
        }
        let arguments = Array(caller.arguments.dropFirst())
        switch command {
        case "create": return try await pvecmCreate(arguments, caller)
        case "add": return try await pvecmAdd(arguments, caller)
        case "addnode": return try await pvecmAddNode(arguments, caller)
        case "delnode": return try await pvecmDelNode(arguments, caller)
        case "updatecerts":
            guard let options = Options(arguments, known: ["force", "silent"], flags: ["force", "silent"]),
                options.words.isEmpty
            else { throw NotModelled() }
            try await updateCertificates(
                caller.node, isSilent: options.values["silent"] == "1",
                isForced: options.values["force"] == "1")
            return 0
        case "status":
            guard arguments.isEmpty else { throw Self.wrongNumber("pvecm status") }
            await caller.out(try cmanStatusText(caller.node))
            return 0
        case "nodes":
            guard arguments.isEmpty else { throw Self.wrongNumber("pvecm nodes") }
            await caller.out(try cmanNodesText(caller.node))
            return 0
        case "expected":
            guard arguments.count == 1 else { throw Self.wrongNumber("pvecm expected <expected>") }
            var call = caller.call
            call.arguments = ["expected", "-e", arguments[0]]
            return try await cmanTool(Caller(call))
        default: throw NotModelled()
        }
    }

    static func wrongNumber(_ usage: String) -> CommandExit {
        CommandExit(255, "400 wrong number of arguments\n\(usage)")
    }

    static func badParameter(_ field: String, _ reason: String, usage: String) -> CommandExit {
        CommandExit(255, "400 Parameter verification failed.\n\(field): \(reason)\n\(usage)")
    }

    static func isNodeName(_ name: String) -> Bool {
        guard let first = name.utf8.first, let last = name.utf8.last else { return false }
        let isAlphanumeric = { (byte: UInt8) in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    // MARK: create

    private func pvecmCreate(_ arguments: [String], _ caller: Caller) async throws -> Int32 {
        let usage = "pvecm create <clustername> [OPTIONS]"
        guard let options = Options(arguments, known: ["nodeid", "votes"]) else { throw NotModelled() }
        guard options.words.count == 1 else { throw Self.wrongNumber(usage) }
        let (node, name) = (caller.node, options.words[0])
        guard Self.isNodeName(name) else {
            throw Self.badParameter("clustername", "value does not look like a valid node name", usage: usage)
        }
        guard name.count <= 15 else {
            throw Self.badParameter("clustername", "value may only be 15 characters long", usage: usage)
        }
        let tree = treePath(node)
        guard text(node, tree + "/cluster.conf") == nil else {
            throw CommandExit(255, "cluster config '/etc/pve/cluster.conf' already exists")
        }
        await setUpRootKeys(node)
        try writeAuthenticationKey(node)
        let id = options.values["nodeid"] ?? "1"
        let votes = options.values["votes"] ?? "1"
        try control.write(
            node, tree + "/cluster.conf",
            text: """
                <?xml version="1.0"?>
                <cluster name="\(name)" config_version="1">

                  <cman keyfile="/var/lib/pve-cluster/corosync.authkey">
                  </cman>

                  <clusternodes>
                  <clusternode name="\(node)" votes="\(votes)" nodeid="\(id)"/>
                  </clusternodes>

                </cluster>

                """)
        effect("pvecm create", caller)
        try promoteTree(node)
        try await makeCertificates(node)
        mergeKnownHosts(node)
        let restarted = try await initScript("pve-cluster", ["restart"], caller)
        guard restarted == 0 else {
            throw CommandExit(255, "command '/etc/init.d/pve-cluster restart' failed: exit code \(restarted)")
        }
        // "cman returns strange values": pvecm looks at neither of the two.
        _ = try await startCman(caller)
        return 0
    }

    private func writeAuthenticationKey(_ node: String) throws {
        let path = "/var/lib/pve-cluster/corosync.authkey"
        guard !control.exists(node, path) else { return }
        var generator = SystemRandomNumberGenerator()
        let key = (0..<128).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try control.makeDirectory(node, "/var/lib/pve-cluster", mode: 0o755)
        try control.write(node, path, key, mode: 0o400)
    }

    // MARK: addnode, delnode

    private func pvecmAddNode(_ arguments: [String], _ caller: Caller) async throws -> Int32 {
        let usage = "pvecm addnode <node> [OPTIONS]"
        guard let options = Options(arguments, known: ["force", "nodeid", "votes"], flags: ["force"]) else {
            throw NotModelled()
        }
        guard options.words.count == 1 else { throw Self.wrongNumber(usage) }
        let (node, name) = (caller.node, options.words[0])
        guard Self.isNodeName(name) else {
            throw Self.badParameter("node", "value does not look like a valid node name", usage: usage)
        }
        try requireQuorum(node)
        let path = treePath(node) + "/cluster.conf"
        guard let text = text(node, path), let config = ClusterConfig(text) else {
            throw CommandExit(255, "unable to read cluster config '/etc/pve/cluster.conf'")
        }
        if config.node(named: name) != nil {
            await caller.line("node \(name) already defined")
            return options.values["force"] == "1" ? 0 : 255
        }
        let id = options.values["nodeid"].flatMap { Int($0) } ?? config.freeNodeID
        guard config.node(id: id) == nil else { throw CommandExit(255, "nodeid \(id) already in use") }
        for folder in ["qemu-server", "openvz", "priv"] {
            try control.makeDirectory(node, "\(treePath(node))/nodes/\(name)/\(folder)", mode: 0o755)
        }
        let votes = options.values["votes"] ?? "1"
        let line = "<clusternode name=\"\(name)\" votes=\"\(votes)\" nodeid=\"\(id)\"/>"
        try control.write(node, path + ".old", text: text)
        try control.write(node, path, text: config.adding(nodeElement: line))
        effect("pvecm addnode", caller)
        await followClusterFile(origin: node)
        return 0
    }

    private func pvecmDelNode(_ arguments: [String], _ caller: Caller) async throws -> Int32 {
        guard arguments.count == 1 else { throw Self.wrongNumber("pvecm delnode <node>") }
        let (node, name) = (caller.node, arguments[0])
        try requireQuorum(node)
        let path = treePath(node) + "/cluster.conf"
        guard let text = text(node, path), let config = ClusterConfig(text),
            let changed = config.removing(node: name)
        else { throw CommandExit(255, "ccs_tool: node \(name) does not exist in /etc/pve/cluster.conf") }
        try control.write(node, path + ".old", text: text)
        try control.write(node, path, text: changed)
        effect("pvecm delnode", caller)
        await followClusterFile(origin: node)
        return 0
    }

    func requireQuorum(_ node: String) throws(CommandExit) {
        guard state[node].isWritable else { throw CommandExit(255, "cluster not ready - no quorum?") }
    }
}

extension ClusterConfig {
    var freeNodeID: Int { (1...).first { id in !nodes.contains { $0.id == id } } ?? 1 }

    /// The text with one more node element, as ccs_tool writes it, and the next version.
    func adding(nodeElement: String) -> String {
        let changed = bumped()
        guard let end = changed.range(of: "</clusternodes>") else { return changed }
        var start = end.lowerBound
        while start > changed.startIndex, changed[changed.index(before: start)].isWhitespace {
            start = changed.index(before: start)
        }
        return changed[..<start] + "\n  " + nodeElement + changed[end.lowerBound...]
    }

    /// The text without a node element, and with the next version; nil when it is not there.
    func removing(node name: String) -> String? {
        guard node(named: name) != nil else { return nil }
        let changed = bumped()
        var search = changed.startIndex..<changed.endIndex
        while let start = changed[search].range(of: "<clusternode ") {
            guard let close = changed[start.lowerBound...].firstIndex(of: ">") else { return nil }
            let tag = changed[start.lowerBound...close]
            search = changed.index(after: close)..<changed.endIndex
            guard tag.contains("name=\"\(name)\"") || tag.contains("name='\(name)'") else { continue }
            var end = changed.index(after: close)
            if !tag.hasSuffix("/>"), let closing = changed[end...].range(of: "</clusternode>") {
                end = closing.upperBound
            }
            var begin = start.lowerBound
            while begin > changed.startIndex, changed[changed.index(before: begin)].isWhitespace {
                begin = changed.index(before: begin)
            }
            return String(changed[..<begin] + changed[end...])
        }
        return nil
    }

    /// The text with the next config_version.
    func bumped() -> String { withVersion(version + 1) }

    /// The text with another config_version; the rest stays byte for byte.
    func withVersion(_ number: Int) -> String {
        guard let key = text.range(of: "config_version=") else { return text }
        let quote = text[key.upperBound]
        let start = text.index(after: key.upperBound)
        guard let end = text[start...].firstIndex(of: quote) else { return text }
        return text[..<start] + String(number) + text[end...]
    }
}

extension StringProtocol {
    /// The first place where another text stands in this one.
    func range(of other: String) -> Range<Index>? { ranges(of: other).first }
}
