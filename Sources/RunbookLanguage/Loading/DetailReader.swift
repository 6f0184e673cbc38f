import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads outputs, hints and undo.
extension RunbookLoader {
    func readOutputs(_ node: YAMLNode?, _ context: ReferenceContext) -> [Output] {
        (node?.mapping ?? []).compactMap { entry in readOutput(entry, context) }
    }

    private func readOutput(_ entry: YAMLEntry, _ context: ReferenceContext) -> Output? {
        let fields = Fields(entry.value, as: .output, problems)
        let sources = fields.given(among: ["run", "from"])
        guard sources.count == 1 else {
            problems.add(
                .error(
                    sources.isEmpty ? "missing-key" : "two-sources",
                    "an output has either `run` or `from: stdout`", at: entry.key.span))
            return nil
        }
        var output = Output(name: entry.name, source: .stdout)
        if let run = fields["run"] {
            output.source = .command(script(run, shell: fields.text("shell"), context))
        }
        output.regex = fields["regex"].map { template($0, as: .pattern, context) }
        output.line = fields.integer("line")
        output.json = fields.text("json")
        if let json = fields["json"], let path = json.text, !isMemberPath(path) {
            problems.add(
                .error("bad-value", "this is not a member of JSON text", at: json.span)
                    .hint("write `.a.b[0]`, or `.` for the whole"))
        }
        let parts = fields.given(among: ["regex", "line", "json"])
        if parts.count > 1 {
            problems.add(
                .error(
                    "two-sources", "`\(parts[0])` and `\(parts[1])` cannot stand together",
                    at: fields.span(ofKey: parts[1])
                )
                .also(fields.span(ofKey: parts[0]), "the other one"))
        }
        if let secret = fields["secret"], secret.text == "true" {
            problems.add(
                .error(
                    "secret-place", "an output cannot be a secret: the journal keeps it for the next process",
                    at: secret.span
                )
                .hint(
                    "leave it in a file on its host that later steps read, or bring that file here with `fetch`"
                )
                .hint("or make it an input with `secret: true`, whose source the site file names"))
        }
        switch fields.text("type") {
        case "integer": output.type = .integer
        case "boolean": output.type = .boolean
        default: output.type = .string
        }
        return output
    }

    /// `.`, or names and indices: `.a.b[0]`.
    private func isMemberPath(_ path: String) -> Bool {
        guard
            let regex = try? ExtendedRegex(
                #"\.|\.(\[[0-9]+\])+|(\.(\[[0-9]+\])+)?(\.[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]+\])*)+"#
            )
        else { return false }
        return regex.matchesWhole(path)
    }

    func readHints(_ node: YAMLNode?, _ context: ReferenceContext) -> [Hint] {
        (node?.sequence ?? []).compactMap { node in
            let fields = Fields(node, as: .hint, problems)
            guard !fields.given(among: ["output", "exit", "timeout", "run"]).isEmpty else {
                problems.add(
                    .error("missing-key", "this hint fits no failure", at: fields.start)
                        .hint("add `output`, `exit`, `timeout` or `run`: when it is shown"))
                return nil
            }
            guard let say = fields["say"] else { return nil }
            var hint = Hint(say: template(say, context))
            hint.output = fields["output"].map { template($0, as: .pattern, context) }
            hint.exit = fields.statuses("exit") ?? []
            hint.onTimeout = fields.flag("timeout") ?? false
            if let run = fields["run"] {
                var question = CommandQuestion(script: script(run, shell: nil, context))
                question.match = templates(fields["match"], as: .pattern, context)
                hint.question = question
            } else if fields.isGiven("match") {
                problems.add(
                    .error("key-not-here", "`match` goes with `run`", at: fields.span(ofKey: "match"))
                        .hint("a pattern on the output of the step is called `output`"))
            }
            return hint
        }
    }

    /// `reconnect 60s`. It needs an undo that a host can run by itself.
    func readGuard(_ fields: Fields, of step: Step) -> Duration? {
        guard let node = fields["guard"], let text = node.text else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 2, words[0] == "reconnect", let time = DurationText.parse(String(words[1])),
            time >= .seconds(1)
        else {
            problems.add(
                .error("bad-value", "this is no guard", at: node.span)
                    .hint("write `reconnect 60s`: how long the host waits for a new connection"))
            return nil
        }
        let isCommand =
            switch step.action {
            case .run, .argv, .script: true
            default: false
            }
        if case .steps(let parts) = step.undo, parts.allSatisfy({ $0.host == nil }), isCommand { return time }
        problems.add(
            .error(
                "bad-value", "a guard needs a command, and an `undo` that its host can run by itself",
                at: node.span
            )
            .hint("add `undo: { run: … }` that takes the change back on the step's own host"))
        return nil
    }

    func readUndo(_ fields: Fields, _ context: ReferenceContext, _ sketch: StepSketch) -> Undo? {
        guard let node = fields["undo"] else { return nil }
        if node.scalar != nil {
            if fields.given(among: ["edit", "copy", "trust"]).isEmpty {
                problems.add(
                    .error(
                        "bad-value", "only `edit`, `copy` and `trust` can be undone automatically",
                        at: node.span
                    )
                    .hint("write `undo: { run: … }` or `undo: { manual: … }`"))
            }
            return .automatic
        }
        var steps: [UndoStep] = []
        for element in node.elements {
            let fields = Fields(element, as: .undo, problems)
            let given = fields.given(among: ["run", "manual"])
            guard given.count == 1 else {
                problems.add(
                    .error("missing-key", "an undo has either `run` or `manual`", at: fields.start))
                continue
            }
            if let manual = fields["manual"] {
                for key in fields.given(among: ["host", "verify"]) {
                    problems.add(
                        .error("key-not-here", "`\(key)` goes with `run`", at: fields.span(ofKey: key)))
                }
                guard node.sequence == nil else {
                    problems.add(
                        .error(
                            "key-not-here", "`manual` cannot stand in a list",
                            at: fields.span(ofKey: "manual")
                        )
                        .hint("write one `undo: { manual: … }` that tells all of it"))
                    continue
                }
                return .manual(template(manual, context))
            }
            if let step = undoStep(fields, context, sketch) { steps.append(step) }
        }
        return steps.isEmpty ? nil : .steps(steps)
    }

    private func undoStep(_ fields: Fields, _ context: ReferenceContext, _ sketch: StepSketch) -> UndoStep? {
        guard let run = fields["run"] else { return nil }
        var place = QuestionPlace(context: context, group: sketch.peerGroup)
        var host: HostID?
        if let node = fields["host"] {
            host = knownHost(node)
            if let host { place.context = self.context(for: .host(host), place) }
        }
        var step = UndoStep(script: script(run, shell: nil, place.context))
        step.host = host
        step.verify = readQuestions(fields["verify"], place)
        return step
    }
}
