import RunbookDiagnostics
import RunbookYAML

/// The problems of one text, each kind once at each place: a named check is read again wherever it is used.
final class Problems {
    private struct Key: Hashable {
        let id: DiagnosticID
        let span: SourceSpan
        let headline: String
    }
    private var seen: Set<Key> = []
    private(set) var found: [Diagnostic] = []
    /// Where the named checks that are being read are used, outermost first.
    var uses: [SourceSpan] = []
    /// The circles of named checks that were reported.
    var circles: Set<Set<String>> = []

    func add(_ diagnostic: Diagnostic) {
        let key = Key(id: diagnostic.id, span: diagnostic.primary.span, headline: diagnostic.headline)
        guard seen.insert(key).inserted else { return }
        guard let use = uses.first else { return found.append(diagnostic) }
        found.append(diagnostic.also(use, "it is asked here"))
    }

    func add(contentsOf diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics { add(diagnostic) }
    }

    /// A problem inside the value of a scalar, at its place in the file.
    func add(_ problem: ValueProblem, in scalar: YAMLScalar) {
        var diagnostic = Diagnostic(
            problem.severity, problem.id, problem.headline, at: scalar.span(of: problem.range), problem.label)
        for hint in problem.hints {
            if let range = hint.range {
                diagnostic = diagnostic.hint(
                    hint.text, replacing: scalar.span(of: range), with: written(hint.replacement, in: scalar))
            } else {
                diagnostic = diagnostic.hint(hint.text)
            }
        }
        add(diagnostic)
    }

    /// A replacement as it must be written inside a scalar of this style.
    private func written(_ text: String, in scalar: YAMLScalar) -> String {
        var result = ""
        for character in text {
            switch (scalar.style, character) {
            case (.singleQuoted, "'"): result += "''"
            case (.doubleQuoted, "\\"), (.doubleQuoted, "\""): result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }

    var hasErrors: Bool { found.contains { $0.severity == .error } }
}
