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
    static func found(in arguments: [String], of root: any ParsableCommand.Type) -> UnknownCommand? {
        var configuration = root.configuration
        var before = configuration.commandName ?? ""
        for word in arguments {
            let known = configuration.subcommands.map { $0.configuration }
            if known.isEmpty || word.hasPrefix("-") || word == "help" { return nil }
            guard let next = known.first(where: { $0.commandName == word }) else {
                let shown = known.filter { $0.shouldDisplay }.compactMap { $0.commandName }
                return UnknownCommand(word: word, before: before, near: closest(to: word, among: shown))
            }
            configuration = next
            before += " \(word)"
        }
        return nil
    }
}
