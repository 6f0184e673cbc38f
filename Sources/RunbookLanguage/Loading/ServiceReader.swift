import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads `service` and `wait`: shell text that brings something about, and the question that proves it.
extension RunbookLoader {
    func readService(into step: inout Step, _ node: YAMLNode) {
        let fields = Fields(node, as: .service, problems)
        guard let name = fields["name"], let text = name.text, let state = fields.text("state") else {
            return
        }
        let isName = text.utf8.allSatisfy {
            ExpressionLexer.isDigit($0) || ExpressionLexer.isNameStart($0) || "@._-:".utf8.contains($0)
        }
        guard isName, !text.isEmpty, !text.hasPrefix("-") else {
            problems.add(
                .error("bad-value", "this is not the name of a service", at: name.span)
                    .hint("`nginx`, `postgresql@15-main`; the runbook names it, not an expression"))
            return
        }
        let verbs = ["started": "start", "stopped": "stop", "restarted": "restart", "reloaded": "reload"]
        step.action = .run(Script(Template(Self.acts(on: text, verbs[state] ?? "start"))))
        var question = Question(.command(Self.isRunning(text)))
        question.within = .seconds(30)
        question.isNegated = state == "stopped"
        let words = question.isNegated ? "still runs on" : "does not run on"
        question.message = Template(parts: [.text("\(text) \(words) "), .value(.reference(.thisHost("id")))])
        if state == "started" || state == "stopped" {
            step.check.insert(question, at: 0)
        } else {
            step.verify.insert(question, at: 0)
        }
    }

    /// systemd where it is the first process (sd_booted(3)), else the script of sysvinit.
    private static func acts(on name: String, _ verb: String) -> String {
        "if [ -d /run/systemd/system ]; then systemctl \(verb) \(name); else service \(name) \(verb); fi"
    }

    /// systemctl(1): 3 and 4 for a unit that is not running or not there. Linux Standard Base, 20.2: 1 to 3 for a
    /// service that is not running; 4 is "unknown", which is no answer of a script.
    private static func isRunning(_ name: String) -> CommandQuestion {
        let text =
            "if [ -d /run/systemd/system ]; then systemctl is-active \(name); else service \(name) status; fi"
        var question = CommandQuestion(script: Script(Template(text)))
        question.noExit = [1, 2, 3]
        return question
    }

    /// The time passes on the host, so that a run that is killed meanwhile does not wait twice.
    func readWait(into step: inout Step, _ time: TimeSetting) {
        switch time {
        case .fixed(let duration):
            let (seconds, rest) = duration.components
            let whole = Int(seconds) + (rest > 0 ? 1 : 0)
            step.action = .run(Script(Template("sleep \(whole)")))
            if case .fixed(let limit) = step.timeout.after {
                step.timeout.after = .fixed(max(limit, .seconds(whole + 60)))
            }
        case .given(let expression, _):
            let seconds = Expression.call(.seconds, [expression])
            step.action = .run(Script(Template(parts: [.text("sleep "), .value(seconds)])))
            step.timeout.after = .given(expression, plus: .seconds(60))
        }
        step.interrupted = .rerun
        if step.check.isEmpty, step.verify.isEmpty { step.unproven = "time passes by itself" }
    }
}
