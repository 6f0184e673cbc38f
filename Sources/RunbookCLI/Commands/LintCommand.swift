import ArgumentParser
import FoundationEssentials
import RunbookDiagnostics
import RunbookFiles
import RunbookLanguage
import RunbookModel
import RunbookTerminal
import RunbookText

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint", abstract: "Says what is wrong with a runbook, without a site file or a host.")

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Show problems as JSON lines on stdout.")
    var json = false

    func run() async throws {
        let console = arguments.console
        let paths = try arguments.paths(console)
        let source = try LoadedRunbook.source(paths.runbook, POSIXFileStore(), console)
        let (runbook, problems) = loadRunbook(source)
        if json {
            console.printRaw(Diagnostics(problems).jsonLines)
        } else {
            show(problems, console)
        }
        guard let runbook, !Diagnostics(problems).hasErrors else { throw ExitStatus.wrongRunbook.code }
        if !json {
            let count = counted(runbook.allSteps.count, "step")
            console.say("\(.success, "\(paths.runbook)"): \(count), no errors")
        }
    }
}
