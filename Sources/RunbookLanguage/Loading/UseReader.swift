import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads `use`: another runbook, with one host, becomes a block on the hosts of the step that uses it.
extension RunbookLoader {
    /// What the used runbook declares; its steps are read with `usedSteps`. nil when it is not there or not read.
    func used(_ node: YAMLNode, by sketch: StepSketch) -> RunbookLoader? {
        guard let path = ownFile(node), let files else { return nil }
        let source: SourceText
        switch files(path) {
        case .success(let text): source = text
        case .failure(let failure):
            problems.add(.error("unreadable-file", failure.message, at: node.span))
            return nil
        }
        let (root, syntax) = parseYAML(source)
        problems.add(contentsOf: syntax)
        guard let root, root.mapping != nil else { return nil }
        let used = RunbookLoader(problems, files: files)
        used.folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        used.declare(Fields(root, as: .runbook, problems), for: sketch, of: self)
        used.readArguments(sketch, at: node, context(sketch))
        used.defaults = defaults
        used.readDefaults(used.usedFields?["defaults"])
        return used
    }

    private func declare(_ fields: Fields, for sketch: StepSketch, of outer: RunbookLoader) {
        usedFields = fields
        declarations.inputs = readInputs(fields["inputs"], reserved: [])
        for input in declarations.inputs where input.isSecret {
            problems.add(
                .error("secret-place", "a used runbook takes no secret", at: fields.span(ofKey: "inputs"))
                    .hint("write its steps into the runbook that uses it"))
        }
        declarations.hosts = outer.declarations.hosts
        declarations.groups = outer.declarations.groups
        declarations.unnamedHosts = outer.declarations.unnamedHosts
        for entry in fields["env"]?.mapping ?? [] where isVariable(entry) {
            declarations.environment.append(entry.name)
        }
        declarations.checks = fields["checks"]?.mapping ?? []
        let role = readRole(fields, for: sketch)
        for node in fields["steps"]?.sequence ?? [] { addStep(node, of: sketch, role: role) }
        reportDuplicates()
    }

    /// The name of its one host, which stands for each host of the step; what it asks of it must be there.
    private func readRole(_ fields: Fields, for sketch: StepSketch) -> String? {
        let hosts = fields["hosts"]?.mapping ?? []
        guard hosts.count == 1, !fields.isGiven("groups") else {
            problems.add(
                .error(
                    "used-hosts", "a used runbook has one host, and no groups",
                    at: fields.span(ofKey: hosts.count == 1 ? "groups" : "hosts")
                )
                .hint("its host stands for each host of the step that uses it"))
            return nil
        }
        let asked = readInputs(hosts[0].value["inputs"], reserved: Self.reservedAttributes)
        for host in sketch.hosts {
            let has = declarations.host(host)?.inputs.map(\.name) ?? []
            for input in asked where !has.contains(input.name) && !input.isOptional {
                problems.add(
                    .error(
                        "used-hosts",
                        "host `\(host)` has no `\(input.name)`, which the used runbook asks for",
                        at: sketch.fields.span(ofKey: "use")
                    )
                    .hint("declare it in the `inputs` of the host or its group"))
            }
        }
        return hosts[0].name
    }

    private func addStep(_ node: YAMLNode, of block: StepSketch, role: String?) {
        let fields = Fields(node, as: .step, problems)
        for key in fields.given(among: ["hosts", "order", "steps", "use", "for_each", "trust"]) {
            problems.add(
                .error("key-not-here", "`\(key)` cannot stand in a used runbook", at: fields.span(ofKey: key))
                    .hint("all its steps are done on one host, then on the next"))
        }
        if let host = fields["host"], host.text != role {
            problems.add(.error("unknown-host", "the one host is `\(role ?? "")`", at: host.span))
        }
        var sketch = self.sketch(fields, inside: block.id)
        sketch.takePlace(of: block)
        declarations.steps.append(sketch)
    }

    // MARK: - Inputs

    private func readArguments(_ sketch: StepSketch, at use: YAMLNode, _ context: ReferenceContext) {
        let given = sketch.fields["with"]?.mapping ?? []
        for entry in given where declarations.input(entry.name) == nil {
            problems.add(
                unknownName(
                    "input", entry.name, among: declarations.inputs.map(\.name), at: entry.key.span))
        }
        for input in declarations.inputs {
            if let entry = given.first(where: { $0.name == input.name }) {
                declarations.arguments[input.name] = argument(entry.value, for: input, context)
            } else if let value = input.defaultValue ?? (input.isOptional ? .missing : nil) {
                declarations.arguments[input.name] = (
                    .literal(value), input.isOptional ? nil : input.type.kind
                )
            } else {
                problems.add(
                    .error(
                        "missing-input", "the used runbook's input `\(input.name)` has no value",
                        at: sketch.fields.span(ofKey: "with")
                    )
                    .hint("add `\(input.name)` under `with:`"))
            }
        }
    }

    /// A value that is known now, or one `${{ }}`.
    private func argument(
        _ node: YAMLNode, for input: Input, _ context: ReferenceContext
    ) -> (expression: Expression, kind: ValueKind?)? {
        guard let text = node.text else { return nil }
        let template = template(node, context)
        if template.literal != nil {
            switch InputValues.read(text, for: input) {
            case .success(let value): return (.literal(value), input.type.kind)
            case .failure(let refusal): problems.add(InputValues.diagnostic(refusal, at: node.span))
            }
            return nil
        }
        guard template.parts.count == 1, let expression = template.expressions.first,
            !expression.references.contains(where: { if case .environment = $0 { true } else { false } })
        else {
            problems.add(
                .error("bad-value", "what an input is given is one value", at: node.span)
                    .hint("a text, or one `${{ }}` of an input, a host's value or an output"))
            return nil
        }
        if input.type == .duration, !Self.isSureDuration(expression, context) {
            problems.add(
                .error("wrong-type", "`\(input.name)` is a duration, and this may be none", at: node.span)
                    .hint("give it an input that is declared as `{ type: duration }`"))
            return nil
        }
        return (expression, input.type.kind)
    }

    // MARK: - Steps

    /// The steps as those of the block.
    func usedSteps(in outer: Step) -> [Step] {
        guard let fields = usedFields else { return [] }
        var block = outer
        let context = ReferenceContext(declarations: declarations, hosts: outer.hosts)
        block.environment += readEnvironment(fields["env"], context)
        readUnusedChecks()
        let hints = readHints(
            fields["hints"],
            ReferenceContext(declarations: declarations, environment: declarations.environment))
        return declarations.steps.flatMap { readStep($0, in: block) }.map { step in
            var step = step
            step.hints += hints
            // The place that a person knows.
            step.line = outer.line
            return step
        }
    }
}
