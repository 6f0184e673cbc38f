import ArgumentParser
import RunbookTerminal

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Asks the check of every step now: is it still as it was built?",
        discussion: """
            Nothing is issued and nothing is recorded.

            EXIT STATUS
              0 all is so · 1 something is not · 3 a check gave no answer · 6 unreachable · 7 host key
            """)

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Show events as JSON lines.")
    var json = false

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        guard let run = try ReadRun(loaded, console: console) else { throw ExitStatus.undecided.code }
        var session = RunSession(
            loaded: loaded, console: console, command: "runbook verify \(arguments.target)",
            target: arguments.target)
        session.json = json
        throw try await session.verify(run.history).code
    }
}
