package import RunbookModel
package import RunbookSupervisor

/// What the engine writes into the journal. docs/journal-format.md lists the members of each.
///
/// An entry is on disk before anything that follows from it is done or shown.
package enum Entry: Sendable, Equatable {
    /// The first record of a run.
    case began(Began)
    /// A process took the run up; the first entry of each process but the first.
    case wentOn(operator: String, time: String, runbookDigest: String)
    /// Who a host proved to be, once per process and again after a changed boot.
    case host(HostRecord)
    /// A command with effects is about to be sent.
    case intent(Intent)
    /// A claimed attempt ended, and what follows from it.
    case outcome(Outcome)
    /// What `during` said while an attempt was under way: the first answer, and each change.
    case watched(WatchRecord)
    /// The attempt can never start: its claim was taken by us.
    case fenced(AttemptID)
    /// The attempt's outcome is not known.
    case inDoubt(AttemptID, Unit, why: String)
    /// A unit ended without an attempt of its own, or was settled by a question or a person.
    case settled(Settlement)
    /// What later steps use.
    case output(Unit, name: String, value: Value)
    /// A person said a word: confirmed, `--redo`, `--keep`, `resolve`, `skip`.
    case word(Word)
    /// A person takes a host from another run; the host is told after it.
    case takeOver(TakeOverWord)
    case finished(time: String)
    case abandoned(why: String, who: String, time: String)
}

extension Entry {
    /// The same entry with its texts for people changed; what it is about stays.
    package func mappingTexts(_ change: (String) -> String) -> Entry {
        switch self {
        case .intent(var intent):
            intent.text = change(intent.text)
            return .intent(intent)
        case .outcome(var outcome):
            outcome.reason = change(outcome.reason)
            outcome.output = change(outcome.output)
            outcome.errors = change(outcome.errors)
            return .outcome(outcome)
        case .inDoubt(let attempt, let unit, let why): return .inDoubt(attempt, unit, why: change(why))
        case .watched(var record):
            record.reason = change(record.reason)
            return .watched(record)
        case .settled(var settlement):
            settlement.reason = change(settlement.reason)
            return .settled(settlement)
        case .output(let unit, let name, .string(let text)):
            return .output(unit, name: name, value: .string(change(text)))
        case .word(var word):
            word.why = change(word.why)
            return .word(word)
        case .takeOver(var word):
            word.why = change(word.why)
            word.holder = change(word.holder)
            return .takeOver(word)
        case .abandoned(let why, let who, let time):
            return .abandoned(why: change(why), who: who, time: time)
        case .began, .wentOn, .host, .fenced, .output, .finished: return self
        }
    }
}

package struct Began: Sendable, Equatable, Codable {
    package var run: RunID
    package var runbook: String
    package var version: String?
    package var site: String
    package var runbookDigest: String
    package var `operator`: String
    package var time: String
    /// The program's version.
    package var program: String

    package init(
        run: RunID, runbook: String, version: String?, site: String, runbookDigest: String,
        operator: String, time: String, program: String
    ) {
        self.run = run
        self.runbook = runbook
        self.version = version
        self.site = site
        self.runbookDigest = runbookDigest
        self.operator = `operator`
        self.time = time
        self.program = program
    }
}

package struct HostRecord: Sendable, Equatable, Codable {
    package var host: HostID
    package var address: String
    package var hostKey: String?
    package var machineID: String
    package var bootID: String
    package var initStart: String
    package var node: String
}

package struct Intent: Sendable, Equatable, Codable {
    package var unit: Unit
    package var attempt: AttemptID
    /// The hash of what acts, by which an edited step is told from an unchanged one.
    package var acts: String
    /// The boot in which it is sent.
    package var bootID: String
    /// The shell text, for `log` and `explain`; secrets are masked.
    package var text: String
}

package struct Outcome: Sendable, Equatable, Codable {
    package var unit: Unit
    package var attempt: AttemptID
    package var end: ProcessEnd
    package var isDone: Bool
    /// Why it is not done, or how it came to be known.
    package var reason: String
    package var acts: String
    /// The last of what it wrote, at most 4 KiB, made valid UTF-8.
    package var output: String
    package var errors: String
    /// Wall-clock time, for people.
    package var time: String
}

package struct WatchRecord: Sendable, Equatable, Codable {
    package enum What: String, Sendable, Equatable, Codable {
        /// It was asked while the attempt was under way.
        case asked
        case yes, no
        /// No answer.
        case unknown
        /// Nobody asked since the process that sent it ended.
        case gap
        /// It did not say yes for longer than its grace: the step fails when its command has ended.
        case broken
    }
    package var unit: Unit
    package var attempt: AttemptID
    package var what: What
    package var reason: String
    package var time: String
}

package struct Settlement: Sendable, Equatable, Codable {
    package enum How: String, Sendable, Equatable, Codable, CaseIterable {
        /// The check or `unless` said yes before anything was issued.
        case wasSo = "was-so"
        /// Found done after the outcome had been in doubt.
        case adopted
        /// Questions only: all said yes.
        case proven
        /// A file of the host was brought to this machine.
        case fetched
        /// A person did it, or answered.
        case byHand = "by-hand"
        /// `if` said no.
        case skipped
        /// `unless` said yes.
        case unneeded
        /// Nothing was issued, and why: refused by `require`, no answer, a `verify` that said no.
        case failed
        /// It did not happen: a check or a person said so; it may be issued again.
        case notDone = "not-done"
    }
    package var unit: Unit
    package var how: How
    package var reason: String
    package var acts: String
    package var time: String
}

package struct Word: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Equatable, Codable {
        case confirmed, redo, keep
        case resolvedDone = "resolved-done"
        case resolvedNotDone = "resolved-not-done"
        case skip
        /// Taken back by `runbook undo`.
        case undone
    }
    /// `kind` is the record's own member.
    private enum CodingKeys: String, CodingKey {
        case unit, why, who, time, acts
        case kind = "word"
    }
    package var unit: Unit
    package var kind: Kind
    package var why: String
    package var who: String
    package var time: String
    /// Of `keep`: the hash of what acts as the person saw it, so that a later edit is told again.
    package var acts: String?

    package init(unit: Unit, kind: Kind, why: String, who: String, time: String, acts: String? = nil) {
        self.unit = unit
        self.acts = acts
        self.kind = kind
        self.why = why
        self.who = who
        self.time = time
    }
}

package struct TakeOverWord: Sendable, Equatable, Codable {
    package var host: HostID
    /// The run that holds the host, and who began it; empty where its lock is not readable.
    package var from: RunID
    package var holder: String
    package var why: String
    package var who: String
    package var time: String

    package init(host: HostID, from: RunID, holder: String, why: String, who: String, time: String) {
        self.host = host
        self.from = from
        self.holder = holder
        self.why = why
        self.who = who
        self.time = time
    }
}
