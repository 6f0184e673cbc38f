import RunbookDiagnostics
import RunbookYAML
import Testing

@Suite struct LimitTests {
    private func ids(_ text: String) -> [String] { parseYAML(SourceText(name: "x", text)).1.map(\.id.slug) }

    @Test(.timeLimit(.minutes(1)), arguments: ["[", "{a: ", "- ", "? ", "a:\n", "[{"])
    func deepNestingIsRefused(_ opening: String) {
        let text =
            opening == "a:\n"
            ? (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
            : String(repeating: opening, count: 100_000)
        #expect(ids(text) == ["nested-too-deep"])
    }

    @Test func sixtyFourLevelsAreAllowed() {
        #expect(ids(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == [])
        #expect(
            ids(String(repeating: "[", count: 65) + String(repeating: "]", count: 65)) == ["nested-too-deep"])
    }

    @Test(.timeLimit(.minutes(1))) func aFileThatIsTooLargeIsNotParsed() {
        let largest = "a: b\n" + String(repeating: "#", count: YAMLLimits.standard.fileSizeInBytes - 6) + "\n"
        #expect(ids(largest) == [])
        #expect(ids(largest + "\n") == ["file-too-large"])
    }

    @Test func tooManyNodesAreRefused() {
        var limits = YAMLLimits()
        #expect(limits.nodes == 500_000)
        limits.nodes = 1000
        // The sequence itself is a node too.
        for (count, expected) in [(999, []), (1000, ["too-many-nodes"])] {
            let source = SourceText(name: "x", String(repeating: "- a\n", count: count))
            #expect(parseYAML(source, limits: limits).1.map(\.id.slug) == expected)
        }
    }

    @Test(arguments: ["a: %", "a: '%'", "a: \"%\"", "a: |\n  %"])
    func aScalarThatIsTooLongIsRefused(_ form: String) {
        let longest = String(repeating: "x", count: YAMLLimits.standard.scalarSizeInBytes)
        #expect(ids(form.replacing("%", with: longest)) == [])
        #expect(ids(form.replacing("%", with: longest + "x")) == ["scalar-too-long"])
    }

    @Test func billionLaughsAreRefusedAtOnce() {
        var text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghi", "abcdefgh") {
            text +=
                "\(name): &\(name) [\(Array(repeating: "*\(before)", count: 9).joined(separator: ", "))]\n"
        }
        #expect(Set(ids(text)) == ["anchor", "alias"])
        #expect(ids("a: &a [*a]\n") == ["anchor", "alias"])
    }

    @Test(.timeLimit(.minutes(1))) func countlessProblemsAreCutOff() {
        #expect(ids(String(repeating: "- &a b\n", count: 50_000)).count <= 202)
        #expect(ids("a: \(String(repeating: "\u{1B}", count: 50_000))").count == 20)
    }

    @Test(.timeLimit(.minutes(1))) func manyKeysAreComparedQuickly() {
        #expect(ids((0..<20_000).map { "k\($0): v\n" }.joined()) == [])
    }
}
