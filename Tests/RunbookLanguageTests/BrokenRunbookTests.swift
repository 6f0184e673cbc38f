import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import RunbookTestSupport
import Testing

/// What people are told of runbooks that are broken in one place: is it said where, and does the advice help?
@Suite struct BrokenRunbookTests {
    private struct Tally {
        var count = 0
        var atLine = 0
        var advised = 0
        var mended = 0
    }

    private static func sources() throws -> [SourceText] {
        var texts = [try Files.text(Files.root + "/runbooks/two-node.yaml")]
        let page = try Files.text(Files.root + "/docs/language.md")
        for block in page.components(separatedBy: "```yaml runbook\n").dropFirst() {
            texts.append(block.components(separatedBy: "\n```\n")[0] + "\n")
        }
        return texts.map { SourceText(name: "broken.yaml", $0) }
    }

    /// `SHOW_BROKEN=1` shows each that was told badly.
    @Test(.timeLimit(.minutes(5))) func theFirstProblemIsAtTheBrokenLineAndItsAdviceHelps() throws {
        var tallies: [BrokenRunbook.Kind: Tally] = [:]
        for source in try Self.sources() {
            for broken in BrokenRunbook.all(of: source, limit: 6) {
                let found = loadRunbook(SourceText(name: "broken.yaml", broken.text)).1
                // Some breaks give another runbook that is right.
                guard let first = found.first(where: { $0.severity == .error }) else { continue }
                judge(broken, first, &tallies[broken.kind, default: Tally()])
            }
        }
        let all = tallies.values.reduce(into: Tally()) { sum, tally in
            sum.count += tally.count
            sum.atLine += tally.atLine
            sum.advised += tally.advised
            sum.mended += tally.mended
        }
        for kind in BrokenRunbook.Kind.allCases { print(line(kind.rawValue, tallies[kind] ?? Tally())) }
        print(line("all", all))
        #expect(all.count >= 300)
        #expect(all.atLine * 100 >= all.count * 95)
        #expect(all.mended * 100 >= all.advised * 80)
        #expect(tallies.count == BrokenRunbook.Kind.allCases.count)
    }

    private func judge(_ broken: BrokenRunbook, _ first: Diagnostic, _ tally: inout Tally) {
        tally.count += 1
        let isAtLine = first.primary.span.start.line == broken.line
        tally.atLine += isAtLine ? 1 : 0
        var isMended = true
        if let replacement = first.hints.compactMap(\.replacement).first {
            tally.advised += 1
            let bytes = Array(broken.text.utf8), range = replacement.span.range
            let mended =
                Array(bytes[..<range.lowerBound]) + Array(replacement.text.utf8)
                + Array(bytes[range.upperBound...])
            let left = loadRunbook(SourceText(name: "mended.yaml", bytes: mended)).1
            isMended = !Diagnostics(left).hasErrors
            tally.mended += isMended ? 1 : 0
        }
        if environmentValue("SHOW_BROKEN") != nil, !isAtLine || !isMended {
            print(
                "--- \(broken.kind.rawValue), line \(broken.line), \(isAtLine ? "" : "elsewhere") \(isMended ? "" : "not mended")"
            )
            print(rendered([first]))
        }
    }

    private func line(_ name: String, _ tally: Tally) -> String {
        func percent(_ part: Int, _ whole: Int) -> String { whole == 0 ? "-" : "\(part * 100 / whole) %" }
        return "\(name): \(tally.count) broken, \(percent(tally.atLine, tally.count)) told at their line, "
            + "\(tally.advised) with advice, of which \(percent(tally.mended, tally.advised)) mend it"
    }
}
