import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// `order: together`: asked on all, issued on all at once, verified on all.
@Suite struct TogetherTests {
    static func plan(_ change: (inout Step) -> Void = { _ in }) -> Plan {
        Plan(
            Step("s", on: "a", "b") {
                $0.order = .together
                $0.check = [Question("is s")]
                $0.verify = [Question("works")]
                change(&$0)
            },
            Step("t") { $0.unproven = "a test" })
    }

    static let connect = [Turn("connect a", .connected()), Turn("connect b", .connected())]
    static let last = Turn("attempt t.a.1 `do t`", .ended())

    @Test func nothingIsIssuedBeforeAllWereAskedAndNothingVerifiedBeforeAllHaveEnded() {
        let run = Drive(
            Self.plan(),
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.b.1 `do s`", .ended()), Turn("attempt s.a.1 `do s`", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.yes, .yes)),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)), Self.last,
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func oneHostRefusesAndNothingIsIssuedAnywhere() {
        let run = Drive(
            Self.plan { $0.require = [Question("may")] },
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on a: a[may]", .answers(.yes)),
                Turn("ask s on b: b[is s]", .answers(.no)), Turn("ask s on b: b[may]", .answers(.no)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "b")))
        #expect(run.records == ["began", "host a boot 1", "host b boot 1", "settled s on b failed"])
    }

    @Test func aHostThatWasSoDoesNotHoldTheOthersUp() {
        let run = Drive(
            Self.plan(),
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.yes)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.b.1 `do s`", .ended()),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)), Self.last,
            ])
        #expect(run.problem == nil)
        #expect(run.settled == ["s on a: was so", "s on b: done", "t on a: done"])
    }

    /// What is settled without a question must not make the wave look over before the others are entered.
    @Test func aSkippedHostDoesNotEndTheWave() {
        let run = Drive(
            Self.plan {
                $0.condition = .compare(.equal, .reference(.thisHost("id")), .literal(.string("b")))
            },
            [
                Turn("connect b", .connected()), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.b.1 `do s`", .ended()),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)), Turn("connect a", .connected()),
                Self.last,
            ])
        #expect(run.problem == nil)
        #expect(run.settled == ["s on a: skipped", "s on b: done", "t on a: done"])
    }

    @Test func aSiblingThatRunsIsAwaitedWhenOneFails() {
        let run = Drive(
            Self.plan(),
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.a.1 `do s`", .ended(.exited(1))), Turn("attempt s.b.1 `do s`", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.no, .no)),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(
            run.records.suffix(2) == ["outcome s.a.1 exited 1 not done", "outcome s.b.1 exited 0 done"])
    }

    @Test func aSiblingThatRunsIsAwaitedWhenAHostCannotBeReached() {
        let run = Drive(
            Self.plan(),
            after: [Earlier.began, Earlier.host("a"), Earlier.host("b"), Earlier.intent("s", "a")],
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.running)),
                Turn("connect b", .unreachable()), Turn("follow s.a.1", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.yes, .yes)),
            ])
        #expect(run.problem == nil)
        #expect(
            run.end
                == .unreachable(.init(.unreachable, host: HostID("b"), "no way to b")))
        #expect(run.records == ["went on", "outcome s.a.1 exited 0 done"])
    }

    @Test func nothingIsIssuedWhenAHostCannotBeReached() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("connect b", .unreachable()),
            ])
        #expect(run.problem == nil)
        #expect(run.records == ["began", "host a boot 1"])
    }

    /// The other one was killed before it was sent: it is not to wait for the end of the first.
    @Test func aResumedWaveIssuesBesideWhatStillRuns() {
        let run = Drive(
            Self.plan(),
            after: [Earlier.began, Earlier.host("a"), Earlier.host("b"), Earlier.intent("s", "a")],
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.running)),
                Turn("connect b", .connected()), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.b.1 `do s`", .ended()), Turn("follow s.a.1", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.yes, .yes)),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)), Self.last,
                Turn("ask all: a[is s] b[is s]", .answers(.yes, .yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func oneHostIsRetriedWhileTheOtherIsDone() {
        let run = Drive(
            Self.plan { $0.retry = Retry(times: .fixed(2), delay: .seconds(1)) },
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("attempt s.a.1 `do s`", .ended(.exited(1))), Turn("attempt s.b.1 `do s`", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.no, .no)),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)),
                Turn("wait s on a 1.0 seconds", .waited), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("attempt s.a.2 `do s`", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.yes, .yes)), Self.last,
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    /// One unit's question is lost on the other's host, just when that one is to be issued.
    @Test func aHostThatIsBeingConnectedAgainIsWaitedForBeforeTheIssue() {
        let run = Drive(
            Self.plan { $0.require = [Question("may", on: .peer)] },
            Self.connect + [
                Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on b: b[is s]", .answers(.no)),
                Turn("ask s on b: a[may]", .failed(.lost, host: "a")),
                Turn("ask s on a: b[may]", .answers(.yes)), Turn("connect a", .connected()),
                Turn("ask s on b: a[may]", .answers(.yes)), Turn("attempt s.a.1 `do s`", .ended()),
                Turn("attempt s.b.1 `do s`", .ended()),
                Turn("ask s on a: a[is s; works]", .answers(.yes, .yes)),
                Turn("ask s on b: b[is s; works]", .answers(.yes, .yes)), Self.last,
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }
}
