import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import RunbookTerminal
import Synchronization

/// Gathers the members of the groups that a runbook leaves to the site file: from the command line, then from the
/// person.
struct GroupInterview {
    let runbook: Runbook
    let console: Console

    private var open: [Group] { runbook.groups.filter { $0.limits != nil } }

    /// - Parameter options: `--group NAME=one,two,three`.
    func members(_ options: [String]) async throws -> [String: [HostID]] {
        var found: [String: [HostID]] = [:]
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let group = open.first(where: { $0.name == parts[0] }) else {
                let names = open.map(\.name).joined(separator: ", ")
                throw refused(
                    names.isEmpty
                        ? "`\(runbook.name)` names all of its hosts: there is no --group"
                        : "--group takes NAME=one,two,three, not `\(option)`; the groups are \(names)")
            }
            guard let hosts = try members(of: group, parts[1], { throw refused("\(group.name): \($0)") })
            else {
                continue
            }
            found[group.name] = hosts
        }
        for group in open where found[group.name] == nil {
            found[group.name] = try await ask(group)
        }
        return found
    }

    private func refused(_ message: String) -> any Error {
        console.say("\(.error, "error"): \(message)")
        return ExitStatus.wrongRunbook.code
    }

    private func ask(_ group: Group) async throws -> [HostID] {
        let limits = group.limits?.words ?? ""
        guard let prompter = Prompter() else {
            throw refused(
                "the hosts of the group `\(group.name)` are missing (\(limits)), and there is no terminal to ask at: "
                    + "--group \(group.name)=one,two")
        }
        RunbookMain.prompter.withLock { $0 = prompter }
        while true {
            let text: StyledText = "\(.step, group.name) (\(.dim, "names for its \(limits), with commas")): "
            guard let answer = await prompter.ask(text, style: console.talkStyle) else {
                console.say("nothing was written")
                throw ExitStatus.undecided.code
            }
            var objection: String?
            if let hosts = members(of: group, answer, { objection = $0 }) { return hosts }
            console.say("\(.error, objection ?? "")")
        }
    }

    /// The hosts; nil after an objection.
    private func members(
        of group: Group, _ answer: String, _ object: (String) throws -> Void
    ) rethrows -> [HostID]? {
        let names = answer.split { $0 == "," || $0 == " " }.map(String.init)
        if let name = names.first(where: { !isName($0) }) {
            try object("`\(name)` is no name: it is made of `a`–`z`, `0`–`9` and `-`")
            return nil
        }
        let site = SourceText(
            name: "--group",
            "for: \(runbook.name)\ngroups: { \(group.name): [\(names.joined(separator: ", "))] }\n")
        var only = runbook
        only.groups = runbook.groups.filter { $0.limits == nil || $0.name == group.name }
        let (found, problems) = readMembers(site, for: only)
        if let problem = problems.first {
            try object(problem.headline)
            return nil
        }
        return found[group.name]
    }

    private func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-"), text.utf8.count <= 64 else {
            return false
        }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
        }
    }
}
