import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import Testing

/// What a person is told, whole: a text, and beside it what is drawn, `NAME.txt`.
///
/// `RECORD_GOLDEN=1` writes the drawings anew and fails, so that a recording is looked at before it is believed.
@Suite struct MistakeTests {
    private static let mistakes = Files.tests + "/Mistakes"
    private static let warnings = Files.tests + "/Warnings"
    private static let sites = Files.tests + "/Sites"
    static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil

    /// What the site files of `Sites/` are for.
    private static let demo = """
        runbook: demo
        inputs:
          portal: { type: ipv4, title: Address of the NAS }
          when: { type: choice, of: [now, later] }
          patience: { type: duration, default: 1m }
        hosts: { a: {}, b: {} }
        groups: { pair: { members: [a, b], inputs: { node: { type: hostname } } } }
        steps: [{ id: look, hosts: pair, require: date }]

        """

    @Test(arguments: try Files.names(in: mistakes, withSuffix: ".yaml"))
    func isDrawnWithItsRemedy(_ name: String) throws {
        let text = try Files.text("\(Self.mistakes)/\(name).yaml")
        let (runbook, diagnostics) = loadRunbook(SourceText(name: "\(name).yaml", text))
        #expect(runbook == nil)
        try compare(diagnostics, "\(Self.mistakes)/\(name).txt")
    }

    @Test(arguments: try Files.names(in: warnings, withSuffix: ".yaml"))
    func aTrapIsDrawnWithItsRemedy(_ name: String) throws {
        let text = try Files.text("\(Self.warnings)/\(name).yaml")
        let (runbook, diagnostics) = lintRunbook(SourceText(name: "\(name).yaml", text))
        #expect(runbook != nil)
        try compare(diagnostics, "\(Self.warnings)/\(name).txt")
    }

    @Test(arguments: try Files.names(in: sites, withSuffix: ".yaml"))
    func aWrongSiteFileIsDrawnWithItsRemedy(_ name: String) throws {
        let text = try Files.text("\(Self.sites)/\(name).yaml")
        let (site, diagnostics) = loadSite(
            SourceText(name: "\(name).site.yaml", text), for: try load(Self.demo, name: "demo.yaml"))
        #expect(site == nil)
        try compare(diagnostics, "\(Self.sites)/\(name).txt")
    }

    private func compare(_ diagnostics: [Diagnostic], _ golden: String) throws {
        let drawn = rendered(diagnostics)
        if Self.isRecording {
            try drawn.write(toFile: golden, atomically: true, encoding: .utf8)
            Issue.record("recorded \(golden): look at it, then run without RECORD_GOLDEN")
        } else {
            #expect(drawn == (try? Files.text(golden)))
        }
    }

    /// Counted by their codes, in what is drawn.
    @Test func sixtyKindsAreDrawn() throws {
        var kinds: Set<Substring> = []
        for folder in [Self.mistakes, Self.warnings, Self.sites] {
            for name in try Files.names(in: folder, withSuffix: ".txt") {
                for line in try Files.text("\(folder)/\(name).txt").split(separator: "\n") {
                    guard let match = line.firstMatch(of: #/^(error|warning)\[([a-z0-9-]+)\]/#) else {
                        continue
                    }
                    kinds.insert(match.2)
                }
            }
        }
        #expect(kinds.count >= 60, "\(kinds.sorted())")
    }
}
