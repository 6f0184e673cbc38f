import RunbookModel
import RunbookSupervisor
import RunbookTransport

// A reboot is done when its host is there in another boot than the one that it was sent in. Neither the end of the
// command says so, nor that the connection is gone.
extension RunState {
    /// The pause between two looks at a host that has not gone down yet, or is not back.
    private static let rebootPause = Duration.seconds(2)

    /// The command has asked for the reboot, or the reboot ended it.
    func isSweptAway(_ unit: Unit, _ end: AttemptEnd) -> Bool {
        guard step(unit).isReboot else { return false }
        if case .signalled = end.end { return true }
        return end.isOK(for: step(unit)) && end.end != .rebooted
    }

    /// The host is still in the boot in which the command was sent: looks again in a moment.
    mutating func awaitReboot(_ unit: Unit, _ end: AttemptEnd?) {
        guard let host = unit.host, case .issued(let attempt, _, let bootID) = history.standing(of: unit)
        else {
            preconditionFailure("\(unit) has no intent")
        }
        if let end { active[unit]?.ended = Active.Ended(end: end) }
        guard !isTimeOver(unit) else {
            let within = rebootTime(unit).forPeople
            if end == nil {
                doubt(
                    unit, attempt, "its process on \(host) is gone, and \(host) did not go down in \(within)")
            } else {
                conclude(unit, problem: "\(host) did not go down in \(within)")
            }
            return
        }
        connected[host] = nil
        let pause = plan.scaled(Self.rebootPause, floor: .milliseconds(200))
        withHosts([host], of: unit, after: pause, .lookUp(attempt, bootID: bootID))
    }

    /// The host is there again.
    mutating func rebooted(_ unit: Unit) {
        rebootWaits[unit] = nil
        let before = active[unit]?.ended?.end
        let nothing = CapturedText(head: [], total: 0)
        let end = AttemptEnd(
            end: .rebooted, output: before?.output ?? nothing, errors: before?.errors ?? nothing)
        active[unit]?.ended = Active.Ended(end: end)
        goOnAfterEnd(unit)
    }

    /// The reboot or the guarded change that was sent to a host and is not known to be over.
    func unitAwaited(on host: HostID) -> Unit? {
        plan.schedule.units.first { unit in
            guard unit.host == host, step(unit).isReboot || step(unit).guardTime != nil else { return false }
            if case .issued = history.standing(of: unit) { return true }
            return false
        }
    }

    /// A host that reboots, or that a guarded change has cut off, does not answer: that is no loss before its time
    /// is over.
    mutating func awaitHost(_ host: HostID, of unit: Unit, _ error: TransportError) {
        guard !isTimeOver(unit) else {
            let within = rebootTime(unit).forPeople
            cutOff(
                host,
                TransportError(
                    error.code, host: host,
                    "\(host) did not come back in \(within) after \(step(unit).isReboot ? "its reboot" : "the guarded change"): "
                        + error.message,
                    remedy: error.remedy))
            return
        }
        tries[host] = 0
        effects.append(
            .connect(host, after: plan.scaled(Self.rebootPause, floor: .milliseconds(200))))
    }

    /// Whether a reboot has had its time, which begins with the first look.
    private mutating func isTimeOver(_ unit: Unit) -> Bool {
        if let wait = rebootWaits[unit] { return wait.isOver }
        let within = rebootTime(unit)
        if let host = unit.host {
            let why =
                step(unit).isReboot ? "it reboots" : "its guard takes the change back when its time is over"
            show(.reconnecting(host, "\(why); it is waited for up to \(within.forPeople)"))
        }
        let timer = wait(unit, plan.scaled(within, floor: .seconds(60)))
        rebootWaits[unit] = RebootWait(timer: timer)
        return false
    }

    private func rebootTime(_ unit: Unit) -> Duration {
        if case .reboot(let within) = step(unit).action {
            return (try? context(unit).time(within)) ?? .seconds(600)
        }
        // The undo may restart what it mended.
        return step(unit).guardTime.map { $0 + .seconds(60) } ?? .zero
    }
}
