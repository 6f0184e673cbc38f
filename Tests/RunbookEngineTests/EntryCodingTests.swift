import FoundationEssentials
import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// Entries as members of a journal line, and back.
@Suite struct EntryCodingTests {
    /// What may stand in a text: nothing of it may change, break the line or end the object.
    static let odd = [
        "", "plain", "\"quoted\" \\ back", "two\nlines\r\n\ttab", "\u{0}\u{1}\u{1B}[31m\u{7F}\u{85}\u{9B}",
        "\u{2028}\u{2029}\u{202E}\u{FEFF}", "é é 日本 👩‍👩‍👧 \u{10FFFF}", "},{\"kind\":\"finished\"", "/slash/",
        "\u{FFFD}",
    ]

    static func entries(_ text: String) -> [Entry] {
        let unit = Unit(StepID("block/\(text)"), HostID("a"))
        let attempt = AttemptID("s.a.1")
        return [
            .began(
                Began(
                    run: RunID(rawValue: "run-1"), runbook: text, version: nil, site: text,
                    runbookDigest: text,
                    operator: text, time: text, program: text)),
            .began(
                Began(
                    run: RunID(rawValue: "run-1"), runbook: "r", version: text, site: "s", runbookDigest: "d",
                    operator: "o", time: "t", program: "p")),
            .wentOn(operator: text, time: text, runbookDigest: text),
            .watched(WatchRecord(unit: unit, attempt: attempt, what: .gap, reason: text, time: text)),
            .host(
                HostRecord(
                    host: HostID("a"), address: text, hostKey: nil, machineID: text, bootID: text,
                    initStart: text,
                    node: text)),
            .intent(Intent(unit: unit, attempt: attempt, acts: text, bootID: text, text: text)),
            .outcome(
                Outcome(
                    unit: unit, attempt: attempt, end: .signalled(9), isDone: false, reason: text, acts: text,
                    output: text, errors: text, time: text)),
            .outcome(
                Outcome(
                    unit: unit, attempt: attempt, end: .exited(-1), isDone: true, reason: text, acts: text,
                    output: text, errors: text, time: text)),
            .fenced(attempt), .inDoubt(attempt, unit, why: text),
            .settled(
                Settlement(unit: Unit(StepID(text), nil), how: .notDone, reason: text, acts: text, time: text)
            ),
            .output(unit, name: text, value: .string(text)), .output(unit, name: "n", value: .integer(.min)),
            .output(unit, name: "n", value: .boolean(true)), .output(unit, name: "n", value: .missing),
            .word(Word(unit: unit, kind: .resolvedNotDone, why: text, who: text, time: text)),
            .takeOver(
                TakeOverWord(
                    host: HostID("a"), from: RunID(rawValue: text), holder: text, why: text, who: text,
                    time: text
                )),
            .finished(time: text), .abandoned(why: text, who: text, time: text),
        ]
    }

    @Test(arguments: odd)
    func everyEntryComesBackAsItWas(_ text: String) throws {
        for entry in Self.entries(text) {
            let members = try entry.members
            // The frame of a journal line around it.
            let line =
                [UInt8]("{\"v\":1,\"seq\":2,\"prev\":\"00\",".utf8) + members
                + [UInt8](",\"hash\":\"ff\"}".utf8)
            #expect(try Entry(line: line) == entry)
            #expect(!members.contains { $0 < 0x20 }, "a control byte in \(entry)")
            #expect(try entry.members == members)
        }
    }

    @Test func everyKindIsListedAndEveryListedKindIsWritten() throws {
        let written = try Self.entries("x").map { entry in
            let text = String(decoding: try entry.members, as: UTF8.self)
            return String(text.dropFirst("\"kind\":\"".count).prefix { $0 != "\"" })
        }
        #expect(Set(written) == Set(Entry.kinds))
    }

    @Test func everyWordAndSettlementHasAName() throws {
        let words: [Word.Kind] = [.confirmed, .redo, .keep, .resolvedDone, .resolvedNotDone, .skip, .undone]
        for kind in words {
            let entry = Entry.word(Word(unit: Unit("s", "a"), kind: kind, why: "", who: "", time: ""))
            #expect(try Entry(line: [UInt8]("{".utf8) + entry.members + [UInt8]("}".utf8)) == entry)
        }
        let hows: [Settlement.How] = [
            .wasSo, .adopted, .proven, .byHand, .skipped, .unneeded, .failed, .notDone,
        ]
        for how in hows {
            let entry = Earlier.settled("s", "a", how)
            #expect(try Entry(line: [UInt8]("{".utf8) + entry.members + [UInt8]("}".utf8)) == entry)
        }
    }

    @Test(arguments: [
        (
            #"{"kind":"teleported","unit":{"step":"s"}}"#,
            "a record of the kind `teleported` is not known to this version"
        )
    ])
    func aKindThatIsNotKnownIsRefused(_ line: String, _ message: String) {
        #expect(throws: Entry.CodingProblem(message: message)) { try Entry(line: [UInt8](line.utf8)) }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"kind":1}"#, #"{"kind":"intent"}"#,
        #"{"kind":"settled","acts":"","how":"perhaps","reason":"","time":"","unit":{"step":"s"}}"#,
        #"{"kind":"outcome","acts":"","attempt":"a","end":"melted","errors":"","isDone":true,"output":"","reason":"","time":"","unit":{"step":"s"}}"#,
    ])
    func whatHasNotTheMembersOfItsKindIsRefused(_ line: String) {
        #expect(throws: Entry.CodingProblem.self) { try Entry(line: [UInt8](line.utf8)) }
    }

    @Test func aMemberOfALaterVersionIsPassedOver() throws {
        let line = #"{"kind":"finished","mood":"good","time":"now"}"#
        #expect(try Entry(line: [UInt8](line.utf8)) == .finished(time: "now"))
    }
}
