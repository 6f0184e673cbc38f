import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads of every step what others refer to: its id, its hosts, the names of its outputs.
extension RunbookLoader {
    func readSketches(_ node: YAMLNode?) {
        guard let nodes = node?.sequence else { return }
        if nodes.isEmpty, let node {
            problems.add(.error("empty-list", "a runbook has one step at least", at: node.span))
        }
        for node in nodes {
            let fields = Fields(node, as: .step, problems)
            var sketch = self.sketch(fields, inside: nil)
            resolveHosts(of: &sketch)
            guard !fields.isGiven("for_each") else {
                addOneForEach(sketch)
                continue
            }
            if let path = fields["use"] { sketch.used = used(path, by: sketch) }
            declarations.steps.append(sketch)
            for inner in fields["steps"]?.sequence ?? [] {
                declarations.steps.append(innerSketch(inner, of: sketch))
            }
            for inner in sketch.used?.declarations.steps ?? [] {
                var inner = inner
                inner.number = declarations.steps.count
                declarations.steps.append(inner)
            }
        }
        reportDuplicates()
    }

    private func innerSketch(_ node: YAMLNode, of block: StepSketch) -> StepSketch {
        let fields = Fields(node, as: .step, problems)
        for key in fields.given(among: ["use", "for_each"]) {
            problems.add(
                .error("key-not-here", "`\(key)` cannot stand inside a block", at: fields.span(ofKey: key))
                    .hint("make it a step of its own"))
        }
        var sketch = self.sketch(fields, inside: block.id)
        sketch.takePlace(of: block)
        for key in fields.given(among: ["host", "hosts", "order"]) {
            problems.add(
                .error("key-not-here", "`\(key)` cannot stand inside a block", at: fields.span(ofKey: key))
                    .hint(
                        "the block says where its steps are done: all of them on one host, then on the next"))
        }
        return sketch
    }

    func sketch(_ fields: Fields, inside block: StepID?) -> StepSketch {
        // A step without a usable id is read as well; nothing can refer to it.
        let name = fields.text("id") ?? "\u{FFFD}\(declarations.steps.count)"
        let id = block.map { StepID("\($0)/\(name)") } ?? StepID(name)
        let number = declarations.steps.count
        var sketch = StepSketch(id: id, block: block, number: number, fields: fields)
        for entry in fields["outputs"]?.mapping ?? [] {
            guard ScalarCheck.isInputName(entry.name) else {
                problems.add(
                    .error("bad-name", "`\(entry.name)` is not a name for an output", at: entry.key.span)
                        .hint("it is made of `a`–`z`, `0`–`9`, `-` and `_`, and begins with a letter"))
                continue
            }
            let kind: ValueKind =
                switch entry.value["type"]?.text {
                case "integer": .number
                case "boolean": .flag
                default: .text
                }
            sketch.outputs.append((entry.name, kind))
        }
        if fields.isGiven("fetch") { sketch.outputs += [("file", .text), ("sha256", .text)] }
        if fields.isGiven("ask") { sketch.outputs.append(("answer", .text)) }
        return sketch
    }

    func reportDuplicates() {
        var first: [StepID: StepSketch] = [:]
        for sketch in declarations.steps where sketch.fields["id"] != nil {
            if let earlier = first[sketch.id] {
                let here = sketch.fields["id"]?.span ?? sketch.fields.start
                problems.add(
                    .error(
                        "duplicate-step", "two steps are called `\(sketch.id)`", at: here, "used again here"
                    )
                    .also(earlier.fields["id"]?.span ?? earlier.fields.start, "first used here")
                    .hint("an id names one step for good: choose another for the new one"))
            } else {
                first[sketch.id] = sketch
            }
        }
    }

    // MARK: - Where a step runs

    private func resolveHosts(of sketch: inout StepSketch) {
        let fields = sketch.fields
        if fields.isGiven("host"), fields.isGiven("hosts") {
            problems.add(
                .error(
                    "two-places", "`host` and `hosts` cannot stand together", at: fields.span(ofKey: "hosts")
                )
                .also(fields.span(ofKey: "host"), "the other one")
                .hint("keep one of them"))
        }
        if let node = fields["host"] {
            sketch.hosts = stepHost(node).map { [$0] } ?? []
            sketch.group = declarations.group(of: sketch.hosts)
        } else if let node = fields["hosts"] {
            (sketch.hosts, sketch.group) = hostList(node)
        } else if let node = fields["trust"]?["peers"] {
            (sketch.hosts, sketch.group) = hostList(node)
        } else if !fields.isGiven("host"), !fields.isGiven("hosts"), declarations.hosts.count == 1 {
            sketch.hosts = [declarations.hosts[0].id]
        }
        sketch.isPlaceUnknown = sketch.hosts.isEmpty && sketch.saysHosts
    }

    private func stepHost(_ node: YAMLNode) -> HostID? {
        let name = node.text ?? ""
        if name == "peer" || name == "peers" {
            problems.add(
                .error("no-peer", "a step cannot run on `\(name)`", at: node.span)
                    .hint("only a question can be asked there; name the host or the group"))
            return nil
        }
        if declarations.group(name) != nil {
            problems.add(
                .error("unknown-host", "`\(name)` is a group", at: node.span).hint("write `hosts: \(name)`"))
            return nil
        }
        return knownHost(node)
    }

    /// A group, a host, or a list of hosts; with the group that `peer` is taken from.
    func hostList(_ node: YAMLNode) -> (hosts: [HostID], group: [HostID]) {
        if let name = node.text, let group = declarations.group(name) {
            return (group.members, group.members)
        }
        var hosts: [HostID] = []
        for element in node.elements {
            let name = element.text ?? ""
            if node.sequence != nil, declarations.group(name) != nil {
                problems.add(
                    .error(
                        "unknown-host", "`\(name)` is a group and cannot stand in a list", at: element.span
                    )
                    .hint("write `hosts: \(name)`, or name the hosts"))
            } else if node.sequence == nil, declarations.host(HostID(name)) == nil {
                let names = declarations.groups.map(\.name) + declarations.hosts.map(\.id.rawValue)
                problems.add(unknownName("host", name, among: names, at: element.span))
            } else if let id = knownHost(element) {
                if hosts.contains(id) {
                    problems.add(.error("duplicate-member", "`\(id)` is named twice", at: element.span))
                } else {
                    hosts.append(id)
                }
            }
        }
        return (hosts, declarations.group(of: hosts))
    }

    /// The peers that a text on these hosts can speak of.
    func peers(of hosts: [HostID], in group: [HostID]) -> ReferenceContext.Peers {
        switch group.count {
        case 0: .none(reason: "its hosts are in no group, or in several")
        case 2: .hosts(hosts.flatMap { host in group.filter { $0 != host } })
        default: .none(reason: "the group has \(counted(group.count, "member"))")
        }
    }
}
