import ArgumentParser
import RunbookText

/// A word where a command should stand that is none.
struct UnknownCommand: Equatable {
    let word: String
    /// What stands before it: `runbook lab`.
    let before: String
    /// The command that was probably meant.
    let near: String?

    /// nil when the arguments begin with a command, or with none at all.
    init?(_ arguments: some Sequence<String>, of root: any ParsableCommand.Type) {
        var (command, before) = (root, root.configuration.commandName ?? "")
        for word in arguments {
            let known = command.configuration.subcommands
            guard !known.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = known.first(where: { $0.configuration.commandName == word }) else {
                let shown = known.filter(\.configuration.shouldDisplay).compactMap(
                    \.configuration.commandName)
                (self.word, self.before, near) = (word, before, closest(to: word, among: shown))
                return
            }
            (command, before) = (next, "\(before) \(word)")
        }
        return nil
    }
}
