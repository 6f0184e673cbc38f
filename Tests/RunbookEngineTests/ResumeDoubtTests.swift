import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What an earlier process left open, beyond the states of its attempt.
@Suite struct ResumeDoubtTests {
    /// `interrupted:` says what becomes of an attempt in doubt.
    @Test func askLeavesItToAPerson() {
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.interrupted = .ask
            })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [Turn("connect a", .connected()), Turn("look up s.a.1", .state(.vanished))])
        #expect(
            run.end
                == .undecided(
                    Unit("s", "a"), "it is in doubt: its process on a is gone and left no exit status"))
    }

    @Test func rerunIssuesItAgain() {
        let plan = Plan(
            Step("s") {
                $0.unproven = "a test"
                $0.interrupted = .rerun
            })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.vanished)),
                Turn("attempt s.a.2 `do s`", .ended()),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aStepThatNothingProvesIsNeverAdoptedByItself() {
        let plan = Plan(Step("s") { $0.unproven = "a test" })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [Turn("connect a", .connected()), Turn("look up s.a.1", .state(.vanished))])
        #expect(
            run.end
                == .undecided(
                    Unit("s", "a"), "it is in doubt: its process on a is gone and left no exit status"))
    }

    @Test func whatWasInDoubtIsAskedAgain() {
        let run = Drive(
            ResumeTests.plan,
            after: ResumeTests.earlier + [.inDoubt(AttemptID("s.a.1"), Unit("s", "a"), why: "it vanished")],
            [
                Turn("connect a", .connected()), Turn(ResumeTests.askDoubt, .answers(.yes)),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.records == ["went on", "settled s on a adopted", "finished"])
    }

    @Test func anAttemptOfAStepWhoseIfIsFalseNowIsFoundOutFirst() {
        let plan = Plan(
            Step("s") {
                $0.condition = .literal(.boolean(false))
                $0.unproven = "a test"
            })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.running)),
                Turn("follow s.a.1", .ended()),
            ])
        #expect(run.problem == nil)
        #expect(run.records == ["went on", "outcome s.a.1 exited 0 done", "finished"])
    }

    @Test func whatCannotBeWorkedOutNeverTakesTheAttemptsPlace() {
        let plan = Plan(
            Step("s") {
                $0.check = [
                    Question(
                        .command(
                            CommandQuestion(
                                script: Script(
                                    Template(parts: [
                                        .text("is "), .value(.reference(.input("gone"))),
                                    ])))))
                ]
            })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [Turn("connect a", .connected()), Turn("look up s.a.1", .state(.running))])
        #expect(run.problem == nil)
        #expect(run.records == ["went on"])
        #expect(run.history.standing(of: Unit("s", "a")).isOpen)
        guard case .undecided = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
    }

    @Test func aStepThatIsNotInTheRunbookAnyMoreIsNotForgottenWhileItMayRun() {
        let run = Drive(Plan(Step("t") { $0.unproven = "a test" }), after: ResumeTests.earlier, [])
        #expect(
            run.end
                == .undecided(
                    nil,
                    "s on a is not in the runbook any more and its outcome is not known: put the step back, or abandon the run"
                ))
    }

    @Test func aRenamedStepKeepsWhatIsKnownOfIt() {
        let plan = Plan(
            Step("new") {
                $0.formerID = StepID("s")
                $0.check = [Question("is s", within: .seconds(5))]
            })
        let run = Drive(
            plan, after: ResumeTests.earlier,
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("fence s.a.1", .fence(.fenced)),
                Turn("attempt new.a.2 `do new` check[is s] after[is s within]", .notIssued(check: [.yes])),
                Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func theHostKnowingANewAttemptAlreadyIsAnOlderJournal() {
        let run = Drive(
            ResumeTests.plan,
            [
                Turn("connect a", .connected()),
                Turn(
                    "attempt s.a.1 `do s` check[is s] after[is s within]",
                    .attempt(.refused(.ended(AttemptEnd(.exited(0)))))),
            ])
        guard case .journal = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
    }

    /// Killed between the outcome and the reading of the outputs: they are read by the next run.
    @Test func outputsThatWereNotReadAreReadOnResume() {
        let plan = Plan(
            Step("s") {
                $0.unproven = "a test"
                $0.outputs = [Output("id", run: "show id"), Output(name: "said", source: .stdout)]
            },
            Step("t") {
                $0.action = .run(
                    Script(
                        Template(parts: [
                            .text("use "), .value(.reference(.output(StepID("s"), on: nil, "id"))),
                        ])))
                $0.unproven = "a test"
            })
        let run = Drive(
            plan, after: ResumeTests.earlier + [Earlier.outcome("s", "a", output: "hello\n")],
            [
                Turn("connect a", .connected()),
                Turn("ask s on a: a[show id]", .answers([.yes], outputs: ["7\n"])),
                Turn("attempt t.a.1 `use 7`", .ended()),
            ])
        #expect(run.problem == nil)
        #expect(
            run.records == [
                "went on", "output s on a id=7", "output s on a said=hello", "intent t.a.1",
                "outcome t.a.1 exited 0 done", "finished",
            ])
    }

    @Test func theOutputsOfAStepThatIsNotNeededAreReadWhereTheyCanBe() {
        let plan = Plan(
            Step("s") {
                $0.unless = [Question("needless")]
                $0.unproven = "a test"
                $0.outputs = [Output("id", run: "show id")]
            })
        let attempt = Turn("attempt s.a.1 `do s` unless[needless]", .notIssued(unless: [.yes]))
        let silent = Drive(
            plan, [Turn("connect a", .connected()), attempt, Turn("ask s on a: a[show id]", .answers(.none))])
        #expect(silent.problem == nil)
        #expect(silent.end == .complete)
        #expect(silent.records.suffix(2) == ["settled s on a unneeded", "finished"])
        let next = Drive(
            plan, after: silent.entries,
            [
                Turn("connect a", .connected()),
                Turn("ask s on a: a[show id]", .answers([.yes], outputs: ["7"])),
            ])
        #expect(next.problem == nil)
        #expect(next.records == ["went on", "output s on a id=7", "finished"])
    }

    @Test func anOutputThatCannotBeReadDoesNotMakeADoneStepFail() {
        let plan = Plan(
            Step("s") {
                $0.unproven = "a test"
                $0.outputs = [Output("id", run: "show id")]
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("attempt s.a.1 `do s`", .ended()),
                Turn("ask s on a: a[show id]", .answers(.none)),
            ])
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.history.standing(of: Unit("s", "a")).isFinished)
        let next = Drive(
            plan, after: run.entries,
            [
                Turn("connect a", .connected()),
                Turn("ask s on a: a[show id]", .answers([.yes], outputs: ["7"])),
            ])
        #expect(next.problem == nil)
        #expect(next.records == ["went on", "output s on a id=7", "finished"])
    }
}
