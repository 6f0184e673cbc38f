import RunbookModel
import RunbookTransport

// Whose turn it is: at most so many hosts are worked on at a time, a wave that goes together is issued when all of it
// were asked, and where a step allows it the run goes on without hosts that are not done.
extension RunState {
    /// Takes the units of a wave up. What an earlier process left comes first: it is awaited, or tried anew before
    /// the hosts that were not.
    mutating func takeUp(_ units: [Unit]) {
        suspects = Set(units.filter { history.standing(of: $0).isLeft })
        let first = Set(suspects.map(\.host))
        queue = units.filter { first.contains($0.host) } + units.filter { !first.contains($0.host) }
        active = Dictionary(uniqueKeysWithValues: units.map { ($0, Active(stage: .queued(.enter))) })
        waveHosts = units.first.map { Set(step($0).hosts) } ?? []
        advance()
    }

    /// Goes on wherever something can: at the barrier of the wave, with what waits for its turn, with the next wave.
    ///
    /// What a unit does here may lead here again: then the loop goes round once more, or a wave of a thousand hosts
    /// would be as many calls deep.
    mutating func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        while phase == .inWaves, passBarrier() || beginQueued() || endWave() {}
        isAdvancing = false
    }

    /// A wave that goes together is issued when all of it were asked, on none when the run is to stop; what ended
    /// is verified when no unit of it has an attempt under way.
    private mutating func passBarrier() -> Bool {
        guard waves[wave].isTogether, active.values.allSatisfy({ $0.stage.isAsked }) else {
            return false
        }
        if active.values.contains(where: { $0.stage == .waitingToIssue }) {
            enqueue(.waitingToIssue, for: .issue)
            return true
        }
        guard active.values.allSatisfy({ $0.stage == .over || $0.stage == .waitingForSiblings }),
            active.values.contains(where: { $0.stage == .waitingForSiblings })
        else { return false }
        enqueue(.waitingForSiblings, for: .verify)
        return true
    }

    private mutating func enqueue(_ stage: Stage, for work: Stage.Work) {
        for unit in waves[wave].units where active[unit]?.stage == stage {
            active[unit]?.stage = .queued(work)
            queue.append(unit)
        }
    }

    /// Begins what waits for its turn, as far as there is room; false when nothing has moved.
    private mutating func beginQueued() -> Bool {
        guard !queue.isEmpty else { return false }
        if ending != nil, emptyQueue() { return true }
        var busy = Set(active.compactMap { unit, active in active.stage.isWorking ? unit.host : nil })
        var (index, hasMoved) = (0, false)
        while index < queue.count, phase == .inWaves, working < options.width {
            let unit = queue[index]
            guard case .queued(let work) = active[unit]?.stage else {
                preconditionFailure("\(unit) waits for no turn")
            }
            if work == .enter, let host = unit.host {
                guard leftOut[host] == nil else {
                    queue.remove(at: index)
                    active[unit]?.stage = .over
                    hasMoved = true
                    continue
                }
                guard busy.insert(host).inserted, hasHostsEnough(unit) else {
                    index += 1
                    continue
                }
            }
            queue.remove(at: index)
            hasMoved = true
            begin(unit, work)
        }
        if !hasMoved, working == 0, let first = queue.first {
            ending = .incomplete(before: first.step)
            return true
        }
        return hasMoved
    }

    private var working: Int { active.values.count { $0.stage.isWorking } }

    private mutating func begin(_ unit: Unit, _ work: Stage.Work) {
        active[unit]?.stage = .entering
        switch work {
        case .enter: enter(unit)
        case .issue: if let host = unit.host { withHosts([host], of: unit, .issue) }
        case .verify: askAfter(unit)
        }
    }

    /// The run is to stop: nothing is begun or issued any more; what has ended is still verified.
    private mutating func emptyQueue() -> Bool {
        let dropped = queue.filter { active[$0]?.stage != .queued(.verify) }
        queue.removeAll { active[$0]?.stage != .queued(.verify) }
        for unit in dropped {
            if active[unit]?.stage == .queued(.issue) {
                standDown(unit)
            } else {
                active[unit]?.stage = .over
            }
        }
        return !dropped.isEmpty
    }

    /// Goes on to the next wave when every unit of this one is over.
    private mutating func endWave() -> Bool {
        guard active.values.allSatisfy({ $0.stage == .over }) else { return false }
        active = [:]
        if let ending {
            finish(ending)
        } else if pausesAfterWave {
            pause()
        } else {
            wave += 1
            startWave()
        }
        return true
    }

    /// The unit is over in this process.
    mutating func leave(_ unit: Unit) {
        active[unit]?.stage = .over
        suspects.remove(unit)
        letGo(unit.host)
        advance()
    }

    // MARK: - Hosts that are not done

    /// How many other hosts of the wave's step are not done: left in this process, left by an earlier one and not
    /// tried again yet, in doubt at the moment, or failed and about to be left.
    private func unavailable(besides unit: Unit) -> Int {
        var hosts = Set(leftOut.keys.filter(waveHosts.contains)).union(suspects.compactMap(\.host))
        for (other, active) in active {
            guard let host = other.host else { continue }
            if case .explaining = active.stage { hosts.insert(host) }
            if case .inDoubt = history.standing(of: other) { hosts.insert(host) }
        }
        return unit.host.map { hosts.subtracting([$0]).count } ?? hosts.count
    }

    /// Whether the step goes on with this host: at most `max_unavailable` others are not done. What an earlier
    /// process left is tried anew in any case.
    private func hasHostsEnough(_ unit: Unit) -> Bool {
        let most = step(unit).maxUnavailable
        return most == 0 || suspects.contains(unit) || unavailable(besides: unit) <= most
    }

    /// Whether the unit may be issued now: others may have failed since it was begun.
    func mayIssue(_ unit: Unit) -> Bool { ending == nil && hasHostsEnough(unit) }

    /// Whether the step has lost too many hosts before it begins.
    func hasLostTooMany(_ step: Step) -> Bool {
        guard !leftOut.isEmpty else { return false }
        return step.hosts.count { leftOut[$0] != nil } > step.maxUnavailable
    }

    /// The unit is not done: the run goes on without its host where the step allows that, else it stops when the
    /// others of the wave are over.
    mutating func stop(_ unit: Unit, _ end: RunEnd, because reason: String) {
        guard let host = unit.host, step(unit).maxUnavailable > 0 else {
            if ending == nil { ending = end }
            return
        }
        leaveOut(host, unit, because: reason)
    }

    mutating func leaveOut(_ host: HostID, _ unit: Unit, because reason: String) {
        guard leftOut.updateValue(unit, forKey: host) == nil else { return }
        // Should a question of another host need it, one try is enough.
        tries[host] = nil
        show(.leftOut(unit, reason))
    }

    /// The unit's host, or another that it asks, cannot be used. Where the run may go on without it, the journal
    /// must say so: the next process counts what is not done.
    mutating func giveUp(_ unit: Unit, _ end: RunEnd, because reason: String) {
        if step(unit).maxUnavailable > 0 {
            if case .pending = history.standing(of: unit) { recordRefusal(unit, [reason]) }
        } else if active.contains(where: { $0.key != unit && $0.value.stage != .over }) {
            show(.warned(unit, reason))
        }
        stop(unit, end, because: reason)
        leave(unit)
    }

    /// Nothing is to be sent to the host: the run stops at once, or goes on without it.
    mutating func bar(_ host: HostID, _ end: RunEnd, because reason: String) {
        let units = waiting(for: host)
        guard phase == .inWaves, !units.isEmpty, units.allSatisfy({ step($0).maxUnavailable > 0 }) else {
            finish(end)
            return
        }
        effects.append(.disconnect(host))
        giveUp(units, end, because: reason)
    }

    /// Units that wait for the same host. Whose turn comes next is seen when all are given up: it may need that
    /// host as well, and must not take it for one that somebody connects to.
    mutating func giveUp(_ units: [Unit], _ end: RunEnd, because reason: String) {
        let wasAdvancing = isAdvancing
        isAdvancing = true
        for unit in units { giveUp(unit, end, because: reason) }
        isAdvancing = wasAdvancing
        advance()
    }

    // MARK: - Connections

    /// How many connections are kept although nobody needs them at the moment. Each is a thread and its buffers.
    static let idleConnectionsMax = 64

    /// A host that nobody needs for now keeps its connection, unless many have one.
    mutating func letGo(_ host: HostID?) {
        guard let host, connected[host] != nil, connected.count > max(Self.idleConnectionsMax, options.width),
            !isNeeded(host)
        else { return }
        connected[host] = nil
        effects.append(.disconnect(host))
    }

    private func isNeeded(_ host: HostID) -> Bool {
        active.contains { unit, active in
            guard active.stage.isWorking else { return false }
            return unit.host == host || (try? hostsAsked(by: unit))?.contains(host) ?? true
        }
    }
}
