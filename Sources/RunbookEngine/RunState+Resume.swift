import RunbookModel
import RunbookSupervisor
import RunbookTransport

// An attempt whose outcome is not recorded: the host is asked, then fenced, followed or doubted. The table is
// in docs/supervisor.md.
extension RunState {
    mutating func lookUp(_ unit: Unit, _ attempt: AttemptID, bootID: String) {
        guard let host = unit.host else { return }
        guard let facts = connected[host] else {
            withHosts([host], of: unit, .lookUp(attempt, bootID: bootID))
            return
        }
        active[unit]?.attempt = attempt
        startWatch(unit, attempt, isResumed: true)
        guard !step(unit).isReboot || facts.boot == bootID else {
            rebooted(unit)
            return
        }
        switch facts.folder {
        case .missing, .foreign, .made:
            doubt(
                unit, attempt,
                "the run's folder on \(host) is \(facts.folder == .foreign ? "another's" : "gone"), so what was started there is not known"
            )
            return
        case .ours: break
        }
        active[unit]?.stage = .lookingUp(attempt, bootID: bootID)
        effects.append(.lookUp(unit, host, attempt))
    }

    mutating func lookedUp(_ unit: Unit, _ result: Result<AttemptState, TransportError>) {
        guard case .lookingUp(let attempt, let bootID) = active[unit]?.stage else { return }
        switch result {
        case .failure(let error): lost(unit, error)
        case .success(let state):
            answered(unit.host)
            judge(unit, attempt, state, bootID: bootID)
        }
    }

    /// The attempt was followed, and is not there to be followed any more.
    mutating func lostTrack(_ unit: Unit, _ state: AttemptState) {
        guard let attempt = active[unit]?.stage.followed, let host = unit.host else { return }
        switch state {
        case .unclaimed, .fenced:
            doubt(unit, attempt, "it ran on \(host), and now nothing is known of it there")
        case .running, .ended, .vanished, .rebooted, .torn: judge(unit, attempt, state, bootID: "")
        }
    }

    private mutating func judge(_ unit: Unit, _ attempt: AttemptID, _ state: AttemptState, bootID: String) {
        guard let host = unit.host else { return }
        guard let facts = connected[host] else {
            withHosts([host], of: unit, .lookUp(attempt, bootID: bootID))
            return
        }
        switch state {
        case .unclaimed where facts.boot == bootID:
            active[unit]?.stage = .fencing(attempt, bootID: bootID)
            effects.append(.fence(unit, host, attempt))
        case .unclaimed:
            doubt(
                unit, attempt, "\(host) was started again since it was sent, so a lost claim proves nothing")
        case .fenced:
            record(.fenced(attempt))
            askBefore(unit)
        case .running:
            active[unit]?.stage = .following(attempt)
            show(.following(unit, attempt))
            follow(unit, host, attempt)
        case .ended(let end): endedEarlier(unit, end)
        case .vanished where step(unit).isReboot: awaitReboot(unit, nil)
        case .vanished: doubt(unit, attempt, "its process on \(host) is gone and left no exit status")
        case .rebooted: doubt(unit, attempt, "\(host) was started again while it ran")
        case .torn: doubt(unit, attempt, "what \(host) wrote of it is not whole")
        }
    }

    mutating func fenced(_ unit: Unit, _ result: Result<FenceResult, TransportError>) {
        guard case .fencing(let attempt, let bootID) = active[unit]?.stage else { return }
        switch result {
        case .failure(let error): lost(unit, error)
        case .success(.fenced):
            answered(unit.host)
            record(.fenced(attempt))
            askBefore(unit)
        case .success(.claimed(.unclaimed)):
            doubt(
                unit, attempt,
                "\(unit.host?.rawValue ?? "the host") says both that it is claimed and that it is not")
        case .success(.claimed(let state)): judge(unit, attempt, state, bootID: bootID)
        }
    }

    private mutating func follow(_ unit: Unit, _ host: HostID, _ attempt: AttemptID) {
        do throws(EngineProblem) {
            let context = context(unit)
            var after: [QuestionRequest] = []
            for question in ownQuestionsAfter(unit) {
                after.append(try context.request(for: question, on: host, waits: true))
            }
            effects.append(
                .follow(unit, host, attempt, after: after, environment: try context.environment(on: host)))
        } catch {
            failWithProblem(unit, error)
        }
    }

    /// The end was on the host; what stands after the verb is asked now.
    private mutating func endedEarlier(_ unit: Unit, _ end: AttemptEnd) {
        guard !isSweptAway(unit, end) else {
            awaitReboot(unit, end)
            return
        }
        guard step(unit).guardTime == nil else {
            awaitConfirmation(unit, end)
            return
        }
        active[unit]?.ended = Active.Ended(end: end)
        guard !waves[wave].isTogether else {
            waitForSiblings(unit)
            return
        }
        do throws(EngineProblem) {
            let context = context(unit)
            var round = Round()
            let waits = end.isOK(for: context.step)
            try round.add(context.lastingQuestions(), as: .check, waits: waits, in: context)
            try round.add(context.step.verify, as: .verify, waits: waits, in: context)
            if waits { try round.add(context.duringQuestions(), as: .during, waits: true, in: context) }
            send(unit, round, .askingAfter(round))
        } catch {
            failWithProblem(unit, error)
        }
    }

    mutating func doubt(_ unit: Unit, _ attempt: AttemptID, _ why: String) {
        record(.inDoubt(attempt, unit, why: why))
        settleDoubt(unit, attempt, why: why)
    }

    /// In doubt: the step's check decides, unless its author wants a person to.
    mutating func settleDoubt(_ unit: Unit, _ attempt: AttemptID, why: String) {
        active[unit]?.attempt = attempt
        if disarmsFirst(unit, why) { return }
        settleDoubtNow(unit, attempt, why)
    }

    mutating func settleDoubtNow(_ unit: Unit, _ attempt: AttemptID, _ why: String) {
        let step = step(unit)
        if step.interrupted == .rerun {
            settleAsNotDone(unit, "\(why); the runbook says that it may run again")
            return
        }
        do throws(EngineProblem) {
            let context = context(unit)
            var round = Round()
            if step.interrupted == .check {
                try round.add(context.lastingQuestions(), as: .check, waits: true, in: context)
                try round.readFiles(of: context)
                if !round.isEmpty {
                    try round.add(context.duringQuestions(), as: .during, waits: true, in: context)
                }
            }
            if round.isEmpty {
                leaveInDoubt(unit, why, [])
            } else {
                send(unit, round, .settlingDoubt(round, attempt, why: why))
            }
        } catch {
            failWithProblem(unit, error)
        }
    }

    mutating func judgeDoubt(
        _ unit: Unit, _ round: Round, _ findings: [HostID: Findings], _ attempt: AttemptID, why: String
    ) {
        let context = context(unit)
        let files = unit.host.flatMap { context.filesVerdict(findings[$0]?.files ?? [:]) }
        // Asked of a step that has something to ask: without an answer nothing is known.
        let verdict = round.verdict(of: .check, findings, context).merged(with: files) ?? .unanswered
        switch verdict.verdict {
        case .yes:
            let during = round.verdict(of: .during, findings, context)
            let messages = watchFailures(attempt) + (during?.messages ?? [])
            if messages.isEmpty {
                readOutputs(unit, how: Settlement.How.adopted.rawValue)
            } else {
                leaveInDoubt(unit, why, ["its check says that it is done"] + messages)
            }
        case .no: settleAsNotDone(unit, "\(why); its check says that it did not happen")
        case .none: leaveInDoubt(unit, why, verdict.messages)
        }
    }

    private mutating func settleAsNotDone(_ unit: Unit, _ reason: String) {
        record(
            .settled(
                Settlement(unit: unit, how: .notDone, reason: reason, acts: "", time: options.time())))
        show(.warned(unit, reason))
        askBefore(unit)
    }

    mutating func leaveInDoubt(_ unit: Unit, _ why: String, _ messages: [String]) {
        fail(unit, Draft(reasons: ["it is in doubt: \(why)"] + messages, isUndecided: true))
    }
}
