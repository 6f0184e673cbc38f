import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookText

/// Questions as a person reads them.
struct QuestionWords {
    let plan: Plan
    let history: History
    /// The unit for which values are filled in.
    let unit: Unit

    /// One line for each question; of a long command its first line.
    func lines(_ questions: [Question]) -> [StyledText] { questions.map(line) }

    private func line(_ question: Question) -> StyledText {
        var line: StyledText = "\(question.isNegated ? "not: " : "")"
        if let name = question.name { line = line + "\(.step, name), which is " }
        line = line + subject(question)
        for detail in details(question) { line = line + "; \(detail)" }
        return line
    }

    private func subject(_ question: Question) -> StyledText {
        switch question.subject {
        case .expression(let expression): return "\(expression.source)"
        case .reconnect: return "a second login works"
        case .command(let command):
            let lines = filled(command.script.text).split(separator: "\n")
            let more = lines.count > 1 ? " …" : ""
            return "`\(.command, (lines.first.map(String.init) ?? "") + more)`" + judgement(command)
        }
    }

    private func judgement(_ command: CommandQuestion) -> StyledText {
        var text = ""
        let found = command.match.map { "`\(filled($0))`" }
        if !found.isEmpty { text += " prints \(englishList(found, "and"))" }
        let absent = command.none.map { "`\(filled($0))`" }
        if !absent.isEmpty { text += "\(found.isEmpty ? " prints" : " and") no \(englishList(absent, "or"))" }
        if command.noExit != [1] {
            let statuses = command.noExit.sorted().map { String($0) }
            text +=
                statuses.isEmpty ? " (no status means no)" : " (no: status \(englishList(statuses, "or")))"
        }
        return StyledText(text)
    }

    private func details(_ question: Question) -> [String] {
        var details: [String] = []
        switch question.place {
        case .host(let host): details.append("asked on \(host)")
        case .hosts(let hosts): details.append("asked on \(englishList(hosts.map(\.rawValue), "and"))")
        case .peer: details.append("asked on the other host")
        case .peers: details.append("asked on all other hosts")
        case nil: break
        }
        if let within = question.within { details.append("waits up to \(said(within))") }
        if let grace = question.grace { details.append("may fail to say yes for \(said(grace))") }
        if let hold = question.hold { details.append("must still be so after \(said(hold))") }
        if question.onlyWarns { details.append("a no only warns") }
        return details
    }

    private func said(_ time: TimeSetting) -> String { plan.saying(time, unit, history) }
    private func filled(_ template: Template) -> String { plan.saying(template, unit, history) }
}
