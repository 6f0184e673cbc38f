import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// `during`: what must not say no while a command runs.
@Suite struct DuringTests {
    private static func plan(_ grace: TimeSetting? = nil, _ change: (inout Step) -> Void = { _ in }) -> Plan {
        var question = Question("quorate", on: .peer)
        question.grace = grace
        question.message = Template("b has no quorum")
        return Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.during = [question]
                change(&$0)
            })
    }

    /// Up to the moment in which the command is sent.
    private static let sent = [
        Turn("connect a", .connected()), Turn("connect b", .connected()),
        Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on a: b[quorate within]", .answers(.yes)),
    ]
    private static let attempt = "attempt s.a.1 `do s` after[is s]"
    private static let ended = Turn(attempt, .ended(after: [.yes]))
    private static let watch = "watch s on a b[quorate]", again = "watch s on a b[quorate] after 2.0 seconds"
    private static func after(_ verdict: Answer.Verdict) -> Turn {
        Turn("ask s on a: b[quorate within]", .answers(verdict))
    }
    private static let began = ["began", "host a boot 1", "host b boot 1", "intent s.a.1"]

    @Test func itIsAskedBeforeMeanwhileAndAfter() {
        let run = Drive(
            Self.plan(),
            Self.sent + [
                Turn(Self.watch, .watched([.yes], at: 0)), Turn(Self.again, .watched([.yes], at: 2)),
                Self.ended, Self.after(.yes),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == Self.began + [
                "watched s.a.1 asked", "outcome s.a.1 exited 0 done", "finished",
            ])
    }

    @Test func aNoBeforeRefusesTheStep() {
        let run = Drive(
            Self.plan(), Self.sent.dropLast() + [Turn("ask s on a: b[quorate within]", .answers(.no))])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.failures.map(\.reasons) == [["b has no quorum"]])
        #expect(run.failures.map(\.nothingIssued) == [true])
    }

    @Test func aNoBeyondItsGraceFailsTheStepWhenItsCommandHasEnded() {
        let run = Drive(
            Self.plan(.seconds(30)),
            Self.sent + [
                Turn(Self.watch, .watched([.no], at: 1)), Turn(Self.again, .watched([.no], at: 30)),
                Turn(Self.again, .watched([.no], at: 31)), Self.ended, Self.after(.yes),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        let reason = "while it ran, for 30s or longer: b has no quorum"
        #expect(run.failures.map(\.reasons) == [["it ended well, but:", reason]])
        #expect(
            run.records == Self.began + [
                "watched s.a.1 asked", "watched s.a.1 no b has no quorum",
                "watched s.a.1 broken for 30s or longer: b has no quorum", "outcome s.a.1 exited 0 not done",
            ])
        #expect(
            run.warnings == [
                "s on a: while it runs: b has no quorum",
                "s on a: its command goes on, and the step fails when it has ended",
            ])
    }

    @Test func whatIsWellAgainWithinItsGraceDoesNoHarm() {
        let run = Drive(
            Self.plan(),
            Self.sent + [
                Turn(Self.watch, .watched([.no], at: 1)), Turn(Self.again, .watched([.yes], at: 9)),
                Turn(Self.again, .watched([.none], at: 12)), Turn(Self.again, .watched([.no], at: 20)),
                Turn(Self.again, .watched([.yes], at: 23)), Self.ended, Self.after(.yes),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == Self.began + [
                "watched s.a.1 asked", "watched s.a.1 no b has no quorum",
                "watched s.a.1 yes it says yes again",
                "watched s.a.1 unknown no answer from `quorate` on b", "watched s.a.1 yes it says yes again",
                "outcome s.a.1 exited 0 done", "finished",
            ])
    }

    @Test func noAnswerFailsTheStepBeyondTheGraceOnly() {
        let run = Drive(
            Self.plan(),
            Self.sent + [
                Turn(Self.watch, .watched([.none], at: 1)), Turn(Self.again, .watched([.none], at: 11)),
                Self.ended, Self.after(.yes),
            ])
        #expect(run.problem == nil)
        #expect(
            run.failures.map(\.reasons) == [
                ["it ended well, but:", "while it ran, for 10s or longer: no answer from `quorate` on b"]
            ])
    }

    @Test func withoutGraceTheFirstNoCounts() {
        let run = Drive(
            Self.plan(.seconds(0)),
            Self.sent + [Turn(Self.watch, .watched([.no], at: 1)), Self.ended, Self.after(.yes)])
        #expect(run.problem == nil)
        #expect(run.failures.map(\.reasons) == [["it ended well, but:", "while it ran, b has no quorum"]])
    }

    @Test func aCommandThatEndsBeforeAnybodyAskedIsDoneOnlyWhenItIsAskedAfterwards() {
        let no = Drive(Self.plan(), Self.sent + [Self.ended, Self.after(.no)])
        #expect(no.problem == nil)
        #expect(no.failures.map(\.reasons) == [["it ended well, but:", "b has no quorum"]])
        let yes = Drive(Self.plan(), Self.sent + [Self.ended, Self.after(.yes)])
        #expect(yes.problem == nil)
        #expect(yes.end == .complete)
    }

    @Test func aPeerWhoseConnectionIsLostIsConnectedAgainAndAskedOn() {
        let run = Drive(
            Self.plan(),
            Self.sent + [
                Turn(Self.watch, .watched([.yes], at: 1, lost: ["b"])),
                Turn("connect b after 2.0 seconds", .connected()),
                Turn("watch s on a after 2.0 seconds", .watched([], at: 3)),
                Turn(Self.again, .watched([.yes], at: 5)), Self.ended, Self.after(.yes),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records.filter { $0.hasPrefix("watched") } == [
                "watched s.a.1 asked",
                "watched s.a.1 unknown no answer from `quorate` on b: it was not asked",
                "watched s.a.1 yes it says yes again",
            ])
    }

    // MARK: - After a crash

    private static func left(_ watched: [WatchRecord.What]) -> [Entry] {
        [Earlier.began, Earlier.host("a"), Earlier.host("b"), Earlier.intent("s", "a")]
            + watched.map { what in
                .watched(
                    WatchRecord(
                        unit: Unit("s", "a"), attempt: AttemptID("s.a.1"), what: what,
                        reason: what == .asked ? "" : "b has no quorum", time: "then"))
            }
    }
    private static let resumed = [
        Turn("connect a", .connected()), Turn("connect b", .connected()),
    ]

    @Test func whatNobodySawIsSaidAndRecorded() {
        let run = Drive(
            Self.plan(), after: Self.left([.asked]),
            Self.resumed + [
                Turn("look up s.a.1", .state(.running)), Turn(Self.watch, .watched([.yes], at: 1)),
                Turn("follow s.a.1 after[is s]", .ended(after: [.yes])), Self.after(.yes),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == [
                "went on", "watched s.a.1 gap nobody asked while no run was there", "watched s.a.1 asked",
                "outcome s.a.1 exited 0 done", "finished",
            ])
        #expect(run.warnings == ["s on a: nobody asked while no run was there and its command ran"])
    }

    @Test func whatWasSeenBeforeTheCrashCounts() {
        let end = AttemptEnd(.exited(0))
        let run = Drive(
            Self.plan(), after: Self.left([.asked, .no, .broken]),
            Self.resumed + [
                Turn("look up s.a.1", .state(.ended(end))),
                Turn("ask s on a: a[is s] b[quorate within]", .answers(.yes, .yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.failures.map(\.reasons) == [["it ended well, but:", "while it ran, b has no quorum"]])
    }

    @Test func whatEndedUnseenIsAskedBeforeItIsDone() {
        let end = AttemptEnd(.exited(0))
        for (verdict, isDone) in [(Answer.Verdict.yes, true), (.no, false), (.none, false)] {
            let run = Drive(
                Self.plan(), after: Self.left([]),
                Self.resumed + [
                    Turn("look up s.a.1", .state(.ended(end))),
                    Turn("ask s on a: a[is s] b[quorate within]", .answers(.yes, verdict)),
                ] + (isDone ? [Turn("ask all: a[is s]", .answers(.yes))] : []))
            #expect(run.problem == nil)
            #expect((run.end == .complete) == isDone)
        }
    }

    @Test func aDoubtIsNotSettledByItsCheckWhenSomethingWasSeen() {
        for (seen, verdict) in [([WatchRecord.What.asked, .broken], Answer.Verdict.yes), ([.asked], .no)] {
            let run = Drive(
                Self.plan(), after: Self.left(seen),
                Self.resumed + [
                    Turn("look up s.a.1", .state(.vanished)),
                    Turn("ask s on a: a[is s] b[quorate within]", .answers(.yes, verdict)),
                ])
            #expect(run.problem == nil)
            #expect(run.failures.map(\.isUndecided) == [true])
            #expect(run.failures.first?.reasons.last?.hasSuffix("b has no quorum") == true)
        }
    }
}
