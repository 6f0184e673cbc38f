import RunbookLanguage
import RunbookModel
import RunbookSSH
import RunbookTerminal
import RunbookText
import RunbookTransport
import Synchronization

/// Gathers the values of a site file: from the command line, then from the person.
struct SiteInterview {
    let runbook: Runbook
    let console: Console
    /// By path: `portal`, `master.address`.
    private(set) var answers: [String: String] = [:]

    private var questions: [SiteQuestion] { runbook.siteQuestions }

    init(runbook: Runbook, console: Console) {
        self.runbook = runbook
        self.console = console
    }

    /// Takes `--set NAME=VALUE` and `--host HOST.KEY=VALUE`.
    mutating func take(_ values: [String], _ hosts: [String]) throws {
        let keys = runbook.hosts.flatMap { host in Runbook.siteHostKeys.map { "\(host.id).\($0)" } }
        let inputPaths = questions.filter { $0.host == nil }.map(\.path)
        let hostPaths = questions.filter { $0.host != nil }.map(\.path) + keys
        for (option, texts, paths) in [("--set", values, inputPaths), ("--host", hosts, hostPaths)] {
            for text in texts {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                    String.init)
                guard parts.count == 2 else {
                    throw refused("\(option) takes NAME=VALUE, not `\(text)`", .usage)
                }
                guard paths.contains(parts[0]) else {
                    let near = closest(to: parts[0], among: paths).map { "; did you mean \($0)?" } ?? ""
                    throw refused("`\(runbook.name)` does not ask for \(parts[0])\(near)")
                }
                if let question = questions.first(where: { $0.path == parts[0] }),
                    let objection = question.objection(to: parts[1])
                {
                    throw refused("\(parts[0]): \(objection)")
                }
                answers[parts[0]] = parts[1]
            }
        }
    }

    private func refused(_ message: String, _ status: ExitStatus = .wrongRunbook) -> any Error {
        console.say("\(.error, "error"): \(message)")
        return status.code
    }

    /// Asks for what is not said yet.
    mutating func ask() async throws {
        let open = questions.filter { answers[$0.path] == nil }
        guard let prompter = Prompter() else {
            try refuse(missing: open.filter(\.isNeeded))
            return
        }
        RunbookMain.prompter.withLock { $0 = prompter }
        var lastHost: HostID?
        for question in open {
            if let host = question.host, host != lastHost {
                lastHost = host
                let title = runbook.hosts.first { $0.id == host }?.title.map { ": \($0)" } ?? ""
                console.say("\(.host, host.rawValue)\(title)")
            }
            try await ask(question, prompter)
        }
    }

    private func refuse(missing: [SiteQuestion]) throws {
        guard !missing.isEmpty else { return }
        console.say("\(.error, "error"): these values are missing, and there is no terminal to ask at:")
        for question in missing {
            let option = question.host == nil ? "--set" : "--host"
            let title = question.name == "address" ? question.form : question.title ?? question.form
            console.say("  \(.command, "\(option) \(question.path)=…")  \(.dim, title)")
        }
        throw ExitStatus.wrongRunbook.code
    }

    private mutating func ask(_ question: SiteQuestion, _ prompter: Prompter) async throws {
        if question.host == nil || question.name != "address", let title = question.title {
            console.say("\(title)")
        }
        let hint =
            question.defaultText.map { "\(question.form), Enter for \($0)" }
            ?? (question.isNeeded ? question.form : "\(question.form), Enter for none")
        while true {
            let text: StyledText = "\(.step, question.name) (\(.dim, hint)): "
            guard let answer = await prompter.ask(text, style: console.talkStyle) else {
                console.say("nothing was written")
                throw ExitStatus.undecided.code
            }
            let trimmed = trimmingBlanks(answer)
            if trimmed.isEmpty, !question.isNeeded { return }
            guard let objection = question.objection(to: trimmed) else {
                answers[question.path] = trimmed
                return
            }
            console.say("\(.error, objection)")
        }
    }

    private func trimmingBlanks(_ text: String) -> String {
        var text = text[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    // MARK: - Host keys

    /// Shows the key of every host. With a terminal a key that the person has compared is pinned.
    mutating func askForKeys() async throws {
        let prompter = Prompter()
        for host in runbook.hosts {
            var target = SiteHost(address: answers["\(host.id).address"] ?? "")
            target.port = answers["\(host.id).port"].flatMap { UInt16($0) } ?? 22
            target.allowsLegacySSH = answers["\(host.id).legacy_ssh"] == "true"
            if let jump = answers["\(host.id).jump"].flatMap({ JumpText($0) }) {
                target.jumps = [jump.host(behind: target)]
            }
            let key: ShownKey
            do throws(TransportError) {
                key = try await SSHConnector(prompts: nil).shownKey(of: host.id, target)
            } catch {
                console.say("\(.error, "error"): \(error.message)")
                if let remedy = error.remedy { console.say("  \(.hint, "hint"): \(remedy)") }
                throw ExitStatus.unreachable.code
            }
            console.say("\(.host, host.id.rawValue) shows the \(key.kind) key \(key.fingerprint)")
            guard let prompter, answers["\(host.id).host_key"] == nil else { continue }
            console.say("Compare it with what the host's own console shows:")
            console.say("  \(.command, "for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done")")
            let answer = await prompter.ask("Type yes to pin it in the site file: ", style: console.talkStyle)
            if answer == "yes" { answers["\(host.id).host_key"] = key.fingerprint }
        }
    }
}
