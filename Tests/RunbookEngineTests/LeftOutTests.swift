import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// `max_unavailable`: the run goes on without hosts that are not done, and the next run takes them up.
@Suite struct LeftOutTests {
    static func plan(
        most: Int = 1, then: Int = 1, _ order: Step.Order = .together,
        _ change: (inout Step) -> Void = { _ in }
    ) -> Plan {
        func step(_ id: String, _ most: Int) -> Step {
            Step(id, on: "a", "b", "c") {
                $0.order = order
                $0.maxUnavailable = most
                $0.check = [Question("is \(id)")]
                change(&$0)
            }
        }
        return Plan([step("s", most), step("t", then)], hosts: ["a", "b", "c"])
    }

    static func connect(_ host: String) -> Turn { Turn("connect \(host)", .connected()) }
    static func request(_ step: String, _ host: String, _ number: Int = 1) -> String {
        "attempt \(step).\(host).\(number) `do \(step)` check[is \(step)] after[is \(step)]"
    }
    static func done(_ step: String, _ host: String, _ number: Int = 1) -> Turn {
        Turn(request(step, host, number), .ended(check: [.no], after: [.yes]))
    }
    static func failed(_ step: String, _ host: String, _ number: Int = 1) -> Turn {
        Turn(request(step, host, number), .ended(.exited(1), check: [.no], after: [.no]))
    }
    static func ask(_ hosts: (String, [String])...) -> Turn {
        let parts = hosts.map { " \($0.0)[\($0.1.map { "is \($0)" }.joined(separator: "; "))]" }
        return Turn("ask all:\(parts.joined())", .answers(hosts.flatMap { $0.1.map { _ in .yes } }))
    }
    static func leftOut(_ run: Drive) -> [String] {
        run.shown.compactMap { if case .leftOut(let unit, let why) = $0 { "\(unit): \(why)" } else { nil } }
    }

    @Test func theOthersGoOnAndTheNextRunTakesUpTheOneThatWasLeft() {
        let first = Drive(
            Self.plan(),
            [
                Self.connect("a"), Self.connect("b"), Self.connect("c"), Self.failed("s", "b"),
                Self.done("s", "a"), Self.done("s", "c"), Self.done("t", "a"), Self.done("t", "c"),
            ])
        #expect(first.problem == nil)
        #expect(first.end == .incomplete(before: nil))
        #expect(Self.leftOut(first) == ["s on b: exit status 1"])
        #expect(first.records.last == "outcome t.c.1 exited 0 done")
        let second = Drive(
            Self.plan(), after: first.entries,
            [
                Self.connect("a"), Self.connect("c"), Self.ask(("a", ["s", "t"]), ("c", ["s", "t"])),
                Self.connect("b"), Self.done("s", "b", 2), Self.done("t", "b"),
                // A step had failed: what no longer holds might be its doing.
                Self.ask(("a", ["s", "t"]), ("b", ["s", "t"]), ("c", ["s", "t"])),
            ])
        #expect(second.problem == nil)
        #expect(second.end == .complete)
        #expect(
            second.records == [
                "went on", "intent s.b.2", "outcome s.b.2 exited 0 done", "intent t.b.1",
                "outcome t.b.1 exited 0 done", "finished",
            ])
    }

    /// One after the other, since the width is one: the third is not begun.
    @Test func tooManyFailuresStopBeforeTheNextHost() {
        let run = Drive(
            Self.plan(most: 1),
            [Self.connect("a"), Self.failed("s", "a"), Self.connect("b"), Self.failed("s", "b")],
            options: { $0.width = 1 })
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: StepID("s")))
        #expect(Self.leftOut(run) == ["s on a: exit status 1", "s on b: exit status 1"])
    }

    @Test func whatIsUnderWayWhenTooManyFailIsNotIssuedAnyMore() {
        let run = Drive(
            Self.plan(most: 1) { $0.require = [Question("may", on: .host(HostID("a")))] },
            [
                Self.connect("a"), Self.connect("b"), Self.connect("c"),
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("ask s on c: c[is s]", .answers(.no)), Turn("ask s on a: a[may]", .answers(.no)),
                Turn("ask s on b: a[may]", .answers(.no)), Turn("ask s on c: a[may]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: StepID("s")))
        #expect(run.records.suffix(2) == ["settled s on a failed", "settled s on b failed"])
        #expect(run.warnings == ["s on c: nothing was issued here: the run stops"])
    }

    @Test(arguments: [Step.Order.oneByOne, .batch])
    func theOthersHaveTheirTurnAfterAFailure(_ order: Step.Order) {
        let run = Drive(
            Self.plan(order),
            [
                Self.connect("a"), Self.failed("s", "a"), Self.connect("b"), Self.done("s", "b"),
                Self.connect("c"), Self.done("s", "c"), Self.done("t", "b"), Self.done("t", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
    }

    @Test func aStepThatNeedsAllOfItsHostsIsNotBegunWithoutOne() {
        let run = Drive(
            Self.plan(most: 1, then: 0),
            [
                Self.connect("a"), Self.connect("b"), Self.connect("c"), Self.done("s", "a"),
                Self.failed("s", "b"), Self.done("s", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: StepID("t")))
    }

    @Test func aHostThatCannotBeReachedIsWrittenDownAndLeftOut() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .unreachable()), Self.connect("b"), Self.connect("c"),
                Self.done("s", "b"), Self.done("s", "c"), Self.done("t", "b"), Self.done("t", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
        #expect(Self.leftOut(run) == ["s on a: no way to a"])
        #expect(run.records.filter { $0.hasPrefix("settled") } == ["settled s on a failed"])
        #expect(
            run.history.standing(of: Unit("s", "a"))
                == .failed(acts: "", reason: "no way to a", issued: false))
    }

    @Test func aHostThatAnotherRunHoldsIsLeftOut() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .locked), Self.connect("b"), Self.connect("c"), Self.done("s", "b"),
                Self.done("s", "c"), Self.done("t", "b"), Self.done("t", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
        #expect(
            Self.leftOut(run) == ["s on a: it is held by another run, of bob; `runbook unlock` takes it over"]
        )
    }

    /// Its connection is cut in the middle and it does not come back.
    @Test func aHostThatIsLostInTheMiddleBlocksOnlyItself() {
        let away = Turn("connect a after 5.0 seconds", .unreachable())
        let run = Drive(
            Self.plan(),
            [
                Self.connect("a"), Self.connect("b"), Self.connect("c"),
                Turn(Self.request("s", "a"), .failed(.lost, host: "a")), Self.done("s", "b"),
                Self.done("s", "c"), Turn("connect a", .unreachable()),
                Turn("connect a after 0.2 seconds", .unreachable()),
                Turn("connect a after 1.0 seconds", .unreachable()),
                Turn("connect a after 2.0 seconds", .unreachable()),
            ] + Array(repeating: away, count: 7) + [Self.done("t", "b"), Self.done("t", "c")])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
        #expect(run.history.standing(of: Unit("s", "a")).isOpen)
    }

    // MARK: - The next run

    static func earlier(_ entries: Entry...) -> [Entry] {
        [Earlier.began] + ["a", "b", "c"].map { Earlier.host($0) } + entries
    }

    /// The count is in the journal: what was left is tried before a host that was not.
    @Test func whatWasLeftCountsUntilItIsTriedAgain() {
        let run = Drive(
            Self.plan(),
            after: Self.earlier(
                Earlier.intent("s", "b"), Earlier.outcome("s", "b", end: .exited(1), isDone: false),
                Earlier.intent("s", "c"), Earlier.outcome("s", "c", end: .exited(1), isDone: false)),
            [
                Self.connect("b"), Self.failed("s", "b", 2), Self.connect("c"), Self.done("s", "c", 2),
                Self.connect("a"), Self.done("s", "a"), Self.done("t", "a"), Self.done("t", "c"),
            ], options: { $0.width = 1 })
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
    }

    @Test func aHostWhoseFinishedStepsCannotBeAskedIsLeftOut() {
        let run = Drive(
            Self.plan(),
            after: Self.earlier(
                Earlier.intent("s", "a"), Earlier.outcome("s", "a"), Earlier.intent("s", "b"),
                Earlier.outcome("s", "b")),
            [
                Turn("connect a", .unreachable()), Self.connect("b"), Self.ask(("b", ["s"])),
                Self.connect("c"), Self.done("s", "c"), Self.done("t", "b"), Self.done("t", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
        #expect(Self.leftOut(run) == ["s on a: no way to a"])
    }

    @Test func aHostThatTheStepNeedsEndsTheRunBeforeAnythingIsAsked() {
        let run = Drive(
            Self.plan(most: 0),
            after: Self.earlier(Earlier.intent("s", "a"), Earlier.outcome("s", "a")),
            [Turn("connect a", .unreachable())])
        #expect(run.problem == nil)
        #expect(run.end == .unreachable(TransportError(.unreachable, host: HostID("a"), "no way to a")))
    }

    /// c is behind, and b went on without it: nothing was moved.
    @Test func aDoubtOnOneHostIsNotBehindWhatAnotherHostHasLeft() {
        let run = Drive(
            Self.plan(most: 2, then: 2),
            after: Self.earlier(
                Earlier.intent("s", "a"), Earlier.outcome("s", "a"), Earlier.intent("s", "b"),
                Earlier.outcome("s", "b"), Earlier.intent("s", "c"),
                Earlier.outcome("s", "c", end: .exited(1), isDone: false), Earlier.intent("t", "a"),
                Earlier.outcome("t", "a"), Earlier.intent("t", "b")),
            [
                Self.connect("a"), Self.connect("b"), Self.ask(("a", ["s", "t"]), ("b", ["s"])),
                Self.connect("c"), Self.done("s", "c", 2), Turn("look up t.b.1", .state(.running)),
                Self.done("t", "c"), Turn("follow t.b.1 after[is t]", .ended(after: [.yes])),
                Self.ask(("a", ["s", "t"]), ("b", ["s", "t"]), ("c", ["s", "t"])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    /// The torn record may have been b's, which had gone on, or a's, which was tried again.
    @Test func behindATornRecordEveryHostMayHaveBeenSentSomething() {
        let run = Drive(
            Self.plan(),
            after: Self.earlier(
                Earlier.intent("s", "a"), Earlier.outcome("s", "a", end: .exited(1), isDone: false),
                Earlier.intent("s", "b"), Earlier.outcome("s", "b"), Earlier.intent("s", "c"),
                Earlier.outcome("s", "c")),
            [], options: { $0.mayHaveIssued = true })
        #expect(run.records == ["intent s.a.2", "intent t.b.1", "intent t.c.1", "went on"])
    }
}
