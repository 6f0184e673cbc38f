import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// A reboot is done when its host is there in another boot, and not before.
@Suite struct RebootTests {
    static func plan(_ change: (inout Step) -> Void = { _ in }) -> Plan {
        Plan(
            Step("s") {
                $0.action = .reboot(within: .seconds(600))
                change(&$0)
            })
    }
    static let attempt = "attempt s.a.1 `reboot`"
    static let ended = AttemptState.ended(AttemptEnd(.exited(0)))

    @Test func theEndOfTheCommandIsNotTheReboot() {
        let run = Drive(
            Self.plan { $0.verify = [Question("works")] },
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .ended(output: "going down\n")),
                // Still there, then gone, then back.
                Turn("connect a after 2.0 seconds", .connected()), Turn("look up s.a.1", .state(Self.ended)),
                Turn("connect a after 2.0 seconds", .unreachable()),
                Turn("connect a after 2.0 seconds", .unreachable(.authenticationFailed)),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
                Turn("ask s on a: a[works]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == [
                "began", "host a boot 1", "intent s.a.1", "host a boot 2", "outcome s.a.1 rebooted done",
                "finished",
            ])
    }

    @Test func aLinkThatTheRebootCutsIsNoLoss() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .failed(.lost, host: "a")),
                Turn("connect a", .unreachable()),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.records.suffix(2) == ["outcome s.a.1 rebooted done", "finished"])
    }

    @Test func aCommandThatTheRebootEndedIsNoFailure() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .ended(.signalled(15))),
                Turn("connect a after 2.0 seconds", .connected()),
                Turn("look up s.a.1", .state(.vanished)),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aHostThatRefusesFails() {
        let run = Drive(
            Self.plan(), [Turn("connect a", .connected()), Turn(Self.attempt, .ended(.exited(1)))])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.failures.first?.reasons == ["exit status 1"])
    }

    @Test func aHostThatStaysUpFailsWhenTheTimeIsOver() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .ended()),
                Turn("wait s on a 600.0 seconds", .waited),
                Turn("connect a after 2.0 seconds", .connected()), Turn("look up s.a.1", .state(Self.ended)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.failures.first?.reasons == ["a did not go down in 10m"])
        #expect(run.records.last == "outcome s.a.1 exited 0 not done")
    }

    /// The time for the reboot runs on when the host is back; it must not end the pause before the next try.
    @Test func theTimeOfARebootThatIsOverEndsNoOtherPause() {
        let run = Drive(
            Self.plan {
                $0.check = [Question("is fresh")]
                $0.retry = Retry(times: .fixed(2), delay: .seconds(5))
            },
            [
                Turn("connect a", .connected()), Turn("ask s on a: a[is fresh]", .answers(.no)),
                Turn(Self.attempt, .ended()),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
                Turn("ask s on a: a[is fresh]", .answers(.no)),
                Turn("wait s on a 600.0 seconds", .waited), Turn("wait s on a 5.0 seconds", .waited),
                Turn("ask s on a: a[is fresh]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aHostThatStaysUpWithoutAnEndIsInDoubt() {
        let run = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .failed(.lost, host: "a")),
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.vanished)),
                Turn("wait s on a 600.0 seconds", .waited),
                Turn("connect a after 2.0 seconds", .connected()), Turn("look up s.a.1", .state(.vanished)),
            ])
        #expect(run.problem == nil)
        #expect(run.records.last?.hasPrefix("in doubt s.a.1") == true)
    }

    @Test func aHostThatDoesNotComeBackIsWaitedForByTheNextRun() {
        let first = Drive(
            Self.plan(),
            [
                Turn("connect a", .connected()), Turn(Self.attempt, .ended()),
                Turn("wait s on a 600.0 seconds", .waited),
                Turn("connect a after 2.0 seconds", .unreachable()),
            ])
        #expect(first.problem == nil)
        guard case .unreachable(let error) = first.end else {
            Issue.record("\(String(describing: first.end))")
            return
        }
        #expect(error.message == "a did not come back in 10m after its reboot: no way to a")
        #expect(first.records.last == "intent s.a.1")
        let second = Drive(
            Self.plan(), after: first.entries,
            [
                Turn("connect a", .unreachable()),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
            ])
        #expect(second.problem == nil)
        #expect(second.end == .complete)
        #expect(second.records.contains("outcome s.a.1 rebooted done"))
        #expect(!second.records.contains("intent s.a.2"))
    }

    @Test func whatWasNotClaimedInTheSameBootIsSentAgain() {
        let earlier = [Earlier.began, Earlier.host("a"), Earlier.intent("s", "a")]
        let run = Drive(
            Self.plan(), after: earlier,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("fence s.a.1", .fence(.fenced)), Turn("attempt s.a.2 `reboot`", .ended()),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aRebootOfAllIsVerifiedWhenAllAreBack() {
        let plan = Plan(
            Step("s", on: "a", "b") {
                $0.action = .reboot(within: .seconds(600))
                $0.order = .together
                $0.verify = [Question("works")]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn(Self.attempt, .ended()), Turn("attempt s.b.1 `reboot`", .ended()),
                Turn("connect a after 2.0 seconds", .connected(boot: "2")),
                Turn("connect b after 2.0 seconds", .unreachable()),
                Turn("connect b after 2.0 seconds", .connected(boot: "2")),
                Turn("ask s on a: a[works]", .answers(.yes)), Turn("ask s on b: b[works]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aCheckMakesItNeedless() {
        let run = Drive(
            Self.plan { $0.check = [Question("is fresh")] },
            [Turn("connect a", .connected()), Turn("ask s on a: a[is fresh]", .answers(.yes))])
        #expect(run.problem == nil)
        #expect(run.settled == ["s on a: was so"])
    }
}
