import ArgumentParser
import FoundationEssentials
import RunbookEngine
import RunbookJournal
import RunbookTerminal
import RunbookText

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a runbook, or goes on where it stopped.",
        discussion: """
            A run belongs to a runbook and a site file. The same command goes on with it: what is done is asked \
            again and not done again, what failed is tried again, what is in doubt waits for a person. On a \
            finished run only the checks are asked, and with `runs: again` in the runbook the next run begins.

            EXIT STATUS
              0 done · 1 a step failed · 2 the runbook, the site file or an input is wrong · 3 a person must \
            decide · 4 state file trouble · 5 locked · 6 unreachable · 7 host key · 64 usage · 130 interrupted
            """)

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Begin another run when the last one is finished.")
    var new = false

    @Option(help: "Stop before this step.")
    var until: String?

    @Option(name: .customLong("yes"), help: "Say a step's word ahead: STEP=WORD (can be repeated).")
    var words: [String] = []

    @Option(help: "Do this step again, although it is done (can be repeated).")
    var redo: [String] = []

    @Option(help: "Take this step as done, as it is (can be repeated).")
    var keep: [String] = []

    @Option(help: "Only as `plan --save` has said in this file: refuse when anything has changed since.")
    var plan: String?

    @Option(help: "How many hosts are worked on at a time, at most.")
    var width = RunOptions.usualWidth

    @Flag(help: "Show events as JSON lines.")
    var json = false

    /// Each host that is worked on has a connection, which is a thread.
    private static let widthMax = 1000

    func validate() throws {
        guard plan == nil || !new else { throw ValidationError("--plan and --new cannot stand together") }
        guard (1...Self.widthMax).contains(width) else {
            throw ValidationError("--width takes a number from 1 to \(Self.widthMax)")
        }
        for word in words where !word.contains("=") {
            throw ValidationError("--yes takes STEP=WORD, not `\(word)`")
        }
    }

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        // With its words: without them the same command would stop before it connects.
        var said = words.map { " --yes \(shellQuoted($0))" }.joined()
        if width != RunOptions.usualWidth { said += " --width \(width)" }
        var session = RunSession(
            loaded: loaded, console: console, command: "runbook run \(arguments.target)\(said)",
            target: arguments.target)
        session.json = json
        session.width = width
        session.beginsAnew = new
        session.mayRunAgain = true
        session.redo = redo
        session.keep = keep
        session.until = until
        if let plan { session.savedPlan = try saved(plan, loaded, console) }
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            session.words[String(parts[0])] = String(parts[1])
        }
        throw try await session.run().code
    }

    /// The plan, which still is one of this runbook and this state.
    private func saved(_ path: String, _ loaded: LoadedRunbook, _ console: Console) throws -> SavedPlan {
        let saved = try SavedPlan(path, console)
        let isThere = fileExists("\(loaded.paths.state)/\(OpenRun.name(loaded.plan, loaded.paths))")
        let journal = isThere ? try ReadRun(loaded, console: console)?.summary.lastHash ?? "" : ""
        try saved.require(
            SavedPlan.Source(loaded, journal: journal),
            remedy: "runbook plan \(arguments.target) --save \(shellQuoted(path))", console)
        return saved
    }
}

extension RunbookArguments {
    var console: Console {
        Console(
            color: ColorChoice(rawValue: color) ?? .auto, environment: ProcessInfo.processInfo.environment)
    }

    /// Finds the files; says where it looked when there are none.
    func paths(_ console: Console) throws -> RunbookPaths {
        do throws(RunbookPaths.NotFound) {
            return try RunbookPaths(
                self, environment: ProcessInfo.processInfo.environment, exists: fileExists)
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.wrongRunbook.code
        }
    }

    func load(_ console: Console) throws -> LoadedRunbook {
        try LoadedRunbook(self, paths: paths(console), overrides: overrides, console: console)
    }
}
