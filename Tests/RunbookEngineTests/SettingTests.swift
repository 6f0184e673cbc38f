import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// Times and numbers that the site gives.
@Suite struct SettingTests {
    private static func input(_ name: String) -> Expression { .reference(.input(name)) }

    private static let plan = Plan(
        Step("s") {
            $0.timeout = TimeLimit(after: .given(input("limit")), then: .leave)
            $0.check = [Question("is s", within: .given(input("limit"), plus: .seconds(1)))]
            $0.retry = Retry(times: .given(input("tries"), in: 2...9), delay: .given(input("pause")))
        }, inputs: ["limit": .string("1m30s"), "tries": .integer(2), "pause": .string("7s")])

    @Test func theyAreWorkedOutWhenTheStepIsSent() throws {
        let context = UnitContext(plan: Self.plan, unit: Unit("s", "a"), outputs: [:])
        let request = try context.request(
            for: Self.plan.runbook.steps[0].check[0], on: HostID("a"), waits: true)
        #expect(request.within == .seconds(91))
        #expect(Self.plan.saying(Self.plan.runbook.steps[0].timeout.after, Unit("s", "a")) == "1m 30s")
    }

    @Test func retryCountsToTheNumberThatIsGiven() {
        let failed = Turn.Reply.ended(.exited(1), check: [.no], after: [.no])
        let run = Drive(
            Self.plan,
            [
                Turn("connect a", .connected()), OutcomeTests.attempt(1, failed),
                Turn("wait s on a 7.0 seconds", .waited), OutcomeTests.attempt(2, failed),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
    }

    @Test func aNumberThatCannotBeUsedIsSaidAndNothingIsSentAgain() {
        var plan = Self.plan
        plan.site.inputs["tries"] = .integer(10)
        let failed = Turn.Reply.ended(.exited(1), check: [.no], after: [.no])
        let run = Drive(plan, [Turn("connect a", .connected()), OutcomeTests.attempt(1, failed)])
        #expect(run.problem == nil)
        #expect(
            run.warnings == [
                "s on a: it is not tried again: the value of `inputs.tries` is not a number from 2 to 9"
            ])
    }

    @Test func withoutAValueTheyAreShownAsTheyAreWritten() {
        var plan = Self.plan
        plan.site.inputs = [:]
        #expect(plan.saying(plan.runbook.steps[0].timeout.after, Unit("s", "a")) == "${{ inputs.limit }}")
        let times = plan.runbook.steps[0].retry?.times
        #expect(times.map { plan.saying($0, Unit("s", "a")) } == "${{ inputs.tries }}")
    }
}
