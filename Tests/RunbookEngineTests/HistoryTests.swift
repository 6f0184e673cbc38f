import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// The journal's entries, folded.
@Suite struct HistoryTests {
    static let unit = Unit("s", "a")
    static let first = AttemptID("s.a.1")
    typealias Standing = History.Standing

    static func word(_ kind: Word.Kind) -> Entry {
        .word(Word(unit: unit, kind: kind, why: "because", who: "ann@desk", time: "then"))
    }

    /// What stands after the entries.
    static let cases: [([Entry], Standing)] = [
        ([], .pending),
        ([Earlier.intent("s", "a", acts: "h")], .issued(first, acts: "h", bootID: "boot 1/1")),
        ([Earlier.intent("s", "a", acts: "h"), .fenced(first)], .pending),
        (
            [Earlier.intent("s", "a", acts: "h"), .inDoubt(first, unit, why: "w")],
            .inDoubt(first, acts: "h", why: "w")
        ),
        (
            [Earlier.intent("s", "a", acts: "h"), .inDoubt(first, unit, why: "w"), .fenced(first)],
            .pending
        ),
        ([Earlier.outcome("s", "a", acts: "h")], .done(acts: "h", how: .done)),
        (
            [Earlier.outcome("s", "a", end: .timedOut, isDone: false, acts: "h")],
            .failed(acts: "h", reason: "it failed", issued: true)
        ),
        ([Earlier.settled("s", "a", .wasSo, acts: "h")], .done(acts: "h", how: .wasSo)),
        ([Earlier.settled("s", "a", .adopted, acts: "h")], .done(acts: "h", how: .adopted)),
        ([Earlier.settled("s", "a", .proven)], .done(acts: "", how: .proven)),
        ([Earlier.settled("s", "a", .byHand)], .done(acts: "", how: .byHand)),
        ([Earlier.settled("s", "a", .skipped)], .skipped("")),
        ([Earlier.settled("s", "a", .unneeded)], .skipped("")),
        ([Earlier.settled("s", "a", .failed)], .failed(acts: "", reason: "", issued: false)),
        (
            [Earlier.intent("s", "a"), .inDoubt(first, unit, why: "w"), Earlier.settled("s", "a", .notDone)],
            .pending
        ),
        ([Earlier.outcome("s", "a", acts: "h"), word(.redo)], .pending),
        ([Earlier.outcome("s", "a", acts: "h"), word(.keep)], .done(acts: "h", how: .kept)),
        (
            [Earlier.intent("s", "a", acts: "h"), .inDoubt(first, unit, why: "w"), word(.resolvedDone)],
            .done(acts: "h", how: .kept)
        ),
        (
            [Earlier.intent("s", "a", acts: "h"), .inDoubt(first, unit, why: "w"), word(.resolvedNotDone)],
            .pending
        ),
        ([word(.skip)], .skipped("skipped by ann@desk: because")),
        ([Earlier.outcome("s", "a", acts: "h"), word(.confirmed)], .done(acts: "h", how: .done)),
    ]

    @Test(arguments: cases.indices)
    func entriesFold(_ index: Int) {
        let (entries, standing) = Self.cases[index]
        #expect(History(entries).standing(of: Self.unit) == standing)
        #expect(History(entries).standing(of: Unit("s", "b")) == .pending)
    }

    @Test func whatIsOpenAndWhatIsFinished() {
        let all: [(Standing, finished: Bool, open: Bool)] = [
            (.pending, false, false), (.issued(Self.first, acts: "", bootID: ""), false, true),
            (.inDoubt(Self.first, acts: "", why: ""), false, true),
            (.done(acts: "", how: .kept), true, false),
            (.skipped(""), true, false), (.failed(acts: "", reason: "", issued: true), false, false),
        ]
        for one in all {
            #expect(one.0.isFinished == one.finished)
            #expect(one.0.isOpen == one.open)
        }
    }

    @Test func issuesAreCountedAcrossProcesses() {
        let history = History([
            Earlier.began, Earlier.intent("s", "a", 1), .fenced(Self.first),
            .wentOn(operator: "bob", time: "now", runbookDigest: "d"), Earlier.intent("s", "a", 2),
        ])
        #expect(history.issues == [Self.unit: 2])
        #expect(history.isAwaiting(HostID("a")))
        #expect(!history.isAwaiting(HostID("b")))
    }

    @Test func aWordIsGoodForOneIssueAndOneProcess() {
        var history = History([Earlier.began, Self.word(.confirmed)])
        #expect(history.confirmed == [Self.unit])
        history.add(Earlier.intent("s", "a"))
        #expect(history.confirmed == [])
        history.add(Self.word(.confirmed))
        history.add(.wentOn(operator: "bob", time: "now", runbookDigest: "d"))
        #expect(history.confirmed == [])
    }

    @Test func aRunIsFinishedUntilItIsTakenUpAgain() {
        var history = History([Earlier.began, .finished(time: "now")])
        #expect(history.isFinished)
        history.add(.wentOn(operator: "bob", time: "now", runbookDigest: "d"))
        #expect(!history.isFinished)
        history.add(.abandoned(why: "w", who: "ann", time: "now"))
        #expect(history.isAbandoned)
    }

    @Test func theLastValueOfAnOutputCounts() {
        let history = History([
            .output(Self.unit, name: "id", value: .string("1")),
            .output(Self.unit, name: "id", value: .integer(2)),
        ])
        #expect(history.outputs == [Self.unit: ["id": .integer(2)]])
    }
}
