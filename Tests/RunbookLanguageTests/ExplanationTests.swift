import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// `runbook explain CODE` is true, and there is one for every code.
@Suite struct ExplanationTests {
    private static let head = """
        runbook: demo
        inputs: { portal: { type: ipv4 }, mode: { type: choice, of: [fast, safe], default: safe } }

        """
    private static let around =
        head + """
            hosts: { a: {}, b: {} }
            groups: { pair: [a, b] }
            checks: { up: service demo status }

            """

    /// The example as a whole file.
    private func document(_ example: String, _ place: Explanation.Place) -> String {
        switch place {
        case .whole, .site: return example
        case .top:
            var text = example.hasPrefix("inputs:") ? "runbook: demo\n" : Self.head
            text += example + "\n"
            if !example.contains("hosts: {") { text += "hosts: { a: {} }\n" }
            return example.contains("steps: [{")
                ? text : text + "steps: [{ id: demo, host: \(host(in: text)), require: date }]\n"
        case .steps: return Self.around + "steps:\n" + indented(example, by: 2)
        case .step:
            let place = example.contains("host: ") || example.contains("hosts: ") ? "" : "    host: a\n"
            return Self.around + "steps:\n  - id: demo\n" + place + indented(example, by: 4)
        }
    }

    private func host(in text: String) -> String { text.contains("second: {}") ? "second" : "a" }

    private func indented(_ text: String, by width: Int) -> String {
        text.split(separator: "\n").map { String(repeating: " ", count: width) + $0 + "\n" }.joined()
    }

    private func problems(_ example: String, _ place: Explanation.Place) throws -> [Diagnostic] {
        let source = SourceText(name: "example.yaml", document(example, place))
        guard case .site = place else { return lintRunbook(source).1 }
        let runbook = try load(
            "runbook: demo\ninputs: { portal: { type: ipv4 } }\nhosts: { a: { inputs: { node: { type: hostname } } } }\n"
                + "steps: [{ id: one, require: date }]\n")
        return loadSite(source, for: runbook).1
    }

    @Test(arguments: Explanation.all.filter { $0.wrong != nil }.map(\.id.slug))
    func theWrongExampleGivesTheProblem(_ slug: String) throws {
        let explanation = try #require(Explanation.of(slug))
        let found = try problems(try #require(explanation.wrong), explanation.place)
        #expect(found.contains { $0.id.slug == slug }, "\(rendered(found))")
    }

    @Test(arguments: Explanation.all.filter { $0.right != nil }.map(\.id.slug))
    func theRightExampleIsRight(_ slug: String) throws {
        let explanation = try #require(Explanation.of(slug))
        let found = try problems(try #require(explanation.right), explanation.place)
        #expect(rendered(found.filter { $0.severity == .error || $0.id.slug == slug }) == "")
    }

    /// Every code that stands in the sources of the two rooms that give codes.
    private static func codes() throws -> Set<String> {
        var codes: Set<String> = ["unknown-host", "unknown-check", "unknown-step"]
        for folder in [
            "RunbookYAML", "RunbookLanguage", "RunbookLanguage/Loading", "RunbookLanguage/Expressions",
            "RunbookLanguage/Lint",
        ] {
            for name in (try? Files.names(in: "\(Files.root)/Sources/\(folder)", withSuffix: ".swift")) ?? []
            {
                let text = try Files.text("\(Files.root)/Sources/\(folder)/\(name).swift")
                let calls =
                    /(?:\.error|\.warning|\.note|ValueProblem|self\.init)\(\s*(?:[A-Za-z.]+ \? "(?<other>[a-z0-9-]+)" : )?"(?<code>[a-z0-9-]+)"/
                for match in text.matches(of: calls) {
                    codes.insert(String(match.code))
                    if let other = match.other { codes.insert(String(other)) }
                }
            }
        }
        return codes
    }

    @Test func thereIsOneForEveryCodeAndNoOther() throws {
        let explained = Explanation.all.map(\.id.slug)
        #expect(Set(explained).count == explained.count)
        #expect(try Self.codes().count > 80)
        #expect(try Self.codes().subtracting(explained).sorted() == [])
        #expect(Set(explained).subtracting(try Self.codes()).sorted() == [])
    }

    /// What is shown has three to twelve lines.
    @Test func theyAreShort() {
        for explanation in Explanation.all {
            let lines = [explanation.text, explanation.wrong ?? "", explanation.right ?? ""].joined(
                separator: "\n")
            #expect(lines.split(separator: "\n").count <= 14, "\(explanation.id)")
        }
    }
}
