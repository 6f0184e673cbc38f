import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// The pure core: what a run does next. No clock, no disk, no host, no terminal.
///
/// `start` and `handle` return effects, which the runner performs in order. Between two waves nothing is under
/// way; inside a wave each unit has at most one effect that is not answered yet.
package struct RunState: Sendable {
    package let plan: Plan
    package let options: RunOptions
    package internal(set) var history: History

    /// Hosts with a connection that was greeted.
    var connected: [HostID: HostFacts] = [:]
    /// Hosts that were connected in this process, or had a command under way when it began, with the tries since
    /// they were lost.
    var tries: [HostID: Int] = [:]
    /// How often a host took nobody in that was not connected yet.
    var refusals: [HostID: Int] = [:]
    /// Requests that were lost on a host since one was answered.
    var losses: [HostID: Int] = [:]
    var operatorKeys: [HostID: String] = [:]
    /// Reboots and guarded changes whose end is awaited.
    var rebootWaits: [Unit: RebootWait] = [:]
    /// The number of the timer that was started last.
    var timers = 0
    /// What questions may ask of a host that only this machine knows: kept, since every context has it.
    var facts: [HostID: [String: Value]] = [:]

    var phase = Phase.idle
    /// Of this process: what an earlier one left comes first where a step allows that.
    var waves: [Schedule.Wave] = []
    var wave = 0
    var active: [Unit: Active] = [:]
    /// The units of the wave that wait for their turn.
    var queue: [Unit] = []
    /// Units of the wave that an earlier process left failed, or with an outcome that is not known.
    var suspects: Set<Unit> = []
    /// The hosts of the wave's step, also those that are done.
    var waveHosts: Set<HostID> = []
    /// The hosts that this process goes on without, as `max_unavailable` allows, and where each was left.
    var leftOut: [HostID: Unit] = [:]
    /// Some of the wave's hosts stop in the middle of it, before `--until`.
    var pausesAfterWave = false
    /// Whether `advance` is at work.
    var isAdvancing = false
    /// Set by the first unit that stops the run; its siblings are awaited.
    var ending: RunEnd?
    /// A step that had effects failed before: what no longer holds may be its doing.
    var isDisturbed = false
    /// The effects of the event that is being handled.
    var effects: [Effect] = []

    enum Phase: Equatable {
        case idle
        /// Connecting, then asking the checks of finished steps.
        case surveying(Survey)
        case inWaves
        case over
    }

    struct RebootWait: Sendable {
        var timer: Int
        var isOver = false
    }

    package init(plan: Plan, options: RunOptions, history: History) {
        self.plan = plan
        self.options = options
        self.history = History(history, renamedFor: plan)
    }

    /// What becomes of the run in this process: called once, first.
    package mutating func start() -> [Effect] {
        precondition(phase == .idle, "a run is started once")
        effects = []
        beginOrGoOn()
        return effects
    }

    package mutating func handle(_ event: Event) -> [Effect] {
        effects = []
        guard phase != .over else { return [] }
        switch event.hiding(plan.redactor) {
        case .connected(let host, let facts, let hostKey, let operatorKey, let skew):
            connect(host, facts, hostKey: hostKey, operatorKey: operatorKey, clockSkew: skew)
        case .unreachable(let host, let error): missed(host, error)
        case .locked(let host, let holder):
            bar(
                host, .locked(host, holder),
                because: "it is held by another run, of \(holder.who); `runbook unlock` takes it over")
        case .found(nil, let result): surveyed(result)
        case .found(let unit?, let result): found(unit, result)
        case .attempted(let unit, let result): attempted(unit, result)
        case .lookedUp(let unit, let result): lookedUp(unit, result)
        case .fenced(let unit, let result): fenced(unit, result)
        case .said(let unit, let answer): said(unit, answer)
        case .waited(let unit, let timer): waited(unit, timer: timer)
        case .kept(let unit, let result): kept(unit, result)
        case .watched(let unit, let attempt, let time, let found, let lost):
            watched(unit, attempt, at: time, found, lost: lost)
        case .interrupted: interrupt()
        case .journalFailed(let message): finish(.journal(message))
        }
        return effects
    }

    // MARK: - Small tools of all parts

    mutating func record(_ entry: Entry) {
        guard !options.onlyAsks else { return }
        history.add(entry)
        effects.append(.record(entry))
    }

    mutating func show(_ event: RunEvent) { effects.append(.show(event)) }

    mutating func finish(_ end: RunEnd) {
        guard phase != .over else { return }
        phase = .over
        effects.append(.finish(end))
    }

    func context(_ unit: Unit) -> UnitContext {
        UnitContext(
            plan: plan, unit: unit, outputs: history.outputs, facts: facts, operatorKeys: operatorKeys)
    }

    func step(_ unit: Unit) -> Step { plan.schedule.step(of: unit) }

    /// The units whose commands go on when this process ends.
    private mutating func interrupt() {
        let running = active.compactMap { unit, active in active.stage.mayBeRunning ? unit : nil }
        finish(.interrupted(running.sorted { $0.description < $1.description }))
    }
}

/// A unit of the wave that goes on.
struct Active: Sendable, Equatable {
    var stage: Stage
    /// The files that were read before the verb.
    var files: [String: HostFile?] = [:]
    var acting: Acting?
    var attempt: AttemptID?
    /// How often it was issued in this process.
    var issues = 0
    /// The end of the attempt and what its own questions said, kept while others are asked.
    var ended: Ended?
    /// Why the attempt is in doubt, while its guard is disarmed.
    var doubt: String?
    var watch: Watch?
    /// What was brought to this machine, for people.
    var brought: String?

    struct Ended: Sendable, Equatable {
        var end: AttemptEnd
        var check: ListVerdict?
        var verify: ListVerdict?
        /// What `during` says when the command has ended.
        var during: ListVerdict?
    }
}

/// What a unit waits for.
enum Stage: Sendable, Equatable {
    /// Waits for its turn: at most so many hosts are worked on at a time.
    case queued(Work)
    case entering
    case connecting(Set<HostID>, then: Next)
    case askingBefore(Round)
    /// `becauseOf`: a question before it had no answer; only the messages are wanted.
    case askingRequire(Round, becauseOf: ListVerdict?)
    case prompting(PromptPurpose)
    /// Asked; the other units of a wave that goes together are not yet.
    case waitingToIssue
    case attempting
    /// A file of the host is put in its place on this machine.
    case keeping(digest: String, length: Int)
    case lookingUp(AttemptID, bootID: String)
    case fencing(AttemptID, bootID: String)
    case following(AttemptID)
    /// Ended; the other units of a wave that goes together have not.
    case waitingForSiblings
    case askingAfter(Round)
    case settlingDoubt(Round, AttemptID, why: String)
    /// A guarded step's command has ended; the guard is disarmed over a new connection.
    case disarming
    case readingOutputs([Output], how: String)
    case explaining(Failure, hints: [Int], evidence: [String], RunEnd)
    case pausing(timer: Int)
    case over

    /// What comes when the hosts are connected.
    indirect enum Next: Sendable, Equatable {
        case begin
        case lookUp(AttemptID, bootID: String)
        case issue
        case disarm
        /// The stage whose request was lost; it is asked again, since questions have no effects.
        case again(Stage)
    }

    /// What is done when it is its turn.
    enum Work: Sendable, Equatable { case enter, issue, verify }

    enum PromptPurpose: Sendable, Equatable {
        case word(String)
        case answer
        case done
    }

    /// Whether the unit's command may be under way on its host.
    var mayBeRunning: Bool {
        switch self {
        case .attempting, .following, .lookingUp, .fencing, .connecting(_, then: .lookUp): true
        default: false
        }
    }

    /// Whether nothing is to be waited for before the siblings of a wave that goes together are issued.
    var isAsked: Bool {
        switch self {
        case .waitingToIssue, .queued(.issue), .attempting, .following, .keeping, .waitingForSiblings, .over:
            true
        default: false
        }
    }

    /// Whether something of the unit is under way.
    var isWorking: Bool {
        switch self {
        case .queued, .waitingToIssue, .waitingForSiblings, .over: false
        default: true
        }
    }
}
