import RunbookModel
import RunbookSupervisor
import RunbookTransport

@testable import RunbookEngine

/// Drives the pure core through a world, with crashes, cut links, reboots, torn journals and more drawn from a
/// seed.
struct SimulatedRun {
    var world = SimulatedWorld()
    var journal: [Entry] = []
    /// The last record was cut off, and nothing was written in its place yet.
    var isTorn = false
    var shownDone: [Unit] = []
    var generator: SeededGenerator
    /// How many faults may still happen.
    var faultsLeft: Int
    let plan: Plan
    /// Broken on purpose, to see the tests go red.
    var breakage = Breakage.none
    /// What goes on, with its request.
    /// What happened, line by line, for the seeds that fail.
    var story: [String] = []
    var tellsStory = false
    private var running: [AttemptID: (host: HostID, request: AttemptRequest)] = [:]
    private var connected: Set<HostID> = []
    private let width: Int
    private var turns = SimulatedTurns()

    enum Breakage: CaseIterable {
        case none
        case recordsAfterActing
        case takesLostForDone
        case believesAFenceThatWasNotTaken
        case forgetsTheTornTail
        case worksOnTooMany
        case goesOnWithoutTooMany
    }

    init(generator: SeededGenerator, faults: Int, simulated: SimulatedPlan, breakage: Breakage) {
        self.generator = generator
        faultsLeft = faults
        plan = simulated.plan
        width = simulated.width
        self.breakage = breakage
    }

    /// A process of the program: from start to its end, or to a crash (nil).
    mutating func process() -> RunEnd? {
        connected = []
        var options = RunOptions(
            operatorName: "tester@here", siteName: "here", program: "test",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        options.saysYesToAll = true
        options.mayHaveIssued = isTorn && breakage != .forgetsTheTornTail
        options.width = breakage == .worksOnTooMany ? width + 1 : width
        turns = SimulatedTurns(plan: plan, width: width, history: History(journal))
        var state = RunState(plan: planOfTheRun, options: options, history: History(journal))
        var pending: [Effect] = []
        guard let ended = perform(state.start(), &pending) else { return nil }
        if let end = ended.value { return end }
        for _ in 0..<10_000 {
            guard !pending.isEmpty else {
                world.problems.append("nothing is under way and the run has not ended")
                return nil
            }
            var event = Event.interrupted
            if !fault(400) {
                // Effects of different units are answered in any order.
                let place = Int(generator.next() % UInt64(pending.count))
                let effect = pending[place]
                pending.remove(at: place)
                event = answer(effect)
                if tellsStory { story.append("\(effect.line): \(event.story)") }
            }
            guard let ended = perform(state.handle(event), &pending) else { return nil }
            if let end = ended.value { return end }
        }
        world.problems.append("the run does not end")
        return nil
    }

    /// The plan, unless a breakage gives the program another one.
    private var planOfTheRun: Plan {
        guard breakage == .goesOnWithoutTooMany else { return plan }
        var runbook = plan.runbook
        for index in runbook.steps.indices where runbook.steps[index].maxUnavailable > 0 {
            runbook.steps[index].maxUnavailable += 1
        }
        return Plan(runbook: runbook, site: plan.site, runbookDigest: plan.runbookDigest)
    }

    private struct Ended { var value: RunEnd? }

    /// nil: crashed in the middle of the list.
    private mutating func perform(_ effects: [Effect], _ pending: inout [Effect]) -> Ended? {
        var effects = effects
        if breakage == .recordsAfterActing { effects.sort { !$0.isRecord && $1.isRecord } }
        for effect in effects {
            if fault(50) {
                // One append at a time can be torn: nothing was written in the place of the last one.
                if generator.hits(4), !isTorn, journal.count > 1 {
                    journal.removeLast()
                    isTorn = true
                }
                if tellsStory { story.append("  crash\(isTorn ? ", the last record is torn" : "")") }
                return nil
            }
            if tellsStory { story.append("  \(effect.story)") }
            world.problems += turns.problems(with: effect, journal)
            switch effect {
            case .record(let entry):
                journal.append(entry)
                isTorn = false
            case .show(.settled(let unit, _, let how, _)): if how == "done" { shownDone.append(unit) }
            case .show, .forget: break
            case .disconnect(let host): connected.remove(host)
            case .inquire(nil, let inquiries):
                // Each host answers by itself.
                for (host, inquiry) in inquiries.sorted(by: { $0.key < $1.key }) {
                    pending.append(.inquire(nil, [host: inquiry]))
                }
            case .finish(let end): return Ended(value: end)
            default: pending.append(effect)
            }
            if breakage == .recordsAfterActing, case .attempt(let unit, let host, let request) = effect {
                _ = attempt(unit, host, request)
            }
        }
        return Ended(value: nil)
    }

    /// Whether a fault happens here: once in so many times, as long as there are any left.
    private mutating func fault(_ one: Int) -> Bool {
        guard faultsLeft > 0, generator.hits(one) else { return false }
        faultsLeft -= 1
        return true
    }

    // MARK: - The world's answers

    private mutating func answer(_ effect: Effect) -> Event {
        timePasses()
        turns.isAnswered(effect)
        switch effect {
        case .connect(let host, _): return connect(host)
        case .inquire(let unit, let inquiries): return .found(unit, inquire(inquiries))
        case .attempt(let unit, let host, let request): return attempt(unit, host, request)
        case .lookUp(let unit, let host, let id):
            if let error = lost(host) { return .lookedUp(unit, .failure(error)) }
            return .lookedUp(unit, .success(world.state(of: id, on: host)))
        case .fence(let unit, let host, let id):
            if let error = lost(host) { return .fenced(unit, .failure(error)) }
            if breakage == .believesAFenceThatWasNotTaken { return .fenced(unit, .success(.fenced)) }
            return .fenced(unit, .success(world.fence(id, on: host)))
        case .follow(let unit, let host, let id, let after, _):
            if let error = lost(host) { return .attempted(unit, .failure(error)) }
            return .attempted(unit, .success(follow(id, on: host, after)))
        case .wait(let unit, _, let timer): return .waited(unit, timer: timer)
        case .prompt(let unit, _): return .said(unit, "yes")
        case .watch: fatalError("the plans of the simulation have no during")
        case .keep(let unit, let place, _): return .kept(unit, .success(KeptFile(path: place.path)))
        case .forget, .disconnect, .record, .show, .finish: fatalError("\(effect) is not answered")
        }
    }

    private mutating func connect(_ host: HostID) -> Event {
        if fault(60) {
            return .unreachable(host, TransportError(.unreachable, host: host, "no way"))
        }
        connected.insert(host)
        return .connected(host, world.facts(host), hostKey: "key", operatorKey: nil, clockSkew: 0)
    }

    /// The link is cut, by itself or by a reboot, perhaps with a request on it: that one comes before the reboot
    /// or never.
    private mutating func lost(_ host: HostID, with request: AttemptRequest? = nil) -> TransportError? {
        let error = TransportError(.lost, host: host, "the link was cut")
        guard connected.contains(host) else { return error }
        guard fault(20) else { return nil }
        if let request { loseOnTheWay(request, to: host) }
        if generator.hits(3) { reboot(host) }
        connected.remove(host)
        return error
    }

    private mutating func reboot(_ host: HostID) {
        if tellsStory { story.append("    reboot of \(host)") }
        // No session outlives it.
        connected.remove(host)
        for (id, other) in running where other.host == host { running[id] = nil }
        world.reboot(host, losesClaims: generator.hits(2))
    }

    private mutating func inquire(_ inquiries: [HostID: Inquiry]) -> Result<
        [HostID: Findings], TransportError
    > {
        var all: [HostID: Findings] = [:]
        for (host, inquiry) in inquiries.sorted(by: { $0.key < $1.key }) {
            if let error = lost(host) { return .failure(error) }
            var findings = Findings()
            findings.answers = inquiry.questions.map { world.answer($0, on: host) }
            if !findings.answers.isEmpty, fault(60) {
                findings.answers[Int(generator.next() % UInt64(findings.answers.count))] = Answer(.none)
            }
            for path in inquiry.reads { findings.files[path] = .some(world.read(path, on: host)) }
            all[host] = findings
        }
        return .success(all)
    }

    private mutating func attempt(_ unit: Unit, _ host: HostID, _ request: AttemptRequest) -> Event {
        if !journal.contains(where: { $0.isIntent(of: request.id) }), breakage == .none {
            world.problems.append("\(request.id) was sent and its intent is not in the journal")
        }
        if fault(80) {
            return .attempted(unit, .failure(TransportError(.channelRefused, host: host, "no channel")))
        }
        if let error = lost(host, with: request) {
            guard breakage == .takesLostForDone else { return .attempted(unit, .failure(error)) }
            let answers = request.after.map { _ in Answer(.yes) }
            return .attempted(unit, .success(.ended(.init(), SimulatedWorld.end(0), after: answers)))
        }
        switch world.arrive(host, request) {
        case .answered(let reply): return .attempted(unit, .success(reply))
        case .claimed(let before):
            if request.timeout.then == .leave, generator.hits(2) {
                begin(request, on: host)
                return .attempted(unit, .success(.left(before)))
            }
            let end = world.finish(request.id, request, on: host)
            return .attempted(unit, .success(.ended(before, end, after: after(request.after, on: host))))
        }
    }

    private mutating func after(_ questions: [QuestionRequest], on host: HostID) -> [Answer] {
        var answers = questions.map { world.answer($0, on: host) }
        if !answers.isEmpty, fault(60) { answers[0] = Answer(.none) }
        return answers
    }

    /// The link is cut with a request on it.
    private mutating func loseOnTheWay(_ request: AttemptRequest, to host: HostID) {
        switch generator.next() % 5 {
        case 0: break  // never arrives
        case 1: world.inFlight.append((host, request))
        case 2:  // arrived and goes on
            if case .claimed = world.arrive(host, request) { begin(request, on: host) }
        case 3:  // arrived and was killed, with or without its effect, and left no exit status
            guard case .claimed = world.arrive(host, request), generator.hits(2) else { return }
            _ = world.run(request, on: host)
        default:  // arrived and ended; the reply is lost
            if case .claimed = world.arrive(host, request) { _ = world.finish(request.id, request, on: host) }
        }
    }

    private mutating func begin(_ request: AttemptRequest, on host: HostID) {
        world.attempts[request.id]?.isRunning = true
        running[request.id] = (host, request)
    }

    private mutating func follow(_ id: AttemptID, on host: HostID, _ questions: [QuestionRequest])
        -> AttemptReply
    {
        if fault(30) {
            // Killed while it is followed.
            running[id] = nil
            world.attempts[id]?.isRunning = false
        }
        if let (_, request) = running.removeValue(forKey: id) { _ = world.finish(id, request, on: host) }
        guard case .ended(let end) = world.state(of: id, on: host) else {
            return .refused(world.state(of: id, on: host))
        }
        return .ended(.init(), end, after: after(questions, on: host))
    }

    /// What goes on ends, what was on the wire arrives, somebody else writes in a file, at any time.
    private mutating func timePasses() {
        if !running.isEmpty, generator.hits(6),
            let (id, other) = running.min(by: { $0.key.rawValue < $1.key.rawValue })
        {
            running[id] = nil
            _ = world.finish(id, other.request, on: other.host)
        }
        if !world.inFlight.isEmpty, generator.hits(3) {
            let (host, request) = world.inFlight.removeFirst()
            if tellsStory { story.append("    \(request.id) arrives late") }
            if case .claimed = world.arrive(host, request) { _ = world.finish(request.id, request, on: host) }
        }
        if fault(150), let key = world.files.keys.min(by: { ($0.host, $0.name) < ($1.host, $1.name) }) {
            world.files[key, default: ""] += "# by somebody else\n"
        }
        if fault(150) {
            let hosts = plan.site.hosts.keys.sorted()
            reboot(hosts[Int(generator.next() % UInt64(hosts.count))])
        }
    }
}

extension Event {
    /// What was answered, in short.
    fileprivate var story: String {
        switch self {
        case .found(_, .success(let findings)):
            findings.sorted { $0.key < $1.key }.map { host, found in
                "\(host) \(found.answers.map(\.verdict)) \(found.files.keys)"
            }.joined(separator: ", ")
        case .attempted(_, .success(.ended(_, let end, let after))):
            "\(end.end.text), \(after.map(\.verdict))"
        case .connected(_, let facts, _, _, _): facts.bootID
        case .found(_, .failure), .attempted(_, .failure), .lookedUp(_, .failure), .fenced(_, .failure):
            "lost"
        default: "\(self)"
        }
    }
}

extension Effect {
    fileprivate var story: String {
        switch self {
        case .record(let entry): "record \(entry.line)"
        case .show, .finish: "\(self)"
        default: line
        }
    }

    var isRecord: Bool {
        if case .record = self { true } else { false }
    }
}

extension Entry {
    func isIntent(of attempt: AttemptID) -> Bool {
        if case .intent(let intent) = self { intent.attempt == attempt } else { false }
    }
}
