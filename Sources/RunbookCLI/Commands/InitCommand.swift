import ArgumentParser
import FoundationEssentials
import RunbookDiagnostics
import RunbookFiles
import RunbookLanguage
import RunbookModel
import RunbookTerminal
import RunbookText

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Asks for the values of your place and writes the site file.",
        discussion: """
            Every input and every host of the runbook is asked at the terminal, with its title and its default; \
            Enter takes the default. What --set and --host say is not asked. Without a terminal they must say all \
            that has no default. The file can be read by you only, and an old one is never replaced without --force.

            EXIT STATUS
              0 written · 2 the runbook or a value is wrong or missing · 3 nobody answered · 6 a host could not be \
            asked for its key · 64 usage, or the file is there already
            """)

    @Argument(help: "The runbook's file; a bare name is also looked for in runbooks/.")
    var file: String

    @Option(name: .customLong("site"), help: "The site file; default: NAME.site.yaml beside the runbook.")
    var site: String?

    @Option(name: .customLong("set"), help: "An input's value: NAME=VALUE (can be repeated).")
    var values: [String] = []

    @Option(
        name: .customLong("host"),
        help: "A host's value: HOST.KEY=VALUE, for instance web.address=192.0.2.10 (can be repeated).")
    var hosts: [String] = []

    @Option(
        name: .customLong("group"),
        help:
            "The hosts of a group that the runbook leaves to the site: nodes=one,two,three (can be repeated)."
    )
    var groups: [String] = []

    @Flag(help: "Replace a site file that is there.")
    var force = false

    @Flag(help: "Ask each host for its key and show it, to be compared with the host's own; nobody logs in.")
    var fingerprints = false

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        let arguments = try RunbookArguments.parse([file] + (site.map { ["--site", $0] } ?? []))
        let paths = try arguments.paths(console)
        let source = try LoadedRunbook.source(paths.runbook, POSIXFileStore(), console)
        let (runbook, problems) = loadRunbook(source, files: UsedRunbooks(beside: paths.runbook).read)
        show(problems, console)
        guard let runbook else { throw ExitStatus.wrongRunbook.code }
        if fileExists(paths.site), !force {
            console.say("\(.error, "error"): \(paths.site) is there already: --force replaces it")
            throw ExitStatus.usage.code
        }
        let members = try await GroupInterview(runbook: runbook, console: console).members(groups)
        guard let runbook = members.isEmpty ? runbook : loadRunbook(source, members: members).0 else {
            throw ExitStatus.wrongRunbook.code
        }
        var interview = SiteInterview(runbook: runbook, console: console)
        try interview.take(values, hosts)
        try await interview.ask()
        if fingerprints { try await interview.askForKeys() }
        try write(runbook, interview.answers, to: paths.site, console)
        console.say("\(.success, "written"): \(paths.site), which only you can read")
        console.say("what would happen now:")
        let option = site.map { " --site \(shellQuoted($0))" } ?? ""
        console.say("  \(.command, "runbook plan \(shellQuoted(file))\(option)")")
    }

    /// What is written is read once more first: a file that `run` would refuse is not left behind.
    private func write(
        _ runbook: Runbook, _ answers: [String: String], to path: String, _ console: Console
    ) throws {
        let text = runbook.siteText(answers)
        let (loaded, problems) = loadSite(SourceText(name: path, text), for: runbook)
        show(problems, console)
        guard loaded != nil else { throw ExitStatus.wrongRunbook.code }
        do throws(FileError) {
            try POSIXFileStore().writeAtomically(path, [UInt8](text.utf8))
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.wrongRunbook.code
        }
    }
}
