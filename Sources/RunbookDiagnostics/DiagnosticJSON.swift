import RunbookText

extension Diagnostics {
    /// All problems, one JSON object a line, sorted by place. Nothing is left out.
    package var jsonLines: String { sorted.map { $0.json + "\n" }.joined() }
}

extension Diagnostic {
    /// The problem as one JSON object on one line.
    ///
    /// Members: `id`, `severity`, `headline`, the primary place as `file`, `line`, `column` (both from 1, the
    /// column in Unicode scalars), `offset` and `length` (in bytes) and `label`; `also`, a list of places with
    /// labels; `hints`, each with `text` and, where there is one, a `replacement` (a place and its new `text`).
    package var json: String {
        let hints = hints.map { hint in
            let replacement = hint.replacement.map {
                #","replacement":{"# + place($0.span) + #","text":"# + jsonQuoted($0.text) + "}"
            }
            return #"{"text":"# + jsonQuoted(hint.text) + (replacement ?? "") + "}"
        }
        return #"{"id":"# + jsonQuoted(id.slug) + #","severity":"# + jsonQuoted(severity.rawValue)
            + #","headline":"# + jsonQuoted(headline) + "," + labelled(primary)
            + #","also":["# + secondary.map { "{" + labelled($0) + "}" }.joined(separator: ",")
            + #"],"hints":["# + hints.joined(separator: ",") + "]}"
    }

    private func labelled(_ label: Label) -> String {
        place(label.span) + #","label":"# + jsonQuoted(label.text)
    }

    private func place(_ span: SourceSpan) -> String {
        let start = span.start
        return #""file":"# + jsonQuoted(span.source.name)
            + #","line":\#(start.line),"column":\#(start.column)"#
            + #","offset":\#(span.range.lowerBound),"length":\#(span.range.count)"#
    }
}
