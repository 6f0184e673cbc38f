import RunbookModel

// The person's word, and the person's answer.
extension RunState {
    /// The word that must be said before the step is issued; nil: none.
    func word(of unit: Unit) throws(EngineProblem) -> String? {
        let step = step(unit)
        guard !history.confirmed.contains(unit) else { return nil }
        if let destroys = step.destroys { return try context(unit).text(destroys) }
        return step.irreversible == nil ? nil : "yes"
    }

    mutating func askForWord(_ unit: Unit) {
        do throws(EngineProblem) {
            guard let word = try word(of: unit) else {
                act(unit)
                return
            }
            guard ending == nil else {
                standDown(unit)
                return
            }
            if options.saysYesToAll || options.words[unit.step] == word {
                confirm(unit, word)
                return
            }
            active[unit]?.stage = .prompting(.word(word))
            effects.append(.prompt(unit, Prompt(kind: .word(word), text: warning(of: unit, word))))
        } catch {
            failWithProblem(unit, error)
        }
    }

    private func warning(of unit: Unit, _ word: String) -> String {
        let context = context(unit)
        if let what = context.step.irreversible {
            return "\(unit) cannot be taken back: \(context.saying(what)). Type \(word) to go on"
        }
        return "\(unit) destroys what is on \(word). Type \(word) to go on"
    }

    private mutating func confirm(_ unit: Unit, _ word: String) {
        record(
            .word(
                Word(
                    unit: unit, kind: .confirmed, why: word, who: options.operatorName, time: options.time()))
        )
        // A person takes their time: what was asked is asked again, with the command where that can be.
        active[unit] = Active(stage: .entering, issues: active[unit]?.issues ?? 0)
        askBefore(unit)
    }

    mutating func said(_ unit: Unit, _ answer: String?) {
        guard case .prompting(let purpose) = active[unit]?.stage else { return }
        guard let answer else {
            var reason = "a person must answer, and there is no terminal"
            if case .word = purpose {
                reason =
                    "a person must say so, and there is no terminal: --yes \(unit.step)=WORD says it ahead"
            }
            refuse(unit, [reason], output: "", isUndecided: true)
            return
        }
        switch purpose {
        case .word(let word):
            if answer == word {
                confirm(unit, word)
            } else {
                refuse(unit, ["\(word) was not typed"], output: "", isUndecided: true)
            }
        case .answer:
            record(.output(unit, name: "answer", value: .string(answer)))
            settle(unit, .byHand, "")
        case .done: askAfter(unit)
        }
    }
}
