import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// An attempt that an earlier process sent and whose outcome is not recorded: what is found, and what follows.
@Suite struct ResumeTests {
    static let plan = Plan(Step("s") { $0.check = [Question("is s", within: .seconds(5))] })
    static let earlier = [Earlier.began, Earlier.host("a"), Earlier.intent("s", "a")]
    static let again = "attempt s.a.2 `do s` check[is s] after[is s within]"
    static let askDoubt = "ask s on a: a[is s within]"

    /// The attempt is looked up; what is said then, and what must be recorded beyond `went on`.
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var boot = "1"
        var state: AttemptState
        var turns: [Turn] = []
        var records: [String]
        var end = RunEnd.complete
    }

    static let done = "outcome s.a.1 exited 0 done"
    static let cases = [
        Case(
            testDescription: "no claim, same boot: fenced, then issued again", state: .unclaimed,
            turns: [
                Turn("fence s.a.1", .fence(.fenced)), Turn(again, .ended(check: [.no], after: [.yes])),
            ],
            records: ["fenced s.a.1", "intent s.a.2", "outcome s.a.2 exited 0 done"]),
        Case(
            testDescription: "no claim, but the request arrives before the fence: followed",
            state: .unclaimed,
            turns: [
                Turn("fence s.a.1", .fence(.claimed(.running))),
                Turn("follow s.a.1 after[is s within]", .ended(after: [.yes])),
            ],
            records: [done]),
        Case(
            testDescription: "no claim, other boot: a lost claim proves nothing, the check decides",
            boot: "2",
            state: .unclaimed, turns: [Turn(askDoubt, .answers(.yes))],
            records: [
                "host a boot 2",
                "in doubt s.a.1: a was started again since it was sent, so a lost claim proves nothing",
                "settled s on a adopted",
            ]),
        Case(
            testDescription: "fenced by an earlier process", state: .fenced,
            turns: [Turn(again, .ended(check: [.no], after: [.yes]))],
            records: ["fenced s.a.1", "intent s.a.2", "outcome s.a.2 exited 0 done"]),
        Case(
            testDescription: "running: followed", state: .running,
            turns: [Turn("follow s.a.1 after[is s within]", .ended(after: [.yes]))], records: [done]),
        Case(
            testDescription: "ended: its outcome is adopted", state: .ended(AttemptEnd(.exited(0))),
            turns: [Turn(askDoubt, .answers(.yes))], records: [done]),
        Case(
            testDescription: "ended in another boot: as well", boot: "2",
            state: .ended(AttemptEnd(.exited(0))),
            turns: [Turn(askDoubt, .answers(.yes))], records: ["host a boot 2", done]),
        Case(
            testDescription: "ended badly: failed, asked without waiting",
            state: .ended(AttemptEnd(.exited(4))),
            turns: [Turn("ask s on a: a[is s]", .answers(.no))], records: ["outcome s.a.1 exited 4 not done"],
            end: .failed(Unit("s", "a"))),
        Case(
            testDescription: "vanished: the check says yes", state: .vanished,
            turns: [Turn(askDoubt, .answers(.yes))],
            records: [
                "in doubt s.a.1: its process on a is gone and left no exit status", "settled s on a adopted",
            ]),
        Case(
            testDescription: "vanished: the check says no", state: .vanished,
            turns: [
                Turn(askDoubt, .answers(.no)), Turn(again, .ended(check: [.no], after: [.yes])),
            ],
            records: [
                "in doubt s.a.1: its process on a is gone and left no exit status", "settled s on a not-done",
                "intent s.a.2", "outcome s.a.2 exited 0 done",
            ]),
        Case(
            testDescription: "vanished: no answer, a person decides", state: .vanished,
            turns: [Turn(askDoubt, .answers(.none))],
            records: ["in doubt s.a.1: its process on a is gone and left no exit status"],
            end: .undecided(
                Unit("s", "a"),
                "it is in doubt: its process on a is gone and left no exit status no answer from `is s` on a")
        ),
        Case(
            testDescription: "rebooted", boot: "2", state: .rebooted, turns: [Turn(askDoubt, .answers(.yes))],
            records: [
                "host a boot 2", "in doubt s.a.1: a was started again while it ran", "settled s on a adopted",
            ]),
        Case(
            testDescription: "torn", state: .torn, turns: [Turn(askDoubt, .answers(.yes))],
            records: ["in doubt s.a.1: what a wrote of it is not whole", "settled s on a adopted"]),
        Case(
            testDescription: "the process vanishes while it is followed", state: .running,
            turns: [
                Turn("follow s.a.1 after[is s within]", .attempt(.refused(.vanished))),
                Turn(askDoubt, .answers(.yes)),
            ],
            records: [
                "in doubt s.a.1: its process on a is gone and left no exit status", "settled s on a adopted",
            ]),
        Case(
            testDescription: "the claim is gone while it is followed: never fenced and issued again",
            state: .running,
            turns: [
                Turn("follow s.a.1 after[is s within]", .attempt(.refused(.unclaimed))),
                Turn(askDoubt, .answers(.none)),
            ],
            records: ["in doubt s.a.1: it ran on a, and now nothing is known of it there"],
            end: .undecided(
                Unit("s", "a"),
                "it is in doubt: it ran on a, and now nothing is known of it there no answer from `is s` on a"
            )),
    ]

    @Test(arguments: cases)
    func everyStateOfAnAttemptIsJudged(_ one: Case) {
        let run = Drive(
            Self.plan, after: Self.earlier,
            [Turn("connect a", .connected(boot: one.boot)), Turn("look up s.a.1", .state(one.state))]
                + one.turns
                // What was disturbed is asked once more at the end.
                + (one.end == .complete ? [Turn("ask all: a[is s]", .answers(.yes))] : []))
        #expect(run.problem == nil)
        #expect(run.end == one.end)
        #expect(run.records == ["went on"] + one.records + (one.end == .complete ? ["finished"] : []))
    }

    /// The command may be restarting what a login needs: on a Proxmox node the keys lie in /etc/pve.
    @Test func aHostWithACommandUnderWayIsTriedForAWhile() {
        let run = Drive(
            Self.plan, after: Self.earlier,
            [
                Turn("connect a", .unreachable(.authenticationFailed)),
                Turn("connect a after 0.2 seconds", .unreachable()),
                Turn("connect a after 1.0 seconds", .connected()),
                Turn("look up s.a.1", .state(.running)),
                Turn("follow s.a.1 after[is s within]", .ended(after: [.yes])),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aHostWithNothingUnderWayIsTriedOnce() {
        let run = Drive(
            Self.plan, after: [Earlier.began, Earlier.host("a")],
            [Turn("connect a", .unreachable(.authenticationFailed))])
        #expect(run.problem == nil)
        #expect(
            run.end == .unreachable(TransportError(.authenticationFailed, host: HostID("a"), "no way to a")))
    }

    @Test func aMissingFolderProvesNothing() {
        let run = Drive(
            Self.plan, after: Self.earlier,
            [
                Turn("connect a", .connected(folder: .missing)),
                Turn(Self.askDoubt, .answers(.none)),
            ])
        #expect(run.problem == nil)
        #expect(
            run.records == [
                "went on",
                "in doubt s.a.1: the run's folder on a is gone, so what was started there is not known",
            ])
    }

    @Test func nothingIsAskedOfAForeignFolderOrAnotherMachine() {
        let foreign = Drive(Self.plan, after: Self.earlier, [Turn("connect a", .connected(folder: .foreign))])
        #expect(foreign.problem == nil)
        #expect(
            foreign.end
                == .undecided(
                    nil,
                    "the run's folder on a is another's (another user's, a link, or of another run): nothing was sent to it"
                ))
        let machine = Drive(Self.plan, after: Self.earlier, [Turn("connect a", .connected(machine: "other"))])
        #expect(
            machine.end
                == .undecided(
                    nil,
                    "a is another machine than the one that this run began with (machine id other, not machine a): nothing was sent to it"
                ))
        #expect(machine.records == ["went on"])
    }

    @Test func aMachineThatGetsItsIdInTheMiddleOfARunIsTheSame() {
        let nameless = Entry.host(
            HostRecord(
                host: HostID("a"), address: "10.0.0.1", hostKey: "key", machineID: "", bootID: "boot 1",
                initStart: "1", node: "a"))
        let run = Drive(
            Self.plan, after: [Earlier.began, nameless],
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s` check[is s] after[is s within]", .notIssued(check: [.yes])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }
}
