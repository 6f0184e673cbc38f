import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookTransport

// Waves, and what is asked of a unit before its verb.
extension RunState {
    /// Starts the next wave that has something to do; after the last, ends the run.
    mutating func startWave() {
        if waves.isEmpty { waves = plan.schedule.waves { history.standing(of: $0).isLeft } }
        while wave < waves.count {
            let units = waves[wave].units.filter {
                !history.standing(of: $0).isFinished || lacksOutputs($0)
            }
            if let first = units.first {
                let before = untilStop(units)
                if before.isEmpty {
                    pause()
                } else if hasLostTooMany(step(first)) {
                    finish(.incomplete(before: first.step))
                } else {
                    pausesAfterWave = before.count < units.count
                    takeUp(before)
                }
                return
            }
            wave += 1
        }
        endWaves()
    }

    /// What comes before `--until`. A host that goes through a block by itself stops in the middle of it.
    private func untilStop(_ units: [Unit]) -> [Unit] {
        guard let until = options.until else { return units }
        func stops(_ unit: Unit) -> Bool {
            unit.step == until && (options.untilHost == nil || options.untilHost == unit.host)
        }
        guard !units.prefix(1).contains(where: stops) else { return [] }
        guard !waves[wave].isTogether else { return units }
        var stopped: Set<HostID?> = []
        return units.filter { unit in
            if stops(unit) { stopped.insert(unit.host) }
            return !stopped.contains(unit.host)
        }
    }

    mutating func pause() { finish(leftOut.isEmpty ? .paused : .incomplete(before: nil)) }

    private mutating func endWaves() {
        if !leftOut.isEmpty {
            finish(.incomplete(before: nil))
        } else if isDisturbed || options.asksAtEnd {
            startSurvey(isFinal: true)
        } else {
            if !history.isFinished { record(.finished(time: options.time())) }
            finish(.complete)
        }
    }

    mutating func enter(_ unit: Unit) {
        let step = step(unit)
        show(.started(unit, name: step.name))
        do throws(EngineProblem) {
            let standing = history.standing(of: unit)
            if !standing.isOpen, !standing.isFinished, let condition = step.condition,
                try !context(unit).value(condition).isTrue
            {
                settle(unit, .skipped, "\(condition.source) is false")
                return
            }
            var hosts = try hostsAsked(by: unit)
            if let host = unit.host { hosts.insert(host) }
            active[unit]?.stage = .connecting([], then: .begin)
            withHosts(hosts, of: unit, .begin)
        } catch {
            failWithProblem(unit, error)
        }
    }

    /// The hosts that the unit's questions are asked on, or speak of.
    func hostsAsked(by unit: Unit) throws(EngineProblem) -> Set<HostID> {
        let (step, context) = (step(unit), context(unit))
        var hosts: Set<HostID> = []
        for question in step.unless + step.check + step.require + step.verify + step.during {
            hosts.formUnion(context.hostsNamed(in: question))
            if case .expression = question.subject { continue }
            hosts.formUnion(try context.hosts(of: question.place))
        }
        return hosts
    }

    /// All hosts are there: settles what an earlier process left open, or asks.
    mutating func begin(_ unit: Unit) {
        if lacksOutputs(unit) {
            readMissingOutputs(unit)
            return
        }
        switch history.standing(of: unit) {
        case .issued(let attempt, _, let bootID): lookUp(unit, attempt, bootID: bootID)
        case .inDoubt(let attempt, _, let why): settleDoubt(unit, attempt, why: why)
        case .pending, .failed: askBefore(unit)
        case .done, .skipped: leave(unit)
        }
    }

    mutating func askBefore(_ unit: Unit) {
        if let host = unit.host, connected[host] == nil {
            withHosts([host], of: unit, .begin)
            return
        }
        do throws(EngineProblem) {
            let context = context(unit)
            if let request = try singleRequest(for: unit) {
                try issue(unit, request)
                return
            }
            var round = Round()
            try round.add(context.step.unless, as: .unless, waits: false, in: context)
            // A step that only proves has nothing to find out beforehand.
            if context.step.action != nil {
                try round.add(context.lastingQuestions(), as: .check, waits: false, in: context)
            }
            try round.readFiles(of: context)
            guard !round.isEmpty else {
                askRequire(unit)
                return
            }
            send(unit, round, .askingBefore(round))
        } catch {
            failWithProblem(unit, error)
        }
    }

    mutating func send(_ unit: Unit, _ round: Round, _ stage: Stage) {
        active[unit]?.stage = stage
        // Only expressions: answered already.
        guard !round.inquiries.isEmpty else {
            found(unit, .success([:]))
            return
        }
        guard round.hosts.allSatisfy({ connected[$0] != nil }) else {
            withHosts(round.hosts, of: unit, .again(stage))
            return
        }
        effects.append(.inquire(unit, round.inquiries))
    }

    mutating func askAgain(_ unit: Unit, _ stage: Stage) {
        switch stage {
        case .askingBefore(let round), .askingRequire(let round, _), .askingAfter(let round),
            .settlingDoubt(let round, _, _):
            send(unit, round, stage)
        case .lookingUp(let attempt, let bootID), .fencing(let attempt, let bootID):
            lookUp(unit, attempt, bootID: bootID)
        case .disarming: disarm(unit)
        case .readingOutputs(_, let how): readOutputs(unit, how: how)
        case .explaining(let failure, _, _, let end): tell(unit, failure, end)
        default: preconditionFailure("\(stage) sends nothing that can be asked again")
        }
    }

    mutating func found(_ unit: Unit, _ result: Result<[HostID: Findings], TransportError>) {
        guard let stage = active[unit]?.stage else { return }
        let findings: [HostID: Findings]
        switch result {
        case .failure(let error):
            if case .explaining(let failure, _, _, let end) = stage {
                close(unit, failure, end)
            } else if error.code == .local {
                // The host is there and says that it cannot: a file of the step is a folder, for instance.
                failWithProblem(unit, EngineProblem(error.message))
            } else {
                lost(unit, error)
            }
            return
        case .success(let found):
            for host in found.keys { answered(host) }
            findings = found
        }
        switch stage {
        case .askingBefore(let round): judgeBefore(unit, round, findings)
        case .askingRequire(let round, let because): judgeRequire(unit, round, findings, because)
        case .askingAfter(let round): judgeAfter(unit, round, findings)
        case .settlingDoubt(let round, let attempt, let why):
            judgeDoubt(unit, round, findings, attempt, why: why)
        case .disarming: disarmed(unit, findings)
        case .readingOutputs(let outputs, let how): keep(outputs, of: unit, findings, how: how)
        case .explaining(let failure, let hints, let evidence, let end):
            explain(unit, failure, hints, evidence, findings, end)
        default: break
        }
    }

    private mutating func judgeBefore(_ unit: Unit, _ round: Round, _ findings: [HostID: Findings]) {
        let context = context(unit)
        if let host = unit.host { active[unit]?.files = findings[host]?.files ?? [:] }
        let unless = round.verdict(of: .unless, findings, context)
        let check = round.verdict(of: .check, findings, context)
        do throws(EngineProblem) {
            let acting = try context.acting(on: active[unit]?.files ?? [:])
            active[unit]?.acting = acting
            var isInPlace = acting?.isInPlace
            let mine = unit.host.flatMap { findings[$0] }
            if let verdict = context.fetchedVerdict(mine, comparesWithHost: true) {
                guard verdict.verdict != .none else {
                    throw EngineProblem(verdict.messages.joined(separator: "; "))
                }
                isInPlace = verdict.verdict == .yes
                if let path = try context.fetchedPath(), isInPlace == true,
                    let file = mine?.files[path] ?? nil
                {
                    recordFetched(unit, sha256(file.bytes).hex)
                }
            }
            judge(unit, unless: unless, check: check, isInPlace: isInPlace)
        } catch {
            failWithProblem(unit, error)
        }
    }

    /// What the questions before the verb come to.
    /// - Parameter isInPlace: of a step that writes files: whether they are as they should be.
    mutating func judge(_ unit: Unit, unless: ListVerdict?, check: ListVerdict?, isInPlace: Bool?) {
        for warning in (unless?.warnings ?? []) + (check?.warnings ?? []) { show(.warned(unit, warning)) }
        if let unless, unless.verdict == .yes {
            readOutputs(unit, how: Settlement.How.unneeded.rawValue)
            return
        }
        for verdict in [unless, check] {
            if let verdict, verdict.verdict == .none {
                askRequire(unit, becauseOf: verdict)
                return
            }
        }
        if check?.verdict == .yes || (check == nil && isInPlace == true), isInPlace ?? true {
            readOutputs(unit, how: Settlement.How.wasSo.rawValue)
            return
        }
        askRequire(unit)
    }

    mutating func askRequire(_ unit: Unit, becauseOf verdict: ListVerdict? = nil) {
        do throws(EngineProblem) {
            let context = context(unit)
            var round = Round()
            try round.add(
                context.step.require + context.duringQuestions(), as: .require, waits: verdict == nil,
                in: context)
            if round.isEmpty {
                judgeRequire(unit, round, [:], verdict)
            } else {
                send(unit, round, .askingRequire(round, becauseOf: verdict))
            }
        } catch {
            failWithProblem(unit, error)
        }
    }

    private mutating func judgeRequire(
        _ unit: Unit, _ round: Round, _ findings: [HostID: Findings], _ because: ListVerdict?
    ) {
        let verdict = round.verdict(of: .require, findings, context(unit)) ?? ListVerdict()
        for warning in verdict.warnings { show(.warned(unit, warning)) }
        if let because {
            refuse(unit, verdict.messages + because.messages, output: because.output, isUndecided: true)
        } else {
            judgeRequire(unit, verdict)
        }
    }

    mutating func judgeRequire(_ unit: Unit, _ verdict: ListVerdict) {
        switch verdict.verdict {
        case .yes: askForWord(unit)
        case .no: refuse(unit, verdict.messages, output: verdict.output, isUndecided: false)
        case .none: refuse(unit, verdict.messages, output: verdict.output, isUndecided: true)
        }
    }

    /// Nothing was issued, and the run stops.
    mutating func refuse(_ unit: Unit, _ reasons: [String], output: String, isUndecided: Bool) {
        let draft = Draft(
            reasons: reasons, questionOutput: output, nothingIssued: true, isUndecided: isUndecided)
        recordRefusal(unit, reasons)
        fail(unit, draft)
    }

    mutating func recordRefusal(_ unit: Unit, _ reasons: [String]) {
        record(
            .settled(
                Settlement(
                    unit: unit, how: .failed, reason: reasons.joined(separator: "; "), acts: "",
                    time: options.time())))
    }

    /// Something of the unit cannot be worked out. What is known of an attempt stays as it is recorded: a
    /// refusal in its place would let the next run issue it again.
    mutating func failWithProblem(_ unit: Unit, _ problem: EngineProblem) {
        switch history.standing(of: unit) {
        case .issued, .inDoubt:
            fail(unit, Draft(reasons: [problem.message], questionOutput: problem.output, isUndecided: true))
        case .done: fail(unit, Draft(reasons: [problem.message], questionOutput: problem.output))
        case .pending, .skipped, .failed:
            recordRefusal(unit, [problem.message])
            fail(unit, Draft(reasons: [problem.message], questionOutput: problem.output, nothingIssued: true))
        }
    }

    /// The unit is not issued, and so the run stops: a later step of its host must not come before it.
    mutating func standDown(_ unit: Unit) {
        if ending == nil { ending = .incomplete(before: unit.step) }
        let why =
            waves[wave].isTogether
            ? "the step goes on all its hosts together or on none" : "the run stops"
        show(.warned(unit, "nothing was issued here: \(why)"))
        leave(unit)
    }
}
