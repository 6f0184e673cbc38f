import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads `during`: what must not say no while a command runs.
extension RunbookLoader {
    func readDuring(of step: inout Step, _ fields: Fields, _ place: QuestionPlace) {
        guard let node = fields["during"] else { return }
        var place = place
        place.isDuring = true
        for element in node.elements {
            for key in ["within", "hold"] where element[key] != nil {
                problems.add(
                    .error(
                        "key-not-here", "`\(key)` cannot stand in `during`",
                        at: element[key]?.span ?? element.span
                    )
                    .hint("`grace` says how long it may fail to say yes, `every` how often it is asked"))
            }
            let questions = readQuestions(element, place)
            for question in questions { judge(question, of: step, fields, at: element) }
            step.during += questions.map { question in
                var question = question
                // Of a named question, which may be asked elsewhere too.
                (question.within, question.hold) = (nil, nil)
                return question
            }
        }
    }

    private func judge(_ question: Question, of step: Step, _ fields: Fields, at node: YAMLNode) {
        if case .expression = question.subject {
            problems.add(
                .error(
                    "key-not-here", "`that` is the same before and after: nothing can change it meanwhile",
                    at: node.span
                )
                .hint("ask a host: `{ host: peer, run: … }`"))
        }
        guard fields.isGiven("reboot") else { return }
        let asked: [HostID] =
            switch question.place {
            case nil: step.hosts
            case .host(let host): [host]
            case .hosts(let hosts): hosts
            case .peer, .peers: []
            }
        if asked.contains(where: step.hosts.contains) {
            problems.add(
                .error("no-peer", "a host that is rebooted cannot be asked meanwhile", at: node.span)
                    .hint("ask the others: `host: peer` or `hosts: peers`"))
        }
    }
}
