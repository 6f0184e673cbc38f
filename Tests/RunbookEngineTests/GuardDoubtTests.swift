import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// An attempt whose supervisor was lost and whose guard may live on.
@Suite struct GuardDoubtTests {
    static let plan = Plan(
        Step("s") {
            $0.check = [Question("is s")]
            $0.guardTime = .seconds(60)
            $0.undo = .steps([UndoStep(script: Script(Template("undo s")))])
        })
    static let earlier = [Earlier.began, Earlier.host("a"), Earlier.intent("s", "a")]
    static let lost = [Turn("connect a", .connected()), Turn("look up s.a.1", .state(.vanished))]
    static let why = "its process on a is gone and left no exit status"

    static var disarm: String {
        let context = UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:])
        let attempt = AttemptID(step: StepID("s"), host: HostID("a"), number: 1)
        return "ask s on a: a[\(context.disarming(attempt, on: HostID("a")).line)]"
    }

    private func answered(_ verdict: Answer.Verdict, _ status: Int32) -> Turn {
        var findings = Findings()
        var answer = Answer(verdict)
        answer.end = .exited(status)
        findings.answers = [answer]
        return Turn(Self.disarm, .other(.found(Unit("s", "a"), .success([HostID("a"): findings]))))
    }

    @Test func theGuardIsDisarmedBeforeTheCheckDecides() {
        let run = Drive(
            Self.plan, after: Self.earlier,
            Self.lost + [
                answered(.yes, 0), Turn("ask s on a: a[is s]", .answers(.yes)),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == ["went on", "in doubt s.a.1: \(Self.why)", "settled s on a adopted", "finished"])
    }

    @Test(
        arguments: [
            (4, "its guard ran the undo, which failed"),
            (5, "whether its guard took the change back is not known"),
        ] as [(Int32, String)])
    func aGuardThatIsNotDoneLeavesItToAPerson(_ status: Int32, _ said: String) {
        let run = Drive(Self.plan, after: Self.earlier, Self.lost + [answered(.no, status)])
        #expect(run.problem == nil)
        #expect(run.end == .undecided(Unit("s", "a"), "it is in doubt: \(Self.why); \(said)"))
        #expect(run.records == ["went on", "in doubt s.a.1: \(Self.why)"])
    }

    /// A check says yes until the undo is done: the end of the command is no reason to believe it.
    @Test(
        arguments: [
            (.none, 0, "whether its guard on a took the change back is not known"),
            (.no, 5, "its guard takes the change back, and the undo on a has not ended yet"),
        ] as [(Answer.Verdict, Int32, String)])
    func aGuardThatGivesNoAnswerIsAskedAgain(_ verdict: Answer.Verdict, _ status: Int32, _ why: String) {
        let ended = AttemptState.ended(AttemptEnd(.exited(0)))
        let first = Drive(
            Self.plan, after: Self.earlier,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(ended)),
                Turn("connect a", .connected()), answered(verdict, status),
            ])
        #expect(first.problem == nil)
        #expect(first.end == .undecided(Unit("s", "a"), "it is in doubt: \(why)"))
        #expect(first.records == ["went on", "in doubt s.a.1: \(why)"])
        let second = Drive(
            Self.plan, after: Self.earlier + first.entries,
            [
                Turn("connect a", .connected()), answered(.no, 1),
                Turn("ask s on a: a[is s]", .answers(.yes)),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(second.problem == nil)
        #expect(second.records == ["went on", "settled s on a adopted", "finished"])
    }
}
