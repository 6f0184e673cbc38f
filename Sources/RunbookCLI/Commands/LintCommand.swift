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
        commandName: "lint", abstract: "Says what is wrong with a runbook, without a site file or a host.",
        discussion: """
            Errors are what `run` refuses. Warnings are allowed, and traps: a pipe in a question, a check that \
            is known to lie, an address or a secret in a runbook that is to be shared. `runbook explain CODE` tells \
            more of each.

            EXIT STATUS
              0 no errors, with --strict no warnings either · 2 the runbook is wrong
            """)

    @OptionGroup var arguments: RunbookArguments

    @Flag(help: "Show problems as JSON lines on stdout.")
    var json = false

    @Flag(help: "Count warnings as errors.")
    var strict = false

    func run() async throws {
        let console = arguments.console
        let paths = try arguments.paths(console)
        let source = try LoadedRunbook.source(paths.runbook, POSIXFileStore(), console)
        let (runbook, problems) = lintRunbook(source, files: UsedRunbooks(beside: paths.runbook).read)
        if json {
            console.printRaw(Diagnostics(problems).jsonLines)
        } else {
            show(problems, console)
        }
        let found = Diagnostics(problems)
        guard let runbook, !found.hasErrors, !strict || found.warningCount == 0 else {
            throw ExitStatus.wrongRunbook.code
        }
        if !json {
            let count = counted(runbook.allSteps.count, "step")
            let warnings = found.warningCount == 0 ? "" : ", \(counted(found.warningCount, "warning"))"
            console.say("\(.success, "\(paths.runbook)"): \(count), no errors\(warnings)")
        }
    }
}
