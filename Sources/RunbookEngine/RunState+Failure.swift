import RunbookModel
import RunbookSupervisor
import RunbookText

/// What is known of a failure before its hints are looked for.
struct Draft {
    var reasons: [String]
    /// What the questions that said no printed.
    var questionOutput = ""
    var end: AttemptEnd?
    var timedOut = false
    var nothingIssued = false
    var isUndecided = false
}

// A failure is recorded first, then explained: hints that match, hints that ask, evidence.
extension RunState {
    mutating func fail(_ unit: Unit, _ draft: Draft) {
        let step = step(unit)
        let output = draft.end?.output.lastText ?? "", errors = draft.end?.errors.lastText ?? ""
        // When the command said nothing, what its questions printed is all there is.
        let printed = output.isEmpty && errors.isEmpty ? draft.questionOutput : output
        var failure = Failure(
            unit: unit, name: step.name, why: step.why, reasons: draft.reasons, hints: [], output: printed,
            errors: errors, evidence: [], nothingIssued: draft.nothingIssued, isUndecided: draft.isUndecided)
        let context = context(unit)
        for hint in hints(of: step) where hint.matches(draft, context) {
            failure.hints.append(context.saying(hint.say).trimmedEnd)
        }
        let end: RunEnd =
            draft.isUndecided ? .undecided(unit, draft.reasons.joined(separator: " ")) : .failed(unit)
        tell(unit, failure, end)
    }

    private func hints(of step: Step) -> [Hint] { step.hints + plan.runbook.hints }

    /// Asks what hints and evidence need, then shows the failure.
    mutating func tell(_ unit: Unit, _ failure: Failure, _ end: RunEnd) {
        let step = step(unit)
        let context = context(unit)
        let asking = hints(of: step).indices.filter { hints(of: step)[$0].question != nil }
        guard let host = unit.host, connected[host] != nil, !(asking.isEmpty && step.evidence.isEmpty),
            let inquiry = try? context.inquiry(hints(of: step), asking, step.evidence, on: host)
        else {
            close(unit, failure, end)
            return
        }
        let evidence = step.evidence.map { context.saying($0) }
        active[unit]?.stage = .explaining(failure, hints: asking, evidence: evidence, end)
        effects.append(.inquire(unit, [host: inquiry]))
    }

    mutating func explain(
        _ unit: Unit, _ failure: Failure, _ asked: [Int], _ evidence: [String],
        _ findings: [HostID: Findings], _ end: RunEnd
    ) {
        var failure = failure
        let answers = unit.host.flatMap { findings[$0] }?.answers ?? []
        let all = hints(of: step(unit))
        for (index, answer) in zip(asked, answers) where answer.verdict == .yes {
            failure.hints.append(context(unit).saying(all[index].say).trimmedEnd)
        }
        for (command, answer) in zip(evidence, answers.dropFirst(asked.count)) {
            let output = answer.output.isEmpty ? answer.errors : answer.output
            failure.evidence.append(.init(command: command, output: output))
        }
        close(unit, failure, end)
    }

    /// Shows the failure. The wave's other units are awaited, then the run stops; or it goes on without the host.
    mutating func close(_ unit: Unit, _ failure: Failure, _ end: RunEnd) {
        show(.failed(failure))
        stop(unit, end, because: failure.reasons.first ?? failure.name)
        leave(unit)
    }
}

extension UnitContext {
    func inquiry(
        _ hints: [Hint], _ asking: [Int], _ evidence: [Template], on host: HostID
    ) throws(EngineProblem) -> Inquiry {
        var inquiry = Inquiry()
        inquiry.environment = try environment(on: host)
        for index in asking {
            guard let question = hints[index].question else { continue }
            inquiry.questions.append(try request(for: question, on: host))
        }
        for command in evidence {
            inquiry.questions.append(QuestionRequest(script: try text(command, on: host, fit: .shell)))
        }
        return inquiry
    }
}

extension Hint {
    /// Whether what is known already is enough to show it. Of what the hint names all must match.
    fileprivate func matches(_ draft: Draft, _ context: UnitContext) -> Bool {
        guard question == nil else { return false }
        var isNamed = false
        if let output {
            isNamed = true
            let text = [draft.end?.output.lastText, draft.end?.errors.lastText, draft.questionOutput]
                .compactMap { $0 }.joined(separator: "\n")
            guard let pattern = try? context.text(output, fit: .pattern),
                let regex = try? ExtendedRegex(pattern), regex.firstMatch(inLinesOf: text) != nil
            else { return false }
        }
        if !exit.isEmpty {
            isNamed = true
            guard case .exited(let status) = draft.end?.end, exit.contains(status) else { return false }
        }
        if onTimeout {
            isNamed = true
            guard draft.timedOut else { return false }
        }
        return isNamed
    }
}
