import ArgumentParser
import FoundationEssentials
import RunbookDiagnostics
import RunbookEngine
import RunbookLanguage
import RunbookModel
import RunbookTerminal
import RunbookText

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says all about a step, or what the code of a problem means.",
        usage: "runbook explain FILE STEP\nrunbook explain CODE",
        discussion: """
            Of a step: why it is there, what is asked when, what is sent, what happens if it is cut off in the \
            middle, how it is taken back, and where it stands by the journal. No host is asked. Of a code such as \
            no-proof, which stands in brackets behind `error`: what it means, wrong and right.
            """)

    @Argument(help: "The runbook's file, or the code of a problem.")
    var file: String

    @Argument(help: "The step's id.")
    var step: String?

    @Option(name: .customLong("site"), help: "The site file; default: NAME.site.yaml beside the runbook.")
    var site: String?

    @Option(help: "The folder of all runs; default: $RUNBOOK_STATE, else state/ beside runbooks/.")
    var state: String?

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        guard let step else {
            try explain(code: file, console)
            return
        }
        var words = [file]
        if let site { words += ["--site", site] }
        if let state { words += ["--state", state] }
        let arguments = try RunbookArguments.parse(words)
        let paths = try arguments.paths(console)
        let loaded =
            fileExists(paths.site)
            ? try arguments.load(console) : try LoadedRunbook(withoutSite: paths, console)
        try explain(StepID(step), of: loaded, console)
    }

    private func explain(code: String, _ console: Console) throws {
        guard let explanation = Explanation.of(code) else {
            if fileExists(code) || code.contains(".") || code.contains("/") {
                console.say("say which step: \(.command, "runbook explain \(code) STEP")")
            } else {
                let near = closest(to: code, among: Explanation.all.map(\.id.slug))
                console.say(
                    "\(.error, "error"): there is no code \(code)\(near.map { "; did you mean \($0)?" } ?? "")"
                )
            }
            throw ExitStatus.usage.code
        }
        console.print("\(.heading, code)")
        for line in explanation.text.split(separator: "\n") { console.print("  \(String(line))") }
        example("wrong", .removed, explanation.wrong, console)
        example("right", .added, explanation.right, console)
    }

    private func example(_ word: String, _ meaning: OutputStyle.Meaning, _ text: String?, _ console: Console)
    {
        guard let text else { return }
        console.print("\(meaning, word):")
        for line in text.split(separator: "\n") { console.print("  \(meaning, String(line))") }
    }

    private func explain(_ id: StepID, of loaded: LoadedRunbook, _ console: Console) throws {
        // A block, and a step that is done as two, are explained part by part.
        let steps = loaded.plan.runbook.allSteps.filter { step in
            step.id == id || step.id.rawValue.hasPrefix("\(id)/")
        }
        guard !steps.isEmpty else {
            let near = closest(to: id.rawValue, among: loaded.plan.runbook.allSteps.map(\.id.rawValue))
            console.say(
                "\(.error, "error"): there is no step \(id.rawValue)\(near.map { "; did you mean \($0)?" } ?? "")"
            )
            throw ExitStatus.usage.code
        }
        let name = OpenRun.name(loaded.plan, loaded.paths)
        var history = History()
        if fileExists("\(loaded.paths.state)/\(name)") {
            history = try ReadRun(loaded, console: console)?.history ?? History()
        }
        history = History(history, renamedFor: loaded.plan)
        if loaded.plan.site.hosts.isEmpty {
            console.say("there is no site file: values stand as the runbook writes them")
        }
        for (number, step) in steps.enumerated() {
            if number > 0 { console.print("") }
            let explanation = StepExplanation(
                plan: loaded.plan, history: history, file: loaded.paths.runbook, step: step)
            for line in explanation.lines { console.print(line) }
        }
    }
}
