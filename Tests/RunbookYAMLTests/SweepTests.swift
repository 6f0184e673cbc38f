import RunbookDiagnostics
import RunbookYAML
import Testing

/// Texts that are nearly right: each gives a tree or an error, and never a crash.
@Suite struct SweepTests {
    private let bytes = Array(sampleRunbook.utf8)

    private func check(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
        let source = SourceText(name: "x", bytes: bytes)
        let (node, found) = parseYAML(source)
        let problems = Diagnostics(found)
        // Recorded by hand: tens of thousands of expectations that hold would take most of the time.
        if node == nil, !problems.hasErrors { Issue.record("\(what()): neither a tree nor an error") }
        for problem in found where problem.primary.span.range.upperBound > bytes.count {
            Issue.record("\(what()): a place outside")
        }
        if !found.isEmpty, DiagnosticRenderer().render(problems).isEmpty || problems.jsonLines.isEmpty {
            Issue.record("\(what()): a problem that cannot be shown")
        }
    }

    @Test func theSampleIsRight() {
        let (node, problems) = parseYAML(SourceText(name: "x", sampleRunbook))
        #expect(node != nil && problems == [])
        #expect(sampleRunbook.split(separator: "\n", omittingEmptySubsequences: false).count >= 150)
    }

    @Test(.timeLimit(.minutes(2))) func everyPrefixIsATreeOrAnError() {
        for length in 0..<bytes.count { check(Array(bytes[..<length]), "prefix of \(length)") }
    }

    @Test(.timeLimit(.minutes(2))) func everyDeletionOfAByteIsATreeOrAnError() {
        for offset in bytes.indices {
            var shorter = bytes
            shorter.remove(at: offset)
            check(shorter, "without byte \(offset)")
        }
    }

    /// Signs of YAML in wrong places.
    @Test(.timeLimit(.minutes(2)), arguments: Array("'\"{[:%\t&*|\n".utf8) + [0x00, 0xFF])
    func aReplacedByteGivesATreeOrAnError(_ sign: UInt8) {
        for offset in stride(from: Int(sign) % 31, to: bytes.count, by: 31) {
            var other = bytes
            other[offset] = sign
            check(other, "\(sign) at \(offset)")
        }
    }
}
