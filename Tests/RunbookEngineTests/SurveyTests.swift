import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What a run finds of its finished steps before it does anything, and after it has done all.
@Suite struct SurveyTests {
    static let began = [Earlier.began, Earlier.host("a"), Earlier.host("b")]
    static let plan = Plan(
        Step("s") { $0.check = [Question("is s")] }, Step("t") { $0.check = [Question("is t")] })

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var entries: [Entry]
        var answers: [Turn] = []
        var outlook: String
        var end: RunEnd
    }

    private static let asked = "ask all: a[is s]"
    private static let stop = Turn("attempt t.a.1 `do t` check[is t] after[is t]", .other(.interrupted))
    private static let t = RunEnd.interrupted([Unit("t", "a")])
    static let cases = [
        Case(
            testDescription: "done and still so", entries: [Earlier.outcome("s", "a")],
            answers: [Turn(asked, .answers(.yes)), stop], outlook: "s on a: done", end: t),
        Case(
            testDescription: "was so", entries: [Earlier.settled("s", "a", .wasSo)],
            answers: [Turn(asked, .answers(.yes)), stop], outlook: "s on a: was so", end: t),
        Case(
            testDescription: "no longer true", entries: [Earlier.outcome("s", "a")],
            answers: [Turn(asked, .answers(.no))], outlook: "s on a: no longer true (`is s` on a said no)",
            end: .undecided(Unit("s", "a"), "s on a is no longer true: `is s` on a said no")),
        Case(
            testDescription: "no answer", entries: [Earlier.outcome("s", "a")],
            answers: [Turn(asked, .answers(.none))],
            outlook: "s on a: cannot tell (no answer from `is s` on a)",
            end: .undecided(
                Unit("s", "a"), "s on a is done, but cannot be told now: no answer from `is s` on a")),
        Case(
            testDescription: "edited since it ran",
            entries: [Earlier.outcome("s", "a", acts: "another text")],
            answers: [Turn(asked, .answers(.yes))], outlook: "s on a: edited since it ran",
            end: .undecided(Unit("s", "a"), "s on a is edited since it ran")),
        Case(
            testDescription: "kept: not asked",
            entries: [
                Earlier.outcome("s", "a"),
                .word(Word(unit: Unit("s", "a"), kind: .keep, why: "", who: "ann", time: "then")),
            ], answers: [stop], outlook: "s on a: kept", end: t),
        Case(
            testDescription: "skipped: not asked", entries: [Earlier.settled("s", "a", .unneeded)],
            answers: [stop],
            outlook: "s on a: skipped", end: t),
    ]

    @Test(arguments: cases)
    func aFinishedStepIsJudged(_ one: Case) {
        let run = Drive(
            Self.plan, after: Self.began + one.entries, [Turn("connect a", .connected())] + one.answers)
        #expect(run.problem == nil)
        #expect(run.outlook == [one.outlook, "t on a: will run"])
        #expect(run.end == one.end)
    }

    @Test func anOpenStepIsShownAsItIs() {
        let failed = Drive(
            Self.plan, after: Self.began + [Earlier.outcome("s", "a", end: .exited(1), isDone: false)],
            [Turn("connect a", .other(.interrupted))])
        #expect(failed.outlook == ["s on a: will run again (it failed)", "t on a: will run"])
        let doubt = Drive(
            Self.plan, after: Self.began + [.inDoubt(AttemptID("s.a.1"), Unit("s", "a"), why: "it vanished")],
            [Turn("connect a", .other(.interrupted))])
        #expect(doubt.outlook == ["s on a: in doubt (it vanished)", "t on a: will run"])
    }

    @Test func aFinishedRunIsAskedAndNothingIsIssued() {
        let finished =
            Self.began + [Earlier.outcome("s", "a"), Earlier.outcome("t", "a"), .finished(time: "then")]
        let so = Drive(
            Self.plan, after: finished,
            [Turn("connect a", .connected()), Turn("ask all: a[is s; is t]", .answers(.yes, .yes))])
        #expect(so.problem == nil)
        #expect(so.end == .complete)
        let drifted = Drive(
            Self.plan, after: finished,
            [Turn("connect a", .connected()), Turn("ask all: a[is s; is t]", .answers(.yes, .no))])
        #expect(drifted.problem == nil)
        #expect(drifted.end == .undecided(Unit("t", "a"), "t on a is no longer true: `is t` on a said no"))
    }

    /// What a failed step has disturbed is told, and asked again when it is mended.
    @Test func afterAFailureWhatIsNoLongerTrueWaitsForTheEnd() {
        let entries =
            Self.began + [
                Earlier.outcome("s", "a"), Earlier.outcome("t", "a", end: .exited(1), isDone: false),
            ]
        let attempt = Turn(
            "attempt t.a.1 `do t` check[is t] after[is t]", .ended(check: [.no], after: [.yes]))
        for (last, end) in [
            (Answer.Verdict.yes, RunEnd.complete),
            (.no, .undecided(Unit("s", "a"), "s on a is no longer true: `is s` on a said no")),
        ] {
            let run = Drive(
                Self.plan, after: entries,
                [
                    Turn("connect a", .connected()), Turn("ask all: a[is s]", .answers(.no)), attempt,
                    Turn("ask all: a[is s; is t]", .answers(last, .yes)),
                ])
            #expect(run.problem == nil)
            #expect(run.end == end)
        }
    }

    @Test func whatIsNotNeededAnyMoreNeedNotBeSo() {
        let plan = Plan(
            Step("s") {
                $0.check = [Question("is s")]
                $0.unless = [Question("later")]
            })
        let run = Drive(
            plan, after: Self.began + [Earlier.outcome("s", "a")],
            [Turn("connect a", .connected()), Turn("ask all: a[is s; later]", .answers(.no, .yes))])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func everyHostIsAskedOnceAndItsAnswersFindTheirSteps() {
        let plan = Plan(
            Step("s", on: "a", "b") { $0.check = [Question("is s"), Question("sees s", on: .peer)] },
            Step("t", on: "b") {
                $0.check = [Question("is t")]
                $0.environment = [EnvironmentEntry(name: "WHO", value: Template("me"))]
            })
        let run = Drive(
            plan,
            after: Self.began + [
                Earlier.outcome("s", "a"), Earlier.outcome("s", "b"), Earlier.outcome("t", "b"),
            ],
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn(
                    "ask all: a[is s; sees s] b[sees s; is s; WHO=me\nis t]",
                    .answers(.yes, .no, .yes, .yes, .yes)),
            ])
        #expect(run.problem == nil)
        #expect(
            run.outlook == [
                "s on a: done", "s on b: no longer true (`sees s` on a said no)", "t on b: done",
            ])
    }

    /// An edit is asked through its file.
    @Test(arguments: [
        ("host a\n", "s on a: done"),
        ("host b\n", "s on a: no longer true (/etc/f is not as this step leaves it)"),
        (
            nil,
            "s on a: cannot tell (/etc/f: /etc/f is missing: make it first, or let the edit make it with `create: true`)"
        ),
    ])
    func theFileOfAnEditIsRead(_ file: String?, _ outlook: String) {
        let plan = Plan(
            Step("s") {
                $0.action = .edit(
                    EditAction(path: Template("/etc/f"), change: .line(Template("host a"), match: nil)))
            })
        let run = Drive(
            plan, after: Self.began + [Earlier.outcome("s", "a")],
            [
                Turn("connect a", .connected()),
                Turn("ask all: a[read /etc/f]", .answers([], files: file.map { ["/etc/f": $0] } ?? [:])),
            ])
        #expect(run.problem == nil)
        #expect(run.outlook == [outlook])
    }

    @Test func aCheckThatSpeaksOfAHostWaitsForIt() {
        let key = Template(parts: [
            .text("has "), .value(.reference(.hostAttribute(HostID("b"), "operator_key"))),
        ])
        let plan = Plan(Step("s") { $0.check = [Question(.command(CommandQuestion(script: Script(key))))] })
        let run = Drive(
            plan, after: Self.began + [Earlier.outcome("s", "a")],
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn("ask all: a[has 'ssh-rsa AAAA']", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    // MARK: - Only asking

    @Test(arguments: [
        ([Answer.Verdict.yes, .yes], RunEnd.complete), ([.no, .yes], .failed(Unit("s", "a"))),
        (
            [.no, .none],
            .undecided(nil, "t on a is done, but cannot be told now: no answer from `is t` on a")
        ),
    ])
    func onlyAskingIssuesAndRecordsNothing(_ answers: [Answer.Verdict], _ end: RunEnd) {
        let run = Drive(
            Self.plan, after: Self.began + [Earlier.outcome("s", "a")],
            [Turn("connect a", .connected(boot: "2")), Turn("ask all: a[is s; is t]", .answers(answers))]
        ) { $0.onlyAsks = true }
        #expect(run.problem == nil)
        #expect(run.end == end)
        #expect(run.records == [])
    }

    @Test func onlyAskingLeavesOutWhatIsNotKnownYet() {
        let use = Template(parts: [.text("is "), .value(.reference(.output(StepID("s"), on: nil, "id")))])
        let plan = Plan(
            Step("s") { $0.unproven = "a test" },
            Step("t") { $0.check = [Question(.command(CommandQuestion(script: Script(use))))] })
        let run = Drive(plan, after: Self.began, [Turn("connect a", .connected())]) { $0.onlyAsks = true }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.outlook.map { String($0.prefix(23)) } == ["s on a: has no check", "t on a: has no check (o"])
    }

    // MARK: - A torn tail

    @Test func behindATornTailTheNextAttemptCountsAsSent() {
        let run = Drive(
            Self.plan, after: [Earlier.began, Earlier.host("a")],
            [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("fence s.a.1", .fence(.fenced)),
                Turn("attempt s.a.2 `do s` check[is s] after[is s]", .ended(check: [.no], after: [.yes])),
                Turn("attempt t.a.1 `do t` check[is t] after[is t]", .ended(check: [.no], after: [.yes])),
            ]
        ) { $0.mayHaveIssued = true }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        // First, since it takes the torn record's place.
        #expect(run.records.prefix(3) == ["intent s.a.1", "went on", "fenced s.a.1"])
    }

    @Test func behindATornTailAnotherBootProvesNothing() {
        let run = Drive(
            Self.plan, after: [Earlier.began, Earlier.host("a")],
            [
                Turn("connect a", .connected(boot: "2")), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("ask s on a: a[is s]", .answers(.none)),
            ]
        ) { $0.mayHaveIssued = true }
        #expect(run.problem == nil)
        #expect(
            run.records == [
                "intent s.a.1", "went on", "host a boot 2",
                "in doubt s.a.1: a was started again since it was sent, so a lost claim proves nothing",
            ])
    }

    @Test func nothingCanHaveBeenSentToAHostThatWasNotMet() {
        let run = Drive(
            Self.plan, after: [Earlier.began],
            [
                Turn("connect a", .connected(folder: .made)),
                Turn("attempt s.a.1 `do s` check[is s] after[is s]", .notIssued(check: [.yes])),
                Turn("attempt t.a.1 `do t` check[is t] after[is t]", .notIssued(check: [.yes])),
            ]
        ) { $0.mayHaveIssued = true }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }
}
