package import RunbookModel

/// What the views show. The engine does not know which view listens.
package enum RunEvent: Sendable, Equatable {
    /// Before anything is done: one line per unit.
    case outlook([OutlookLine])
    case started(Unit, name: String)
    /// An attempt was sent.
    case issued(Unit, AttemptID)
    /// We wait for a command that was started before.
    case following(Unit, AttemptID)
    case settled(Unit, name: String, how: String, reason: String)
    case warned(Unit, String)
    case failed(Failure)
    /// The run goes on without the unit's host, and why.
    case leftOut(Unit, String)
    case reconnecting(HostID, String)
    case fileChange(Unit, path: String, difference: String)
    /// What a person should know; a sentence.
    case note(String)
}

/// What the run will do with a unit, before it does anything.
package struct OutlookLine: Sendable, Equatable {
    package enum Verdict: String, Sendable, Equatable, CaseIterable {
        case done, wasSo = "was so", adopted, proven, byHand = "by hand", kept, skipped
        case willRun = "will run"
        case willRunAgain = "will run again"
        case goesOn = "still to be asked"
        case inDoubt = "in doubt"
        case edited = "edited since it ran"
        case noLongerTrue = "no longer true"
        case cannotTell = "cannot tell"
        /// Only when nothing but asking is done.
        case holds = "holds"
        case notAsked = "has no check"
        /// Only when planning ahead.
        case alreadySo = "already so"
        case notNeeded = "not needed"
        case wouldRun = "would run"
        case notSoYet = "not so yet"
        case cannotBeAsked = "cannot be asked"
    }
    package var unit: Unit
    package var name: String
    package var verdict: Verdict
    package var detail: String
}

/// Why a unit failed, with all that helps to mend it.
package struct Failure: Sendable, Equatable {
    package var unit: Unit
    package var name: String
    package var why: String?
    /// What happened, as sentences: `exit status 1`, a question's message.
    package var reasons: [String]
    package var hints: [String]
    /// The last lines of stdout and stderr, not yet made fit for a terminal.
    package var output: String
    package var errors: String
    /// The output of the commands in `on_failure: show`, with the command before it.
    package var evidence: [Evidence]
    /// True: nothing was issued.
    package var nothingIssued: Bool
    /// Asked of a person before going on: in doubt or no answer.
    package var isUndecided: Bool

    package struct Evidence: Sendable, Equatable {
        package var command: String
        package var output: String
    }
}
