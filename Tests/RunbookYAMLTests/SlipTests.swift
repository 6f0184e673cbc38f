import RunbookDiagnostics
import RunbookYAML
import Testing

/// A text with a mistake, and what is said about it.
struct Slip: Sendable, CustomTestStringConvertible {
    let name: String
    let hasTree: Bool
    let text: String
    let picture: String

    init(_ name: String, hasTree: Bool, _ text: String, _ picture: String) {
        (self.name, self.hasTree, self.text, self.picture) = (name, hasTree, text, picture)
    }

    var testDescription: String { name }
}

@Suite struct SlipTests {
    @Test(arguments: slipsOfValues + slipsOfStructure + slipsOfLayout)
    func theSlipIsExplained(_ slip: Slip) {
        let (node, problems) = parseYAML(SourceText(name: "x.yaml", slip.text))
        #expect(DiagnosticRenderer().render(Diagnostics(problems)) == slip.picture)
        #expect((node != nil) == slip.hasTree)
    }

    /// A text that is advised must be better than the one that was found wrong.
    @Test(arguments: slipsOfValues + slipsOfStructure + slipsOfLayout)
    func theAdvisedTextMendsTheSlip(_ slip: Slip) {
        let source = SourceText(name: "x.yaml", slip.text)
        for problem in parseYAML(source).1 {
            for replacement in problem.hints.compactMap(\.replacement) {
                var bytes = source.bytes
                bytes.replaceSubrange(replacement.span.range, with: Array(replacement.text.utf8))
                let ids = parseYAML(SourceText(name: "x.yaml", bytes: bytes)).1.map(\.id)
                #expect(!ids.contains(problem.id) || ids.count < parseYAML(source).1.count)
            }
        }
    }

    @Test func severalProblemsAreReportedAtOnce() {
        let text = "a: &x 1\nb: *x\na: !t 2\nc: { d: e, f }\n<<: {}\n"
        let (node, problems) = parseYAML(SourceText(name: "x", text))
        #expect(node != nil)
        #expect(
            Diagnostics(problems).sorted.map(\.id.slug)
                == ["anchor", "alias", "duplicate-key", "tag", "comma-in-value", "merge-key"])
    }
}
