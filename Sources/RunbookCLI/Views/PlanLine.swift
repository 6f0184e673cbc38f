import RunbookEngine

/// A step on a host, as `plan --json` prints it.
struct PlanLine: JSONLine {
    var step: String
    var host: String?
    var name: String
    var outlook: String
    var detail: String?
    var does: String?
    var text: String?
    var environment: [String: String]?
    var stdin: String?
    var notKnownYet: [String]?
    var changes: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case step, host, name, outlook, detail, does, text, environment, stdin, notKnownYet, changes
    }

    static let words = "what would happen to a step on a host"

    static func member(_ key: CodingKeys) -> JSONMember {
        switch key {
        case .step: JSONMember("the step", .text, isRequired: true)
        case .host: JSONMember("the host; a step that needs none has none", .text)
        case .name: JSONMember("the step's name", .text, isRequired: true)
        case .outlook: JSONMember("what would happen", .words(outlooks), isRequired: true)
        case .detail: JSONMember("why, or until when it is unknown", .text)
        case .does: JSONMember("what is done, as a sentence", .text)
        case .text: JSONMember("the shell text that is sent", .text)
        case .environment: JSONMember("the variables that the text names", .table)
        case .stdin: JSONMember("what it reads", .text)
        case .notKnownYet: JSONMember("values that only an earlier step can tell", .texts)
        case .changes: JSONMember("with `--ask`: what would change in files, as unified differences", .texts)
        }
    }

    private static let outlooks: [String] =
        [
            "will run", "will ask", "will run again", "will ask again", "skipped", "unknown", "cannot run",
            "in doubt", "edited",
        ] + History.Standing.DoneHow.allCases.map(\.rawValue)
        + OutlookLine.Verdict.allCases.filter { $0 != .goesOn }.map(\.rawValue)
}
