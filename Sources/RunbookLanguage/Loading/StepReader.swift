import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads the steps.
extension RunbookLoader {
    func readSteps(_ fields: Fields) -> [Step] {
        refuseSameFetches()
        return declarations.steps.filter { $0.block == nil }.flatMap { sketch in
            sketch.isBlock ? [readBlock(sketch)] : readStep(sketch, in: nil)
        }
    }

    /// What the texts of a step can name. Outputs of earlier steps only.
    func context(_ sketch: StepSketch) -> ReferenceContext {
        let isWrong = sketch.isPlaceUnknown
        var context = ReferenceContext(
            declarations: declarations, hosts: isWrong ? nil : sketch.hosts,
            peers: isWrong ? .any : peers(of: sketch.hosts, in: sketch.group),
            environment: declarations.environment, stepNumber: sketch.number, block: sketch.block)
        context.item = sketch.item
        return context
    }

    // MARK: - Blocks

    private static let blockKeys: Set<String> = [
        "id", "name", "why", "host", "hosts", "order", "batch", "max_unavailable", "if", "unless", "env",
        "tags", "was", "steps", "use",
        "with",
    ]

    /// All steps of a block are done on one host before the next host, or on several at a time. `if`, `unless` and `env` of the block
    /// hold for each of its steps.
    private func readBlock(_ sketch: StepSketch) -> Step {
        let fields = sketch.fields
        for key in fields.schema.keys
        where fields.isGiven(key.name) && !Self.blockKeys.contains(key.name) {
            problems.add(
                .error(
                    "key-not-here",
                    "`\(key.name)` cannot stand beside `\(fields.isGiven("use") ? "use" : "steps")`",
                    at: fields.span(ofKey: key.name)
                )
                .hint("give it to one of the steps of the block"))
        }
        var block = frame(sketch)
        let inner = declarations.steps.filter { $0.block == sketch.id }
        checkTurn(sketch)
        if inner.isEmpty, let node = fields["steps"] {
            problems.add(.error("empty-list", "a block has one step at least", at: node.span))
        }
        reportMissingHost(sketch)
        let place = QuestionPlace(context: context(sketch), group: sketch.peerGroup, isUnless: true)
        block.condition = fields["if"].flatMap { expression($0, context(sketch)) }
        block.environment = readEnvironment(fields["env"], context(sketch))
        block.unless = readQuestions(fields["unless"], place)
        if let used = sketch.used {
            block.steps = used.usedSteps(in: block)
            return block
        }
        for step in inner where !fields.isGiven("use") {
            if step.isBlock {
                problems.add(
                    .error(
                        "key-not-here", "a block cannot stand inside a block",
                        at: step.fields.span(ofKey: "steps")))
            } else {
                block.steps += readStep(step, in: block)
            }
        }
        return block
    }

    // MARK: - Steps

    /// The step; two for `trust`.
    func readStep(_ sketch: StepSketch, in block: Step?) -> [Step] {
        let fields = sketch.fields
        var context = context(sketch)
        context.environment += block?.environment.map(\.name) ?? []
        var step = frame(sketch)
        for entry in block?.environment ?? [] { context.note(entry) }
        step.environment = (block?.environment ?? []) + readEnvironment(fields["env"], context)
        context.environment += step.environment.map(\.name)
        for entry in step.environment { context.note(entry) }
        if let block, !sketch.saysHosts { step.maxUnavailable = block.maxUnavailable }
        step.condition = both(block?.condition, fields["if"].flatMap { expression($0, context) })
        readQuestions(of: &step, sketch, context, in: block)
        step.action = readAction(sketch, context)
        readDetails(of: &step, fields, context)
        step.outputs = readOutputs(fields["outputs"], context)
        step.hints = readHints(fields["hints"], context)
        step.undo = readUndo(fields, context, sketch)
        step.guardTime = readGuard(fields, of: step)
        if let service = fields["service"] { readService(into: &step, service) }
        if let wait = time(fields["wait"], context) { readWait(into: &step, wait) }
        checkRules(sketch)
        if case .trustFiles(let trust) = step.action {
            if block != nil {
                problems.add(
                    .error(
                        "key-not-here", "`trust` cannot stand inside a block", at: fields.span(ofKey: "trust")
                    )
                    .hint(
                        "it needs the keys of all hosts before it writes on the first: make it a step"
                    ))
            }
            return trustSteps(step, trust)
        }
        return [step]
    }

    private func both(_ first: Expression?, _ second: Expression?) -> Expression? {
        guard let first, let second else { return first ?? second }
        return .and(first, second)
    }

    /// What a step and a block have in common.
    private func frame(_ sketch: StepSketch) -> Step {
        let fields = sketch.fields
        var step = Step(id: sketch.id, name: fields.text("name") ?? sketch.id.rawValue)
        if let item = sketch.item, fields.isGiven("name") { step.name += " (\(item.name))" }
        step.why = fields.text("why")
        step.hosts = sketch.hosts
        step.group = sketch.group
        readTurn(into: &step, sketch)
        step.tags = fields.texts("tags")
        step.line = fields.start.start.line
        let suffix = sketch.item.map { "/\($0.name)" } ?? ""
        step.formerID = fields.text("was").map { StepID($0 + suffix) }
        return step
    }

    /// A block is done on one host after the other, and one host has no order.
    func defaultOrder(_ sketch: StepSketch) -> Step.Order {
        guard let order = defaults.order, sketch.hosts.count > 1, !sketch.isBlock, sketch.block == nil else {
            return .oneByOne
        }
        return order
    }

    private func readQuestions(
        of step: inout Step, _ sketch: StepSketch, _ context: ReferenceContext, in block: Step?
    ) {
        let fields = sketch.fields
        var place = QuestionPlace(context: context, group: context.hosts == nil ? nil : step.group)
        step.require = readQuestions(fields["require"], place)
        step.check = readQuestions(fields["check"], place)
        if let verify = fields["verify"] {
            if verify.mapping?.allSatisfy({ $0.name == "none" }) == true {
                step.unproven = Fields(verify, as: .noProof, problems).text("none")
            } else {
                step.verify = readQuestions(verify, place)
            }
        }
        readDuring(of: &step, fields, place)
        place.isUnless = true
        step.unless = readQuestions(fields["unless"], place)
        if let block, !block.unless.isEmpty {
            if fields.isGiven("unless") {
                problems.add(
                    .error(
                        "two-unless", "the block has an `unless` already", at: fields.span(ofKey: "unless")
                    )
                    .hint("give each step of the block its own, and the block none"))
            }
            step.unless = block.unless
        }
    }

    private func readDetails(of step: inout Step, _ fields: Fields, _ context: ReferenceContext) {
        step.stdin = fields["stdin"].map { template($0, context.takingSecrets) }
        if let user = fields["as"], let name = user.text {
            step.runAs = name
            if !InputValues.isUserName(name) {
                problems.add(.error("bad-value", "this is not the name of a user", at: user.span))
            }
        } else if !fields.given(among: Self.verbsOfUsers).isEmpty {
            step.runAs = defaults.runAs
        }
        step.okExit = fields.statuses("ok_exit") ?? [0]
        step.timeout = readTimeout(fields["timeout"], context)
        step.retry = readRetry(fields["retry"], context)
        step.irreversible = fields["irreversible"].map { template($0, context) }
        step.destroys = fields["destroys"].map { template($0, context) }
        step.interrupted = fields.text("interrupted").flatMap(Step.Interrupted.init) ?? .check
        step.connectionMayDrop = fields["connection"] != nil
        if let evidence = fields["on_failure"] {
            step.evidence = templates(Fields(evidence, as: .evidence, problems)["show"], as: .shell, context)
        }
    }

    func readTimeout(_ node: YAMLNode?, _ context: ReferenceContext) -> TimeLimit {
        var limit = TimeLimit(after: defaults.timeout.after, then: .stop)
        guard let node else { return defaults.timeout }
        guard node.mapping != nil else {
            limit.after = time(node, context) ?? limit.after
            return limit
        }
        let fields = Fields(node, as: .timeout, problems)
        limit.after = time(fields["after"], context) ?? limit.after
        limit.then = fields.text("then").flatMap(Timeout.Then.init) ?? .stop
        return limit
    }

    private func readRetry(_ node: YAMLNode?, _ context: ReferenceContext) -> Retry? {
        guard let node else { return nil }
        let fields = Fields(node, as: .retry, problems)
        guard let times = count(fields["times"], 2...100, context) else { return nil }
        return Retry(times: times, delay: time(fields["delay"], context) ?? .seconds(5))
    }

    /// `trust` is two steps: the key of every host must be there before the first host is told of them.
    private func trustSteps(_ step: Step, _ trust: TrustAction) -> [Step] {
        var keys = step
        keys.id = StepID("\(step.id)/keys")
        keys.name = "\(step.name): keys"
        keys.order = .together
        keys.action = .trustKeys(trust)
        (keys.check, keys.verify, keys.unproven) = ([], [], nil)
        (keys.outputs, keys.undo, keys.formerID) = ([], nil, step.formerID.map { StepID("\($0)/keys") })
        var files = step
        files.id = StepID("\(step.id)/files")
        files.order = .together
        files.formerID = step.formerID.map { StepID("\($0)/files") }
        // What must hold before anything is changed is asked before the first of the two.
        files.require = []
        (files.irreversible, files.destroys) = (nil, nil)
        return [keys, files]
    }
}
