import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// How many hosts have their turn at a time: `order: batch`, `--width`, blocks side by side.
@Suite struct TurnTests {
    static func connect(_ host: String) -> Turn { Turn("connect \(host)", .connected()) }
    static func done(_ unit: String, _ step: String) -> Turn {
        Turn("attempt \(unit) `do \(step)`", .ended())
    }

    static func inBatches(_ change: (inout Step) -> Void = { _ in }) -> Plan {
        Plan(
            [
                Step("s", on: "a", "b", "c") {
                    $0.order = .batch
                    $0.batch = 2
                    $0.check = [Question("is s")]
                    change(&$0)
                }
            ], hosts: ["a", "b", "c"])
    }

    @Test func theNextBatchBeginsWhenTheFirstIsVerified() {
        let run = Drive(
            Self.inBatches(),
            [
                Self.connect("a"), Self.connect("b"), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on b: b[is s]", .answers(.no)), Self.done("s.a.1", "s"), Self.done("s.b.1", "s"),
                Turn("ask s on a: a[is s]", .answers(.yes)), Turn("ask s on b: b[is s]", .answers(.yes)),
                Self.connect("c"), Turn("ask s on c: c[is s]", .answers(.no)), Self.done("s.c.1", "s"),
                Turn("ask s on c: c[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aFailureInABatchStopsBeforeTheNext() {
        let run = Drive(
            Self.inBatches(),
            [
                Self.connect("a"), Self.connect("b"), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on b: b[is s]", .answers(.no)), Self.done("s.a.1", "s"), Self.done("s.b.1", "s"),
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
    }

    /// Two at a time: all are asked before the first is issued, and issued before the first is verified.
    @Test func aWaveGoesTogetherAlsoWhenItIsWiderThanTheWidth() {
        let plan = Self.inBatches { $0.order = .together }
        let asked: [Turn] = [
            Self.connect("a"), Self.connect("b"), Turn("ask s on b: b[is s]", .answers(.no)),
            Self.connect("c"), Turn("ask s on c: c[is s]", .answers(.no)),
            Turn("ask s on a: a[is s]", .answers(.no)),
        ]
        let run = Drive(
            plan,
            asked + [
                Self.done("s.a.1", "s"), Self.done("s.c.1", "s"), Self.done("s.b.1", "s"),
                Turn("ask s on b: b[is s]", .answers(.yes)), Turn("ask s on c: c[is s]", .answers(.yes)),
                Turn("ask s on a: a[is s]", .answers(.yes)),
            ], options: { $0.width = 2 })
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        let early = Drive(plan, asked + [Self.done("s.c.1", "s")], options: { $0.width = 2 })
        #expect(
            early.problem
                == "it wants [\"attempt s.a.1 `do s`\", \"attempt s.b.1 `do s`\"]; the test did not say that")
    }

    /// One of the hosts that were issued is lost: the ones that were not are left alone.
    @Test func whatWaitsForItsTurnIsNotIssuedWhenTheRunIsToStop() {
        let gone = Turn("connect a", .unreachable(.hostKeyChanged))
        let run = Drive(
            Self.inBatches { $0.order = .together },
            [
                Self.connect("a"), Turn("ask s on a: a[is s]", .answers(.no)), Self.connect("b"),
                Turn("ask s on b: b[is s]", .answers(.no)), Self.connect("c"),
                Turn("ask s on c: c[is s]", .answers(.no)),
                Turn("attempt s.a.1 `do s`", .failed(.lost, host: "a")), gone,
            ], options: { $0.width = 1 })
        #expect(run.problem == nil)
        #expect(run.records.suffix(1) == ["intent s.a.1"])
        #expect(
            run.warnings.suffix(2) == [
                "s on b: nothing was issued here: the step goes on all its hosts together or on none",
                "s on c: nothing was issued here: the step goes on all its hosts together or on none",
            ])
    }

    // MARK: - Blocks

    static func block(_ most: Int = 0) -> Plan {
        Plan(
            [
                Step("f", on: "a", "b", "c") {
                    $0.action = nil
                    $0.order = .batch
                    $0.batch = 2
                    $0.steps = ["one", "two"].map { name in
                        Step("f/\(name)", on: "a", "b", "c") {
                            $0.check = [Question("is \(name)")]
                            $0.maxUnavailable = most
                        }
                    }
                }
            ], hosts: ["a", "b", "c"])
    }
    static func inner(_ step: String, _ host: String, _ end: ProcessEnd = .exited(0)) -> Turn {
        let wanted = "attempt f+\(step).\(host).1 `do f/\(step)` check[is \(step)] after[is \(step)]"
        return Turn(wanted, .ended(end, check: [.no], after: [end == .exited(0) ? .yes : .no]))
    }

    @Test func eachHostGoesThroughABlockByItself() {
        let run = Drive(
            Self.block(),
            [
                Self.connect("a"), Self.connect("b"), Self.inner("one", "b"), Self.inner("two", "b"),
                Self.inner("one", "a"), Self.inner("two", "a"), Self.connect("c"), Self.inner("one", "c"),
                Self.inner("two", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aFailureInABlockStopsTheOthersBehindTheStepThatTheyAreAt() {
        let run = Drive(
            Self.block(),
            [
                Self.connect("a"), Self.connect("b"), Self.inner("one", "a", .exited(1)),
                Self.inner("one", "b"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("f/one", "a")))
    }

    @Test func aBlockGoesOnWithoutAHostThatFailed() {
        let run = Drive(
            Self.block(1),
            [
                Self.connect("a"), Self.connect("b"), Self.inner("one", "a", .exited(1)),
                Self.inner("one", "b"), Self.inner("two", "b"), Self.connect("c"), Self.inner("one", "c"),
                Self.inner("two", "c"),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .incomplete(before: nil))
    }

    @Test func untilStopsEachHostInTheMiddleOfABlock() {
        let run = Drive(
            Self.block(),
            [Self.connect("a"), Self.connect("b"), Self.inner("one", "a"), Self.inner("one", "b")],
            options: { $0.until = StepID("f/two") })
        #expect(run.problem == nil)
        #expect(run.end == .paused)
    }
}
