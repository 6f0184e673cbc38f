import RunbookDiagnostics

/// A problem inside the value of one scalar. Ranges are UTF-8 offsets of the value, which is what the YAML
/// node turns into places of the file.
struct ValueProblem: Error, Hashable {
    struct Hint: Hashable {
        var text: String
        /// What to write in place of a range of the value.
        var range: Range<Int>?
        var replacement = ""
    }

    var severity = Diagnostic.Severity.error
    var id: DiagnosticID
    var headline: String
    var range: Range<Int>
    var label = ""
    var hints: [Hint] = []

    init(_ id: DiagnosticID, _ headline: String, at range: Range<Int>, _ label: String = "") {
        self.id = id
        self.headline = headline
        self.range = range
        self.label = label
    }

    func hint(_ text: String) -> ValueProblem {
        var copy = self
        copy.hints.append(Hint(text: text))
        return copy
    }

    func hint(_ text: String, replacing range: Range<Int>, with replacement: String) -> ValueProblem {
        var copy = self
        copy.hints.append(Hint(text: text, range: range, replacement: replacement))
        return copy
    }
}
