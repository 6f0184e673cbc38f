import RunbookModel

// What an earlier process settled and what a person has changed since: it is looked at once more.
extension RunState {
    /// What a refused step compares is read again: the person was told to mend it.
    mutating func readAgain() {
        var compared: Set<StepID> = []
        for unit in plan.schedule.units {
            guard case .failed(_, _, issued: false) = history.standing(of: unit) else { continue }
            compared.formUnion(step(unit).require.flatMap(\.stepsCompared))
        }
        for unit in plan.schedule.units where compared.contains(unit.step) && step(unit).onlyReads {
            guard case .done = history.standing(of: unit) else { continue }
            setOpen(unit, "a step that compares what it read was refused; it is read again")
        }
    }

    /// A step that was left out because its `if` was false is not left out when an input or an edit has made it
    /// true, as a hint may have told the person to. Whether it still fits where the run stands its `require` must say.
    mutating func takeUpConditions() {
        for unit in plan.schedule.units {
            guard let condition = step(unit).condition, case .skipped = history.standing(of: unit),
                !history.unneeded.contains(unit), !history.leftOut.contains(unit),
                let value = try? context(unit).value(condition), value.isTrue
            else { continue }
            setOpen(unit, "\(condition.source) is true now")
        }
    }

    private mutating func setOpen(_ unit: Unit, _ reason: String) {
        record(
            .settled(
                Settlement(unit: unit, how: .notDone, reason: reason, acts: "", time: options.time())))
    }
}

extension Step {
    /// It has outputs and nothing else: doing it again changes nothing.
    fileprivate var onlyReads: Bool { action == nil && check.isEmpty && verify.isEmpty && !outputs.isEmpty }
}

extension Question {
    /// The steps whose outputs its expression names.
    fileprivate var stepsCompared: [StepID] {
        guard case .expression(let expression) = subject else { return [] }
        return expression.steps
    }
}

extension Expression {
    /// The steps whose outputs it names.
    fileprivate var steps: [StepID] {
        switch self {
        case .literal: []
        case .reference(.output(let step, _, _)): [step]
        case .reference: []
        case .not(let inner): inner.steps
        case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right):
            left.steps + right.steps
        case .contained(let inner, let list): inner.steps + list.flatMap(\.steps)
        case .call(_, let arguments): arguments.flatMap(\.steps)
        }
    }
}
