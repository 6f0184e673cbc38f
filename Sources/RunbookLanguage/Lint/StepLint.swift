import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

// What a step should say, and what it should not do.
extension Linter {
    func judgeSteps() {
        for node in subjects.steps {
            guard node["steps"] == nil, let step = step(node.id) else { continue }
            judgeProof(node, step)
            judgeOrder(node, step)
            judgeWords(node, step)
            for question in node["require"]?.elements ?? [] { judgeMessage(question) }
        }
    }

    private func shell(of node: LintSubjects.StepNode) -> ShellReader? {
        node["run"]?.scalar.map { ShellReader($0.text) }
    }

    private func judgeProof(_ node: LintSubjects.StepNode, _ step: Step) {
        guard node["wait"] == nil, step.action != nil, let reason = node["verify"]?["none"],
            step.check.isEmpty
        else {
            return
        }
        switch step.action {
        case .run, .argv, .script: break
        default: return
        }
        if let scalar = node["run"]?.scalar {
            for command in ShellReader(scalar.text).commands {
                guard let lie = KnownLiars.issued(command) else { continue }
                warn(
                    .warning("lying-status", lie.headline, at: span(command.range, in: scalar))
                        .hint(lie.remedy))
                return
            }
        }
        warn(
            .warning(
                "unproven", "nothing shows whether `\(node.id)` worked, only its exit status",
                at: reason.span, "this is a reason, not a proof"
            )
            .hint("add a `check` or a `verify` that looks at what the step is there for")
            .hint("without a check, a person must decide when the host dies in the middle"))
    }

    /// The same service must not be away on all hosts at once.
    private func judgeOrder(_ node: LintSubjects.StepNode, _ step: Step) {
        guard step.order == .together, step.hosts.count > 1 else { return }
        if let state = interruptedService(node) {
            warnOfTogether("\(state.text)", at: state.span, node, step)
        }
        if let reboot = node["reboot"] { warnOfTogether("reboot", at: reboot.span, node, step) }
        guard let scalar = node["run"]?.scalar else { return }
        for command in ShellReader(scalar.text).commands {
            let action = CommandEffects.serviceAction(of: command)
            let isReboot = ["reboot", "shutdown", "poweroff", "halt"].contains(command.name)
            guard isReboot || action.map({ CommandEffects.interrupting.contains($0.action) }) == true else {
                continue
            }
            let what = isReboot ? command.name : "\(action?.service ?? "") \(action?.action ?? "")"
            warnOfTogether(what, at: span(command.range, in: scalar), node, step)
            return
        }
    }

    private func warnOfTogether(
        _ what: String, at span: SourceSpan, _ node: LintSubjects.StepNode, _ step: Step
    ) {
        warn(
            .warning(
                "restart-together",
                "`\(what)` happens on \(counted(step.hosts.count, "host")) at the same time",
                at: span
            )
            .also(node["order"]?.span ?? node.span, "because of this")
            .hint(
                "leave `order` out: one host after the other, and the run stops before the next when one fails"
            ))
    }

    /// The state of a `service` that is away for a moment, or for good.
    private func interruptedService(_ node: LintSubjects.StepNode) -> YAMLScalar? {
        let state = node["service"]?["state"]?.scalar
        return state?.text == "started" ? nil : state
    }

    private func judgeWords(_ node: LintSubjects.StepNode, _ step: Step) {
        if let irreversible = node["irreversible"], node["require"] == nil, node["check"] == nil {
            warn(
                .warning(
                    "irreversible-unasked", "what cannot be taken back is sent without a question before it",
                    at: irreversible.span
                )
                .hint(
                    "add a `require` for what must hold first, or a `check` for what would make it needless"))
        }
        guard step.action != nil, step.why == nil else { return }
        guard
            node["irreversible"] != nil || node["destroys"] != nil || step.order == .together
                || step.isReboot || interrupts(node) || interruptedService(node) != nil
        else { return }
        warn(
            .warning("missing-why", "`\(node.id)` does not say why it is there", at: node.span)
                .hint("add `why:`; it is shown when the step fails, to a person who has to decide"))
    }

    /// Whether the verb takes something away, for a moment or for good.
    private func interrupts(_ node: LintSubjects.StepNode) -> Bool {
        shell(of: node)?.commands.contains { command in
            ["rm", "reboot", "shutdown", "poweroff", "dd", "wipefs", "sfdisk", "parted"].contains(
                command.name)
                || CommandEffects.serviceAction(of: command).map {
                    CommandEffects.interrupting.contains($0.action)
                } == true
        } ?? false
    }

    /// A `require` refuses the step: its reader wants to know what to do.
    private func judgeMessage(_ question: YAMLNode) {
        guard !hasMessage(question) else { return }
        let place = question.mapping?.first?.span ?? question.span
        warn(
            .warning("missing-message", "this refuses the step without saying what is wrong", at: place)
                .hint("add `message:` with what is not so, and what to do about it"))
    }

    private func hasMessage(_ question: YAMLNode) -> Bool {
        if question["message"] != nil { return true }
        if let name = question["use"]?.text {
            return subjects.check(name)?.elements.allSatisfy(hasMessage) ?? true
        }
        guard let inner = question["not"] else { return false }
        return inner.mapping != nil && hasMessage(inner)
    }
}
