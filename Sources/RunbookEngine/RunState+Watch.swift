import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// What `during` asks while a unit's command is under way.
struct Watch: Sendable, Equatable {
    let attempt: AttemptID
    /// All of its questions, each on its hosts.
    let round: Round
    /// By the question's number: since when it did not say yes, on the runner's clock.
    var since: [Int: Duration] = [:]
    /// Whether it was asked in this process.
    var wasAsked = false
    /// Hosts that are connected again for it.
    var connecting: Set<HostID> = []
}

// `during`: questions that must not say no while the command runs. They are asked before it is sent, again and again
// while it is under way, and once more when it has ended. Nothing is stopped by an answer: the step fails when its
// command has ended.
extension RunState {
    /// Begins to ask, unless it is asked already.
    /// - Parameter isResumed: an earlier process sent it: what happened since that one ended is not known.
    mutating func startWatch(_ unit: Unit, _ attempt: AttemptID, isResumed: Bool) {
        guard !step(unit).during.isEmpty, active[unit]?.watch?.attempt != attempt else { return }
        do throws(EngineProblem) {
            var round = Round()
            try round.add(step(unit).during, as: .during, waits: false, in: context(unit))
            active[unit]?.watch = Watch(attempt: attempt, round: round)
            if isResumed { recordWatched(unit, attempt, .gap, Self.gap) }
            watchAgain(unit, after: .zero)
        } catch {
            recordWatched(unit, attempt, .broken, error.message)
        }
    }

    /// What nobody saw.
    private static let gap = "nobody asked while no run was there"

    private mutating func watchAgain(_ unit: Unit, after pause: Duration) {
        guard let watch = active[unit]?.watch else { return }
        let lost = watch.round.hosts.filter { connected[$0] == nil }
        for host in lost.sorted() where host != unit.host && !isConnecting(host) {
            active[unit]?.watch?.connecting.insert(host)
            effects.append(.connect(host, after: pause))
        }
        effects.append(
            .watch(
                unit, watch.attempt, watch.round.inquiries.filter { connected[$0.key] != nil }, after: pause))
    }

    /// Whether a connection to the host is being made.
    func isConnecting(_ host: HostID) -> Bool {
        active.values.contains { unit in
            if case .connecting(let hosts, _) = unit.stage, hosts.contains(host) { return true }
            return unit.watch?.connecting.contains(host) == true
        }
    }

    /// A connection was made, or given up.
    mutating func endWatchConnecting(_ host: HostID) {
        for unit in active.keys { active[unit]?.watch?.connecting.remove(host) }
    }

    /// - Parameters:
    ///   - time: when the answers came, on the runner's clock.
    ///   - found: of the hosts that could be asked.
    ///   - lost: hosts whose connection is gone.
    mutating func watched(
        _ unit: Unit, _ attempt: AttemptID, at time: Duration, _ found: [HostID: Findings], lost: [HostID]
    ) {
        for host in lost {
            connected[host] = nil
            tries[host] = tries[host] ?? 0
        }
        guard var watch = active[unit]?.watch, watch.attempt == attempt,
            active[unit]?.stage.isUnderWay == true
        else { return }
        let context = context(unit)
        if !watch.wasAsked {
            watch.wasAsked = true
            recordWatched(unit, attempt, .asked, "")
        }
        for (number, item) in watch.round.items.enumerated() {
            let verdict = watch.round.verdict(of: item, found, context)
            for warning in verdict.warnings { show(.warned(unit, warning)) }
            note(verdict, of: item.question, number, &watch, unit, at: time)
        }
        active[unit]?.watch = watch
        if history.watches[attempt]?.broken == nil { watchAgain(unit, after: watchPause(unit)) }
    }

    private mutating func note(
        _ verdict: ListVerdict, of question: Question, _ number: Int, _ watch: inout Watch, _ unit: Unit,
        at time: Duration
    ) {
        guard verdict.verdict != .yes else {
            if watch.since.removeValue(forKey: number) != nil {
                recordWatched(unit, watch.attempt, .yes, "it says yes again")
            }
            return
        }
        let message = verdict.messages.joined(separator: "; ")
        if watch.since[number] == nil {
            watch.since[number] = time
            recordWatched(unit, watch.attempt, verdict.verdict == .no ? .no : .unknown, message)
            show(.warned(unit, "while it runs: \(message)"))
        }
        let grace = context(unit).grace(of: question)
        guard time - (watch.since[number] ?? time) >= grace, history.watches[watch.attempt]?.broken == nil
        else {
            return
        }
        let sentence = grace == .zero ? message : "for \(grace.forPeople) or longer: \(message)"
        recordWatched(unit, watch.attempt, .broken, sentence)
        show(.warned(unit, "its command goes on, and the step fails when it has ended"))
    }

    private mutating func recordWatched(
        _ unit: Unit, _ attempt: AttemptID, _ what: WatchRecord.What, _ reason: String
    ) {
        record(
            .watched(
                WatchRecord(unit: unit, attempt: attempt, what: what, reason: reason, time: options.time())))
    }

    private func watchPause(_ unit: Unit) -> Duration {
        let context = context(unit)
        let pauses = step(unit).during.compactMap { $0.every.flatMap { try? context.time($0) } }
        return plan.scaled(pauses.min() ?? .seconds(2), floor: .milliseconds(200))
    }

    /// What was seen while the command ran, as reasons why the step is not done.
    func watchFailures(_ attempt: AttemptID?) -> [String] {
        attempt.flatMap { history.watches[$0]?.broken }.map { ["while it ran, \($0)"] } ?? []
    }

    /// What is not known of the time in which the command ran; empty where all is known.
    func watchGap(_ attempt: AttemptID?) -> String {
        attempt.flatMap { history.watches[$0] }?.hasGap == true ? "\(Self.gap) and its command ran" : ""
    }
}

extension UnitContext {
    /// How long a question may fail to say yes.
    func grace(of question: Question) -> Duration {
        let grace = question.grace.flatMap { try? time($0) } ?? Question.defaultGrace
        return plan.scaled(grace, floor: .seconds(2))
    }

    /// The questions of `during` as they are asked before and after the command: a yes is waited for as long as
    /// its grace.
    func duringQuestions() -> [Question] {
        step.during.map { question in
            var question = question
            question.within = question.grace ?? .fixed(Question.defaultGrace)
            return question
        }
    }
}

extension Stage {
    /// Whether the command may be under way, or its host be down because of it.
    fileprivate var isUnderWay: Bool {
        switch self {
        case .attempting, .following, .lookingUp, .fencing, .connecting(_, then: .lookUp): true
        default: false
        }
    }
}
