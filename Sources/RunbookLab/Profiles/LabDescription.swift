import RunbookDiagnostics
import RunbookText
import RunbookYAML

/// A lab as NAME.lab.yaml beside a runbook describes it: the nodes, and the runbook's values there.
///
/// Beside the keys of a profile it has `for` (the runbook), `inputs` and `hosts` (its site file in a rehearsal;
/// each host says with `plays` which node it is), `first` (a runbook beside this one that the nodes have behind
/// them when they are up) and `show` (commands whose output ends a rehearsal).
package struct LabDescription: Sendable {
    package struct Closing: Sendable, Equatable {
        package var node: String
        package var command: String
    }

    var runbook: String
    var profile: LabProfile
    var inputs: [(name: String, value: String)] = []
    var roles: [LabSite.Role] = []
    /// The file of the runbook that is run on the nodes first, beside this description.
    package var first: String?
    package var closing: [Closing] = []

    static let ownKeys = ["for", "inputs", "hosts", "first", "show"]

    /// Nodes and addresses, for the sandboxes and the network.
    package var layout: LabLayout { profile.layout }

    /// The text of the site file of a rehearsal.
    package func siteFile(_ site: LabSite) -> String {
        site.yaml(
            runbook: runbook, inputs: inputs.map { (name: $0.name, yaml: jsonQuoted($0.value)) },
            roles: roles,
            clockFactor: Int(profile.clockFactor)
        )
    }

    /// Reads a description; the failure names the line.
    package init(text: String) throws(LabFailure) {
        let tree = try LabProfile.tree(text)
        profile = try LabProfile(tree: tree)
        guard let runbook = tree["for"]?.text else {
            throw LabProfile.failure("`for:` must name the runbook", tree.span)
        }
        self.runbook = runbook
        for entry in tree["inputs"]?.mapping ?? [] {
            inputs.append((name: entry.name, value: entry.value.text ?? ""))
        }
        for entry in tree["hosts"]?.mapping ?? [] { roles.append(try role(entry)) }
        if let first = tree["first"] {
            guard let name = first.text, name.hasSuffix(".yaml"), !name.contains("/") else {
                throw LabProfile.failure("`first:` names a runbook in the same folder", first.span)
            }
            self.first = name
        }
        for item in tree["show"]?.sequence ?? [] { closing.append(try closing(item)) }
    }

    private func role(_ entry: YAMLEntry) throws(LabFailure) -> LabSite.Role {
        let node = try self.node(entry.value["plays"] ?? entry.value)
        let attributes = (entry.value.mapping ?? []).filter { $0.name != "plays" }
            .map { (name: $0.name, value: $0.value.text ?? "") }
        return LabSite.Role(host: entry.name, node: node, attributes: attributes)
    }

    private func closing(_ item: YAMLNode) throws(LabFailure) -> Closing {
        guard let command = item["run"]?.text else {
            throw LabProfile.failure("`run:` is missing", item.span)
        }
        return Closing(node: try node(item["node"] ?? item), command: command)
    }

    /// The name of a node of this lab.
    private func node(_ value: YAMLNode) throws(LabFailure) -> String {
        guard let name = value.text, profile.nodes.contains(where: { $0.name == name }) else {
            let names = englishList(profile.nodes.map(\.name), "or")
            throw LabProfile.failure("a node of this lab must be named: \(names)", value.span)
        }
        return name
    }
}
