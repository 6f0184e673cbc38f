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
        record(
            .wentOn(
                operator: options.operatorName, time: options.time(), runbookDigest: plan.runbookDigest))
        takeWords()
        isDisturbed = plan.schedule.units.contains { unit in
            switch history.standing(of: unit) {
            case .issued, .inDoubt, .failed(_, _, issued: true): true
            default: false
            }
        }
        startSurvey(isFinal: false)
    }

    /// `--redo` and `--keep`, written down before anything follows from them.
    private mutating func takeWords() {
        for unit in plan.schedule.units {
            let kind: Word.Kind
            if options.redo.contains(unit.step) {
                kind = .redo
            } else if options.keep.contains(unit.step) {
                kind = .keep
            } else {
                continue
            }
            record(
                .word(
                    Word(
                        unit: unit, kind: kind, why: "--\(kind.rawValue) \(unit.step)",
                        who: options.operatorName, time: options.time())))
        }
    }

    // MARK: - Hosts

    mutating func connect(_ host: HostID, _ facts: HostFacts, hostKey: String?, operatorKey: String?) {
        connected[host] = facts
        tries[host] = 0
        if let operatorKey { operatorKeys[host] = operatorKey }
        let known = history.hosts[host]
        let record = HostRecord(
            host: host, address: plan.site.hosts[host]?.address ?? "", hostKey: hostKey,
            machineID: facts.machineID, bootID: facts.bootID, initStart: facts.initStart, node: facts.nodeName
        )
        if let known, known.machineID != record.machineID {
            finish(
                .undecided(
                    nil,
                    "\(host) is another machine than the one that this run began with "
                        + "(machine id \(record.machineID), not \(known.machineID)): nothing was sent to it"))
            return
        }
        if known != record { self.record(.host(record)) }
        if case .surveying(let survey) = phase {
            goOn(survey, with: host)
            return
        }
        for unit in active.keys.sorted(by: { $0.description < $1.description }) {
            guard case .connecting(var hosts, let next) = active[unit]?.stage, hosts.contains(host) else {
                continue
            }
            hosts.remove(host)
            active[unit]?.stage = .connecting(hosts, then: next)
            if hosts.isEmpty { proceed(unit, next) }
        }
    }

    /// A connection could not be made. A host that was there before is tried again for a while.
    mutating func missed(_ host: HostID, _ error: TransportError) {
        connected[host] = nil
        guard let tried = tries[host], let pause = backoff(tried, for: host), error.code.mayPass else {
            finish(.unreachable(error))
            return
        }
        tries[host] = tried + 1
        show(.reconnecting(host, error.message))
        effects.append(.connect(host, after: pause))
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
    mutating func withHosts(_ hosts: Set<HostID>, of unit: Unit, _ next: Stage.Next) {
        let missing = hosts.filter { connected[$0] == nil }
        guard !missing.isEmpty else {
            proceed(unit, next)
            return
        }
        let underWay = active.values.reduce(into: Set<HostID>()) { found, other in
            if case .connecting(let hosts, _) = other.stage { found.formUnion(hosts) }
        }
        active[unit]?.stage = .connecting(missing, then: next)
        for host in missing.sorted() where !underWay.contains(host) {
            effects.append(.connect(host, after: .zero))
        }
    }

    private mutating func proceed(_ unit: Unit, _ next: Stage.Next) {
        switch next {
        case .begin: begin(unit)
        case .lookUp(let attempt, let bootID): lookUp(unit, attempt, bootID: bootID)
        case .again(let stage): askAgain(unit, stage)
        }
    }

    /// A request was lost with its connection: connects again and finds out, or asks again.
    mutating func lost(_ unit: Unit, _ error: TransportError) {
        guard let stage = active[unit]?.stage else { return }
        guard error.code == .lost else {
            finish(.unreachable(error))
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
            withHosts([error.host], of: unit, .lookUp(attempt, bootID: bootID))
        default:
            withHosts([error.host], of: unit, .again(stage))
        }
    }
}

extension TransportError.Code {
    /// Whether a later try may go better.
    var mayPass: Bool {
        switch self {
        case .unreachable, .lost, .channelRefused, .authenticationFailed: true
        case .hostKeyUnknown, .hostKeyChanged, .knownHosts, .legacyOnly, .cancelled, .local: false
        }
    }
}
