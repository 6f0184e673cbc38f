import RunbookModel
import RunbookSupervisor
import RunbookTransport

// From the attempt's reply to the recorded outcome.
extension RunState {
    mutating func attempted(_ unit: Unit, _ result: Result<AttemptReply, TransportError>) {
        guard let stage = active[unit]?.stage, stage == .attempting || stage.followed != nil else { return }
        if case .success = result { answered(unit.host) }
        switch result {
        case .failure(let error) where error.code == .channelRefused: refusedByTransport(unit, error)
        case .failure(let error): lost(unit, error)
        case .success(.refused(let state)) where stage.followed != nil: lostTrack(unit, state)
        case .success(.notIssued(let before)): judge(unit, before)
        case .success(.ended(_, let end, let after)): ended(unit, end, after)
        case .success(.left): left(unit)
        case .success(.takenOver(let holder)):
            // Its intent stays: should a person take the host back, it is found out that nothing was started.
            if let host = unit.host {
                stop(
                    unit, .locked(host, holder), because: "it was taken over by another run, of \(holder.who)"
                )
            }
            leave(unit)
        case .success(.refused(let state)):
            finish(
                .journal(
                    "\(unit): the host knows attempt \(active[unit]?.attempt?.rawValue ?? "") already (\(state.word)). "
                        + "This journal is older than the host: was it restored from a backup, or does somebody else run this?"
                ))
        }
    }

    /// The channel was not opened, so nothing was started: the intent is taken back by a fence.
    private mutating func refusedByTransport(_ unit: Unit, _ error: TransportError) {
        lost(unit, TransportError(.lost, host: error.host, error.message, remedy: error.remedy))
    }

    /// The host says that nothing was issued: it asked what stands before the verb.
    private mutating func judge(_ unit: Unit, _ before: AttemptReply.Before) {
        guard let host = unit.host else { return }
        let (step, context) = (step(unit), context(unit))
        let unless =
            before.unless.isEmpty ? nil : ListVerdict(before.unless, to: step.unless, on: host, context)
        let check =
            before.check.isEmpty
            ? nil : ListVerdict(before.check, to: context.lastingQuestions(), on: host, context)
        guard !before.require.isEmpty, unless?.verdict != .yes, check?.verdict != .yes,
            unless?.verdict != Answer.Verdict.none, check?.verdict != Answer.Verdict.none
        else {
            judge(unit, unless: unless, check: check, isInPlace: nil)
            return
        }
        let require = ListVerdict(before.require, to: step.require, on: host, context)
        guard require.verdict != .yes else {
            failWithProblem(unit, EngineProblem("\(host) did not issue it and gave no reason"))
            return
        }
        judgeRequire(unit, require)
    }

    private mutating func left(_ unit: Unit) {
        let after = context(unit).saying(step(unit).timeout.after)
        let reason = "it has not ended after \(after) and was left running; the next run follows it"
        fail(unit, Draft(reasons: [reason], timedOut: true))
    }

    /// The command has ended. Its own questions came with the reply, the others are asked now.
    mutating func ended(_ unit: Unit, _ end: AttemptEnd, _ answers: [Answer]) {
        guard let host = unit.host else { return }
        guard !isSweptAway(unit, end) else {
            awaitReboot(unit, end)
            return
        }
        guard step(unit).guardTime == nil else {
            awaitConfirmation(unit, end)
            return
        }
        let context = context(unit)
        let questions = ownQuestionsAfter(unit)
        let count =
            waves[wave].isTogether
            ? 0 : context.lastingQuestions().filter(\.isOwnCommand).count
        var kept = Active.Ended(end: end)
        let (check, verify) = (questions.prefix(count), questions.dropFirst(count))
        if !check.isEmpty {
            kept.check = ListVerdict(Array(answers.prefix(count)), to: Array(check), on: host, context)
        }
        if !verify.isEmpty {
            kept.verify = ListVerdict(Array(answers.dropFirst(count)), to: Array(verify), on: host, context)
        }
        active[unit]?.ended = kept
        guard waves[wave].isTogether else {
            askAfter(unit)
            return
        }
        waitForSiblings(unit)
    }

    /// Its command has ended; it is verified when those of the other hosts have.
    mutating func waitForSiblings(_ unit: Unit) {
        active[unit]?.stage = .waitingForSiblings
        letGo(unit.host)
        advance()
    }

    mutating func askAfter(_ unit: Unit) {
        do throws(EngineProblem) {
            let context = context(unit)
            let own = active[unit]?.ended == nil ? [] : ownQuestionsAfter(unit)
            var round = Round()
            let lasting = context.lastingQuestions()
            // What a command that failed was to bring about is asked once: it may be there all the same.
            let waits = active[unit]?.ended.map { $0.end.isOK(for: context.step) } ?? true
            try round.add(lasting.filter { !own.contains($0) }, as: .check, waits: waits, in: context)
            try round.add(
                context.step.verify.filter { !own.contains($0) }, as: .verify, waits: waits, in: context)
            if waits { try round.add(context.duringQuestions(), as: .during, waits: true, in: context) }
            if round.isEmpty {
                conclude(unit)
            } else {
                send(unit, round, .askingAfter(round))
            }
        } catch {
            conclude(unit, problem: error.message)
        }
    }

    mutating func judgeAfter(_ unit: Unit, _ round: Round, _ findings: [HostID: Findings]) {
        let context = context(unit)
        let check = round.verdict(of: .check, findings, context)
        let verify = round.verdict(of: .verify, findings, context)
        guard var kept = active[unit]?.ended else {
            concludeQuestions(unit, check: check, verify: verify)
            return
        }
        kept.check = kept.check.merged(with: check)
        kept.verify = kept.verify.merged(with: verify)
        kept.during = round.verdict(of: .during, findings, context)
        active[unit]?.ended = kept
        conclude(unit)
    }

    /// A step without a verb, or one that a person did.
    private mutating func concludeQuestions(_ unit: Unit, check: ListVerdict?, verify: ListVerdict?) {
        let whole = check.merged(with: verify) ?? ListVerdict()
        for warning in whole.warnings { show(.warned(unit, warning)) }
        if whole.verdict == .yes {
            readOutputs(unit, how: howWithoutAttempt(unit).rawValue)
            return
        }
        recordRefusal(unit, whole.messages)
        fail(
            unit,
            Draft(
                reasons: whole.messages, questionOutput: whole.output, nothingIssued: true,
                isUndecided: whole.verdict == .none && check?.verdict == Answer.Verdict.none))
    }

    mutating func conclude(_ unit: Unit, problem: String? = nil) {
        guard let kept = active[unit]?.ended else {
            if let problem {
                failWithProblem(unit, EngineProblem(problem))
            } else {
                readOutputs(unit, how: howWithoutAttempt(unit).rawValue)
            }
            return
        }
        let step = step(unit)
        for list in [kept.check, kept.verify, kept.during] {
            for warning in list?.warnings ?? [] { show(.warned(unit, warning)) }
        }
        let isOK = kept.end.isOK(for: step)
        let watched = watchFailures(active[unit]?.attempt)
        let check = kept.check?.verdict
        if let problem {
            conclude(unit, failed: [problem], kept, isUndecided: false)
        } else if isOK, check == Answer.Verdict.none {
            doubt(unit, kept)
        } else if isOK, check ?? .yes == .yes, kept.verify?.verdict ?? .yes == .yes,
            kept.during?.verdict ?? .yes == .yes, watched.isEmpty
        {
            let gap = watchGap(active[unit]?.attempt)
            if !gap.isEmpty { show(.warned(unit, gap)) }
            recordOutcome(unit, kept.end, isDone: true, reason: gap)
            readOutputs(unit, how: "done")
        } else if isOK {
            let messages =
                (kept.check?.messages ?? []) + (kept.verify?.messages ?? []) + watched
                + (kept.during?.messages ?? [])
            conclude(unit, failed: ["it ended well, but:"] + messages, kept, isUndecided: false)
        } else {
            var reasons = [kept.end.end.sentence]
            if check == .yes, step.verify.isEmpty || kept.verify?.verdict == .yes {
                var advice = "the state is there all the same: run again to accept it"
                if case .exited = kept.end.end { advice += ", or add the status to ok_exit" }
                reasons.append(advice)
            }
            conclude(unit, failed: reasons, kept, isUndecided: false)
        }
    }

    private mutating func conclude(
        _ unit: Unit, failed reasons: [String], _ kept: Active.Ended, isUndecided: Bool
    ) {
        recordOutcome(unit, kept.end, isDone: false, reason: reasons.joined(separator: " "))
        let issues = active[unit]?.issues ?? 0
        if kept.check?.verdict == .no, mayIssue(unit), let delay = delayBeforeRetry(unit) {
            show(.warned(unit, reasons.joined(separator: " ") + "; it is tried again"))
            let timer = wait(unit, plan.scaled(delay, floor: .milliseconds(100)))
            active[unit] = Active(stage: .pausing(timer: timer), issues: issues)
            return
        }
        let output = (kept.check?.output ?? "") + (kept.verify?.output ?? "")
        fail(
            unit,
            Draft(
                reasons: reasons, questionOutput: output, end: kept.end, timedOut: kept.end.end == .timedOut,
                isUndecided: isUndecided))
    }

    /// nil: it is not issued again.
    private mutating func delayBeforeRetry(_ unit: Unit) -> Duration? {
        guard let retry = step(unit).retry else { return nil }
        let context = context(unit)
        do throws(EngineProblem) {
            let times = try context.count(retry.times)
            return active[unit]?.issues ?? 0 < times ? try context.time(retry.delay) : nil
        } catch {
            show(.warned(unit, "it is not tried again: \(error.message)"))
            return nil
        }
    }

    /// Starts a timer of the unit; returns its number.
    mutating func wait(_ unit: Unit, _ time: Duration) -> Int {
        timers += 1
        effects.append(.wait(unit, time, timer: timers))
        return timers
    }

    /// The timer of a reboot that is over, or of an earlier pause, ends nothing.
    mutating func waited(_ unit: Unit, timer: Int) {
        if rebootWaits[unit]?.timer == timer { rebootWaits[unit]?.isOver = true }
        guard active[unit]?.stage == .pausing(timer: timer) else { return }
        askBefore(unit)
    }

    /// The command ended well and nobody can tell whether the state is there.
    private mutating func doubt(_ unit: Unit, _ kept: Active.Ended) {
        guard let attempt = active[unit]?.attempt else { preconditionFailure("\(unit) has no attempt") }
        let reasons = ["its check gives no answer"] + (kept.check?.messages ?? [])
        record(.inDoubt(attempt, unit, why: reasons.joined(separator: ": ")))
        fail(
            unit,
            Draft(
                reasons: reasons, questionOutput: kept.check?.output ?? "", end: kept.end, isUndecided: true))
    }

    private mutating func recordOutcome(_ unit: Unit, _ end: AttemptEnd, isDone: Bool, reason: String) {
        guard let attempt = active[unit]?.attempt, let host = unit.host else {
            preconditionFailure("\(unit) has no attempt")
        }
        record(
            .outcome(
                Outcome(
                    unit: unit, attempt: attempt, end: end.end, isDone: isDone, reason: reason,
                    acts: acts(of: unit), output: end.output.lastText, errors: end.errors.lastText,
                    time: options.time())))
        effects.append(.forget(host, attempt))
    }

    /// The hash that the intent was recorded with.
    func acts(of unit: Unit) -> String {
        switch history.standing(of: unit) {
        case .issued(_, let acts, _), .inDoubt(_, let acts, _): acts
        default: active[unit]?.acting?.acts ?? (try? context(unit).actsHash()).flatMap { $0 } ?? ""
        }
    }
}
