import ArgumentParser
import RunbookEngine
import RunbookJournal
import RunbookModel
import RunbookSupervisor
import RunbookTerminal
import RunbookText

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Tells what happened in a run, record by record.")

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Only check every record's hash and the chain.")
    var verify = false

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        guard let run = try ReadRun(loaded, console: console) else { return }
        if !verify {
            for (number, entry) in run.entries.enumerated() {
                console.print("\(.dim, padded(String(number + 1), to: 5, on: .left))  \(Self.text(entry))")
            }
        }
        let unfinished = run.summary.unfinishedLength
        let rest = unfinished == 0 ? "" : ", then \(unfinished) bytes of a record that is not whole"
        console.say("\(counted(Int(run.summary.recordCount), "record")), the chain holds\(rest)")
    }

    private static func text(_ entry: Entry) -> StyledText {
        switch entry {
        case .began(let began):
            return
                "\(.dim, began.time) began \(.heading, began.runbook) as \(began.run.rawValue) by \(began.operator)"
        case .wentOn(let who, let time, _): return "\(.dim, time) went on, \(who)"
        case .host(let host):
            return
                "host \(.host, host.host.rawValue) is \(host.node) at \(host.address), key \(host.hostKey ?? "none"), boot \(host.bootID)"
        case .intent(let intent): return "\(name(intent.unit)) will be sent as \(intent.attempt.rawValue)"
        case .outcome(let outcome):
            let verdict: StyledText = outcome.isDone ? "\(.success, "done")" : "\(.error, "failed")"
            return
                "\(.dim, outcome.time) \(name(outcome.unit)) \(verdict), \(outcome.end.text) \(.dim, outcome.reason)"
        case .watched(let record):
            let reason = record.reason.isEmpty ? "" : ": \(record.reason)"
            return "\(record.attempt.rawValue), while it ran: \(record.what.rawValue)\(reason)"
        case .fenced(let attempt): return "\(attempt.rawValue) can never start: its claim was taken"
        case .inDoubt(let attempt, _, let why): return "\(.doubt, "in doubt"): \(attempt.rawValue): \(why)"
        case .settled(let settled):
            return
                "\(.dim, settled.time) \(name(settled.unit)) \(settled.how.rawValue) \(.dim, settled.reason)"
        case .output(let unit, let name, let value): return "\(Self.name(unit)) gave \(name) = \(value.text)"
        case .word(let word):
            return "\(.dim, word.time) \(name(word.unit)) \(word.kind.rawValue) by \(word.who): \(word.why)"
        case .takeOver(let word):
            return
                "\(.dim, word.time) \(.host, word.host.rawValue) is to be taken from \(word.from.rawValue) of \(word.holder) by \(word.who): \(word.why)"
        case .finished(let time): return "\(.dim, time) \(.success, "finished")"
        case .abandoned(let why, let who, let time): return "\(.dim, time) abandoned by \(who): \(why)"
        }
    }

    private static func name(_ unit: Unit) -> StyledText {
        let place: StyledText = unit.host.map { " on \(.host, $0.rawValue)" } ?? ""
        return "\(.step, unit.step.rawValue)\(place)"
    }
}
