import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What an attempt comes to: how it ended, what its check says, what its verify says.
@Suite struct OutcomeTests {
    struct Case: CustomTestStringConvertible {
        var end = ProcessEnd.exited(0)
        var check: Answer.Verdict
        var verify: Answer.Verdict
        /// The last record and the reasons that are shown.
        var record: String
        var reasons: [String] = []
        var testDescription: String { "\(end.text), check \(check), verify \(verify)" }
    }

    private static let done = "outcome s.a.1 exited 0 done"
    private static let failed = "outcome s.a.1 exited 0 not done"
    private static let saidNo = "`is s` on a said no"
    private static let accept = "the state is there all the same: run again to accept it"
    static let cases = [
        Case(check: .yes, verify: .yes, record: done),
        Case(check: .no, verify: .yes, record: failed, reasons: ["it ended well, but:", saidNo]),
        Case(
            check: .none, verify: .yes,
            record: "in doubt s.a.1: its check gives no answer: no answer from `is s` on a",
            reasons: ["its check gives no answer", "no answer from `is s` on a"]),
        Case(
            check: .yes, verify: .no, record: failed,
            reasons: ["it ended well, but:", "`works` on a said no"]),
        Case(
            check: .yes, verify: .none, record: failed,
            reasons: ["it ended well, but:", "no answer from `works` on a"]),
        Case(
            end: .exited(15), check: .yes, verify: .yes, record: "outcome s.a.1 exited 15 not done",
            reasons: ["exit status 15", accept + ", or add the status to ok_exit"]),
        Case(
            end: .exited(15), check: .yes, verify: .no, record: "outcome s.a.1 exited 15 not done",
            reasons: ["exit status 15"]),
        Case(
            end: .exited(15), check: .no, verify: .no, record: "outcome s.a.1 exited 15 not done",
            reasons: ["exit status 15"]),
        Case(
            end: .exited(15), check: .none, verify: .yes, record: "outcome s.a.1 exited 15 not done",
            reasons: ["exit status 15"]),
        Case(end: .exited(3), check: .yes, verify: .yes, record: "outcome s.a.1 exited 3 done"),
        Case(
            end: .signalled(9), check: .no, verify: .no, record: "outcome s.a.1 signalled 9 not done",
            reasons: ["ended by signal 9"]),
        Case(
            end: .timedOut, check: .yes, verify: .yes, record: "outcome s.a.1 timed out not done",
            reasons: ["stopped because its time was over", accept]),
        Case(
            end: .stopped, check: .no, verify: .no, record: "outcome s.a.1 stopped not done",
            reasons: ["stopped by a person"]),
    ]

    /// Till then the host is the only one who knows what the command wrote.
    @Test func whatACommandWroteIsForgottenBehindItsOutcome() {
        let run = Drive(
            Plan(Step("s") { $0.unproven = "a test" }),
            [Turn("connect a", .connected()), Turn("attempt s.a.1 `do s`", .ended())])
        #expect(run.problem == nil)
        #expect(
            run.kept == [
                "began", "host a boot 1", "intent s.a.1", "outcome s.a.1 exited 0 done", "forget s.a.1",
                "finished",
            ])
    }

    @Test(arguments: cases)
    func everyEndIsJudged(_ one: Case) {
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.verify = [Question("works")]
                $0.okExit = [0, 3]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn(
                    "attempt s.a.1 `do s` check[is s] after[is s; works]",
                    .ended(one.end, check: [.no], after: [one.check, one.verify])),
            ])
        #expect(run.problem == nil)
        #expect(run.records.last { $0 != "finished" } == one.record)
        #expect(run.failures.flatMap(\.reasons) == one.reasons)
        switch run.end {
        case .complete: #expect(one.reasons == [])
        case .undecided(Unit("s", "a"), _): #expect(one.record.hasPrefix("in doubt"))
        default: #expect(run.end == .failed(Unit("s", "a")))
        }
    }

    @Test func anAnswerThatDidNotComeIsNoYes() {
        let run = Drive(
            Plan(Step("s") { $0.check = [Question("is s")] }),
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s` check[is s] after[is s]", .ended(check: [.no], after: [])),
            ])
        #expect(
            run.records.last
                == "in doubt s.a.1: its check gives no answer: no answer from `is s` on a: it was not asked")
    }

    @Test func aFailedCommandsCheckOnAnotherHostIsAskedOnceWithoutWaiting() {
        let plan = Plan(
            Step("s") { $0.check = [Question("is s", on: .host(HostID("b")), within: .seconds(60))] })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn("ask s on a: b[is s]", .answers(.no)),
                Turn("attempt s.a.1 `do s`", .ended(.exited(1))),
                Turn("ask s on a: b[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(
            run.failures.map(\.reasons) == [
                ["exit status 1", Self.accept + ", or add the status to ok_exit"]
            ])
    }

    // MARK: - retry

    static let retried = Plan(
        Step("s") {
            $0.check = [Question("is s", within: .seconds(3))]
            $0.retry = Retry(times: .fixed(3), delay: .seconds(5))
        })

    static func attempt(_ number: Int, _ reply: Turn.Reply) -> Turn {
        Turn("attempt s.a.\(number) `do s` check[is s] after[is s within]", reply)
    }

    @Test func retryIssuesAgainAfterAClearNoAndNoMoreThanItsTimes() {
        let failed = Turn.Reply.ended(.exited(1), check: [.no], after: [.no])
        let wait = Turn("wait s on a 5.0 seconds", .waited)
        let run = Drive(
            Self.retried,
            [
                Turn("connect a", .connected()), Self.attempt(1, failed), wait, Self.attempt(2, failed), wait,
                Self.attempt(3, failed),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(
            run.records == [
                "began", "host a boot 1", "intent s.a.1", "outcome s.a.1 exited 1 not done", "intent s.a.2",
                "outcome s.a.2 exited 1 not done", "intent s.a.3", "outcome s.a.3 exited 1 not done",
            ])
        // The next run has its own tries.
        let next = Drive(
            Self.retried, after: run.entries,
            [
                Turn("connect a", .connected()), Self.attempt(4, failed), wait,
                Self.attempt(5, .ended(check: [.no], after: [.yes])),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(next.problem == nil)
        #expect(next.end == .complete)
    }

    @Test func retryNeedsAClearNo() {
        let run = Drive(
            Self.retried,
            [
                Turn("connect a", .connected()),
                Self.attempt(1, .ended(.exited(1), check: [.no], after: [.none])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
    }

    @Test func aRetriedStepThatCameTrueMeanwhileIsNotIssued() {
        let run = Drive(
            Self.retried,
            [
                Turn("connect a", .connected()), Self.attempt(1, .ended(check: [.no], after: [.no])),
                Turn("wait s on a 5.0 seconds", .waited), Self.attempt(2, .notIssued(check: [.yes])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.settled == ["s on a: was so"])
    }

    // MARK: - time

    @Test func whatWasLeftRunningIsFollowedByTheNextRun() {
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.timeout = TimeLimit(after: .seconds(180), then: .leave)
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s` check[is s] after[is s]", .attempt(.left(.init()))),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(
            run.failures.map(\.reasons) == [
                ["it has not ended after 3m and was left running; the next run follows it"]
            ])
        let next = Drive(
            plan, after: run.entries,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.running)),
                Turn("follow s.a.1 after[is s]", .ended(after: [.yes])),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(next.problem == nil)
        #expect(next.end == .complete)
    }

    // MARK: - failures

    @Test func hintsThatMatchAndHintsThatAskAreShownWithTheEvidence() {
        var quiet = Hint(say: Template("never shown"))
        quiet.output = Template("something else")
        var silent = Hint(say: Template("the nodes do not hear each other"))
        silent.output = Template("waiting for quorum")
        silent.exit = [1]
        var asking = Hint(say: Template("cman is down"))
        asking.question = CommandQuestion(script: Script(Template("cman down")))
        let plan = Plan(
            Step("s") {
                $0.unproven = "a test"
                $0.hints = [quiet, silent, asking]
                $0.evidence = [Template("tail log")]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s`", .ended(.exited(1), output: "waiting for quorum...\n")),
                Turn("ask s on a: a[cman down; tail log]", .answers([.yes, .yes], outputs: ["", "line"])),
            ])
        #expect(run.problem == nil)
        #expect(run.failures.map(\.hints) == [["the nodes do not hear each other", "cman is down"]])
        #expect(run.failures.map(\.evidence) == [[.init(command: "tail log", output: "line")]])
    }
}
