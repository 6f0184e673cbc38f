package import RunbookDiagnostics

/// A text in a YAML file, as it was written and where.
package struct YAMLScalar: Sendable {
    package enum Style: Sendable, Equatable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// `|`: lines are kept.
        case literal
        /// `>`: lines are joined.
        case folded

        package var isQuoted: Bool { self == .singleQuoted || self == .doubleQuoted }
        package var isBlock: Bool { self == .literal || self == .folded }
    }

    /// The value, with quotes, escapes, indentation and folding resolved.
    package let text: String
    package let style: Style
    /// The scalar as it stands in the file, with its quotes or its `|`.
    package let span: SourceSpan

    package init(text: String, style: Style, span: SourceSpan) {
        self.text = text
        self.style = style
        self.span = span
    }

    /// Where a part of the value stands in the file; offsets are UTF-8 offsets in `text`.
    ///
    /// Works for every style: an escape or a fold is marked as a whole. A part of several lines is marked from
    /// its first to its last byte in the file. An offset outside the value gives the whole scalar.
    package func span(of range: Range<Int>) -> SourceSpan {
        let length = text.utf8.count
        guard range.lowerBound >= 0, range.upperBound <= length else { return span }
        let map = ScalarMap(of: self)
        guard map.isComplete else { return span }
        if range.isEmpty { return span.source.span(at: map.start(of: range.lowerBound)) }
        let start = map.start(of: range.lowerBound)
        return span.source.span(start..<max(start, map.end(of: range.upperBound - 1)))
    }
}
