import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// Files beside the tests, and of the repository.
enum Files {
    static let tests = String(#filePath.dropLast("/Support.swift".count))
    static let root = String(tests.dropLast("/Tests/RunbookLanguageTests".count))

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    static func names(in folder: String, withSuffix suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(suffix) }
            .map { String($0.dropLast(suffix.count)) }.sorted()
    }
}

/// The problems of a text as they are drawn.
func rendered(_ diagnostics: [Diagnostic]) -> String {
    DiagnosticRenderer().render(Diagnostics(diagnostics))
}

/// A runbook that must load without a word.
func load(_ text: String, name: String = "test.yaml") throws -> Runbook {
    let (runbook, diagnostics) = loadRunbook(SourceText(name: name, text))
    #expect(rendered(diagnostics) == "")
    return try #require(runbook)
}

/// The problems of a runbook that must not load: `id line:column headline`, one a line.
func problems(_ text: String) -> String {
    let (runbook, diagnostics) = loadRunbook(SourceText(name: "test.yaml", text))
    #expect(runbook == nil || !diagnostics.contains { $0.severity == .error })
    return diagnostics.map(brief).joined(separator: "\n")
}

func brief(_ diagnostic: Diagnostic) -> String {
    let place = diagnostic.primary.span.start
    return "\(diagnostic.id) \(place.line):\(place.column) \(diagnostic.headline)"
}
