import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What only a person may say: the word before a dangerous step, `--redo`, `--keep`.
@Suite struct WordTests {
    static let plan = Plan(
        Step("s") {
            $0.check = [Question("is s")]
            $0.require = [Question("empty")]
            $0.destroys = Template("/dev/sdb")
        })
    static let ask = [
        Turn("connect a", .connected()), Turn("ask s on a: a[is s]", .answers(.no)),
        Turn("ask s on a: a[empty]", .answers(.yes)),
    ]
    /// Everything is asked once more, with the command.
    static let attempt = "attempt s.a.1 `do s` check[is s] require[empty] after[is s]"

    @Test func theWordIsAskedAfterTheQuestionsAndTheyAreAskedAgainWithTheCommand() {
        let run = Drive(
            Self.plan,
            Self.ask + [
                Turn("prompt s on a word(\"/dev/sdb\")", .said("/dev/sdb")),
                Turn(Self.attempt, .ended(check: [.no], require: [.yes], after: [.yes])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(
            run.records == [
                "began", "host a boot 1", "word s on a confirmed", "intent s.a.1",
                "outcome s.a.1 exited 0 done",
                "finished",
            ])
    }

    @Test func whatIsNotEmptyAnyMoreIsNotDestroyed() {
        let run = Drive(
            Self.plan,
            Self.ask + [
                Turn("prompt s on a word(\"/dev/sdb\")", .said("/dev/sdb")),
                Turn(Self.attempt, .notIssued(check: [.no], require: [.no])),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
    }

    @Test func theWordMayBeSaidAhead() {
        let run = Drive(
            Self.plan, Self.ask + [Turn(Self.attempt, .ended(check: [.no], require: [.yes], after: [.yes]))]
        ) { $0.words = [StepID("s"): "/dev/sdb"] }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test(arguments: [
        ("/dev/sda", "/dev/sdb was not typed"),
        (nil, "a person must say so, and there is no terminal: --yes s=WORD says it ahead"),
    ])
    func withoutTheWordNothingIsIssued(_ said: String?, _ reason: String) {
        let run = Drive(
            Self.plan, Self.ask + [Turn("prompt s on a word(\"/dev/sdb\")", .said(said))]
        ) { $0.words = [StepID("s"): "/dev/sdc"] }
        #expect(run.problem == nil)
        #expect(run.end == .undecided(Unit("s", "a"), reason))
        #expect(run.records == ["began", "host a boot 1", "settled s on a failed"])
    }

    @Test func aWordOfAnEarlierProcessIsNotEnough() {
        let word = Word(
            unit: Unit("s", "a"), kind: .confirmed, why: "/dev/sdb", who: "ann@desk", time: "then")
        let run = Drive(
            Self.plan, after: [Earlier.began, Earlier.host("a"), .word(word)],
            Self.ask + [Turn("prompt s on a word(\"/dev/sdb\")", .said("no"))])
        #expect(run.problem == nil)
        #expect(run.end == .undecided(Unit("s", "a"), "/dev/sdb was not typed"))
    }

    @Test func anIrreversibleStepWithoutQuestionsAsksToo() {
        let plan = Plan(
            Step("s") {
                $0.unproven = "a test"
                $0.irreversible = Template("all is replaced")
            })
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("prompt s on a word(\"yes\")", .said("yes")),
                Turn("attempt s.a.1 `do s`", .ended()),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    // MARK: - --redo and --keep

    static let two = Plan(
        Step("s", on: "a", "b") { $0.check = [Question("is s")] }, Step("t") { $0.check = [Question("is t")] }
    )
    static let began = [Earlier.began, Earlier.host("a"), Earlier.host("b")]

    @Test func redoDoesAFinishedStepAgainAndAsksTheLaterOnesAtTheEnd() {
        let run = Drive(
            Self.two,
            after: Self.began + [
                Earlier.outcome("s", "a"), Earlier.outcome("s", "b"), Earlier.outcome("t", "a"),
                .finished(time: "then"),
            ],
            [
                Turn("connect a", .connected()), Turn("ask all: a[is t]", .answers(.no)),
                Turn("attempt s.a.1 `do s` check[is s] after[is s]", .ended(check: [.no], after: [.yes])),
                Turn("connect b", .connected()),
                Turn("attempt s.b.1 `do s` check[is s] after[is s]", .notIssued(check: [.yes])),
                Turn("ask all: a[is s; is t] b[is s]", .answers(.yes, .yes, .yes)),
            ]
        ) { $0.redo = [StepID("s")] }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.records.prefix(3) == ["went on", "word s on a redo", "word s on b redo"])
    }

    @Test func neitherWordIsAboutAnAttemptWhoseOutcomeIsNotKnown() {
        for change in [\RunOptions.redo, \RunOptions.keep] {
            let run = Drive(
                Self.two, after: Self.began + [Earlier.intent("s", "a")],
                [Turn("connect a", .connected()), Turn("look up s.a.1", .other(.interrupted))]
            ) { $0[keyPath: change] = [StepID("s")] }
            #expect(run.problem == nil)
            #expect(run.records == ["went on"])
            #expect(run.warnings == ["s on a: its outcome is not known: it is found out first"])
        }
    }

    @Test func keepIsOnlyAboutWhatIsDone() {
        let run = Drive(
            Self.two, after: Self.began + [Earlier.outcome("s", "a", acts: "other text")],
            [
                Turn("connect b", .connected()),
                Turn("attempt s.b.1 `do s` check[is s] after[is s]", .notIssued(check: [.yes])),
                Turn("connect a", .connected()),
                Turn("attempt t.a.1 `do t` check[is t] after[is t]", .notIssued(check: [.yes])),
            ]
        ) { $0.keep = [StepID("s")] }
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.records.prefix(2) == ["went on", "word s on a keep"])
    }
}
