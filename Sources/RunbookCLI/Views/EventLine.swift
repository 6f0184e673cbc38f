import RunbookEngine
import RunbookModel

/// An event as `run --json` and `verify --json` print it.
struct EventLine: JSONLine {
    enum Event: String, CaseIterable, Encodable {
        case outlook, started, issued, following, settled, warned, failed, leftOut = "left-out", reconnecting,
            file
        case note
    }

    struct Evidence: Encodable {
        var command: String
        var output: String
    }

    var event: Event
    var step: String?
    var host: String?
    var name: String?
    var how: String?
    var reason: String?
    var why: String?
    var attempt: String?
    var hints: [String]?
    var output: String?
    var errors: String?
    var evidence: [Evidence]?
    var difference: String?
    var isUndecided: Bool?

    init(
        _ event: Event, _ unit: Unit?, name: String? = nil, how: String? = nil, reason: String? = nil,
        attempt: String? = nil
    ) {
        self.event = event
        step = unit.flatMap { $0.step.rawValue.isEmpty ? nil : $0.step.rawValue }
        host = unit?.host?.rawValue
        self.name = name
        self.how = how
        self.reason = reason
        self.attempt = attempt
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case event, step, host, name, how, reason, why, attempt, hints, output, errors, evidence, difference
        case isUndecided
    }

    static let words = "an event of a run"

    static func member(_ key: CodingKeys) -> JSONMember {
        switch key {
        case .event: JSONMember("what happened", .words(Event.allCases.map(\.rawValue)))
        case .step: JSONMember("the step", .text)
        case .host: JSONMember("the host; a step that needs none has none", .text)
        case .name: JSONMember("the step's name; of `file` the path", .text)
        case .how:
            JSONMember("of `outlook` what is found of the step, of `settled` how it ended", .words(hows))
        case .reason: JSONMember("why; may be empty", .text)
        case .why: JSONMember("why the step is there, in its author's words", .text)
        case .attempt: JSONMember("the attempt, by which the host knows it", .text)
        case .hints: JSONMember("what the failure means, in the author's words", .texts)
        case .output: JSONMember("the last of what it wrote to stdout", .text)
        case .errors: JSONMember("the last of what it wrote to stderr", .text)
        case .evidence:
            JSONMember(
                "what the commands of `on_failure` printed",
                .list([
                    ("command", JSONMember("the command", .text, isRequired: true)),
                    ("output", JSONMember("what it printed", .text, isRequired: true)),
                ]))
        case .difference: JSONMember("the change of a file, as a unified difference", .text)
        case .isUndecided: JSONMember("whether a person must decide before it goes on", .flag)
        }
    }

    private static let hows: [String] =
        OutlookLine.Verdict.allCases.map(\.rawValue) + ["done"] + Settlement.How.allCases.map(\.forPeople)

    /// What each event says: always, and where there is something to say.
    private static func members(of event: Event) -> (always: [CodingKeys], sometimes: [CodingKeys]) {
        switch event {
        case .outlook, .settled: ([.step, .name, .how, .reason], [.host])
        case .started: ([.step, .name], [.host])
        case .issued, .following: ([.step, .attempt], [.host])
        case .warned, .leftOut: ([.step, .reason], [.host])
        case .failed:
            (
                [.step, .name, .reason, .hints, .output, .errors, .evidence, .isUndecided],
                [.host, .why]
            )
        case .reconnecting: ([.host, .reason], [])
        case .file: ([.step, .name, .difference], [.host])
        case .note: ([.reason], [])
        }
    }

    /// One of the events, each with its own members.
    static var schema: JSONShape {
        .oneOf(
            Event.allCases.map { event in
                let (always, sometimes) = members(of: event)
                let kind = JSONMember("what happened", .words([event.rawValue]), isRequired: true)
                return .object(
                    "the event `\(event.rawValue)`",
                    [("event", kind)]
                        + always.map { ($0.rawValue, required(member($0))) }
                        + sometimes.map { ($0.rawValue, member($0)) })
            })
    }

    private static func required(_ member: JSONMember) -> JSONMember {
        var member = member
        member.isRequired = true
        return member
    }
}
