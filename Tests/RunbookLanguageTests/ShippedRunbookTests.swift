import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// The runbooks of this repository, with the example of their site file.
@Suite struct ShippedRunbookTests {
    static let names =
        (try? Files.names(in: Files.root + "/runbooks", withSuffix: ".site.example.yaml")) ?? []

    @Test func thereAreThree() {
        #expect(Self.names == ["rolling-reboot", "two-node", "web-certificate"])
    }

    @Test(arguments: names)
    func loadsWithItsSiteExample(_ name: String) throws {
        let runbook = try load(try Files.text("\(Files.root)/runbooks/\(name).yaml"), name: "\(name).yaml")
        let text = try Files.text("\(Files.root)/runbooks/\(name).site.example.yaml")
        let (site, diagnostics) = loadSite(SourceText(name: "\(name).site.yaml", text), for: runbook)
        #expect(rendered(diagnostics) == "")
        #expect(site?.runbook == name)
    }

    @Test(arguments: names)
    func lintHasNothingToSay(_ name: String) throws {
        let text = try Files.text("\(Files.root)/runbooks/\(name).yaml")
        let (_, found) = lintRunbook(SourceText(name: "\(name).yaml", text))
        #expect(rendered(found) == "")
    }

    @Test(arguments: names)
    func isLaidOut(_ name: String) throws {
        let text = try Files.text("\(Files.root)/runbooks/\(name).yaml")
        #expect(formatRunbook(SourceText(name: "\(name).yaml", text)).0 == .formatted(text))
    }
}

/// Every shipped runbook cut anywhere, and without any one of its bytes: an error or a valid model.
///
/// Both sweeps take a spread sample. `script/test --long` has them take every byte, built for release: each of the
/// large one's 36,000 texts is a runbook of 900 lines.
@Suite(.serialized) struct ShippedSweepTests {
    private static let takesEveryByte = ProcessInfo.processInfo.environment["RUNBOOK_EVERY_BYTE"] != nil

    private func stride(of bytes: [UInt8]) -> Int { Self.takesEveryByte ? 1 : bytes.count / 400 }

    /// A runbook is there or an error says why it is not, and drawing the problems works.
    private func isAnswered(_ bytes: [UInt8]) -> Bool {
        let (runbook, diagnostics) = loadRunbook(SourceText(name: "t.yaml", bytes: bytes))
        let isRefused = diagnostics.contains { $0.severity == .error }
        return (runbook == nil) == isRefused && (diagnostics.isEmpty || !rendered(diagnostics).isEmpty)
            && diagnostics.allSatisfy { $0.primary.span.range.upperBound <= bytes.count }
    }

    @Test(.timeLimit(.minutes(60)), arguments: ShippedRunbookTests.names)
    func everyPrefixIsAnErrorOrAModel(_ name: String) throws {
        let bytes = Array(try Files.text("\(Files.root)/runbooks/\(name).yaml").utf8)
        let step = stride(of: bytes)
        let unanswered = Swift.stride(from: 0, to: bytes.count, by: step)
            .filter { !isAnswered(Array(bytes[..<$0])) }
        #expect(unanswered == [])
        print("\(name): \((bytes.count + step - 1) / step) of \(bytes.count) prefixes")
    }

    @Test(.timeLimit(.minutes(60)), arguments: ShippedRunbookTests.names)
    func everyDeletionOfAByteIsAnErrorOrAModel(_ name: String) throws {
        let bytes = Array(try Files.text("\(Files.root)/runbooks/\(name).yaml").utf8)
        let step = stride(of: bytes)
        let unanswered = Swift.stride(from: 0, to: bytes.count, by: step).filter { index in
            var changed = bytes
            changed.remove(at: index)
            return !isAnswered(changed)
        }
        #expect(unanswered == [])
        print("\(name): \((bytes.count + step - 1) / step) of \(bytes.count) deletions")
    }
}
