import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookText

/// All there is to know of one step: what the runbook says of it, and where it stands.
struct StepExplanation {
    let plan: Plan
    let history: History
    /// The runbook's file, for the step's line.
    let file: String
    let step: Step

    private var units: [Unit] { plan.schedule.units.filter { $0.step == step.id } }
    private var words: QuestionWords {
        QuestionWords(plan: plan, history: history, unit: units.first ?? Unit(step.id, nil))
    }

    var lines: [StyledText] {
        var lines: [StyledText] = [
            "\(.step, step.id.rawValue)  \(step.name)", "  \(.dim, "\(file):\(step.line)")",
        ]
        if let why = step.why { lines.append("  why: \(why)") }
        lines += place
        lines += section("when it is asked", asked)
        lines += section("what is sent", sent)
        lines += section("what a person must say", person)
        lines += section("if it is cut off in the middle", cutOff)
        lines += section("how it is taken back", undone)
        lines += section("what its failures mean", hints)
        lines += section("where it stands", standing)
        return lines
    }

    private func section(_ title: String, _ body: [StyledText]) -> [StyledText] {
        body.isEmpty ? [] : ["\(.heading, title)"] + body.map { "  " + $0 }
    }

    private var place: [StyledText] {
        guard !step.hosts.isEmpty else { return ["  where: on no host; a person does it"] }
        return TurnWords(step, in: plan.runbook).lines.enumerated().map { number, line in
            StyledText("\(number == 0 ? "  where: " : "         ")\(line)")
        }
    }

    // MARK: - Questions

    private var asked: [StyledText] {
        var lines: [StyledText] = []
        if let condition = step.condition {
            lines.append("if, first, without a host; false means skipped: \(condition.source)")
        }
        lines += list("unless, before anything else; yes means that it is not needed:", step.unless)
        if step.action == nil {
            lines += list("require; a no stops the run:", step.require)
            lines += list("verify; the run goes on when it is so:", step.verify)
            return lines
        }
        lines += list(
            "check, before: yes means already so, nothing is sent; after: it must be yes:", step.check)
        if case .fetch = step.action {
            lines.append("nothing is brought when the file that is here is the same")
        }
        if isItsOwnCheck {
            lines.append("the file as it is to be is its own check: nothing is sent when it is so")
        }
        lines += list(
            "require, when it is about to be sent; a no stops the run and nothing is sent:", step.require)
        lines += list(
            "during, before, again and again while its command runs, and after; it must be yes:", step.during)
        lines += list("verify, after; it must be yes:", step.verify)
        if let reason = step.unproven { lines.append("nothing proves its effect: \(reason)") }
        for output in step.outputs { lines.append("afterwards reads the output \(output.name)") }
        return lines
    }

    private func list(_ title: String, _ questions: [Question]) -> [StyledText] {
        questions.isEmpty ? [] : [StyledText(title)] + words.lines(questions).map { "  " + $0 }
    }

    private var isItsOwnCheck: Bool {
        switch step.action {
        case .edit, .copy, .trustKeys, .trustFiles: true
        default: false
        }
    }

    // MARK: - The verb

    private var sent: [StyledText] {
        guard step.action != nil else { return [] }
        let verbs = units.map { unit in
            var verb = plan.preview(of: unit, history).verb
            if plan.site.hosts.isEmpty { verb.notKnownYet = [] }
            return verb
        }
        var lines: [StyledText] = []
        let isShared = verbs.allSatisfy { $0 == verbs.first }
        for (unit, verb) in zip(units, verbs) where !isShared || unit == units.first {
            if !isShared { lines.append("to \(.host, unit.host?.rawValue ?? ""):") }
            lines += verb.shown.map { isShared ? $0 : "  " + $0 }
        }
        guard !isForPeople, !isFetch else { return lines }
        let unit = units.first ?? Unit(step.id, nil)
        let after = plan.saying(step.timeout.after, unit, history)
        lines.append(
            step.timeout.then == .leave
                ? "after \(after) the step has failed for now; the command goes on, and the next run follows it"
                : "after \(after) it is ended: TERM, then KILL")
        if step.okExit != [0] {
            let statuses = step.okExit.sorted().map { String($0) }
            lines.append("it may end with status \(englishList(statuses, "or"))")
        }
        if let retry = step.retry {
            lines.append(
                "after a clear no of its check it is sent again, \(plan.saying(retry.delay, unit, history)) later, \(plan.saying(retry.times, unit, history)) times in all"
            )
        }
        if step.connectionMayDrop { lines.append("the connection may drop meanwhile; it is taken up again") }
        return lines
    }

    private var isForPeople: Bool {
        switch step.action {
        case .manual, .ask: true
        default: false
        }
    }

    private var isFetch: Bool {
        if case .fetch = step.action { true } else { false }
    }

    private var person: [StyledText] {
        guard let unit = units.first else { return [] }
        var lines: [StyledText] = []
        if let text = step.destroys {
            lines.append("the name of what is wiped: \(plan.saying(text, unit, history))")
        }
        if let text = step.irreversible {
            lines.append("yes, because it cannot be taken back: \(plan.saying(text, unit, history))")
        }
        return lines
    }

    private var cutOff: [StyledText] {
        guard step.action != nil else { return ["it has no effects: it is asked again"] }
        guard !isForPeople else { return ["the person is asked again"] }
        guard !isFetch else {
            return [
                "the file that is here stays as it is, or is the new one; the next `runbook run` looks which"
            ]
        }
        guard !step.isReboot else {
            return [
                "the next `runbook run` waits for the host and looks whether it has been started again since"
            ]
        }
        var lines: [StyledText] = [
            "Its command goes on on the host, and the next `runbook run` waits for it; it is never sent a second time.",
            "When the host does not know what became of it (a power cut), it is in doubt:",
        ]
        switch step.interrupted {
        case .rerun:
            lines.append(
                "  it is sent again, since the runbook says that this is safe (`interrupted: rerun`)")
        case .ask: lines.append("  a person decides, with `runbook resolve` (`interrupted: ask`)")
        case .check where step.check.isEmpty && !isItsOwnCheck:
            lines.append("  a person decides, with `runbook resolve`: it has no check that could tell")
        case .check:
            lines.append(
                "  its check decides: yes is taken as done, no is sent again; without an answer a person decides"
            )
        }
        return lines
    }

    private var undone: [StyledText] {
        guard step.action != nil, !isForPeople, !isFetch else { return [] }
        guard let unit = units.first else { return [] }
        switch step.undo {
        case nil: return ["`runbook undo` leaves it: the runbook does not say how"]
        case .automatic: return ["the file is put back as it was, if it still is what this step wrote"]
        case .manual(let text): return ["by a person: \(plan.saying(text, unit, history))"]
        case .steps(let steps):
            return steps.flatMap { step in
                let place: StyledText = step.host.map { "on \(.host, $0.rawValue): " } ?? ""
                return plan.saying(step.script.text, unit, history).split(separator: "\n").map { line in
                    place + "\(.command, String(line))"
                }
            }
        }
    }

    private var hints: [StyledText] {
        guard let unit = units.first else { return [] }
        return step.hints.map { hint in
            var when: [String] = []
            if let output = hint.output { when.append("the output matches `\(output.source)`") }
            if !hint.exit.isEmpty {
                when.append("status \(englishList(hint.exit.sorted().map { String($0) }, "or"))")
            }
            if hint.onTimeout { when.append("it took too long") }
            if let question = hint.question { when.append("`\(question.script.text.source)` says so") }
            return "when \(englishList(when, "and")): \(oneLine(plan.saying(hint.say, unit, history)))"
        }
    }

    private func oneLine(_ text: String) -> String {
        text.split(separator: "\n").map(String.init).joined(separator: " ")
    }

    // MARK: - The journal

    private var standing: [StyledText] {
        guard history.began != nil else { return ["no run has begun"] }
        return units.flatMap { unit in
            let place: StyledText = unit.host.map { "on \(.host, $0.rawValue): " } ?? ""
            let issues = history.issues[unit] ?? 0
            let times = issues == 0 ? "" : " (sent \(issues == 1 ? "once" : "\(issues) times"))"
            return [place + "\(nowAndNext(unit))\(times)"]
        }
    }

    private func nowAndNext(_ unit: Unit) -> String {
        switch plan.preview(of: unit, history).outlook {
        case .finished(let how): return "\(how); not done again"
        case .willRun: return "not begun; it will run when the steps before it are done"
        case .willRunAgain(let reason): return "failed: \(oneLine(reason)); `runbook run` tries it again"
        case .inDoubt(let why): return "in doubt: \(oneLine(why))"
        case .edited: return "done, and edited since: `runbook run` stops here until --redo or --keep is said"
        case .skipped(let why): return "not begun; it will be skipped: \(why)"
        case .unknown(let steps):
            return "not begun; whether it runs is known when \(englishList(steps.map(\.rawValue), "and")) ran"
        case .impossible(let why): return "not begun; it would fail at once: \(why)"
        }
    }
}
