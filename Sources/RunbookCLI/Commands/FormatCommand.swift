import ArgumentParser
import FoundationEssentials
import RunbookDiagnostics
import RunbookFiles
import RunbookLanguage
import RunbookTerminal
import RunbookText

struct FormatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt", abstract: "Lays a runbook out in the usual way.",
        discussion: """
            Two blanks a level, one after a colon, a comma and a dash, `{ a: b }` and `[a, b]`, no blanks at the ends \
            of lines. Order, quotes and comments stay. The file is written only if it says the same as before, with the runbooks that it uses; \
            those are left as they are.

            EXIT STATUS
              0 it is laid out · 1 with --check: it is not · 2 the runbook is wrong, or cannot be laid out
            """)

    @Argument(help: "The runbook's file; a bare name is also looked for in runbooks/.")
    var file: String

    @Flag(help: "Write nothing; show what would change.")
    var check = false

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        let path = try RunbookArguments.parse([file]).paths(console).runbook
        let store = POSIXFileStore()
        let source = try LoadedRunbook.source(path, store, console)
        let (result, problems) = formatRunbook(source, files: UsedRunbooks(beside: path).read)
        switch result {
        case nil:
            RunbookCLI.show(problems, console)
            throw ExitStatus.wrongRunbook.code
        case .refused(let reason):
            console.say("\(.error, "error"): \(path): \(reason). Nothing was written")
            throw ExitStatus.wrongRunbook.code
        case .formatted(let text):
            guard Array(text.utf8) != source.bytes else { return }
            if check {
                show(
                    UnifiedDiff(from: String(decoding: source.bytes, as: UTF8.self), to: text), path, console)
                throw ExitStatus.failed.code
            }
            do {
                let status = try store.status(of: path)
                guard status?.kind == .regular else {
                    console.say(
                        "\(.error, "error"): \(path) is a link: name the file itself. Nothing was written")
                    throw ExitStatus.wrongRunbook.code
                }
                try store.writeAtomically(
                    path, [UInt8](text.utf8), mode: status.map { FileMode($0.mode) } ?? .shared)
            } catch let error as FileError {
                console.say("\(.error, "error"): \(error.message)")
                throw ExitStatus.wrongRunbook.code
            }
            console.say("laid out: \(path)")
        }
    }

    private func show(_ difference: UnifiedDiff, _ path: String, _ console: Console) {
        for line in difference.text(oldName: path, newName: path).split(separator: "\n") {
            let meaning: OutputStyle.Meaning =
                line.hasPrefix("+") ? .added : line.hasPrefix("-") ? .removed : .dim
            console.print(StyledText(String(line), meaning))
        }
    }
}
