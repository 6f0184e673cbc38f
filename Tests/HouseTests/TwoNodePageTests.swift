import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// docs/two-node.md says by hand what runbooks/two-node.yaml does, step by step.
@Suite struct TwoNodePageTests {
    private static func steps() throws -> [Step] {
        let source = SourceText(name: "two-node.yaml", try Repository.text("runbooks/two-node.yaml"))
        let (runbook, problems) = loadRunbook(source)
        #expect(DiagnosticRenderer().render(Diagnostics(problems)) == "")
        return try #require(runbook).allSteps
    }

    /// The sections by the step id in backticks with which their heading begins, in the page's order.
    private static func sections() throws -> [(id: String, lines: [Substring])] {
        var sections: [(id: String, lines: [Substring])] = []
        for line in try Page("docs/two-node.md").lines {
            if let heading = line.firstMatch(of: /^#{2,4} (.*)$/) {
                let id = heading.1.firstMatch(of: /^`([^`]+)`/).map { String($0.1) } ?? ""
                sections.append((id, []))
            } else if !sections.isEmpty {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections.filter { !$0.id.isEmpty }
    }

    @Test func everyStepHasItsSectionInOrder() throws {
        // A block has a heading of its own; `trust` is two steps for the engine and one for the reader.
        var ids: [String] = []
        for step in try Self.steps() {
            let id = step.id.rawValue
            if let block = id.split(separator: "/").first.map(String.init), block != id, !ids.contains(block)
            {
                ids.append(block)
            }
            switch step.action {
            case .trustKeys, .trustFiles: continue
            default: ids.append(id)
            }
        }
        #expect(try Self.sections().map(\.id).joined(separator: "\n") == ids.joined(separator: "\n"))
    }

    @Test func everyCommandIsPrinted() throws {
        let sections = Dictionary(try Self.sections().map { ($0.id, $0.lines) }) { first, _ in first }
        var missing: [String] = [], commands = 0
        for step in try Self.steps() {
            guard case .run(let script) = step.action else { continue }
            let text = script.text.parts.map { part in
                if case .text(let text) = part { text } else { "${{ }}" }
            }.joined()
            let printed = Set((sections[step.id.rawValue] ?? []).map(trimmed))
            for line in text.split(separator: "\n") {
                commands += 1
                if !printed.contains(trimmed(line)) {
                    missing.append("\(step.id.rawValue): \(trimmed(line))")
                }
            }
        }
        #expect(missing == [])
        #expect(commands > 20)
    }

    private func trimmed(_ line: Substring) -> String {
        String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
