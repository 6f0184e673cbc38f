import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookTransport

/// The person at the terminal, for the engine's questions and for the connections' questions.
struct TerminalPerson: Person, ConnectionPrompts {
    let console: Console
    let prompter: Prompter?

    func ask(_ prompt: Prompt) async -> String? {
        guard let prompter else { return nil }
        return await console.withoutStatus {
            let lines = prompt.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            switch prompt.kind {
            case .word: return await ask(lines, ": ", prompter)
            case .done: return await ask(lines + ["Press Enter when it is done"], ": ", prompter)
            case .answer(let choices): return await answer(lines, choices, prompter)
            }
        }
    }

    /// The last line is the question; what stands before it explains it.
    private func ask(_ lines: [String], _ ending: String, _ prompter: Prompter) async -> String? {
        await prompter.ask(
            "\(lines.last ?? "")\(ending)", below: lines.dropLast().map { StyledText($0) },
            style: console.talkStyle)
    }

    private func answer(_ lines: [String], _ choices: [String], _ prompter: Prompter) async -> String? {
        let list = choices.isEmpty ? "" : " (\(choices.joined(separator: ", ")))"
        while let answer = await ask(lines, "\(list): ", prompter) {
            if choices.isEmpty || choices.contains(answer) { return answer }
            console.say("one of: \(choices.joined(separator: ", "))")
        }
        return nil
    }

    func acceptsNewHost(_ host: HostID, address: String, fingerprint: String) async -> Bool {
        guard let prompter else { return false }
        return await console.withoutStatus {
            await prompter.ask(
                "Type yes to trust it from now on: ",
                below: [
                    "\(.host, host.rawValue) (\(address)) is not known. Its key is \(fingerprint).",
                    "Compare it with what the host's own console shows:",
                    "  \(.command, "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done")",
                ], style: console.talkStyle) == "yes"
        }
    }

    func secret(_ question: String, host: HostID) async -> String? {
        guard let prompter else { return nil }
        return await console.withoutStatus {
            await prompter.askSecret("\(.host, host.rawValue): \(question) ", style: console.talkStyle)
        }
    }
}
