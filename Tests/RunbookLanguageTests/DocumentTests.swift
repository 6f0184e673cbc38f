import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// `docs/language.md` is true: its runbooks load, and it speaks of every key.
@Suite struct DocumentTests {
    private static let document = Files.root + "/docs/language.md"

    /// The blocks fenced as `yaml runbook` or `yaml site`, with the line on which they begin.
    private static func blocks(_ fence: String) throws -> [(line: Int, text: String)] {
        var blocks: [(line: Int, text: String)] = []
        var current: [Substring]?
        for (index, line) in try Files.text(document).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if line == "```\(fence)" {
                current = []
                blocks.append((index + 2, ""))
            } else if line.hasPrefix("```"), let lines = current {
                blocks[blocks.count - 1].text = lines.joined(separator: "\n") + "\n"
                current = nil
            } else {
                current?.append(line)
            }
        }
        return blocks
    }

    @Test func everyRunbookOfTheDocumentLoads() throws {
        let blocks = try Self.blocks("yaml runbook")
        #expect(blocks.count >= 5)
        for block in blocks { _ = try load(block.text, name: "language.md, line \(block.line)") }
    }

    @Test func theFirstRunbookHasThreeStepsAndASiteFile() throws {
        let first = try #require(try Self.blocks("yaml runbook").first)
        // Lint has nothing to say either; that it comes through on practice nodes, `FirstScreenTests` shows.
        let (_, found) = lintRunbook(SourceText(name: "hello.yaml", first.text))
        #expect(rendered(found) == "")
        let runbook = try load(first.text)
        #expect(runbook.steps.map(\.id.rawValue) == ["keep", "name", "found"])
        let site = try #require(try Self.blocks("yaml site").first)
        let (loaded, diagnostics) = loadSite(SourceText(name: "hello.site.yaml", site.text), for: runbook)
        #expect(rendered(diagnostics) == "")
        #expect(loaded?.inputs == ["nas": .string("192.0.2.20")])
        #expect(loaded?.hosts[HostID("web")]?.address == "192.0.2.10")
    }

    @Test(arguments: ValueType.Mapping.allCases)
    func everyKeyIsSpokenOf(_ mapping: ValueType.Mapping) throws {
        let text = try Files.text(Self.document)
        let missing = mapping.schema.keys.map(\.name).filter { name in
            !["`\(name)`", "`\(name):", "{ \(name):", ", \(name):"].contains { text.contains($0) }
        }
        #expect(missing == [])
    }
}
