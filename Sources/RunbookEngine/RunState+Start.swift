import RunbookModel
import RunbookSupervisor
import RunbookTransport

// From the first effect to the first wave: begin or go on, take the person's words, ask what is finished.
extension RunState {
    mutating func beginOrGoOn() {
        guard !options.onlyAsks else {
            startSurvey(isFinal: true)
            return
        }
        if history.began == nil {
            record(
                .began(
                    Began(
                        run: options.makeRunID(), runbook: plan.runbook.name, version: plan.runbook.version,
                        site: options.siteName, runbookDigest: plan.runbookDigest,
                        operator: options.operatorName, time: options.time(), program: options.program)))
            phase = .inWaves
            startWave()
            return
        }
        isDisturbed = plan.schedule.units.contains { unit in
            switch history.standing(of: unit) {
            case .issued, .inDoubt, .failed(_, _, issued: true): true
            default: false
            }
        }
        isDisturbed = isDisturbed || !options.redo.isEmpty
        if options.mayHaveIssued { lookBehindTornTail() }
        bePatientWithBusyHosts()
        let wasFinished = history.isFinished
        record(
            .wentOn(
                operator: options.operatorName, time: options.time(), runbookDigest: plan.runbookDigest))
        takeWords()
        readAgain()
        if !wasFinished { takeUpConditions() }
        guard noteRemoved(), nothingOpenWasMovedBack() else { return }
        guard options.trustsFinished else {
            startSurvey(isFinal: false)
            return
        }
        phase = .inWaves
        startWave()
    }

    /// The journal's last record was cut short. It may have been an intent of the first wave that is not
    /// finished, so the attempt that would come next there counts as sent, in the boot that was last seen. Where
    /// a step goes on without some hosts, it may have been one of a later wave, on another host.
    ///
    /// The first thing that is written: once a record stands in the torn one's place, nothing tells of it.
    private mutating func lookBehindTornTail() {
        for unit in unitsThatMayBeUnderWay() {
            switch history.standing(of: unit) {
            case .pending, .failed: break
            case .issued, .inDoubt, .done, .skipped: continue
            }
            // A host that the run has not met has no record; nothing can have been sent there.
            guard let host = unit.host, let last = history.hosts[host],
                let acts = try? context(unit).actsHash()
            else { continue }
            let number = (history.issues[unit] ?? 0) + 1
            record(
                .intent(
                    Intent(
                        unit: unit, attempt: AttemptID(step: unit.step, host: host, number: number),
                        acts: acts,
                        bootID: last.boot, text: "(assumed: the record before was cut short)")))
        }
    }

    /// The first unit of each host that is not finished, up to the first wave that all behind it wait for.
    private func unitsThatMayBeUnderWay() -> [Unit] {
        var (units, hosts) = ([Unit](), Set<HostID?>())
        for wave in plan.schedule.waves {
            let open = wave.units.filter { !history.standing(of: $0).isFinished }
            units += open.filter { hosts.insert($0.host).inserted }
            if open.contains(where: { step($0).maxUnavailable == 0 }) { break }
        }
        return units
    }

    /// A host with a command under way may be restarting just what a login needs, so it counts as one that was
    /// there a moment ago: it is tried for a while before it is called unreachable.
    private mutating func bePatientWithBusyHosts() {
        for host in history.hosts.keys where history.isAwaiting(host) { tries[host] = 0 }
    }

    /// Says which units the runbook has no more. False when one of them is not settled: its command may go on,
    /// and nobody would wait for it.
    private mutating func noteRemoved() -> Bool {
        let units = Set(plan.schedule.units)
        for unit in history.order where !units.contains(unit) {
            switch history.standing(of: unit) {
            case .issued, .inDoubt:
                finish(
                    .undecided(
                        nil,
                        "\(unit) is not in the runbook any more and its outcome is not known: "
                            + "put the step back, or abandon the run"))
                return false
            case .done: show(.note("\(unit) is done and not in the runbook any more"))
            case .pending, .skipped, .failed: break
            }
        }
        return true
    }

    /// False when a step that has not run stands before one whose outcome is not known, by an edit or by `--redo`:
    /// what stands in front would act while the command behind it may go on, or be sent once more before it.
    private mutating func nothingOpenWasMovedBack() -> Bool {
        let waves = plan.schedule.waves
        guard let last = waves.lastIndex(where: { $0.units.contains { history.standing(of: $0).isOpen } }),
            let open = waves[last].units.first(where: { history.standing(of: $0).isOpen }),
            let before = waves[..<last].flatMap(\.units).first(where: { unit in
                let standing = history.standing(of: unit)
                guard !standing.isFinished, !standing.isOpen, step(unit).action != nil else { return false }
                // The run went on without the hosts of such a step.
                return step(unit).maxUnavailable == 0 || unit.host == open.host
            })
        else { return true }
        finish(
            .undecided(
                open,
                "the outcome of \(open) is not known, and \(before) now comes before it: "
                    + "put them in their old order until it is known, or say what is so"))
        return false
    }

    /// `--redo` and `--keep`, written down before anything follows from them.
    ///
    /// An attempt whose outcome is not known is found out first: neither word is about it. What never ran has
    /// nothing to keep.
    private mutating func takeWords() {
        for unit in plan.schedule.units {
            let kind: Word.Kind
            switch history.standing(of: unit) {
            case .issued, .inDoubt:
                if options.redo.contains(unit.step) || options.keep.contains(unit.step) {
                    show(.warned(unit, "its outcome is not known: it is found out first"))
                }
                continue
            case .done where options.keep.contains(unit.step) && !options.redo.contains(unit.step):
                kind = .keep
            case .pending: continue
            case .done, .skipped, .failed:
                guard options.redo.contains(unit.step) else { continue }
                kind = .redo
            }
            record(
                .word(
                    Word(
                        unit: unit, kind: kind, why: "--\(kind.rawValue) \(unit.step)",
                        who: options.operatorName, time: options.time(),
                        acts: kind == .keep ? try? context(unit).actsHash() : nil)))
        }
    }

    // MARK: - Hosts

    mutating func connect(
        _ host: HostID, _ facts: HostFacts, hostKey: String?, operatorKey: String?, clockSkew: Int
    ) {
        let known = history.hosts[host]
        let record = HostRecord(
            host: host, address: plan.site.hosts[host]?.address ?? "", hostKey: hostKey,
            machineID: facts.machineID, bootID: facts.bootID, initStart: facts.initStart, node: facts.nodeName
        )
        // A machine without an id may get one in the middle of a run; its host key was proven.
        if let known, !known.machineID.isEmpty, known.machineID != record.machineID {
            refuseHost(
                host,
                "\(host) is another machine than the one that this run began with "
                    + "(machine id \(record.machineID), not \(known.machineID)): nothing was sent to it")
            return
        }
        guard facts.folder != .foreign else {
            refuseHost(
                host,
                "the run's folder on \(host) is another's (another user's, a link, or of another run): "
                    + "nothing was sent to it")
            return
        }
        connected[host] = facts
        endWatchConnecting(host)
        tries[host] = 0
        if let operatorKey { operatorKeys[host] = operatorKey }
        // Without the comment, which the host's file may have changed; empty after a login by password.
        let key = operatorKeys[host].map { $0.split(separator: " ").prefix(2).joined(separator: " ") } ?? ""
        self.facts[host] = ["clock_skew": .integer(clockSkew), "operator_key": .string(key)]
        if known != record { self.record(.host(record)) }
        // A process that was killed behind its last record could not say so.
        if !options.onlyAsks, let last = history.lastOutcomes[host] { effects.append(.forget(host, last)) }
        if case .surveying(let survey) = phase {
            goOn(survey, with: host)
            return
        }
        for unit in waiting(for: host) {
            guard case .connecting(var hosts, let next) = active[unit]?.stage else { continue }
            hosts.remove(host)
            active[unit]?.stage = .connecting(hosts, then: next)
            if hosts.isEmpty { proceed(unit, next) }
        }
    }

    private mutating func refuseHost(_ host: HostID, _ reason: String) {
        bar(host, .undecided(nil, reason), because: reason)
    }

    /// A connection could not be made. A host that was there before is tried again for a while.
    mutating func missed(_ host: HostID, _ error: TransportError) {
        connected[host] = nil
        if let unit = unitAwaited(on: host), error.code.mayPass {
            awaitHost(host, of: unit, error)
            return
        }
        // It may be our own logins to other names of one machine that are too many.
        if error.code == .busy, tries[host] == nil, refusals[host, default: 0] < Self.refusalsMax {
            let refused = refusals[host, default: 0]
            refusals[host] = refused + 1
            effects.append(.connect(host, after: .milliseconds(500 << refused)))
            return
        }
        guard let tried = tries[host], let pause = backoff(tried, for: host), error.code.mayPass else {
            cutOff(host, error)
            return
        }
        tries[host] = tried + 1
        show(.reconnecting(host, error.message))
        effects.append(.connect(host, after: pause))
    }

    /// How often a host that takes nobody in is tried before it counts as one that cannot be reached: for 15 seconds.
    private static let refusalsMax = 5

    /// A host stays away: its units are over, the others of the wave are awaited, and the run stops.
    mutating func cutOff(_ host: HostID, _ error: TransportError) {
        endWatchConnecting(host)
        guard phase == .inWaves else {
            guard case .surveying(var survey) = phase, error.code.mayPass else {
                finish(.unreachable(error))
                return
            }
            if options.plansAhead {
                show(.reconnecting(host, error.message))
            } else if mayDoWithout(host, survey),
                let unit = plan.schedule.units.first(where: { $0.host == host && survey.rounds[$0] != nil })
            {
                leaveOut(host, unit, because: error.message)
            } else {
                finish(.unreachable(error))
                return
            }
            survey.unreachable[host] = error.message
            goOn(survey, with: host)
            return
        }
        giveUp(waiting(for: host), .unreachable(error), because: error.message)
    }

    /// The units that wait for a connection, in an order that is always the same.
    func waiting(for host: HostID) -> [Unit] {
        let units = active.filter { _, unit in
            if case .connecting(let hosts, _) = unit.stage { hosts.contains(host) } else { false }
        }
        return units.keys.sorted { $0.description < $1.description }
    }

    /// A host has answered.
    mutating func answered(_ host: HostID?) {
        if let host { losses[host] = nil }
    }

    /// The pause before the next try; nil when it is time to give up. The sum is about 40 seconds, and two
    /// minutes where a step said that the connection may drop. At most one try in a second, so that an sshd
    /// that punishes haste is not provoked.
    private func backoff(_ tried: Int, for host: HostID) -> Duration? {
        let pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(2), .seconds(5), .seconds(5)]
        if tried < pauses.count { return pauses[tried] }
        let mayDrop = active.keys.contains { $0.host == host && step($0).connectionMayDrop }
        return tried < (mayDrop ? 27 : 10) ? .seconds(5) : nil
    }

    /// Connects the hosts that have no connection, then goes on.
    mutating func withHosts(
        _ hosts: Set<HostID>, of unit: Unit, after pause: Duration = .zero, _ next: Stage.Next
    ) {
        let missing = hosts.filter { connected[$0] == nil }
        guard !missing.isEmpty else {
            proceed(unit, next)
            return
        }
        let new = missing.filter { !isConnecting($0) }
        active[unit]?.stage = .connecting(missing, then: next)
        for host in new.sorted() {
            effects.append(.connect(host, after: pause))
        }
    }

    private mutating func proceed(_ unit: Unit, _ next: Stage.Next) {
        switch next {
        case .begin: begin(unit)
        case .lookUp(let attempt, let bootID): lookUp(unit, attempt, bootID: bootID)
        case .issue: sendVerb(unit)
        case .disarm: disarm(unit)
        case .again(let stage): askAgain(unit, stage)
        }
    }

    /// A request was lost with its connection: connects again and finds out, or asks again.
    mutating func lost(_ unit: Unit, _ error: TransportError) {
        guard let stage = active[unit]?.stage else { return }
        guard error.code == .lost, let pause = pauseAfterLoss(of: error.host) else {
            giveUp(unit, .unreachable(error), because: error.message)
            return
        }
        connected[error.host] = nil
        tries[error.host] = tries[error.host] ?? 0
        show(.reconnecting(error.host, error.message))
        switch stage {
        case .attempting, .following:
            guard case .issued(let attempt, _, let bootID) = history.standing(of: unit) else {
                preconditionFailure("\(unit) has no intent")
            }
            withHosts([error.host], of: unit, after: pause, .lookUp(attempt, bootID: bootID))
        default:
            withHosts([error.host], of: unit, after: pause, .again(stage))
        }
    }

    /// The pause before a host is connected again whose requests are lost: none, then longer ones; nil when
    /// many were lost in a row although the connections were made.
    mutating func pauseAfterLoss(of host: HostID) -> Duration? {
        let lost = losses[host] ?? 0
        losses[host] = lost + 1
        return lost < 10 ? .seconds(min(lost, 5)) : nil
    }
}

extension TransportError.Code {
    /// Whether a later try may go better.
    var mayPass: Bool {
        switch self {
        case .unreachable, .busy, .lost, .channelRefused, .authenticationFailed: true
        case .hostKeyUnknown, .hostKeyChanged, .knownHosts, .legacyOnly, .cancelled, .local: false
        }
    }
}
