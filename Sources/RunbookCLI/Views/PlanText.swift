import FoundationEssentials
import RunbookEngine
import RunbookModel
import RunbookSSH
import RunbookTerminal
import RunbookText

/// A plan as lines for people, or as JSON.
struct PlanText {
    /// What the hosts said with `--ask`.
    struct Answers {
        var lines: [Unit: OutlookLine] = [:]
        var differences: [Unit: [String]] = [:]
        var unreached: [HostID: String] = [:]
    }

    let plan: Plan
    let previews: [Preview]
    let answers: Answers?
    /// What ~/.ssh/config said, where the site file asks for that.
    var sshConfig: [HostID: SSHConfig.Values] = [:]
    private let hostWidth: Int

    init(plan: Plan, previews: [Preview], answers: Answers?) {
        self.plan = plan
        self.previews = previews
        self.answers = answers
        hostWidth = previews.compactMap(\.unit.host?.rawValue.count).max() ?? 0
    }

    // MARK: - For people

    var lines: [StyledText] {
        var lines: [StyledText] = []
        for group in groups {
            let step = plan.schedule.step(of: group[0].unit)
            let name = step.name == step.id.rawValue ? "" : "  \(step.name)"
            let turn = group.count > 1 ? TurnWords(step, in: plan.runbook).short : ""
            lines.append(
                "\(.step, step.id.rawValue)\(name)\(.dim, turn.isEmpty ? "" : "  (\(turn))")")
            lines += body(of: group, step)
        }
        return lines
    }

    /// How the hosts are reached that ~/.ssh/config has a say in.
    var connectionLines: [StyledText] {
        var lines: [StyledText] = []
        for (id, values) in sshConfig.sorted(by: { $0.key < $1.key }) {
            guard let host = plan.site.hosts[id] else { continue }
            let way = (host.jumps + [host]).map { "\($0.user)@\($0.address) port \($0.port)" }
            lines.append("\(.host, id.rawValue) is reached as \(way.joined(separator: ", then "))")
            for said in values.taken {
                lines.append("    \(said.keyword) \(visible(said.value))  \(.dim, said.place)")
            }
            for said in values.passedOver {
                lines.append("    \(.dim, "\(visible(said.keyword)) is passed over, \(said.place)")")
            }
        }
        return lines
    }

    /// Neighbours of one step.
    private var groups: [[Preview]] {
        var groups: [[Preview]] = []
        for preview in previews {
            if let last = groups.last?.first, last.unit.step == preview.unit.step {
                groups[groups.count - 1].append(preview)
            } else {
                groups.append([preview])
            }
        }
        return groups
    }

    private func body(of group: [Preview], _ step: Step) -> [StyledText] {
        var lines: [StyledText] = []
        let isShared = group.allSatisfy { $0.verb == group[0].verb }
        for preview in group {
            lines.append(verdict(of: preview, step))
            for difference in answers?.differences[preview.unit] ?? [] { lines += shown(difference) }
            if !isShared, acts(preview), step.action != nil {
                lines += preview.verb.shown.map { "    " + $0 }
            }
        }
        if isShared, step.action != nil, group.contains(where: acts) {
            lines += group[0].verb.shown.map { "    " + $0 }
        }
        guard group.contains(where: acts), step.action != nil else { return lines }
        return lines + person(step, group[0].unit)
    }

    /// Whether its verb is worth showing: a finished step is not done again.
    private func acts(_ preview: Preview) -> Bool {
        switch preview.outlook {
        case .finished, .skipped: return false
        case .willRun, .willRunAgain, .inDoubt, .edited, .unknown, .impossible: break
        }
        switch answers?.lines[preview.unit]?.verdict {
        case .alreadySo, .notNeeded, .holds: return false
        default: return true
        }
    }

    private func verdict(of preview: Preview, _ step: Step) -> StyledText {
        let (word, meaning, detail) = words(for: preview, step)
        let host = preview.unit.host?.rawValue
        guard !detail.isEmpty else {
            return host.map { "  \(meaning, padded(word, to: 15)) on \(.host, $0)" } ?? "  \(meaning, word)"
        }
        let place: StyledText = host.map { "on \(.host, padded($0, to: hostWidth))" } ?? ""
        return "  \(meaning, padded(word, to: 15)) \(place)  \(.dim, detail)"
    }

    private func words(
        for preview: Preview, _ step: Step
    ) -> (word: String, meaning: OutputStyle.Meaning, detail: String) {
        if let line = answers?.lines[preview.unit], line.verdict != .goesOn {
            return (line.verdict.rawValue, line.meaning, line.detail)
        }
        switch preview.outlook {
        case .finished(let how): return (how.hasPrefix("skipped") ? "skipped" : how, .dim, "")
        case .willRun: return (willRun(step), .heading, unless(step, preview))
        case .willRunAgain(let reason): return ("\(willRun(step)) again", .heading, reason)
        case .inDoubt(let why): return ("in doubt", .doubt, why)
        case .edited:
            return ("edited", .doubt, "it is done, and was another: the run stops here, --redo or --keep")
        case .skipped(let why): return ("skipped", .dim, why)
        case .unknown(let steps):
            let names = englishList(steps.map(\.rawValue), "and")
            return ("unknown", .doubt, "until \(names) ran: if \(step.condition?.source ?? "")")
        case .impossible(let why): return ("cannot run", .error, why)
        }
    }

    private func willRun(_ step: Step) -> String { step.action == nil ? "will ask" : "will run" }

    /// What may keep it from running.
    private func unless(_ step: Step, _ preview: Preview) -> String {
        let isItsOwnCheck =
            switch step.action {
            case .edit, .copy, .trustKeys, .trustFiles: true
            case nil: false
            default: !step.check.isEmpty
            }
        var detail = step.action == nil ? preview.verb.sentence ?? "" : ""
        if !step.unless.isEmpty || isItsOwnCheck {
            let words = [step.unless.isEmpty ? nil : "not needed", isItsOwnCheck ? "already so" : nil]
            detail +=
                "\(detail.isEmpty ? "" : ", ")unless it is \(englishList(words.compactMap { $0 }, "or"))"
        }
        return detail
    }

    private func shown(_ difference: String) -> [StyledText] {
        difference.split(separator: "\n").map { line in
            let meaning: OutputStyle.Meaning =
                line.hasPrefix("+") ? .added : line.hasPrefix("-") ? .removed : .dim
            return "    \(meaning, String(line))"
        }
    }

    /// What a person must say first.
    private func person(_ step: Step, _ unit: Unit) -> [StyledText] {
        var lines: [StyledText] = []
        if let destroys = step.destroys {
            lines.append(
                "    \(.warning, "a person must type its name first"): destroys \(plan.saying(destroys, unit))"
            )
        }
        if let irreversible = step.irreversible {
            lines.append("    \(.warning, "a person must say yes first"): \(plan.saying(irreversible, unit))")
        }
        return lines
    }

    var summary: StyledText {
        let steps = counted(previews.count, "step")
        guard let answers else {
            let open = previews.count { if case .finished = $0.outlook { false } else { true } }
            return "\(steps), \(open) not done. No host was asked: --ask tells what is so already"
        }
        let told = previews.count { preview in
            switch answers.lines[preview.unit]?.verdict {
            case .cannotBeAsked, .cannotTell, .goesOn, .inDoubt, nil: false
            default: true
            }
        }
        return "could tell \(told) of \(steps). Nothing was issued and nothing was recorded"
    }

    // MARK: - JSON

    var jsonLines: String {
        previews.compactMap { preview in
            let step = plan.schedule.step(of: preview.unit)
            let (word, _, detail) = words(for: preview, step)
            var line = PlanLine(
                step: preview.unit.step.rawValue, host: preview.unit.host?.rawValue, name: step.name,
                outlook: word)
            line.detail = detail.isEmpty ? nil : detail
            line.does = preview.verb.sentence
            line.text = preview.verb.script
            line.stdin = preview.verb.stdin
            let variables = preview.verb.environment
            line.environment = variables.isEmpty ? nil : Dictionary(variables) { $1 }
            line.notKnownYet = preview.verb.notKnownYet.isEmpty ? nil : preview.verb.notKnownYet
            line.changes = answers?.differences[preview.unit]
            return try? line.json
        }.joined(separator: "\n")
    }
}

extension OutlookLine {
    var meaning: OutputStyle.Meaning {
        switch verdict {
        case .edited, .noLongerTrue, .cannotTell, .inDoubt, .cannotBeAsked: .doubt
        case .willRun, .willRunAgain, .goesOn, .wouldRun, .notSoYet: .heading
        default: .dim
        }
    }
}

extension VerbPreview {
    /// For people: what is done, or the text that is sent with the variables it names.
    var shown: [StyledText] {
        var lines: [StyledText] = []
        if let sentence = sentence {
            for line in sentence.split(separator: "\n", omittingEmptySubsequences: true) {
                lines.append("\(String(line))")
            }
        }
        for variable in environment { lines.append("\(.dim, "\(variable.name)=\(variable.text)")") }
        if let script = script {
            let sign = shell == .bash ? "bash|" : "|"
            let text = script.hasSuffix("\n") ? script.dropLast() : script[...]
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                lines.append("\(.dim, sign)\(line.isEmpty ? "" : " ")\(.command, String(line))")
            }
        }
        if let stdin = stdin {
            lines.append("\(.dim, "reads from stdin: \(jsonQuoted(stdin))")")
        }
        for name in notKnownYet { lines.append("\(.doubt, "not known yet"): \(name)") }
        return lines
    }
}
