import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// Answers put together: any no answer wins, then any no, then yes.
@Suite struct VerdictTests {
    static let plan = Plan(Step("s"), inputs: ["name": .string("x y")])
    static let context = UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:])

    @Test(arguments: [
        ([Answer.Verdict](), Answer.Verdict.yes), ([.yes], .yes), ([.no], .no), ([.none], .none),
        ([.yes, .no], .no),
        ([.no, .yes], .no), ([.no, .none], .none), ([.none, .no], .none), ([.yes, .none, .yes], .none),
    ])
    func ofAList(_ answers: [Answer.Verdict], _ verdict: Answer.Verdict) {
        let questions = answers.indices.map { Question("q\($0)") }
        let list = ListVerdict(answers.map { Answer($0) }, to: questions, on: HostID("a"), Self.context)
        #expect(list.verdict == verdict)
        #expect(list.messages.count == answers.count { $0 != .yes })
        // Two lists come to the same as one.
        for cut in 0...answers.count {
            let halves = [answers.prefix(cut), answers.dropFirst(cut)].map { part -> ListVerdict? in
                part.isEmpty
                    ? nil
                    : ListVerdict(
                        part.map { Answer($0) }, to: part.map { _ in Question("q") }, on: HostID("a"),
                        Self.context)
            }
            #expect(halves[0].merged(with: halves[1])?.verdict ?? .yes == verdict)
        }
    }

    @Test func whatCouldNotBeAnsweredIsToldFirst() {
        var silent = Answer(.none)
        silent.reason = "exit status 127"
        let list = ListVerdict(
            [Answer(.no), silent], to: [Question("is x"), Question("see y")], on: HostID("a"), Self.context)
        #expect(list.messages == ["no answer from `see y` on a: exit status 127", "`is x` on a said no"])
    }

    @Test func messagesAreWorkedOutForTheHostAsked() {
        var question = Question("is ${{ inputs.name }}")
        question.message = Template(parts: [.value(.reference(.thisHost("id"))), .text(" has no quorum")])
        let list = ListVerdict([Answer(.no)], to: [question], on: HostID("b"), Self.context)
        #expect(list.messages == ["b has no quorum"])
        var negated = Question("test -e x")
        negated.isNegated = true
        #expect(
            ListVerdict([Answer(.no)], to: [negated], on: HostID("a"), Self.context).messages
                == ["`test -e x` on a must say no"])
    }

    @Test func aRoundAsksEachHostAndFindsItsAnswers() throws {
        var round = Round()
        try round.add(
            [Question("one"), Question("two", on: .peer)], as: .check, waits: false, in: Self.context)
        try round.add(
            [Question("three", on: .hosts([HostID("a"), HostID("b")])), Question(.reconnect)], as: .verify,
            waits: true, in: Self.context)
        #expect(
            round.inquiries.mapValues { $0.questions.map(\.script) } == [
                HostID("a"): ["one", "three"], HostID("b"): ["two", "three"],
            ])
        #expect(round.inquiries.filter(\.value.reconnects).map(\.key) == [HostID("a")])
        var onA = Findings(), onB = Findings()
        onA.answers = [Answer(.yes), Answer(.yes)]
        onA.login = Answer(.yes)
        onB.answers = [Answer(.yes), Answer(.no)]
        let findings = [HostID("a"): onA, HostID("b"): onB]
        #expect(round.verdict(of: .check, findings, Self.context)?.verdict == .yes)
        #expect(round.verdict(of: .verify, findings, Self.context)?.messages == ["`three` on b said no"])
        #expect(round.verdict(of: .unless, findings, Self.context) == nil)
        // A host that said nothing is no yes.
        #expect(round.verdict(of: .check, [HostID("a"): onA], Self.context)?.verdict == Answer.Verdict.none)
    }

    // MARK: - Outputs

    static func output(_ change: (inout Output) -> Void) -> Output {
        var output = Output(name: "o", source: .stdout)
        change(&output)
        return output
    }

    @Test func anOutputIsALineAPatternOrTheWholeText() throws {
        let text = "first\nid: 42\nlast\n"
        let whole = Self.output { _ in }
        #expect(try whole.value(of: text, Self.context) == .string("first\nid: 42\nlast"))
        #expect(try whole.value(of: "", Self.context) == .string(""))
        #expect(try Self.output { $0.line = 3 }.value(of: text, Self.context) == .string("last"))
        #expect(
            try Self.output { $0.regex = Template("^id: ([0-9]+)$") }.value(of: text, Self.context)
                == .string("42"))
        #expect(
            try Self.output { $0.regex = Template("^id: [0-9]+$") }.value(of: text, Self.context)
                == .string("id: 42"))
        let number = Self.output {
            $0.regex = Template("^id: ([0-9]+)$")
            $0.type = .integer
        }
        #expect(try number.value(of: text, Self.context) == .integer(42))
    }

    @Test func anOutputThatIsNotThereIsAProblem() {
        let text = "first\n"
        let problems: [(Output, String)] = [
            (Self.output { $0.line = 2 }, "output o: the text has only 1 lines"),
            (Self.output { $0.regex = Template("x") }, "output o: no line matches x"),
            (Self.output { $0.type = .integer }, "output o: first is not a whole number"),
        ]
        for (output, message) in problems {
            #expect(throws: EngineProblem(message)) { try output.value(of: text, Self.context) }
        }
    }
}
