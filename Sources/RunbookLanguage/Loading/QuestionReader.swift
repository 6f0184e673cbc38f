import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Where questions stand: what their texts can name, and where they can be asked.
struct QuestionPlace {
    /// For the step's own hosts.
    var context: ReferenceContext
    /// The group of the step; nil: any (a named check that is not used by a step).
    var group: [HostID]?
    /// Only `unless` can ask for the check of another step.
    var isUnless = false
    /// What is asked while a command runs.
    var isDuring = false
}

extension RunbookLoader {
    /// The questions of `check`, `require`, `unless` or `verify`, named checks written out.
    func readQuestions(_ node: YAMLNode?, _ place: QuestionPlace, trail: [String] = []) -> [Question] {
        (node?.elements ?? []).flatMap { readQuestion($0, place, outer: nil, trail: trail) }
    }

    /// - Parameters:
    ///   - outer: where the question around this one is asked; it wins over the question's own place.
    ///   - trail: the named checks that lead here.
    private func readQuestion(
        _ node: YAMLNode, _ place: QuestionPlace, outer: Place?, trail: [String]
    ) -> [Question] {
        if node.scalar != nil {
            var question = Question(
                .command(CommandQuestion(script: script(node, shell: nil, context(for: outer, place)))))
            question.place = outer
            return [question]
        }
        let fields = Fields(node, as: .question, problems)
        guard let subject = theSubject(of: fields) else { return [] }
        let asked = outer ?? self.place(of: fields, place)
        var questions: [Question]
        switch subject {
        case "use": questions = used(fields, place, asked, trail)
        case "step": questions = checkOfStep(fields, place, asked, trail)
        case "not": questions = negated(fields, place, asked, trail)
        case "that": questions = expressionQuestion(fields, place)
        case "reconnect": questions = [Question(.reconnect)]
        default:
            questions = [Question(.command(command(fields, context(for: asked, place))))]
        }
        for index in questions.indices { override(&questions[index], fields, asked, place) }
        return questions
    }

    /// What is asked; exactly one of the subjects must be there.
    private func theSubject(of fields: Fields) -> String? {
        let subjects = ["run", "use", "that", "not", "step", "reconnect"]
        let given = fields.given(among: subjects)
        guard let subject = given.first else {
            if fields.hasUnknownKeys { return nil }
            problems.add(
                .error("no-question", "this question asks nothing", at: fields.start)
                    .hint("add `run:`, `use:`, `that:` or `not:`"))
            return nil
        }
        if let second = given.dropFirst().first {
            problems.add(
                .error(
                    "two-questions", "`\(subject)` and `\(second)` are two questions",
                    at: fields.span(ofKey: second)
                )
                .also(fields.span(ofKey: subject), "the other one")
                .hint("write a list of two questions"))
            return nil
        }
        if subject != "run" {
            for key in fields.given(among: ["shell", "match", "none", "no_exit"]) {
                problems.add(
                    .error("key-not-here", "`\(key)` goes with `run`", at: fields.span(ofKey: key))
                        .also(fields.span(ofKey: subject), "this question asks something else"))
            }
        }
        if subject == "reconnect", let node = fields["reconnect"], node.text == "false" {
            problems.add(.error("bad-value", "`reconnect` can only be `true`", at: node.span))
            return nil
        }
        return fields[subject] == nil ? nil : subject
    }

    private func override(
        _ question: inout Question, _ fields: Fields, _ asked: Place?, _ place: QuestionPlace
    ) {
        if let asked { question.place = asked }
        let here = context(for: question.place, place)
        if let within = time(fields["within"], here) { question.within = within }
        if let every = time(fields["every"], here) { question.every = every }
        if let hold = time(fields["hold"], here) { question.hold = hold }
        if let timeout = time(fields["timeout"], here) { question.timeout = timeout }
        if let grace = time(fields["grace"], here) { question.grace = grace }
        if fields.isGiven("grace"), !place.isDuring {
            problems.add(
                .error("key-not-here", "`grace` goes with `during`", at: fields.span(ofKey: "grace"))
                    .hint("`within` says how long to go on asking for a yes"))
        }
        if fields["otherwise"] != nil { question.onlyWarns = true }
        if let message = fields["message"] {
            question.message = template(message, context(for: question.place, place))
        }
    }

    // MARK: - Subjects

    func command(_ fields: Fields, _ context: ReferenceContext) -> CommandQuestion {
        var command = CommandQuestion(script: script(fields["run"], shell: fields.text("shell"), context))
        command.match = templates(fields["match"], as: .pattern, context)
        command.none = templates(fields["none"], as: .pattern, context)
        if let statuses = fields.statuses("no_exit") { command.noExit = statuses }
        if let scalar = fields["run"]?.scalar, scalar.text.hasPrefix("! ") {
            problems.add(
                ValueProblem("negated-command", "`!` makes a yes of a command that failed", at: 0..<1)
                    .hint("write `{ not: { run: … } }`: what cannot be told stays so"), in: scalar)
        }
        return command
    }

    func script(_ node: YAMLNode?, shell: String?, _ context: ReferenceContext) -> Script {
        let text = node.map { template($0, as: .shell, context) } ?? Template("")
        return Script(text, shell: shell.flatMap(Script.Shell.init) ?? .sh)
    }

    private func expressionQuestion(_ fields: Fields, _ place: QuestionPlace) -> [Question] {
        for key in fields.given(among: ["host", "hosts"]) {
            problems.add(
                .error(
                    "key-not-here", "`that` is answered without asking a host", at: fields.span(ofKey: key)
                )
                .hint("name the host in the expression: `hosts.HOST.NAME`"))
        }
        guard let node = fields["that"], let expression = expression(node, place.context) else { return [] }
        return [Question(.expression(expression))]
    }

    private func used(_ fields: Fields, _ place: QuestionPlace, _ asked: Place?, _ trail: [String])
        -> [Question]
    {
        guard let node = fields["use"], let name = node.text else { return [] }
        guard let entry = declarations.check(name) else {
            problems.add(unknownName("check", name, among: declarations.checks.map(\.name), at: node.span))
            return []
        }
        if let start = trail.firstIndex(of: name) {
            guard problems.circles.insert(Set(trail[start...])).inserted else { return [] }
            let circle = (trail[start...] + [name]).map { "`\($0)`" }
            problems.add(
                .error(
                    "check-cycle", "this check asks itself: \(circle.joined(separator: " → "))", at: node.span
                ))
            return []
        }
        problems.uses.append(node.span)
        defer { problems.uses.removeLast() }
        return entry.value.elements.flatMap { element in
            readQuestion(element, place, outer: asked, trail: trail + [name]).map { question in
                var question = question
                question.name = name
                return question
            }
        }
    }

    private func negated(_ fields: Fields, _ place: QuestionPlace, _ asked: Place?, _ trail: [String])
        -> [Question]
    {
        guard let node = fields["not"] else { return [] }
        var questions = readQuestion(node, place, outer: asked, trail: trail)
        guard questions.count <= 1 else {
            problems.add(
                .error(
                    "not-of-many", "`not` goes with one question, and this is \(questions.count)",
                    at: node.span
                )
                .hint("write a `not` for each of them"))
            return []
        }
        for index in questions.indices { questions[index].isNegated.toggle() }
        return questions
    }

    /// `unless: { step: LATER }`: the check of that step, asked on this step's host where it runs there too.
    private func checkOfStep(
        _ fields: Fields, _ place: QuestionPlace, _ asked: Place?, _ trail: [String]
    ) -> [Question] {
        guard let node = fields["step"], let name = node.text else { return [] }
        guard place.isUnless else {
            problems.add(
                .error("key-not-here", "`step` can be asked in `unless` only", at: fields.span(ofKey: "step"))
                    .hint("what several steps ask stands in `checks:`; ask it with `use:`"))
            return []
        }
        guard let step = declarations.step(name, inside: place.context.block) else {
            problems.add(
                unknownName("step", name, among: declarations.steps.map(\.id.rawValue), at: node.span))
            return []
        }
        guard let check = step.fields["check"] else {
            problems.add(.error("no-check", "step `\(step.id)` has no `check` to ask", at: node.span))
            return []
        }
        if let number = place.context.stepNumber, step.number <= number {
            problems.add(
                .error("earlier-step", "step `\(step.id)` does not come later", at: node.span)
                    .hint("`unless: { step: … }` is for a step that only prepares a later one"))
            return []
        }
        if step.fields.isGiven("env") {
            problems.add(
                .error("no-check", "the check of `\(step.id)` uses an `env` of its own", at: node.span)
                    .hint("move the question to `checks:` and its `env` to the runbook"))
            return []
        }
        let runsHere = place.context.hosts?.allSatisfy(step.hosts.contains) ?? true
        problems.uses.append(node.span)
        defer { problems.uses.removeLast() }
        return check.elements.flatMap {
            readQuestion($0, place, outer: asked ?? (runsHere ? nil : .hosts(step.hosts)), trail: trail)
        }
    }

    // MARK: - Places

    private func place(of fields: Fields, _ place: QuestionPlace) -> Place? {
        if fields.isGiven("host"), fields.isGiven("hosts") {
            problems.add(
                .error(
                    "two-places", "`host` and `hosts` cannot stand together", at: fields.span(ofKey: "hosts")
                )
                .also(fields.span(ofKey: "host"), "the other one"))
        }
        if let node = fields["host"] { return host(node, place) }
        guard let node = fields["hosts"] else { return nil }
        guard node.text == "peers" else {
            if node.text == "peer" { return host(node, place) }
            let hosts = hostList(node).hosts
            return hosts.isEmpty ? nil : .hosts(hosts)
        }
        if let group = place.group, group.count < 2 {
            problems.add(noPeer(node, group))
            return nil
        }
        return .peers
    }

    private func host(_ node: YAMLNode, _ place: QuestionPlace) -> Place? {
        guard node.text == "peer" else {
            if let name = node.text, declarations.group(name) != nil {
                problems.add(
                    .error("unknown-host", "`\(name)` is a group", at: node.span).hint(
                        "write `hosts: \(name)`"))
                return nil
            }
            return knownHost(node).map { .host($0) }
        }
        if let group = place.group, group.count != 2 {
            problems.add(noPeer(node, group))
            return nil
        }
        return .peer
    }

    private func noPeer(_ node: YAMLNode, _ group: [HostID]) -> Diagnostic {
        let reason =
            group.isEmpty
            ? "the step's hosts are in no group, or in several"
            : "the group has \(counted(group.count, "member"))"
        return .error("no-peer", "there is no `\(node.text ?? "")` here: \(reason)", at: node.span)
            .hint("`peer` is the other host of a group of two, `peers` are all others of the group")
    }

    /// What texts can name that are asked at a place.
    func context(for asked: Place?, _ place: QuestionPlace) -> ReferenceContext {
        var context = place.context
        guard let asked else { return context }
        switch asked {
        case .host(let host): context.hosts = [host]
        case .hosts(let hosts): context.hosts = hosts
        case .peer, .peers:
            guard let group = place.group, let own = place.context.hosts else {
                context.hosts = nil
                context.peers = .any
                return context
            }
            context.hosts = group.filter { candidate in own.contains { $0 != candidate } }
        }
        let hosts = context.hosts ?? []
        if let group = place.group {
            context.peers = peers(
                of: hosts, in: hosts.allSatisfy(group.contains) ? group : declarations.group(of: hosts))
        }
        return context
    }
}
