import ArgumentParser
import FoundationEssentials
import RunbookEngine
import RunbookJournal
import RunbookModel
import RunbookTerminal
import RunbookText

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Says what a run would do, step by step and host by host.",
        discussion: """
            From the runbook, the site file and the journal alone: no host is connected, nothing is recorded. \
            Values are filled in; what an earlier step is to find out is named. With --ask the hosts are asked \
            the checks of the steps that are not done, and nothing else: what is so already, what would run, \
            and what would change in files. With --save the plan is kept in a file: `run --plan` refuses to begin when \
            the runbook, a value or the state is another by then, and says at the end what went otherwise.

            EXIT STATUS
              0 the plan was shown · 2 the runbook, the site file or an input is wrong · 6 a host could not be \
            reached, the rest was shown · 7 host key
            """)

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Ask the hosts: checks only, nothing is issued.")
    var ask = false

    @Flag(help: "Show the plan as JSON lines, one for each step and host.")
    var json = false

    @Option(help: "Write the plan to this file, for `run --plan`.")
    var save: String?

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        let name = OpenRun.name(loaded.plan, loaded.paths)
        var (history, journal) = (History(), "")
        if fileExists("\(loaded.paths.state)/\(name)"), let run = try ReadRun(loaded, console: console) {
            (history, journal) = (run.history, run.summary.lastHash)
        }
        // What would be done is the next run.
        if loaded.plan.runbook.runsAgain, history.isFinished { history = History() }
        history = History(history, renamedFor: loaded.plan)
        let source = SavedPlan.Source(loaded, journal: journal)
        let previews = loaded.plan.previews(history)
        guard ask else {
            var text = PlanText(plan: loaded.plan, previews: previews, answers: nil)
            text.sshConfig = loaded.sshConfig
            try show(text, source, console)
            return
        }
        let view = AnswersView()
        let session = RunSession(
            loaded: loaded, console: console, command: "runbook plan --ask \(arguments.target)",
            target: arguments.target)
        let end = try await session.planAhead(history, view: view)
        let answers = await view.answers
        var text = PlanText(plan: loaded.plan, previews: previews, answers: answers)
        text.sshConfig = loaded.sshConfig
        try show(text, source, console)
        throw try session.status(ofPlanning: end, unreached: answers.unreached).code
    }

    private func show(_ text: PlanText, _ source: SavedPlan.Source, _ console: Console) throws {
        if let save { try SavedPlan.write(source, text, to: save, console) }
        if json {
            console.printRaw(text.jsonLines)
        } else {
            for line in text.connectionLines + text.lines { console.print(line) }
            console.say(text.summary)
        }
    }
}

/// What the hosts said, kept until the plan is shown.
actor AnswersView: RunView {
    private(set) var answers = PlanText.Answers()

    func show(_ event: RunEvent) async {
        switch event {
        case .outlook(let lines): for line in lines { answers.lines[line.unit] = line }
        case .fileChange(let unit, _, let difference):
            answers.differences[unit, default: []].append(difference)
        case .reconnecting(let host, let message): answers.unreached[host] = message
        case .started, .issued, .following, .settled, .warned, .failed, .leftOut, .note: break
        }
    }
}
