import RunbookDiagnostics
import RunbookYAML

// What is asked must be judged by what it says, and change nothing.
extension Linter {
    func judgeQuestions() {
        for text in subjects.shellTexts {
            let shell = ShellReader(text.scalar.text)
            switch text.role {
            case .question(let section):
                judgePipes(shell, text)
                judgeEffects(shell, text)
                if !text.isNegated, ["check", "verify", "checks"].contains(section) {
                    judgeLies(shell, text)
                }
            case .look: judgeEffects(shell, text)
            case .verb, .undo: break
            }
        }
    }

    /// `tool | grep x`: a tool that is missing or dead looks like a no.
    private func judgePipes(_ shell: ShellReader, _ text: LintSubjects.ShellText) {
        guard let pipe = shell.pipes.min(by: { $0.lowerBound < $1.lowerBound }) else { return }
        warn(
            .warning(
                "pipe-in-question", "a pipe makes a no of a command that could not answer",
                at: span(pipe, in: text.scalar), "only the last command's status counts"
            )
            .hint("ask the command itself and judge what it prints: `{ run: COMMAND, match: PATTERN }`"))
    }

    private func judgeEffects(_ shell: ShellReader, _ text: LintSubjects.ShellText) {
        for command in shell.commands {
            let place: Range<Int>
            let what: String
            if let effect = CommandEffects.effect(of: command), !isOwnFile(command.arguments, shell) {
                (place, what) = (command.range, "`\(effect)` changes something")
            } else if let target = command.targets.first(where: { isRealFile($0.text, shell) }) {
                (place, what) = (target.range, "the question writes into `\(target.text)`")
            } else {
                continue
            }
            warn(
                .warning("effect-in-question", what, at: span(place, in: text.scalar))
                    .hint("a question is asked often, also by `plan --ask` and `verify`: it must only look"))
            return
        }
    }

    private func isRealFile(_ path: String, _ shell: ShellReader) -> Bool {
        !path.hasPrefix("/dev/") && !isOwnFile([path], shell)
    }

    /// Files that only this asking has: their names hold `$$`, or come from `mktemp`.
    private func isOwnFile(_ words: [String], _ shell: ShellReader) -> Bool {
        let paths = words.filter { !$0.hasPrefix("-") }
        guard !paths.isEmpty else { return false }
        var own: [String] = []
        for command in shell.commands {
            for word in command.words.map(\.text) where ShellCommand.isAssignment(word) {
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, parts[1].contains("$$") || parts[1].contains("mktemp") {
                    own += ["$\(parts[0])", "${\(parts[0])}"]
                }
            }
        }
        return paths.allSatisfy { path in path.contains("$$") || own.contains { path.hasPrefix($0) } }
    }

    private func judgeLies(_ shell: ShellReader, _ text: LintSubjects.ShellText) {
        for command in shell.commands {
            guard let lie = KnownLiars.asked(command, text.owner) else { continue }
            warn(
                .warning(
                    "lying-check", lie.headline, at: span(command.range, in: text.scalar), "this can say yes"
                )
                .hint(lie.remedy))
            return
        }
    }
}
