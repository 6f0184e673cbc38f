import RunbookLab
import RunbookLanguage
import RunbookModel
import RunbookText

/// Plain practice nodes for a runbook that has no lab of its own: a node for each of its hosts, and values that
/// fit their types.
struct PlainLab {
    private let runbook: Runbook
    /// Where a lab of its own would be described.
    private let descriptionPath: String

    init(_ runbook: Runbook, descriptionPath: String) {
        self.runbook = runbook
        self.descriptionPath = descriptionPath
    }

    private static let nas = "192.168.0.20"

    /// The text of a `NAME.lab.yaml`; fails where a value cannot be made up.
    func description() throws(LabFailure) -> String {
        guard runbook.hosts.count <= 9 else {
            throw LabFailure(
                .cannotStart, "there are plain nodes for at most 9 hosts: describe the lab there")
        }
        var lines = [
            "# Plain practice nodes: nothing of a product is on them. As \(RunbookPaths.stem(of: descriptionPath)).yaml",
            "# beside the runbook this can be given other values.",
            "lab: plain", "for: \(runbook.name)", "nodes:",
        ]
        for index in runbook.hosts.indices {
            lines.append("  - { name: \(nodeName(index)), address: \(Self.address(index)) }")
        }
        let inputs = try values(of: nil, 0)
        lines += inputs.isEmpty ? [] : ["inputs:"] + inputs.map { "  \($0)" }
        lines.append("hosts:")
        for (index, host) in runbook.hosts.enumerated() {
            lines += ["  \(host.id.rawValue):", "    plays: \(nodeName(index))"]
            lines += try values(of: host.id, index).map { "    \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a host is called by itself: as the runbook calls it, where that can be a host name.
    private func nodeName(_ index: Int) -> String {
        let id = runbook.hosts[index].id.rawValue
        return id.utf8.count <= 15 && !id.hasSuffix("-") && !id.contains("_") ? id : "node\(index + 1)"
    }

    private static func address(_ index: Int) -> String { "192.168.0.\(11 + index)" }

    /// `name: "value"` of all that must be said.
    private func values(of host: HostID?, _ index: Int) throws(LabFailure) -> [String] {
        let declared = host == nil ? runbook.inputs : runbook.hosts[index].inputs
        var lines: [String] = []
        for question in runbook.siteQuestions where question.host == host && question.isNeeded {
            guard let input = declared.first(where: { $0.name == question.name }) else { continue }
            let value = host == nil ? Self.value(input.type) : hostValue(input.type, index)
            guard question.objection(to: value) == nil else {
                throw LabFailure(
                    .cannotStart,
                    "there is no lab for this runbook, and no value can be made up for `\(question.path)`"
                        + (input.pattern.map { ", which must match \($0)" } ?? "")
                        + ": describe the lab there")
            }
            lines.append("\(input.name): \(jsonQuoted(value))")
        }
        return lines
    }

    private func hostValue(_ type: InputType, _ index: Int) -> String {
        switch type {
        case .hostname: nodeName(index)
        case .ipv4: Self.address(index)
        default: Self.value(type)
        }
    }

    private static func value(_ type: InputType) -> String {
        switch type {
        case .string, .hostname: "practice"
        case .integer: "1"
        case .boolean: "true"
        case .ipv4: nas
        case .path: "/srv/practice"
        case .choice(let words): words.first ?? ""
        case .duration: "10s"
        }
    }
}
