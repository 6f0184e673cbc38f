import RunbookEngine
import RunbookModel
import RunbookSupervisor
import RunbookTerminal
import RunbookText
import RunbookTransport

/// What stands at the end of the screen: what is known, what was not done, and the command to go on.
struct LastLines {
    let console: Console
    let plan: Plan
    let history: History
    let failures: [Failure]
    /// The hosts that the run went on without: where each was left, and why.
    var leftOut: [(Unit, String)] = []
    /// `runbook run runbooks/two-node.yaml`, as it was typed.
    let command: String
    /// `runbooks/two-node.yaml` and the options that name the same run.
    let target: String

    func show(_ end: RunEnd) -> ExitStatus {
        switch end {
        case .complete:
            console.say("\(.success, "done"): \(tally)")
            return .done
        case .paused:
            console.say("\(.heading, "stopped as asked"): \(tally)")
            goOn("to go on, type")
            return .done
        case .failed(let unit):
            explainFailures()
            tellLeftOut()
            tellRest(unit)
            goOn("mend it and type the same command")
            return .failed
        case .incomplete(let step): return incomplete(before: step)
        case .undecided(let unit, let reason): return undecided(unit, reason)
        case .unreachable(let error): return unreachable(error)
        case .locked(let host, let holder): return locked(host, holder)
        case .journal(let message):
            console.say("\(.error, "error"): \(message)")
            console.say("\(tally); nothing was issued after that. What a host did meanwhile it still knows")
            goOn("mend the state folder and type the same command")
            return .state
        case .interrupted(let units): return interrupted(units)
        }
    }

    private func undecided(_ unit: Unit?, _ reason: String) -> ExitStatus {
        explainFailures()
        tellLeftOut()
        if failures.isEmpty { console.say("\(.doubt, "a person must decide"): \(reason)") }
        tellRest(unit)
        if let unit {
            switch history.standing(of: unit) {
            case .issued, .inDoubt:
                console.say("look at the host, then say what is so:")
                say("  runbook resolve \(target) \(unit.step)\(on(unit)) --done --why 'TEXT'")
                say("  runbook resolve \(target) \(unit.step)\(on(unit)) --not-done --why 'TEXT'")
                return .undecided
            case .done:
                console.say("say whether it is to be done again, or taken as done:")
                say("  \(command) --redo \(unit.step)")
                say("  \(command) --keep \(unit.step)")
                return .undecided
            default: break
            }
        }
        goOn("then type the same command")
        return .undecided
    }

    private func on(_ unit: Unit) -> String { unit.host.map { " --host \($0)" } ?? "" }

    private func unreachable(_ error: TransportError) -> ExitStatus {
        console.say("\(.error, "error"): \(error.message)")
        if let remedy = error.remedy { console.say("  \(.hint, "hint"): \(remedy)") }
        tellLeftOut()
        console.say("\(tally)")
        goOn("then type the same command")
        switch error.code {
        case .hostKeyUnknown, .hostKeyChanged, .knownHosts: return .hostKey
        default: return .unreachable
        }
    }

    private func locked(_ host: HostID, _ holder: LockHolder) -> ExitStatus {
        let deed = holder.tookOver ? "was taken from this run by" : "is held by"
        console.say("\(.error, "error"): \(.host, host.rawValue) \(deed) another run: \(holder.forPeople)")
        let sent = holder.tookOver ? "nothing more was started on" : "nothing was sent to"
        console.say("\(tally); \(sent) \(.host, host.rawValue)")
        if !holder.tookOver { goOn("when that run is finished or abandoned, type") }
        let from = holder.run.rawValue.isEmpty ? "" : " --from \(shellQuoted(holder.run.rawValue))"
        console.say(
            "to take \(.host, host.rawValue) over, so that nothing more of that run is started there, type:")
        say("  runbook unlock \(target) --host \(host.rawValue)\(from) --why 'TEXT'")
        return .locked
    }

    private func interrupted(_ units: [Unit]) -> ExitStatus {
        for unit in units {
            let host = unit.host?.rawValue ?? "its host"
            console.say("\(.warning, "interrupted"): \(.step, unit.step.rawValue) goes on on \(.host, host)")
            say("  to follow it:  \(command)")
            say("  to stop it:    runbook stop \(target) \(unit.step)\(on(unit))")
        }
        if units.isEmpty { console.say("\(.warning, "interrupted"): nothing is under way") }
        console.say("\(tally)")
        if units.isEmpty { goOn("to go on, type") }
        return .interrupted
    }

    // MARK: - Hosts that were left out

    private func incomplete(before step: StepID?) -> ExitStatus {
        explainFailures()
        tellLeftOut()
        if let step {
            let most = plan.schedule.steps[step]?.maxUnavailable ?? 0
            let bound = most == 0 ? "all of its hosts" : "all but \(most) of its hosts"
            console.say("\(.step, step.rawValue) was not begun: it needs \(bound)")
        }
        console.say()
        console.say("\(tally)")
        goOn("mend what was left out and type the same command; what is done is not done again")
        return .failed
    }

    private func tellLeftOut() {
        guard !leftOut.isEmpty else { return }
        console.say()
        console.say("\(.error, "left out"): \(counted(leftOut.count, "host")), with all steps from there on:")
        let order = Dictionary(uniqueKeysWithValues: plan.schedule.units.enumerated().map { ($1, $0) })
        let leftOut = leftOut.sorted { order[$0.0] ?? 0 < order[$1.0] ?? 0 }
        let hosts = leftOut.map { $0.0.host?.rawValue ?? "" }
        let width = hosts.map(\.count).max() ?? 0
        for (host, (unit, reason)) in zip(hosts, leftOut) {
            console.say(
                "  \(.host, padded(host, to: width))  at \(.step, unit.step.rawValue)  \(.dim, reason)")
        }
        for (unit, _) in leftOut where history.standing(of: unit).isOpen {
            console.say(
                "look at \(.host, unit.host?.rawValue ?? "the host"), then say what is so, unless the next run finds it out:"
            )
            say("  runbook resolve \(target) \(unit.step)\(on(unit)) --done --why 'TEXT'")
            say("  runbook resolve \(target) \(unit.step)\(on(unit)) --not-done --why 'TEXT'")
        }
    }

    /// When many hosts fail, they mostly fail alike.
    private func explainFailures() {
        for failure in failures.prefix(Self.failuresMax) { explain(failure) }
        let more = failures.count - Self.failuresMax
        if more > 0 {
            console.say(
                "and \(counted(more, "failure")) more: \(.command, "runbook log \(target)") tells of each")
        }
    }

    private static let failuresMax = 5

    // MARK: - Parts

    private func explain(_ failure: Failure) {
        console.say()
        let word: StyledText = "\(failure.isUndecided ? .doubt : .error, failure.word)"
        console.say("\(word): \(.step, failure.unit.step.rawValue)\(at(failure.unit)): \(failure.name)")
        for reason in failure.reasons { console.say("  \(reason)") }
        if failure.nothingIssued { console.say("  nothing was sent for this step") }
        tail("its last output", failure.output)
        tail("its last errors", failure.errors)
        for evidence in failure.evidence { tail(evidence.command, evidence.output) }
        if let why = failure.why { console.say("  \(.dim, "why this step: \(why)")") }
        for hint in failure.hints {
            for (number, line) in hint.split(separator: "\n").enumerated() {
                console.say(number == 0 ? "  \(.hint, "hint"): \(String(line))" : "        \(String(line))")
            }
        }
    }

    private func at(_ unit: Unit) -> StyledText { unit.host.map { " on \(.host, $0.rawValue)" } ?? "" }

    /// The last lines of what was printed, each made fit for a terminal.
    private func tail(_ title: String, _ text: String) {
        let lines = text.replacing("\r\n", with: "\n").split(separator: "\n").suffix(Self.tailLines)
        guard !lines.isEmpty else { return }
        console.say("  \(.dim, "\(title):")")
        for line in lines { console.say("    \(.dim, "|") \(trimmed(line))") }
    }

    private func trimmed(_ line: Substring) -> String {
        var line = line
        while let last = line.last, last == "\r" || last == " " { line.removeLast() }
        return String(line)
    }

    private static let tailLines = 12

    private func tellRest(_ unit: Unit?) {
        let open = plan.schedule.units.filter { !history.standing(of: $0).isFinished && $0 != unit }
        let steps = counted(open.count, "step")
        console.say()
        console.say("\(tally)\(unit == nil || open.isEmpty ? "" : "; not begun: \(steps) after it")")
    }

    /// `known: 23 of 61 are done`
    private var tally: String {
        let units = plan.schedule.units
        let done = units.count { history.standing(of: $0).isFinished }
        return "\(done) of \(counted(units.count, "step")) done"
    }

    private func goOn(_ sentence: String) {
        console.say("\(sentence):")
        say("  \(command)")
    }

    private func say(_ line: String) { console.say("\(.command, line)") }
}

extension LockHolder {
    var forPeople: String {
        run.rawValue.isEmpty
            ? "its lock cannot be read" : "\(runbook) (\(run.rawValue)), \(who), since \(since)"
    }
}
