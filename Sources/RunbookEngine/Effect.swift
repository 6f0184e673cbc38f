package import RunbookModel
package import RunbookSupervisor
package import RunbookTransport

/// What the pure core wants done. The runner performs a list in order: a record is on disk before the next
/// effect is begun. An effect with a unit is answered by one event of that unit.
package enum Effect: Sendable, Equatable {
    case record(Entry)
    case show(RunEvent)
    /// Connects, greets and takes the host's lock, after a pause; answered by `connected` or `unreachable`.
    case connect(HostID, after: Duration)
    /// Closes the connection of a host that is not needed for now; not answered.
    case disconnect(HostID)
    /// Asks questions and reads files; answered by `found`. Without a unit each host may answer by itself.
    case inquire(Unit?, [HostID: Inquiry])
    case attempt(Unit, HostID, AttemptRequest)
    case lookUp(Unit, HostID, AttemptID)
    case fence(Unit, HostID, AttemptID)
    case follow(Unit, HostID, AttemptID, after: [QuestionRequest], environment: [ShellVariable])
    /// Asks, after a pause, what must hold while an attempt is under way; answered by `watched`, also when hosts are
    /// lost.
    case watch(Unit, AttemptID, [HostID: Inquiry], after: Duration)
    /// Puts a file of a host in its place on this machine; answered by `kept`.
    case keep(Unit, FetchedPlace, [UInt8])
    /// Removes an attempt's output from the host once its outcome is recorded; not answered.
    case forget(HostID, AttemptID)
    /// Asks the person; answered by `said`.
    case prompt(Unit, Prompt)
    /// Answered by `waited` with the same number: a unit may have a timer that nobody waits for any more.
    case wait(Unit, Duration, timer: Int)
    /// The run is over for this process. Nothing follows.
    case finish(RunEnd)
}

/// What is to be found out on one host, without effects.
package struct Inquiry: Sendable, Equatable {
    package var questions: [QuestionRequest] = []
    package var environment: [ShellVariable] = []
    /// Files to read.
    package var reads: [String] = []
    /// The longest file that is read, in bytes. Config files are far below it, and it stays in memory.
    package var lengthMax = 1 << 20
    /// Places on this machine to look at.
    package var looks: [FetchedPlace] = []
    /// Scripts that look at what trees are to be put over, by the name under which what they write is found.
    package var surveys: [String: String] = [:]
    /// Whether a second login works.
    package var reconnects = false
    package init() {}
    package var isEmpty: Bool {
        questions.isEmpty && reads.isEmpty && looks.isEmpty && surveys.isEmpty && !reconnects
    }
}

/// The answer to an inquiry.
package struct Findings: Sendable, Equatable {
    package var answers: [Answer] = []
    /// By path as asked; nil: there is no such file. Of a survey what it wrote, by its name.
    package var files: [String: HostFile?] = [:]
    package var login: Answer?
    package var fetched: [FetchedPlace: FetchedState] = [:]
    package init() {}
}

/// What a person is asked.
package struct Prompt: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// The word must be typed to go on.
        case word(String)
        /// One of the choices; empty: any text.
        case answer([String])
        /// Enter, when it is done.
        case done
    }
    package var kind: Kind
    package var text: String
}

/// What happened. Events come one at a time, in any order between units.
package enum Event: Sendable {
    /// `clockSkew`: how far the host's clock is from this machine's, in whole seconds, never negative.
    case connected(HostID, HostFacts, hostKey: String?, operatorKey: String?, clockSkew: Int)
    case unreachable(HostID, TransportError)
    /// The host is locked by another run.
    case locked(HostID, LockHolder)
    case found(Unit?, Result<[HostID: Findings], TransportError>)
    case attempted(Unit, Result<AttemptReply, TransportError>)
    case lookedUp(Unit, Result<AttemptState, TransportError>)
    case fenced(Unit, Result<FenceResult, TransportError>)
    /// nil: nobody is there to ask.
    case said(Unit, String?)
    case waited(Unit, timer: Int)
    /// `at`: when the answers came, on a clock that begins with the runner and never goes back.
    case watched(Unit, AttemptID, at: Duration, [HostID: Findings], lost: [HostID])
    case kept(Unit, Result<KeptFile, EngineProblem>)
    /// The first Ctrl-C, TERM or HUP.
    case interrupted
    /// The journal could not be written; nothing was done after it.
    case journalFailed(String)
}

/// How a process's part of the run ended; the exit code follows from it.
package enum RunEnd: Sendable, Equatable {
    /// Every unit is finished and, where it was asked, still so.
    case complete
    /// Stopped before `--until`, or after one step.
    case paused
    case failed(Unit)
    /// Hosts were left out, as `max_unavailable` allows. All else is done, or the run stopped before this step,
    /// which would have gone on without too many of its hosts.
    case incomplete(before: StepID?)
    /// In doubt, no answer, edited or no longer true: a person must decide.
    case undecided(Unit?, String)
    case unreachable(TransportError)
    case locked(HostID, LockHolder)
    case journal(String)
    /// The units whose commands go on.
    case interrupted([Unit])
}
