import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookText

/// A run as lines that can be copied, and on a terminal one status line below them.
actor PlainView: RunView {
    private let console: Console
    private let clock = ContinuousClock()
    private var began: [Unit: ContinuousClock.Instant] = [:]
    private var lastStatus: StyledText?
    /// Kept for the last lines of the run.
    private(set) var failures: [Failure] = []
    private(set) var leftOut: [(Unit, String)] = []
    /// Of the steps with many hosts: how many have finished it, of how many.
    private var counts: [StepID: (done: Int, all: Int)] = [:]
    private var underWay: [StepID: Set<Unit>] = [:]

    init(_ console: Console, _ schedule: Schedule, _ history: History) {
        self.console = console
        for unit in schedule.units {
            counts[unit.step, default: (0, 0)].all += 1
            if history.standing(of: unit).isFinished { counts[unit.step]?.done += 1 }
        }
    }

    func show(_ event: RunEvent) async {
        switch event {
        case .outlook(let lines): for line in lines { console.print(Self.line(for: line)) }
        case .started(let unit, let name):
            began[unit] = clock.now
            underWay[unit.step, default: []].insert(unit)
            status(progress(of: unit.step) ?? "\(.step, unit.step.rawValue) \(on(unit)) \(.dim, name)")
        case .issued(let unit, _):
            status(progress(of: unit.step) ?? "\(.step, unit.step.rawValue) \(on(unit)) runs")
        case .following(let unit, let attempt):
            line("follows", unit, .doubt, "started earlier as \(attempt.rawValue), still running")
        case .settled(let unit, let name, let how, let reason):
            let note = reason.isEmpty ? name : "\(name) (\(reason))"
            line(how, unit, how == "done" ? .success : .dim, note + time(unit))
            underWay[unit.step]?.remove(unit)
            counts[unit.step]?.done += 1
            if let progress = progress(of: unit.step) { status(progress) }
        case .warned(let unit, let text): line("warning", unit, .warning, text)
        case .failed(let failure):
            failures.append(failure)
            let meaning: OutputStyle.Meaning = failure.isUndecided ? .doubt : .error
            line(failure.word, failure.unit, meaning, failure.name + time(failure.unit))
            underWay[failure.unit.step]?.remove(failure.unit)
        case .leftOut(let unit, let reason):
            leftOut.append((unit, reason))
            line("left out", unit, .warning, reason)
        case .reconnecting(let host, let message):
            console.say("\(.warning, "connecting again") to \(.host, host.rawValue): \(message)")
        case .fileChange(let unit, _, let difference): show(difference, of: unit)
        case .note(let text): console.say("\(.warning, "note"): \(text)")
        }
    }

    func close() { console.status(nil) }

    private func line(_ word: String, _ unit: Unit, _ meaning: OutputStyle.Meaning, _ text: String) {
        console.print("\(meaning, padded(word, to: Self.wordWidth))  \(name(unit))  \(.dim, text)")
    }

    private func name(_ unit: Unit) -> StyledText { "\(.step, unit.step.rawValue) \(on(unit))" }

    private func on(_ unit: Unit) -> StyledText {
        unit.host.map { "on \(.host, $0.rawValue)" } ?? ""
    }

    private func time(_ unit: Unit) -> String {
        guard let start = began[unit] else { return "" }
        let taken = clock.now - start
        return taken < .milliseconds(1500) ? "" : " in \(DurationText.text(taken))"
    }

    /// Of a step on many hosts the status line counts, or it would only flicker.
    private func progress(of step: StepID) -> StyledText? {
        guard let count = counts[step], count.all > Self.namedMax else { return nil }
        let running = underWay[step]?.count ?? 0
        return
            "\(.step, step.rawValue): \(count.done) of \(counted(count.all, "host")) done, \(running) under way"
    }

    private static let namedMax = 4

    private func status(_ text: StyledText) {
        guard text != lastStatus else { return }
        lastStatus = text
        console.status(text)
    }

    private func show(_ difference: String, of unit: Unit) {
        for line in difference.split(separator: "\n") {
            let meaning: OutputStyle.Meaning? =
                line.hasPrefix("+") ? .added : line.hasPrefix("-") ? .removed : .dim
            console.print(StyledText("          \(line)", meaning))
        }
    }

    private static let wordWidth = 10

    private static func line(for line: OutlookLine) -> StyledText {
        let meaning: OutputStyle.Meaning =
            switch line.verdict {
            case .edited, .noLongerTrue, .cannotTell, .inDoubt: .doubt
            case .willRun, .willRunAgain, .goesOn: .heading
            default: .dim
            }
        let place: StyledText = line.unit.host.map { "on \(.host, $0.rawValue)" } ?? ""
        let detail: StyledText = line.detail.isEmpty ? "" : "  \(.dim, line.detail)"
        return
            "  \(meaning, padded(line.verdict.rawValue, to: 21)) \(.step, line.unit.step.rawValue) \(place)\(detail)"
    }
}

extension Failure {
    /// `failed`; `in doubt` when it was sent and its outcome is not known; else `undecided`.
    var word: String { !isUndecided ? "failed" : nothingIssued ? "undecided" : "in doubt" }
}
