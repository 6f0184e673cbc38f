import RunbookModel
import RunbookSupervisor

// Planning ahead: what the checks of steps that are not done say now. Nothing is issued or recorded.
extension RunState {
    /// Why a step that is not done is not asked now: its `if` is false, or is not known yet.
    func whyNotAsked(_ unit: Unit) -> (isKnown: Bool, reason: String)? {
        guard let condition = step(unit).condition else { return nil }
        do throws(EngineProblem) {
            return try context(unit).value(condition).isTrue ? nil : (true, "\(condition.source) is false")
        } catch {
            return (false, error.message)
        }
    }

    func prospect(_ unit: Unit, _ survey: Survey, _ findings: [HostID: Findings]) -> OutlookLine {
        let step = step(unit)
        var line = OutlookLine(unit: unit, name: step.name, verdict: .cannotBeAsked, detail: "")
        switch history.standing(of: unit) {
        case .issued: (line.verdict, line.detail) = (.inDoubt, "it was sent; `run` asks its host")
        case .inDoubt(_, _, let why): (line.verdict, line.detail) = (.inDoubt, why)
        default:
            if let why = whyNotAsked(unit) {
                (line.verdict, line.detail) = (why.isKnown ? .skipped : .cannotBeAsked, why.reason)
            } else if let verdict = survey.verdict(of: unit, findings, context(unit)) {
                line.verdict = word(for: verdict, of: unit, survey, findings)
                line.detail = verdict.messages.joined(separator: "; ")
            } else {
                line.verdict = actsOnHost(step) ? .wouldRun : .goesOn
                line.detail = actsOnHost(step) ? "it has no check" : ""
            }
        }
        return line
    }

    private func word(
        for verdict: ListVerdict, of unit: Unit, _ survey: Survey, _ findings: [HostID: Findings]
    ) -> OutlookLine.Verdict {
        let step = step(unit)
        switch verdict.verdict {
        case .none: return .cannotBeAsked
        case .no: return step.action == nil ? .notSoYet : .wouldRun
        case .yes:
            guard let round = survey.rounds[unit] else { return .alreadySo }
            let mine = survey.findingsOfOne(unit, round, findings)
            let unless = round.verdict(of: .unless, mine, context(unit))
            return unless?.verdict == .yes ? .notNeeded : step.action == nil ? .holds : .alreadySo
        }
    }

    private func actsOnHost(_ step: Step) -> Bool {
        switch step.action {
        case .manual, .ask, nil: false
        default: true
        }
    }

    /// Shows what would change in files, and ends.
    mutating func concludePlanning(_ survey: Survey, _ findings: [HostID: Findings]) {
        for unit in plan.schedule.units {
            guard let round = survey.rounds[unit], let host = unit.host, survey.unreachable[host] == nil,
                outlook(unit, survey, findings).verdict == .wouldRun
            else { continue }
            let files = survey.findingsOfOne(unit, round, findings)[host]?.files ?? [:]
            let acting = try? context(unit).acting(on: files)
            for (path, difference) in acting?.differences(hiding: plan.redactor) ?? [] {
                show(.fileChange(unit, path: path, difference: difference))
            }
        }
        finish(.complete)
    }
}
