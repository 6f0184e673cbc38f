import RunbookModel
import RunbookSupervisor
import RunbookTestSupport
import RunbookTransport
import Testing

@testable import RunbookEngine

/// A runbook is edited while its run is stopped: what each kind of edit means for a step in each state.
///
/// The run has three steps. `one` is done, the step in the middle has the state of the row, `end` is pending. Every
/// check says yes but for the kinds that say otherwise.
@Suite struct EditTableTests {
    /// What is edited, and what the hosts say then.
    struct Kind: Sendable {
        var name: String
        var edit: @Sendable (inout [Step]) -> Void = { _ in }
        var input = "x"
        var machine: String?
        var isTrue = Answer.Verdict.yes
        /// Whether the run knows the step.
        var isKnown = true
    }

    static let middle = Step("mid") {
        $0.action = .run(
            Script(Template(parts: [.text("do mid "), .value(.reference(.input("in")))])))
        $0.check = [Question("is mid")]
    }
    static let steps = [
        Step("one") { $0.check = [Question("is one")] }, middle,
        Step("end") { $0.check = [Question("is end")] },
    ]

    static let kinds = [
        Kind(name: "unchanged"),
        Kind(
            name: "cosmetic: name, why, hints",
            edit: {
                $0[1].name = "Another name"
                $0[1].why = "because"
                $0[1].hints = [Hint(say: Template("y"))]
            }),
        Kind(name: "another question", edit: { $0[1].check = [Question("is mid really")] }),
        Kind(name: "edited: what acts", edit: { $0[1].action = .run(Script(Template("do mid better"))) }),
        Kind(name: "input changed", input: "z"),
        Kind(
            name: "its if says yes now",
            edit: { $0[1].condition = .literal(.boolean(true)) }),
        Kind(
            name: "its if says no now",
            edit: { $0[1].condition = .literal(.boolean(false)) }),
        Kind(name: "new", isKnown: false),
        Kind(name: "another new one before it", edit: { $0.insert(Step("new"), at: 1) }),
        Kind(name: "removed", edit: { $0.remove(at: 1) }),
        Kind(
            name: "renamed, with was:",
            edit: {
                $0[1].formerID = $0[1].id
                $0[1].id = StepID("new")
            }),
        Kind(name: "renamed, without was:", edit: { $0[1].id = StepID("new") }),
        Kind(name: "reordered: to the end", edit: { $0.append($0.remove(at: 1)) }),
        Kind(name: "host's identity changed", machine: "another"),
        Kind(name: "no longer true", isTrue: .no),
        Kind(name: "no answer", isTrue: .none),
    ]

    static let states: [(name: String, entries: @Sendable (_ acts: String) -> [Entry])] = [
        ("pending", { _ in [] }),
        ("done", { [Earlier.intent("mid", "a", acts: $0), Earlier.outcome("mid", "a", acts: $0)] }),
        ("was so", { _ in [Earlier.settled("mid", "a", .wasSo)] }),
        (
            "failed",
            {
                [
                    Earlier.intent("mid", "a", acts: $0),
                    Earlier.outcome("mid", "a", end: .exited(1), isDone: false, acts: $0),
                ]
            }
        ),
        ("sent", { [Earlier.intent("mid", "a", acts: $0)] }),
        (
            "in doubt",
            {
                [
                    Earlier.intent("mid", "a", acts: $0),
                    .inDoubt(AttemptID("mid.a.1"), Unit("mid", "a"), why: "it vanished"),
                ]
            }
        ),
        ("skipped by if", { _ in [Earlier.settled("mid", "a", .skipped)] }),
        (
            "skipped by a person",
            { _ in
                [.word(Word(unit: Unit("mid", "a"), kind: .skip, why: "no", who: "ann", time: "then"))]
            }
        ),
        (
            "kept",
            {
                [
                    Earlier.outcome("mid", "a", acts: $0),
                    .word(
                        Word(
                            unit: Unit("mid", "a"), kind: .keep, why: "", who: "ann", time: "then", acts: $0)),
                ]
            }
        ),
    ]

    static func plan(_ steps: [Step], input: String = "x") -> Plan {
        Plan(steps, inputs: ["in": .string(input)])
    }

    /// What the run shows of the edited step, and what it does first.
    static func line(_ kind: Kind, _ entries: [Entry]) -> String {
        var steps = Self.steps
        kind.edit(&steps)
        var options = RunOptions(
            operatorName: "ann@desk", siteName: "home", program: "1.0",
            makeRunID: { RunID(rawValue: "run-1") },
            time: { "now" })
        options.saysYesToAll = true
        var state = RunState(
            plan: plan(steps, input: kind.input), options: options,
            history: History([Earlier.began, Earlier.host("a")] + entries))
        var effects = state.start()
        var shown: [String] = []
        while true {
            shown += effects.compactMap(\.told).filter { !$0.isEmpty }
            let rest = effects.first { effect in
                switch effect {
                case .record, .show, .forget: false
                default: true
                }
            }
            guard let next = rest else { return "nothing" }
            switch next {
            case .connect(let host, _):
                let facts = HostFacts(
                    bootID: "boot 1", machineID: kind.machine ?? "machine a", initStart: "1", clock: 0,
                    user: "root", userID: 0, nodeName: "a", folder: .ours)
                effects = state.handle(
                    .connected(host, facts, hostKey: "key", operatorKey: nil, clockSkew: 0))
            case .inquire(nil, let inquiries):
                effects = state.handle(
                    .found(
                        nil,
                        .success(
                            inquiries.mapValues { inquiry in
                                var findings = Findings()
                                findings.answers = inquiry.questions.map {
                                    Answer($0.script == "is mid" ? kind.isTrue : .yes)
                                }
                                return findings
                            })))
            default: return (shown + [next.deed]).joined(separator: " → ")
            }
        }
    }

    private static func acts(of step: String) throws -> String {
        let context = UnitContext(plan: plan(steps), unit: Unit(step, "a"), outputs: [:])
        return try #require(try context.actsHash())
    }

    static func table() throws -> String {
        let middle = try acts(of: "mid")
        let first = try acts(of: "one")
        var lines: [String] = []
        for kind in kinds {
            lines.append(kind.name)
            for state in states where kind.isKnown || state.name == "pending" {
                let entries = [Earlier.outcome("one", "a", acts: first)] + state.entries(middle)
                lines.append("  \(state.name): \(line(kind, entries))")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// `RECORD_GOLDEN=1` writes the table anew, and fails: a recording is to be looked at.
    @Test func whatAnEditMeansForAStep() throws {
        let path = "\(#filePath.dropLast("EditTableTests.swift".count))Golden/edits.txt"
        let table = try Self.table() + "\n"
        if environmentValue("RECORD_GOLDEN") != nil {
            try writeFile(path, [UInt8](table.utf8))
            Issue.record("written anew: \(path)")
        }
        #expect(try table == String(decoding: readFile(path), as: UTF8.self))
    }
}

extension Effect {
    /// The line of the outlook that is about the step in the middle, or a note.
    fileprivate var told: String? {
        switch self {
        case .show(.outlook(let lines)):
            lines.filter { !["one", "end"].contains($0.unit.step.rawValue) }.map {
                "\($0.unit.step) \($0.verdict.rawValue)\($0.detail.isEmpty ? "" : " (\($0.detail))")"
            }.joined(separator: ", ")
        case .show(.note(let text)): "note: \(text)"
        case .record(.host(let record)) where record.machineID != "machine a": "host recorded"
        default: nil
        }
    }

    /// What is done first after all is known.
    fileprivate var deed: String {
        switch self {
        case .attempt(_, _, let request): "`\(request.script)` is sent as \(request.id)"
        case .lookUp(_, _, let attempt): "the host is asked about \(attempt)"
        case .inquire(let unit, let inquiries):
            "\(unit?.description ?? "") is asked: \(inquiries.values.flatMap(\.questions).map(\.script).joined(separator: "; "))"
        case .finish(.undecided(_, let why)): "stops: \(why)"
        case .finish(let end): "ends: \(end)"
        default: line
        }
    }
}
