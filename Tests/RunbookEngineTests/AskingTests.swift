import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What is asked when: the table of the language (`if`, `unless`, `check`, `require`, `verify`).
@Suite struct AskingTests {
    static let is_s = Question("is s", within: .seconds(30))

    @Test func oneHostAndPlainQuestionsTravelInOneRequest() {
        let plan = Plan(
            Step("s") {
                $0.unless = [Question("needless")]
                $0.check = [Self.is_s]
                $0.require = [Question("may", within: .seconds(9))]
                $0.verify = [Question("works", within: .seconds(9))]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                // Before the verb a check is asked once, whatever its `within`.
                Turn(
                    "attempt s.a.1 `do s` unless[needless] check[is s] require[may within] after[is s within; works within]",
                    .ended(check: [.no], require: [.yes], after: [.yes, .yes])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == [
                "began", "host a boot 1", "intent s.a.1", "outcome s.a.1 exited 0 done", "finished",
            ])
        #expect(run.settled == ["s on a: done"])
    }

    @Test(
        arguments: [
            (Turn.Reply.notIssued(check: [.yes]), RunEnd.complete, "settled s on a was-so"),
            (.notIssued(unless: [.yes]), .complete, "settled s on a unneeded"),
            (.notIssued(check: [.no], require: [.no]), .failed(Unit("s", "a")), "settled s on a failed"),
        ])
    func whatTheHostDidNotIssueIsSettled(_ reply: Turn.Reply, _ end: RunEnd, _ record: String) {
        let plan = Plan(
            Step("s") {
                $0.unless = [Question("needless")]
                $0.check = [Question("is s")]
                $0.require = [Question("may")]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s` unless[needless] check[is s] require[may] after[is s]", reply),
            ])
        #expect(run.problem == nil)
        #expect(run.end == end)
        #expect(
            run.records.filter { $0 != "finished" } == ["began", "host a boot 1", "intent s.a.1", record])
    }

    @Test func aCheckWithoutAnAnswerStopsAndGivesTheMessagesOfRequire() {
        var may = Question("may")
        may.message = Template("for 3.4 only")
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.require = [may]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do s` check[is s] require[may] after[is s]", .notIssued(check: [.none])),
                Turn("ask s on a: a[may]", .answers(.no)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .undecided(Unit("s", "a"), "for 3.4 only no answer from `is s` on a"))
        #expect(run.failures.map(\.nothingIssued) == [true])
    }

    @Test func aQuestionOfAnotherHostIsAskedBeforeAndAfter() {
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.require = [Question("quorate", on: .peer)]
                $0.verify = [Question("quorate", on: .hosts([HostID("a"), HostID("b")]))]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on a: b[quorate]", .answers(.yes)),
                Turn("attempt s.a.1 `do s` after[is s]", .ended(after: [.yes])),
                Turn("ask s on a: a[quorate] b[quorate]", .answers(.yes, .no)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.failures.map(\.reasons) == [["it ended well, but:", "`quorate` on b said no"]])
    }

    @Test func aStepWithOnlyUnlessRunsWhenItSaysNo() {
        let plan = Plan(
            Step("s") {
                $0.unless = [Question("needless")]
                $0.unproven = "a test"
            })
        let run = Drive(
            plan, [Turn("connect a", .connected()), Turn("attempt s.a.1 `do s` unless[needless]", .ended())])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.settled == ["s on a: done"])
    }

    @Test func ifIsAnsweredByTheEngineBeforeAnyHostIsConnected() {
        let plan = Plan(
            Step("s") {
                $0.condition = .reference(.input("wanted"))
                $0.unproven = "a test"
            }, inputs: ["wanted": .boolean(false)])
        let run = Drive(plan, [])
        #expect(run.problem == nil)
        #expect(run.records == ["began", "settled s on a skipped", "finished"])
    }

    @Test func ifOnAnOutputUsesWhatWasRead() {
        let condition = Expression.compare(
            .equal, .reference(.output(StepID("r"), on: nil, "kind")), .literal(.string("old")))
        let plan = Plan(
            Step("r") {
                $0.action = nil
                $0.outputs = [Output("kind", run: "uname")]
            },
            Step("s") {
                $0.condition = condition
                $0.unproven = "a test"
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("ask r on a: a[uname]", .answers([.yes], outputs: ["new\n"])),
            ])
        #expect(run.problem == nil)
        #expect(
            run.records == [
                "began", "host a boot 1", "output r on a kind=new", "settled r on a proven",
                "settled s on a skipped", "finished",
            ])
    }

    @Test func aGateAsksRequireAndIsDone() {
        let plan = Plan(
            Step("s") {
                $0.action = nil
                $0.require = [Question("may", within: .seconds(5))]
            })
        let run = Drive(
            plan, [Turn("connect a", .connected()), Turn("ask s on a: a[may within]", .answers(.yes))])
        #expect(run.problem == nil)
        #expect(run.settled == ["s on a: proven"])
    }

    @Test func anExpressionNeedsNoHostAndNoRoundTrip() {
        let plan = Plan(
            Step("s") {
                $0.action = nil
                $0.hosts = []
                $0.require = [.that(.compare(.equal, .literal(.integer(1)), .literal(.integer(1))))]
            })
        let run = Drive(plan, [])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func whatAnExpressionSaysOfAHostConnectsIt() {
        let skew = Expression.reference(.hostAttribute(HostID("b"), "clock_skew"))
        let plan = Plan(
            Step("s") {
                $0.action = nil
                $0.require = [.that(.compare(.lessOrEqual, skew, .literal(.integer(2))))]
            })
        let run = Drive(plan, [Turn("connect a", .connected()), Turn("connect b", .connected())])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aProofAsksOnlyAfter() {
        let plan = Plan(
            Step("s") {
                $0.action = nil
                $0.check = [Question("is s", within: .seconds(5))]
                $0.verify = [Question("works")]
            })
        let run = Drive(
            plan,
            [Turn("connect a", .connected()), Turn("ask s on a: a[is s within; works]", .answers(.yes, .no))])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.records.last == "settled s on a failed")
    }

    @Test func aWarningDoesNotStop() {
        var warns = Question("tidy")
        warns.onlyWarns = true
        warns.message = Template("it is untidy")
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.require = [warns]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()),
                Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on a: a[tidy]", .answers(.no)),
                Turn("attempt s.a.1 `do s` after[is s]", .ended(after: [.yes])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.warnings == ["s on a: it is untidy"])
    }

    @Test func aManualStepIsTickedOffByItsCheckOrByAPerson() {
        let plan = Plan(
            Step("s") {
                $0.action = .manual(Template("plug it in"))
                $0.check = [Question("is s")]
            })
        let ticked = Drive(
            plan, [Turn("connect a", .connected()), Turn("ask s on a: a[is s]", .answers(.yes))])
        #expect(ticked.settled == ["s on a: was so"])
        let done = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("prompt s on a done", .said("")), Turn("ask s on a: a[is s]", .answers(.yes)),
            ])
        #expect(done.problem == nil)
        #expect(done.settled == ["s on a: by hand"])
        let notDone = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("prompt s on a done", .said("")), Turn("ask s on a: a[is s]", .answers(.no)),
            ])
        #expect(notDone.end == .failed(Unit("s", "a")))
    }

    @Test func anAnswerIsKeptForLaterSteps() {
        let plan = Plan(
            Step("q") {
                $0.hosts = []
                $0.action = .ask(AskAction(question: Template("which?")))
            },
            Step("s") {
                $0.action = .run(
                    Script(
                        Template(parts: [
                            .text("do "), .value(.reference(.output(StepID("q"), on: nil, "answer"))),
                        ])))
                $0.unproven = "a test"
            })
        let run = Drive(
            plan,
            [
                Turn("prompt q answer([])", .said("the big one")), Turn("connect a", .connected()),
                Turn("attempt s.a.1 `do 'the big one'`", .ended()),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func nobodyToAnswerIsAPersonsDecision() {
        let plan = Plan(
            Step("q") {
                $0.hosts = []
                $0.action = .ask(AskAction(question: Template("which?")))
            })
        let run = Drive(plan, [Turn("prompt q answer([])", .said(nil))])
        #expect(run.end == .undecided(Unit("q", nil), "a person must answer, and there is no terminal"))
    }
}
