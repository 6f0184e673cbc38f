import ArgumentParser
import FoundationEssentials
import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookText

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says where a run stands, from its journal alone.",
        discussion: "No host is asked, nothing is written, and a run under way is not disturbed.")

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Show it as JSON lines: first the run, then each step and host.")
    var json = false

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        guard let run = try ReadRun(loaded, console: console) else { return }
        let history = run.history
        guard !json else {
            console.printRaw(try Self.jsonLines(loaded.plan, history, run.path))
            return
        }
        console.say("\(.heading, loaded.plan.runbook.name), state in \(run.path)")
        for unit in loaded.plan.schedule.units { console.print(Self.line(unit, history)) }
        console.say(Self.summary(loaded.plan, history))
    }

    private static func line(_ unit: Unit, _ history: History) -> StyledText {
        let (word, meaning, detail) = words(for: history.standing(of: unit))
        let place: StyledText = unit.host.map { "on \(.host, $0.rawValue)" } ?? ""
        let text: StyledText = "  \(meaning, padded(word, to: 11)) \(.step, unit.step.rawValue) \(place)"
        return detail.isEmpty ? text : text + "  \(.dim, detail)"
    }

    private static func words(
        for standing: History.Standing
    ) -> (word: String, meaning: OutputStyle.Meaning, detail: String) {
        switch standing {
        case .pending: ("to do", .heading, "")
        case .issued(let attempt, _, _):
            ("in doubt", .doubt, "sent as \(attempt.rawValue); `run` asks its host")
        case .inDoubt(_, _, let why): ("in doubt", .doubt, why)
        case .done(_, let how): (how.rawValue, .success, "")
        case .skipped(let why): ("skipped", .dim, why)
        case .failed(_, let reason, _): ("failed", .error, reason)
        }
    }

    // MARK: - JSON

    private static func jsonLines(_ plan: Plan, _ history: History, _ folder: String) throws -> String {
        let units = plan.schedule.units
        let head = StatusHead(
            runbook: plan.runbook.name, folder: folder,
            state: history.isAbandoned ? .abandoned : history.isFinished ? .finished : .open,
            done: units.count { history.standing(of: $0).isFinished }, steps: units.count)
        var lines = [try head.json]
        for unit in units {
            let (word, _, detail) = words(for: history.standing(of: unit))
            let line = StandingLine(
                step: unit.step.rawValue, host: unit.host?.rawValue, name: plan.schedule.step(of: unit).name,
                standing: word, detail: detail.isEmpty ? nil : detail)
            lines.append(try line.json)
        }
        return lines.joined(separator: "\n")
    }

    private static func summary(_ plan: Plan, _ history: History) -> StyledText {
        let units = plan.schedule.units
        let finished = units.count { history.standing(of: $0).isFinished }
        let count = "\(finished) of \(counted(units.count, "step")) done"
        if history.isAbandoned { return "\(.warning, "abandoned"): \(count)" }
        return history.isFinished ? "\(.success, "finished"): \(count)" : "\(count)"
    }
}
