import RunbookEngine

/// The first line of `status --json`: the run.
struct StatusHead: JSONLine {
    enum State: String, CaseIterable, Encodable { case open, finished, abandoned }

    var runbook: String
    var folder: String
    var state: State
    var done: Int
    var steps: Int

    enum CodingKeys: String, CodingKey, CaseIterable { case runbook, folder, state, done, steps }

    static let words = "a run"

    static func member(_ key: CodingKeys) -> JSONMember {
        switch key {
        case .runbook: JSONMember("the runbook's name", .text, isRequired: true)
        case .folder: JSONMember("the folder of the run", .text, isRequired: true)
        case .state:
            JSONMember("where it stands", .words(State.allCases.map(\.rawValue)), isRequired: true)
        case .done: JSONMember("how many steps on hosts are done", .count, isRequired: true)
        case .steps: JSONMember("of how many", .count, isRequired: true)
        }
    }
}

/// The other lines of `status --json`: a step on a host.
struct StandingLine: JSONLine {
    var step: String
    var host: String?
    var name: String
    var standing: String
    var detail: String?

    enum CodingKeys: String, CodingKey, CaseIterable { case step, host, name, standing, detail }

    static let words = "where a step stands on a host"

    static func member(_ key: CodingKeys) -> JSONMember {
        switch key {
        case .step: JSONMember("the step", .text, isRequired: true)
        case .host: JSONMember("the host; a step that needs none has none", .text)
        case .name: JSONMember("the step's name", .text, isRequired: true)
        case .standing: JSONMember("where it stands", .words(standings), isRequired: true)
        case .detail: JSONMember("why it failed, was skipped, or is in doubt", .text)
        }
    }

    private static let standings: [String] =
        ["to do", "in doubt", "skipped", "failed"] + History.Standing.DoneHow.allCases.map(\.rawValue)
}
