/// A question about the state of a host, with three answers: yes, no, and no answer.
///
/// In a list all must say yes; any *no answer* wins, then any no. In its texts `host` is the host that is asked,
/// and `peer` that host's peer.
package struct Question: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        /// Shell text, asked under `sh -eu`. Status 0 and all patterns found: yes. Status 0 and one not
        /// found, or a status in `noExit`: no. Anything else: no answer.
        case command(CommandQuestion)
        /// An expression over inputs and outputs; the engine answers it without a host.
        case expression(Expression)
        /// Whether a second login to the host still works.
        case reconnect
    }

    package var subject: Subject
    /// `not:` turns yes and no around; no answer stays.
    package var isNegated = false
    /// Where it is asked; nil: on the step's own host.
    package var place: Place?
    /// How long to go on asking for a yes. Counts only after the verb and in `require`.
    package var within: TimeSetting?
    /// The pause between two askings inside `within`; default one second.
    package var every: TimeSetting?
    /// A yes must still be a yes after this time.
    package var hold: TimeSetting?
    package var timeout = TimeSetting.seconds(30)
    /// In `during`: how long it may fail to say yes.
    package var grace: TimeSetting?
    package static let defaultGrace = Duration.seconds(10)
    /// What a person is told when the answer is no.
    package var message: Template?
    /// `otherwise: warn`: a no is shown and does not stop the step.
    package var onlyWarns = false
    /// The name in `checks:` that it came from.
    package var name: String?

    package init(_ subject: Subject) { self.subject = subject }
}

/// The command of a question and how its output is judged.
package struct CommandQuestion: Hashable, Sendable {
    package var script: Script
    /// POSIX extended regular expressions, each of which must match a line of stdout.
    package var match: [Template] = []
    /// Patterns of which none may match a line of stdout.
    package var none: [Template] = []
    /// Statuses that mean no. Given in a runbook, they replace the default.
    package var noExit: Set<Int32> = [1]

    package init(script: Script) { self.script = script }
}

/// Shell text and the shell that runs it.
package struct Script: Hashable, Sendable {
    package enum Shell: String, Hashable, Sendable, CaseIterable { case sh, bash }
    package var text: Template
    package var shell: Shell = .sh
    package init(_ text: Template, shell: Shell = .sh) {
        self.text = text
        self.shell = shell
    }
}

/// Where something is done or asked.
package enum Place: Hashable, Sendable {
    case host(HostID)
    /// All hosts of the list, in this order (a group is written out when the runbook is loaded).
    case hosts([HostID])
    /// The other host of a group of two.
    case peer
    /// All other hosts of the step's group.
    case peers
}
