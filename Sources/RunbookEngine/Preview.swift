package import RunbookModel
import RunbookText

/// What would happen to a unit, as far as the journal and the site file tell. No host is asked.
package struct Preview: Sendable, Equatable {
    package enum Outlook: Sendable, Equatable {
        /// It is finished and not asked for again.
        case finished(String)
        case willRun
        /// It ran and was not done.
        case willRunAgain(String)
        case inDoubt(String)
        /// It is done, and what acts is another than what ran.
        case edited
        /// `if` says no.
        case skipped(String)
        /// Whether it runs depends on what these steps find out.
        case unknown(until: [StepID])
        /// What is wrong: the step would fail at once.
        case impossible(String)
    }

    package var unit: Unit
    package var outlook: Outlook
    package var verb: VerbPreview
}

/// What a verb would send, its values filled in.
package struct VerbPreview: Sendable, Equatable {
    /// What is done, as a sentence; nil when the shell text says it all.
    package var sentence: String?
    /// Shell text, as it is sent, or as far as it is known.
    package var script: String?
    package var shell = Script.Shell.sh
    package var stdin: String?
    /// The variables that the text names.
    package var environment: [(name: String, text: String)] = []
    /// Values that only an earlier step can tell; the text shows them as the runbook writes them.
    package var notKnownYet: [String] = []

    package static func == (left: VerbPreview, right: VerbPreview) -> Bool {
        left.sentence == right.sentence && left.script == right.script && left.shell == right.shell
            && left.stdin == right.stdin && left.notKnownYet == right.notKnownYet
            && left.environment.elementsEqual(right.environment, by: ==)
    }
}

extension Plan {
    /// Every unit in order, with what would happen to it.
    package func previews(_ history: History) -> [Preview] {
        schedule.units.map { preview(of: $0, history) }
    }

    package func preview(of unit: Unit, _ history: History) -> Preview {
        let context = UnitContext(plan: self, unit: unit, outputs: history.outputs)
        return Preview(unit: unit, outlook: context.outlook(history), verb: context.verbPreview())
    }

    /// A text for people as far as it is known on the unit's host.
    package func saying(_ setting: TimeSetting, _ unit: Unit, _ history: History = History()) -> String {
        UnitContext(plan: self, unit: unit, outputs: history.outputs).saying(setting)
    }

    /// How many, for people: what has no value stands as it is written.
    package func saying(_ setting: CountSetting, _ unit: Unit, _ history: History = History()) -> String {
        let context = UnitContext(plan: self, unit: unit, outputs: history.outputs)
        return (try? setting.number(in: context.scope(on: unit.host))).map { String($0) } ?? setting.source
    }

    /// The text for people: what has no value stands as it is written.
    package func saying(_ template: Template, _ unit: Unit, _ history: History = History()) -> String {
        var filling = Filling(context: UnitContext(plan: self, unit: unit, outputs: history.outputs))
        return filling.text(template)
    }
}

extension UnitContext {
    fileprivate func outlook(_ history: History) -> Preview.Outlook {
        switch history.standing(of: unit) {
        case .done(let acts, let how):
            let isEdited = !acts.isEmpty && (try? actsHash()).map { $0 != acts } ?? false
            return isEdited ? .edited : .finished(how.rawValue)
        case .skipped(let why): return .finished("skipped: \(why)")
        case .issued(let attempt, _, _): return .inDoubt("sent as \(attempt); its host is asked first")
        case .inDoubt(_, _, let why): return .inDoubt(why)
        case .pending: return byCondition(.willRun)
        case .failed(_, let reason, _): return byCondition(.willRunAgain(reason))
        }
    }

    private func byCondition(_ otherwise: Preview.Outlook) -> Preview.Outlook {
        guard let condition = step.condition else { return otherwise }
        do throws(EvaluationError) {
            let value = try condition.evaluate(in: scope(on: unit.host))
            return value.isTrue ? otherwise : .skipped("\(condition.source) is false")
        } catch {
            guard error.isNotKnownYet else { return .impossible(error.description) }
            var steps: [StepID] = []
            for case .output(let step, _, _) in condition.references where !steps.contains(step) {
                steps.append(step)
            }
            return .unknown(until: steps)
        }
    }

    fileprivate func verbPreview() -> VerbPreview {
        var filling = Filling(context: self)
        var verb = VerbPreview()
        switch step.action {
        case .run(let script):
            verb.script = filling.text(script.text, fit: .shell)
            verb.shell = script.shell
        case .argv(let words):
            verb.script = words.map { filling.text($0, quoting: true) }.joined(separator: " ")
        case .script(let path, let shell):
            verb.sentence = "runs the script \(path)"
            verb.script = plan.materials[path].map { String(decoding: $0, as: UTF8.self) }
            verb.shell = shell
        case .copy(let copy): verb.sentence = filling.sentence(copy)
        case .edit(let edit): verb.sentence = filling.sentence(edit)
        case .fetch(let fetch):
            let place = (try? fetchedPlace())?.path ?? "the folder \(fetch.folder)"
            verb.sentence = "brings \(filling.text(fetch.path)) to this machine: \(place)"
        case .reboot(let within):
            verb.sentence = "reboots it, and waits up to \(saying(within)) until it is back"
            verb.script = Self.rebootScript
        case .trustKeys(let trust):
            verb.sentence = "makes the key of \(trust.user) where it is missing"
            verb.script = trustKeysScript(trust)
        case .trustFiles(let trust):
            let peers = trust.peers.filter { $0 != unit.host }.map(\.rawValue)
            verb.sentence =
                "lets \(trust.user) of \(englishList(peers, "and")) log in here, and writes their host keys into known_hosts"
        case .manual(let text): verb.sentence = "a person does it: \(filling.text(text))"
        case .ask(let ask):
            let choices = ask.choices.isEmpty ? "" : " (\(englishList(ask.choices, "or")))"
            verb.sentence = "a person is asked: \(filling.text(ask.question))\(choices)"
        case nil: verb.sentence = Self.questionsOnly(step)
        }
        if let user = step.runAs { verb.sentence = "\(verb.sentence ?? "runs") as \(user)" }
        verb.stdin = step.stdin.map { filling.text($0) }
        if let script = verb.script, unit.host != nil { verb.environment = filling.environment(of: script) }
        verb.notKnownYet = filling.notKnownYet
        return verb
    }

    /// What a step without a verb does.
    private static func questionsOnly(_ step: Step) -> String {
        if !step.verify.isEmpty { return "waits until what it asks is so" }
        if !step.require.isEmpty { return "only asks, and stops the run at a no" }
        return "only reads: \(englishList(step.outputs.map(\.name), "and"))"
    }
}
