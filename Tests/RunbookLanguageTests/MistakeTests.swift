import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import Testing

/// What a person is told about a mistake, whole: `Mistakes/NAME.yaml` and what is drawn, `Mistakes/NAME.txt`.
///
/// `RECORD_GOLDEN=1` writes the texts anew and fails, so that a recording is looked at before it is believed.
@Suite struct MistakeTests {
    private static let folder = Files.tests + "/Mistakes"
    static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil

    @Test(arguments: try Files.names(in: folder, withSuffix: ".yaml"))
    func isDrawnWithItsRemedy(_ name: String) throws {
        let text = try Files.text("\(Self.folder)/\(name).yaml")
        let (runbook, diagnostics) = loadRunbook(SourceText(name: "\(name).yaml", text))
        #expect(runbook == nil)
        let drawn = rendered(diagnostics)
        let golden = "\(Self.folder)/\(name).txt"
        if Self.isRecording {
            try drawn.write(toFile: golden, atomically: true, encoding: .utf8)
            Issue.record("recorded \(name): look at it, then run without RECORD_GOLDEN")
        } else {
            #expect(drawn == (try? Files.text(golden)))
        }
    }

    @Test func thereAreManyKinds() throws {
        #expect(try Files.names(in: Self.folder, withSuffix: ".yaml").count >= 25)
    }
}
