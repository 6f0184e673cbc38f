import RunbookDiagnostics
import Testing

@Suite struct DiagnosticRendererTests {
    /// The span of the first occurrence of a word.
    private func span(_ word: String, in source: SourceText) throws -> SourceSpan {
        let word = Array(word.utf8)
        let start = try #require(
            source.bytes.indices.first { source.bytes[$0...].starts(with: word) }, "the word is in the text")
        return source.span(start..<(start + word.count))
    }

    private let failover = SourceText(
        name: "failover.yaml",
        """
        steps:
          - step: promote
            run: pg_ctl promote
            after: [drain-primry]

        """)

    private func unknownStep() throws -> Diagnostic {
        .error(
            "unknown-step", "`promote` waits for a step that does not exist",
            at: try span("drain-primry", in: failover), "no step is called this"
        )
        .also(try span("promote", in: failover), "this step")
        .hint("did you mean `drain-primary`?")
    }

    @Test func bothPlacesAreShown() throws {
        let drawn = DiagnosticRenderer(explainCommand: "runbook explain").render(try unknownStep())
        #expect(
            drawn == """
                error[unknown-step]: `promote` waits for a step that does not exist
                 --> failover.yaml:4:13
                  |
                2 |   - step: promote
                  |           ------- this step
                3 |     run: pg_ctl promote
                4 |     after: [drain-primry]
                  |             ^^^^^^^^^^^^ no step is called this
                  |
                  = hint: did you mean `drain-primary`?
                  = more: runbook explain unknown-step

                """)
    }

    @Test func farPlacesHaveAGapBetweenThem() throws {
        let source = SourceText(name: "x", "a: 1\nb: 2\nc: 3\nd: 4\na: 5\n")
        let problem = Diagnostic.error(
            "duplicate-key", "`a` is given twice", at: source.span(20..<21), "here again"
        )
        .also(source.span(0..<1), "first given here")
        #expect(
            DiagnosticRenderer().render(problem) == """
                error[duplicate-key]: `a` is given twice
                 --> x:5:1
                  |
                1 | a: 1
                  | - first given here
                ...
                5 | a: 5
                  | ^ here again

                """)
    }

    @Test func marksCountTerminalColumns() throws {
        let source = SourceText(name: "x", "テスト: e\u{301}\tbad\n")
        let problem = Diagnostic.warning("odd", "odd", at: try span("bad", in: source))
        #expect(
            DiagnosticRenderer().render(problem) == """
                warning[odd]: odd
                 --> x:1:9
                  |
                1 | テスト: e\u{301}    bad
                  |              ^^^

                """)
    }

    @Test func controlCharactersAreEscapedEverywhere() throws {
        let source = SourceText(
            name: "a\u{1B}.yaml", bytes: Array("k: \u{1B}[2J\u{202E}".utf8) + [0xFF, 0x21])
        let problem = Diagnostic.note(
            "odd", "head\u{1B}", at: try span("!", in: source), "la\u{9B}bel"
        )
        .hint("hi\rnt")
        #expect(
            DiagnosticRenderer().render(problem) == """
                note[odd]: head^[
                 --> a^[.yaml:1:10
                  |
                1 | k: ^[[2J<U+202E>\\xFF!
                  |                     ^ la<U+009B>bel
                  |
                  = hint: hi
                          nt

                """)
    }

    @Test func aMarkPastTheEndIsPulledBack() {
        let source = SourceText(name: "x", "a: [1, 2\n")
        let problem = Diagnostic.error(
            "unclosed", "`[` is not closed", at: source.span(at: 99), "`]` is missing")
        #expect(
            DiagnosticRenderer().render(problem) == """
                error[unclosed]: `[` is not closed
                 --> x:1:9
                  |
                1 | a: [1, 2
                  |         ^ `]` is missing

                """)
    }

    @Test func anEmptyTextHasAPictureToo() {
        let source = SourceText(name: "x", "")
        #expect(
            DiagnosticRenderer().render(.error("empty", "the file is empty", at: source.span(at: 0))) == """
                error[empty]: the file is empty
                 --> x:1:1
                  |
                1 |
                  | ^

                """)
    }

    @Test func aLongLineIsCutAroundTheMark() throws {
        let source = SourceText(
            name: "x", String(repeating: "a", count: 300) + "BAD" + String(repeating: "z", count: 300))
        let problem = Diagnostic.error("long", "long", at: try span("BAD", in: source), "here")
        let a30 = String(repeating: "a", count: 30)
        let z67 = String(repeating: "z", count: 67)
        #expect(
            DiagnosticRenderer().render(problem) == """
                error[long]: long
                 --> x:1:301
                  |
                1 | …\(a30)BAD\(z67)…
                  |  \(a30.map { _ in " " }.joined())^^^ here

                """)
    }

    @Test func aSpanOfManyLinesIsMarkedOnItsFirst() {
        let source = SourceText(name: "x", "run: |\n  one\n  two\n")
        #expect(
            DiagnosticRenderer().render(.error("many", "many", at: source.span(5..<19), "from here")) == """
                error[many]: many
                 --> x:1:6
                  |
                1 | run: |
                  |      ^ from here

                """)
    }

    @Test func aReplacementIsDrawnAsTheMendedLine() throws {
        let source = SourceText(name: "x", "a: 1\nrun: echo Key: value\n")
        let value = try span("echo Key: value", in: source)
        let problem = Diagnostic.error("colon", "a colon", at: value)
            .hint("put the value in quotes", replacing: value, with: "'echo Key: value'")
        #expect(
            DiagnosticRenderer().render(problem) == """
                error[colon]: a colon
                 --> x:2:6
                  |
                2 | run: echo Key: value
                  |      ^^^^^^^^^^^^^^^
                  |
                  = hint: put the value in quotes
                2 ~ run: 'echo Key: value'

                """)
    }

    @Test func aPlaceInAnotherTextHasAPictureOfItsOwn() throws {
        let site = SourceText(name: "site.yaml", "for: other\n")
        let problem = Diagnostic.error(
            "wrong-site", "this site file is not for it", at: try span("other", in: site)
        )
        .also(try span("promote", in: failover), "the runbook")
        #expect(
            DiagnosticRenderer().render(problem) == """
                error[wrong-site]: this site file is not for it
                 --> site.yaml:1:6
                  |
                1 | for: other
                  |      ^^^^^
                 ::: failover.yaml:2:11
                  |
                2 |   - step: promote
                  |           ------- the runbook

                """)
    }

    @Test func coloursGoByMeaning() {
        let source = SourceText(name: "x", "ab")
        let problem = Diagnostic.error("e", "head", at: source.span(0..<2), "label").hint("mend it")
        #expect(
            DiagnosticRenderer(decorator: .ansi).render(problem).replacing("\u{1B}", with: "^") == """
                ^[1;31merror[e]^[0m^[1m: head^[0m
                 ^[34m-->^[0m x:1:1
                 ^[34m |^[0m
                ^[34m1 |^[0m ab
                 ^[34m |^[0m ^[1;31m^^ label^[0m
                 ^[34m |^[0m
                 ^[34m = ^[0m^[1;32mhint:^[0m mend it

                """)
    }

    @Test func atMostTwentyAreShownByPlace() {
        let source = SourceText(name: "x", String(repeating: "x", count: 40))
        var problems = Diagnostics()
        for offset in (0..<23).reversed() {
            problems.add(.error("e", "at \(offset)", at: source.span(at: offset)))
        }
        let heads = DiagnosticRenderer().render(problems).split(separator: "\n")
            .filter { $0.hasPrefix("error") || $0.hasPrefix("and") }
        #expect(heads == (0..<20).map { "error[e]: at \($0)" } + ["and 3 more problems"])
        #expect(problems.errorCount == 23 && problems.hasErrors)
    }

    @Test func jsonHasTheSameFacts() throws {
        let source = SourceText(name: "x", "é: no\n")
        let value = try span("no", in: source)
        let problems = Diagnostics([
            .error("not-boolean", "say \"false\"", at: value, "here").also(source.span(0..<2), "key")
                .hint("write it").hint("so", replacing: value, with: "false")
        ])
        #expect(
            problems.jsonLines == #"{"id":"not-boolean","severity":"error","headline":"say \"false\"","#
                + #""file":"x","line":1,"column":4,"offset":4,"length":2,"label":"here","#
                + #""also":[{"file":"x","line":1,"column":1,"offset":0,"length":2,"label":"key"}],"#
                + #""hints":[{"text":"write it"},{"text":"so","replacement":"#
                + #"{"file":"x","line":1,"column":4,"offset":4,"length":2,"text":"false"}}]}"# + "\n")
    }
}
