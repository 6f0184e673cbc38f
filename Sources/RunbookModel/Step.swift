/// One thing to do, as the runbook says it. Blocks (`steps:`) hold steps; all others hold a verb or questions.
package struct Step: Hashable, Sendable {
    package var id: StepID
    package var name: String
    package var why: String?
    /// In group order. Empty only for a step that needs no host (`ask`, `manual` without questions).
    package var hosts: [HostID] = []
    /// The group that `peer` and `peers` are taken from.
    package var group: [HostID] = []
    package var order: Order = .oneByOne
    /// With `order: batch`: how many hosts have their turn at a time.
    package var batch = 1
    /// How many of its hosts the step, or the block, goes on without; 0: it stops at the first failure.
    package var maxUnavailable = 0
    /// `if:`, answered by the engine on inputs and outputs.
    package var condition: Expression?
    package var unless: [Question] = []
    package var require: [Question] = []
    package var check: [Question] = []
    package var verify: [Question] = []
    /// Must not say no while the command runs.
    package var during: [Question] = []
    /// `verify: { none: reason }`: the author says why nothing proves the effect.
    package var unproven: String?
    package var action: Action?
    /// The steps of a block: all of them on one host before the next host.
    package var steps: [Step] = []
    package var environment: [EnvironmentEntry] = []
    package var stdin: Template?
    /// The user that `run`, `argv` and `script` run as; nil: who logs in.
    package var runAs: String?
    package var okExit: Set<Int32> = [0]
    package var timeout = TimeLimit(after: .seconds(600), then: .stop)
    package var retry: Retry?
    package var outputs: [Output] = []
    package var hints: [Hint] = []
    package var undo: Undo?
    /// The undo runs by itself on the host when no new connection was made so long after the step began.
    package var guardTime: Duration?
    /// What cannot be taken back; a person must say yes before it is issued.
    package var irreversible: Template?
    /// The device that loses its content; a person must type its name before the step is issued.
    package var destroys: Template?
    package var interrupted: Interrupted = .check
    /// The connection may be cut by the command itself.
    package var connectionMayDrop = false
    /// Commands whose output is shown when the step failed.
    package var evidence: [Template] = []
    package var tags: [String] = []
    /// The id that this step had before (`was:`).
    package var formerID: StepID?
    /// The line of the runbook on which it begins, from 1.
    package var line: Int = 0

    package init(id: StepID, name: String) {
        self.id = id
        self.name = name
    }

    package var isReboot: Bool {
        if case .reboot = action { true } else { false }
    }

    package enum Order: String, Hashable, Sendable, CaseIterable {
        /// Check, run, verify on one host before the next; a failure stops.
        case oneByOne = "one-by-one"
        /// Asked on all, issued on all at once, verified on all.
        case together
        /// `together`, on some of the hosts at a time: the next ones begin when the step is done on these.
        case batch
    }

    /// What becomes of an attempt whose outcome is not known and that no longer runs.
    package enum Interrupted: String, Hashable, Sendable, CaseIterable {
        /// A person decides.
        case ask
        /// The step's check decides; without a clear answer a person does.
        case check
        /// It is safe to issue it again.
        case rerun
    }
}

package struct Timeout: Hashable, Sendable {
    package enum Then: String, Hashable, Sendable, CaseIterable {
        /// The process group is ended: TERM, then KILL.
        case stop
        /// The step failed for now; the attempt lives on and the next run re-attaches.
        case leave
    }
    package var after: Duration
    package var then: Then
    package init(after: Duration, then: Then) {
        self.after = after
        self.then = then
    }
}

/// A step's time-out, as the runbook says it.
package struct TimeLimit: Hashable, Sendable {
    package var after: TimeSetting
    package var then: Timeout.Then
    package init(after: TimeSetting, then: Timeout.Then) {
        self.after = after
        self.then = then
    }
}

/// Issue again after a clear no of `check`, at most `times` attempts in all.
package struct Retry: Hashable, Sendable {
    package var times: CountSetting
    package var delay: TimeSetting
    package init(times: CountSetting, delay: TimeSetting) {
        self.times = times
        self.delay = delay
    }
}

package struct EnvironmentEntry: Hashable, Sendable {
    package var name: String
    package var value: Template
    package init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}

/// A named value that later steps use; read after *done* or *was so* by a question of its own.
package struct Output: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A read-only command whose stdout, without the last newline, is the value.
        case command(Script)
        /// The stdout of the verb.
        case stdout
    }
    package var name: String
    package var source: Source
    /// The first line that matches, or what its first group matched.
    package var regex: Template?
    /// Only this line of the text, from 1.
    package var line: Int?
    /// The text is JSON, and this the member: `.a.b[0]`.
    package var json: String?
    package var type: InputType = .string
    package init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

/// What a failure means, shown first when it matches.
package struct Hint: Hashable, Sendable {
    /// A pattern on the output of the verb and of the last question.
    package var output: Template?
    package var exit: Set<Int32> = []
    package var onTimeout = false
    /// A command asked on failure: the hint is shown when it says yes.
    package var question: CommandQuestion?
    package var say: Template
    package init(say: Template) { self.say = say }
}

/// How a step is taken back.
package enum Undo: Hashable, Sendable {
    /// For edit, copy and trust: the file is restored if it still is what we wrote.
    case automatic
    /// Only a person should; this is what they do.
    case manual(Template)
    case steps([UndoStep])
}

package struct UndoStep: Hashable, Sendable {
    /// nil: the step's own host.
    package var host: HostID?
    package var script: Script
    package var verify: [Question] = []
    package init(script: Script) { self.script = script }
}
