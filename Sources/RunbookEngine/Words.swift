import RunbookModel
import RunbookSupervisor
import RunbookText

// How the engine's values are said to people.

extension ProcessEnd {
    /// `exit status 1`
    var sentence: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "ended by signal \(signal)"
        case .timedOut: "stopped because its time was over"
        case .stopped: "stopped by a person"
        case .rebooted: "the host was started again"
        }
    }
}

extension AttemptEnd {
    func isOK(for step: Step) -> Bool {
        switch end {
        case .exited(let status): step.okExit.contains(status)
        case .rebooted: step.isReboot
        case .signalled, .timedOut, .stopped: false
        }
    }
}

extension HostFacts {
    /// What tells one boot from the next: in a container the boot id is its host's, and only the start of its
    /// first process changes.
    var boot: String { "\(bootID)/\(initStart)" }
}

extension HostRecord {
    /// As `HostFacts.boot`.
    var boot: String { "\(bootID)/\(initStart)" }
}

extension Stage {
    /// The attempt that is followed.
    var followed: AttemptID? {
        guard case .following(let attempt) = self else { return nil }
        return attempt
    }
}

extension AttemptState {
    var word: String {
        switch self {
        case .unclaimed: "not claimed"
        case .fenced: "fenced"
        case .running: "running"
        case .ended(let end): end.end.sentence
        case .vanished: "gone without an exit status"
        case .rebooted: "claimed before a restart of the host"
        case .torn: "not readable"
        }
    }
}

extension Settlement.How {
    /// As `RunEvent.settled` says it.
    package var forPeople: String {
        switch self {
        case .wasSo: "was so"
        case .adopted: "adopted"
        case .proven: "proven"
        case .fetched: "fetched"
        case .byHand: "by hand"
        case .skipped: "skipped"
        case .unneeded: "not needed"
        case .failed: "failed"
        case .notDone: "not done"
        }
    }
}

extension Duration {
    var forPeople: String { DurationText.text(self) }
}

extension CapturedText {
    /// The last 4 KiB, made valid UTF-8.
    var lastText: String {
        let bytes = tail.isEmpty ? head : tail
        return String(decoding: bytes.suffix(4096), as: UTF8.self)
    }
}

extension FileChange {
    /// The change as a unified diff, secrets hidden before it is made: a diff splits what is long over lines.
    func difference(hiding redactor: Redactor) -> String {
        let before = redactor.redacted(old?.bytes ?? []), after = redactor.redacted(new)
        let difference = UnifiedDiff(
            from: String(decoding: before, as: UTF8.self), to: String(decoding: after, as: UTF8.self)
        ).text(oldName: path, newName: path)
        return difference.isEmpty && isNeeded ? "\(path): what changes is a secret\n" : difference
    }
}

extension ListVerdict? {
    /// Both lists as one: any no answer wins, then any no.
    func merged(with other: ListVerdict?) -> ListVerdict? {
        guard var whole = self, let other else { return self ?? other }
        if other.verdict == .none || whole.verdict == .yes { whole.verdict = other.verdict }
        whole.messages += other.messages
        whole.warnings += other.warnings
        whole.output += other.output
        return whole
    }
}

extension UnitContext {
    /// The step's outputs, and those that `trust` needs.
    var allOutputs: [Output] {
        guard case .trustKeys(let trust) = step.action else { return step.outputs }
        return step.outputs + Self.trustOutputs(trust)
    }
}
