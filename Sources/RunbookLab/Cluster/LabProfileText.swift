import RunbookDiagnostics
import RunbookYAML

extension LabProfile {
    /// The nodes and addresses, for those who build the sandboxes and the network.
    package var layout: LabLayout {
        LabLayout(
            domain: domain, nodes: nodes.map { LabLayout.Node(name: $0.name, address: $0.address) },
            nasAddress: nas.address)
    }

    /// The profile as a YAML file that `init(text:)` reads again.
    package var yaml: String {
        var lines = [
            "# A practice cluster: Proxmox VE 3.4 nodes (cman, rgmanager, quorum disk) and a NAS.",
            "lab: proxmox-ve-3.4", "domain: \(quoted(domain))",
            "clock: \(clockFactor)                # lab seconds in one real second",
            "manager: \(quoted(managerVersion))", "kernel: \(quoted(kernelRelease))", "nodes:",
        ]
        for node in nodes {
            lines += [
                "  - name: \(quoted(node.name))", "    address: \(quoted(node.address))",
                "    initiator: \(quoted(node.initiatorName))",
            ]
        }
        lines += [
            "nas:", "  address: \(quoted(nas.address))", "  port: \(nas.port)", "  iqn: \(quoted(nas.iqn))",
            "  lun: \(nas.lun)", "  size: \(nas.sizeInBytes)          # bytes",
            "  wwid: \(quoted(nas.wwid))",
        ]
        lines.append(guests.isEmpty ? "guests: []" : "guests:")
        for guest in guests {
            lines += [
                "  - id: \(guest.id)", "    node: \(quoted(guest.node))", "    name: \(quoted(guest.name))",
                "    running: \(guest.isRunning)",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func quoted(_ text: String) -> String { yamlSingleQuoted(text) }

    /// Reads a profile. Every key has the value of `pve34TwoNodes` when it is not there, but a list that is
    /// there replaces the whole list. Throws a `LabFailure` that names the line.
    package init(text: String) throws(LabFailure) {
        try self.init(tree: Self.tree(text))
    }

    init(tree: YAMLNode) throws(LabFailure) { self = try ProfileReader(tree).profile() }

    static func failure(_ text: String, _ span: SourceSpan) -> LabFailure {
        ProfileReader.failure(text, span)
    }

    /// The text's tree, which is a map.
    static func tree(_ text: String) throws(LabFailure) -> YAMLNode {
        let (tree, problems) = parseYAML(SourceText(name: "lab profile", text))
        if let problem = problems.first(where: { $0.severity == .error }) {
            throw ProfileReader.failure(problem.headline, problem.primary.span)
        }
        guard let tree, tree.mapping != nil else {
            throw LabFailure(.cannotStart, "the lab profile is no YAML map")
        }
        return tree
    }
}

/// Takes a profile out of its tree; what it does not know is an error.
private struct ProfileReader {
    private let root: YAMLNode

    init(_ root: YAMLNode) { self.root = root }

    static func failure(_ text: String, _ span: SourceSpan) -> LabFailure {
        LabFailure(.cannotStart, "lab profile, line \(span.start.line): \(text)")
    }

    func profile() throws(LabFailure) -> LabProfile {
        let isPlain = root["lab"]?.text == "plain"
        guard isPlain || root["lab"]?.text == "proxmox-ve-3.4" else {
            throw Self.failure("`lab:` must be `proxmox-ve-3.4` or `plain`", root.span)
        }
        let common = ["lab", "domain", "clock", "nodes"]
        let product = isPlain ? [] : ["manager", "kernel", "nas", "guests"]
        try know(root, Set(common + product + LabDescription.ownKeys))
        var profile = LabProfile.pve34TwoNodes
        if isPlain {
            guard root["nodes"] != nil else { throw Self.failure("`nodes:` is missing", root.span) }
            (profile.isPlain, profile.clockFactor) = (true, 1)
        }
        profile.domain = root["domain"]?.text ?? profile.domain
        profile.managerVersion = root["manager"]?.text ?? profile.managerVersion
        profile.kernelRelease = root["kernel"]?.text ?? profile.kernelRelease
        if let clock = root["clock"] {
            guard let factor = clock.text.flatMap({ Double($0) }), factor > 0 else {
                throw Self.failure("`clock:` must be a number above 0", clock.span)
            }
            profile.clockFactor = factor
        }
        if let nodes = root["nodes"] { profile.nodes = try list(nodes, node) }
        if let nas = root["nas"] { profile.nas = try storage(nas, profile.nas) }
        if let guests = root["guests"] { profile.guests = try list(guests, guest) }
        for guest in profile.guests where !profile.nodes.contains(where: { $0.name == guest.node }) {
            throw Self.failure("guest \(guest.id) is on a node that is not there", root.span)
        }
        return profile
    }

    private func know(_ node: YAMLNode, _ keys: Set<String>) throws(LabFailure) {
        guard let entries = node.mapping else { throw Self.failure("a map is expected here", node.span) }
        for entry in entries where !keys.contains(entry.name) {
            throw Self.failure("`\(entry.name)` is not known here", entry.span)
        }
    }

    private func list<Element>(
        _ node: YAMLNode, _ read: (YAMLNode) throws(LabFailure) -> Element
    ) throws(LabFailure) -> [Element] {
        guard let nodes = node.sequence else { throw Self.failure("a list is expected here", node.span) }
        var elements: [Element] = []
        for node in nodes { elements.append(try read(node)) }
        return elements
    }

    private func text(_ node: YAMLNode, _ key: String) throws(LabFailure) -> String {
        guard let text = node[key]?.text, !text.isEmpty else {
            throw Self.failure("`\(key):` is missing", node.span)
        }
        return text
    }

    private func number(_ node: YAMLNode, _ key: String, _ standard: Int?) throws(LabFailure) -> Int {
        guard let value = node[key] else {
            guard let standard else { throw Self.failure("`\(key):` is missing", node.span) }
            return standard
        }
        guard let number = value.text.flatMap({ Int($0) }), number >= 0 else {
            throw Self.failure("`\(key):` must be a whole number", value.span)
        }
        return number
    }

    private func node(_ node: YAMLNode) throws(LabFailure) -> LabProfile.Node {
        try know(node, ["name", "address", "initiator"])
        let name = try text(node, "name")
        return LabProfile.Node(
            name: name, address: try text(node, "address"),
            initiatorName: node["initiator"]?.text ?? "iqn.1993-08.org.debian:01:\(name)")
    }

    private func guest(_ node: YAMLNode) throws(LabFailure) -> LabProfile.Guest {
        try know(node, ["id", "node", "name", "running"])
        let id = try number(node, "id", nil)
        return LabProfile.Guest(
            id: id, node: try text(node, "node"), name: node["name"]?.text ?? "vm\(id)",
            isRunning: node["running"]?.text == "true")
    }

    private func storage(
        _ node: YAMLNode, _ standard: LabProfile.NAS
    ) throws(LabFailure) -> LabProfile.NAS {
        try know(node, ["address", "port", "iqn", "lun", "size", "wwid"])
        return LabProfile.NAS(
            address: node["address"]?.text ?? standard.address, port: try number(node, "port", standard.port),
            iqn: node["iqn"]?.text ?? standard.iqn, lun: try number(node, "lun", standard.lun),
            sizeInBytes: try number(node, "size", standard.sizeInBytes),
            wwid: node["wwid"]?.text ?? standard.wwid)
    }
}
