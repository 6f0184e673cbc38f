package import RunbookDiagnostics
import RunbookText
import RunbookYAML

/// A lab as NAME.lab.yaml beside a runbook describes it: the nodes, and the runbook's values there.
package struct LabDescription: Sendable, Equatable {
    package struct Closing: Sendable, Equatable {
        package var node: String
        package var command: String
    }

    var name: String
    var profile: LabProfile
    var inputs: [(name: String, value: String)] = []
    var roles: [LabSite.Role] = []
    /// Commands whose output is shown at the end of a rehearsal.
    package var closing: [Closing] = []

    package static func == (left: LabDescription, right: LabDescription) -> Bool {
        left.name == right.name && left.profile == right.profile && left.roles == right.roles
            && left.closing == right.closing && left.inputs.elementsEqual(right.inputs, by: ==)
    }

    /// Nodes and addresses, for the sandboxes and the network.
    package var layout: LabLayout {
        LabLayout(
            domain: profile.domain,
            nodes: profile.nodes.map { LabLayout.Node(name: $0.name, address: $0.address) },
            nasAddress: profile.nas.address)
    }

    /// The text of the site file of a rehearsal.
    package func siteFile(_ site: LabSite) -> String {
        site.yaml(
            runbook: name, inputs: inputs.map { (name: $0.name, yaml: jsonQuoted($0.value)) }, roles: roles)
    }

    /// Reads a description; nil when something in it is wrong.
    package static func load(_ source: SourceText) -> (LabDescription?, [Diagnostic]) {
        let (tree, problems) = parseYAML(source)
        guard let tree else { return (nil, problems) }
        var reader = LabReader(source: source)
        let description = reader.description(tree)
        let all = problems + reader.problems
        return (Diagnostics(all).hasErrors ? nil : description, all)
    }
}

/// Reads the parts; what is wrong is collected, and the next part is still looked at.
private struct LabReader {
    let source: SourceText
    var problems: [Diagnostic] = []

    init(source: SourceText) { self.source = source }

    private static let keys = [
        "lab", "product", "domain", "clock", "nodes", "nas", "inputs", "hosts", "show",
    ]

    mutating func description(_ tree: YAMLNode) -> LabDescription? {
        allow(Self.keys, in: tree)
        if let product = tree["product"], product.text != "pve-3.4" {
            report("lab-product", "this version emulates only pve-3.4", at: product)
        }
        var profile = LabProfile.pve34TwoNodes
        profile.domain = text("domain", in: tree) ?? profile.domain
        profile.clockFactor = tree["clock"] == nil ? profile.clockFactor : number("clock", in: tree)
        profile.nodes = nodes(tree)
        profile.nas = nas(tree)
        guard let name = text("lab", in: tree) else { return nil }
        var description = LabDescription(name: name, profile: profile)
        for entry in tree["inputs"]?.mapping ?? [] {
            description.inputs.append((name: entry.name, value: entry.value.text ?? ""))
        }
        description.roles = roles(tree, among: profile.nodes.map(\.name))
        description.closing = closing(tree, among: profile.nodes.map(\.name))
        return description
    }

    private mutating func nodes(_ tree: YAMLNode) -> [LabProfile.Node] {
        guard let entries = tree["nodes"]?.mapping, !entries.isEmpty else {
            report("lab-nodes", "`nodes` must name at least one node", at: tree["nodes"] ?? tree)
            return []
        }
        return entries.map { entry in
            allow(["address", "initiator"], in: entry.value)
            return LabProfile.Node(
                name: entry.name, address: text("address", in: entry.value) ?? "",
                initiatorName: text("initiator", in: entry.value) ?? "")
        }
    }

    private mutating func nas(_ tree: YAMLNode) -> LabProfile.NAS {
        guard let nas = tree["nas"] else {
            report("lab-nas", "`nas` is missing", at: tree)
            return LabProfile.pve34TwoNodes.nas
        }
        allow(["address", "port", "iqn", "lun", "size", "wwid"], in: nas)
        return LabProfile.NAS(
            address: text("address", in: nas) ?? "", port: Int(number("port", in: nas)),
            iqn: text("iqn", in: nas) ?? "", lun: Int(number("lun", in: nas)),
            sizeInBytes: Int(number("size", in: nas)), wwid: text("wwid", in: nas) ?? "")
    }

    private mutating func roles(_ tree: YAMLNode, among nodes: [String]) -> [LabSite.Role] {
        var roles: [LabSite.Role] = []
        for entry in tree["hosts"]?.mapping ?? [] {
            guard let plays = text("plays", in: entry.value) else { continue }
            if !nodes.contains(plays), let node = entry.value["plays"] {
                report("lab-node", "there is no node `\(visible(plays))` in this lab", at: node)
            }
            let attributes = (entry.value.mapping ?? []).filter { $0.name != "plays" }
                .map { (name: $0.name, value: $0.value.text ?? "") }
            roles.append(LabSite.Role(host: entry.name, node: plays, attributes: attributes))
        }
        return roles
    }

    private mutating func closing(_ tree: YAMLNode, among nodes: [String]) -> [LabDescription.Closing] {
        (tree["show"]?.sequence ?? []).compactMap { item in
            allow(["node", "run"], in: item)
            guard let node = text("node", in: item), let command = text("run", in: item) else { return nil }
            if !nodes.contains(node) {
                report("lab-node", "there is no node `\(visible(node))` in this lab", at: item)
            }
            return LabDescription.Closing(node: node, command: command)
        }
    }

    // MARK: - Small tools

    private mutating func text(_ key: String, in node: YAMLNode) -> String? {
        guard let value = node[key], let text = value.text, !value.isMissing else {
            report("lab-missing", "`\(key)` must be given here, as a text", at: node[key] ?? node)
            return nil
        }
        return text
    }

    private mutating func number(_ key: String, in node: YAMLNode) -> Double {
        guard let text = text(key, in: node) else { return 0 }
        guard let number = Double(text), number.isFinite, number >= 0, number < 1e15 else {
            report("lab-number", "`\(key)` must be a number", at: node[key] ?? node)
            return 0
        }
        return number
    }

    private mutating func allow(_ keys: [String], in node: YAMLNode) {
        for entry in node.mapping ?? [] where !keys.contains(entry.name) {
            var problem = Diagnostic.error(
                "lab-key", "`\(visible(entry.name))` is not a key of a lab here", at: entry.key.span, "unknown")
            if let near = closest(to: entry.name, among: keys) {
                problem = problem.hint("did you mean `\(near)`?", replacing: entry.key.span, with: near)
            }
            problems.append(problem)
        }
    }

    private mutating func report(_ id: DiagnosticID, _ headline: String, at node: YAMLNode) {
        problems.append(.error(id, headline, at: node.span, ""))
    }
}
