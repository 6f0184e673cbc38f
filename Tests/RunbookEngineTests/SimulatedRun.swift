import RunbookEngine
import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// Drives the pure core through a world, with crashes, cut links and reboots drawn from a seed.
struct SimulatedRun {
    var world = SimulatedWorld()
    var journal: [Entry] = []
    var shownDone: [Unit] = []
    var generator: SeededGenerator
    /// How many faults may still happen.
    var faultsLeft: Int
    let plan: Plan
    /// Broken on purpose, to see the tests go red.
    var breakage = Breakage.none

    enum Breakage { case none, recordsAfterActing, takesLostForDone }

    /// A process of the program: from start to its end, or to a crash (nil).
    mutating func process() -> RunEnd? {
        var options = RunOptions(
            operatorName: "tester@here", siteName: "here", program: "test",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        options.saysYesToAll = true
        var state = RunState(plan: plan, options: options, history: History(journal))
        var queue: [Event] = []
        guard let end = perform(state.start(), &queue) else { return nil }
        if let end = end.value { return end }
        for _ in 0..<100_000 {
            guard !queue.isEmpty else { fatalError("nothing is under way and the run has not ended") }
            // Events of different units come in any order.
            let event = queue.remove(at: Int.random(in: 0..<queue.count, using: &generator))
            guard let end = perform(state.handle(event), &queue) else { return nil }
            if let end = end.value { return end }
        }
        fatalError("the run does not end")
    }

    struct Ended { var value: RunEnd? }

    /// nil: crashed in the middle of the list.
    private mutating func perform(_ effects: [Effect], _ queue: inout [Event]) -> Ended? {
        var effects = effects
        if breakage == .recordsAfterActing { effects.sort { !$0.isRecord && $1.isRecord } }
        for effect in effects {
            if crashes() { return nil }
            switch effect {
            case .record(let entry): journal.append(entry)
            case .show(.settled(let unit, _, let how, _)): if how == "done" { shownDone.append(unit) }
            case .show: break
            case .finish(let end): return Ended(value: end)
            default: queue.append(answer(effect))
            }
        }
        return Ended(value: nil)
    }

    private mutating func crashes() -> Bool {
        guard faultsLeft > 0, Int.random(in: 0..<25, using: &generator) == 0 else { return false }
        faultsLeft -= 1
        return true
    }

    private mutating func isLost(_ host: HostID) -> TransportError? {
        guard faultsLeft > 0, Int.random(in: 0..<12, using: &generator) == 0 else { return nil }
        faultsLeft -= 1
        return TransportError(.lost, host: host, "the link was cut")
    }

    private mutating func answer(_ effect: Effect) -> Event {
        deliverOld()
        switch effect {
        case .connect(let host, _):
            if faultsLeft > 0, Int.random(in: 0..<15, using: &generator) == 0 {
                faultsLeft -= 1
                world.boots[host, default: 0] += 1
                // What was on the wire does not outlive the host's sockets.
                world.inFlight.removeAll { $0.0 == host }
            }
            return .connected(host, world.facts(host), hostKey: "key", operatorKey: nil, clockSkew: 0)
        case .inquire(let unit, let inquiries):
            var all: [HostID: Findings] = [:]
            for (host, inquiry) in inquiries {
                if let error = isLost(host) { return .found(unit, .failure(error)) }
                var findings = Findings()
                findings.answers = inquiry.questions.map { world.answer($0, on: host) }
                all[host] = findings
            }
            return .found(unit, .success(all))
        case .attempt(let unit, let host, let request): return attempt(unit, host, request)
        case .lookUp(let unit, let host, let id):
            if let error = isLost(host) { return .lookedUp(unit, .failure(error)) }
            return .lookedUp(unit, .success(world.state(of: id, on: host)))
        case .fence(let unit, let host, let id):
            if let error = isLost(host) { return .fenced(unit, .failure(error)) }
            return .fenced(unit, .success(world.fence(id, on: host)))
        case .wait(let unit, _): return .waited(unit)
        case .forget(let host, _):
            return .connected(host, world.facts(host), hostKey: "key", operatorKey: nil, clockSkew: 0)
        default: fatalError("\(effect) is not simulated")
        }
    }

    private mutating func attempt(_ unit: Unit, _ host: HostID, _ request: AttemptRequest) -> Event {
        guard let error = isLost(host) else { return .attempted(unit, .success(world.arrive(host, request))) }
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: break  // never arrives
        case 1: world.inFlight.append((host, request))  // arrives later
        default: _ = world.arrive(host, request)  // arrived; the reply is lost
        }
        if breakage == .takesLostForDone {
            return .attempted(
                unit,
                .success(
                    .ended(.init(), SimulatedWorld.end(0), after: request.after.map { _ in Answer(.yes) })))
        }
        return .attempted(unit, .failure(error))
    }

    /// A request that was on the wire arrives at some time after.
    private mutating func deliverOld() {
        guard !world.inFlight.isEmpty, Int.random(in: 0..<3, using: &generator) == 0 else { return }
        let (host, request) = world.inFlight.removeFirst()
        _ = world.arrive(host, request)
    }
}

extension Effect {
    var isRecord: Bool {
        if case .record = self { true } else { false }
    }
}
