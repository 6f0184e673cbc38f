import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads `for_each`: one step for each of several things, written out when the runbook is read.
extension RunbookLoader {
    /// Adds a sketch for each item; what is wrong with the list is reported.
    func addOneForEach(_ sketch: StepSketch) {
        let fields = sketch.fields
        for key in fields.given(among: ["steps", "use", "trust"]) {
            problems.add(
                .error("key-not-here", "`\(key)` cannot stand beside `for_each`", at: fields.span(ofKey: key))
            )
            return
        }
        guard let node = fields["for_each"] else { return }
        let isForPeers = node.text == "peers"
        let items = isForPeers ? peers(sketch, node) : self.items(node)
        if items.isEmpty, node.text == nil {
            problems.add(.error("empty-list", "`for_each` has one item at least", at: node.span))
        }
        var seen: Set<String> = []
        for item in items {
            guard seen.insert(item.name).inserted else {
                problems.add(.error("duplicate-member", "`\(item.name)` is named twice", at: node.span))
                continue
            }
            var one = sketch
            one.id = StepID("\(sketch.id)/\(item.name)")
            one.number = declarations.steps.count
            one.item = item
            // Each of the hosts does it for the others.
            if isForPeers {
                one.hosts.removeAll { $0 == item.host }
                if one.hosts.isEmpty { continue }
            }
            declarations.steps.append(one)
        }
    }

    /// The other hosts of the step's group, seen from each of them.
    private func peers(_ sketch: StepSketch, _ node: YAMLNode) -> [StepItem] {
        guard sketch.group.count > 1 else {
            problems.add(
                .error(
                    "no-peer", "there are no `peers` here: the step's hosts are in no group, or in several",
                    at: node.span
                )
                .hint("write `hosts: GROUP`"))
            return []
        }
        return sketch.group.map { StepItem(name: $0.rawValue, value: $0.rawValue, host: $0) }
    }

    private func items(_ node: YAMLNode) -> [StepItem] {
        if let name = node.text {
            if let group = declarations.group(name) {
                return group.members.map { StepItem(name: $0.rawValue, value: $0.rawValue, host: $0) }
            }
            problems.add(
                .error("unknown-host", "there is no group `\(name)`", at: node.span)
                    .hint("write a list of names, or names with values: `{ a: 1, b: 2 }`"))
            return []
        }
        if let list = node.sequence {
            return list.compactMap(\.text).map { StepItem(name: $0, value: $0) }
        }
        return (node.mapping ?? []).compactMap { entry in
            guard let scalar = entry.key.scalar, let value = entry.value.text else { return nil }
            if let problem = ScalarCheck.name(scalar, "the name of this item") {
                problems.add(problem)
                return nil
            }
            return StepItem(name: entry.name, value: value)
        }
    }
}
