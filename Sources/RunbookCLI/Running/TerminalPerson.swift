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
            switch prompt.kind {
            case .word: return await prompter.ask("\(prompt.text): ", style: console.talkStyle)
            case .done:
                return await prompter.ask(
                    "\(prompt.text)\nPress Enter when it is done: ", style: console.talkStyle)
            case .answer(let choices): return await answer(prompt.text, choices, prompter)
            }
        }
    }

    private func answer(_ text: String, _ choices: [String], _ prompter: Prompter) async -> String? {
        let list = choices.isEmpty ? "" : " (\(choices.joined(separator: ", ")))"
        while let answer = await prompter.ask("\(text)\(list): ", style: console.talkStyle) {
            if choices.isEmpty || choices.contains(answer) { return answer }
            console.say("one of: \(choices.joined(separator: ", "))")
        }
        return nil
    }

    func acceptsNewHost(_ host: HostID, address: String, fingerprint: String) async -> Bool {
        guard let prompter else { return false }
        return await console.withoutStatus {
            let question: StyledText = """
                \(.host, host.rawValue) (\(address)) is not known. Its key is \(fingerprint).
                Compare it with what the host's own console shows (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).
                Type yes to trust it from now on: 
                """
            return await prompter.ask(question, style: console.talkStyle) == "yes"
        }
    }

    func secret(_ question: String, host: HostID) async -> String? {
        guard let prompter else { return nil }
        return await console.withoutStatus {
            await prompter.askSecret("\(.host, host.rawValue): \(question) ", style: console.talkStyle)
        }
    }
}
