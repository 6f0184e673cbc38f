import RunbookDiagnostics

// Quotes that are not closed, closed too early, or written as elsewhere.
extension SyntaxProblem {
    var slipOfQuotes: Diagnostic? {
        if context == "while scanning a quoted scalar", problem.hasPrefix("found unexpected") {
            let problem = Diagnostic.error(
                "unclosed-quote", "a quote is not closed", at: contextMark, "opened here"
            )
            let advised = closing(problem, from: contextOffset)
            return contextMark.text == "'"
                ? advised.hint("inside '…' a quote is written twice: `''`") : advised
        }
        if context == "while parsing a quoted scalar" || context == "while scanning a quoted scalar" {
            let advice = "in single quotes a backslash stands for itself"
            return .error(
                "unknown-escape", "this is not an escape of YAML", at: source.span(offset..<(offset + 2))
            )
            .also(contextMark, "in the text that begins here")
            .hint(advice + "; in double quotes it is written twice")
        }
        guard let last = lastScalar, last.style.isQuoted, isDirectlyBehind(last) else { return nil }
        // The quotes are right, and a bracket is missing.
        if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { return nil }
        if let swallowed = swallowedEntry(last) { return swallowed }
        if source.lineNumber(at: last.span.range.lowerBound) != source.lineNumber(at: offset) {
            return closing(
                .error("unclosed-quote", "a quote is not closed", at: contextOfQuote(last), "opened here")
                    .also(last.span.end, "closed only by this one"), from: last.span.range.lowerBound)
        }
        let whole = last.span.range.lowerBound..<max(endOfValue(from: offset), last.span.range.upperBound)
        let problem = Diagnostic.error("text-after-quote", "text follows the closing quote", at: mark)
            .also(last.span, "the value ends with this quote")
        if last.style == .singleQuoted, source.bytes[whole].last == UInt8(ascii: "'") {
            let inside = source.text(in: (whole.lowerBound + 1)..<(whole.upperBound - 1))
            return problem.hint(
                "inside '…' a quote is written twice", replacing: source.span(whole),
                with: yamlSingleQuoted(inside))
        }
        return quoted(problem, whole, "put the whole value in single quotes")
    }

    /// Where the value was meant to end is known when it is all of its line.
    private func closing(_ problem: Diagnostic, from opening: Int) -> Diagnostic {
        let advice = "write the same quote at the end of the value"
        let shape = LineShape(of: source, at: opening)
        guard shape.value.lowerBound == opening else { return problem.hint(advice) }
        let quote = source.text(in: opening..<(opening + 1))
        return problem.hint(advice, replacing: source.span(at: shape.value.upperBound), with: quote)
    }

    /// `{ a: 'b, c: 'd' }`: the quote of the next value closed this one.
    private func swallowedEntry(_ last: YAMLScalar) -> Diagnostic? {
        let bytes = source.bytes, range = last.span.range
        var end: Int?
        for offset in range where bytes[offset] == UInt8(ascii: ",") && offset + 2 < range.upperBound {
            let word = bytes[(offset + 2)..<range.upperBound].prefix {
                (0x61...0x7A).contains($0) || $0 == 0x5F
            }
            let isKey = bytes[offset + 1] == 0x20 && !word.isEmpty && word.endIndex < range.upperBound
            if isKey, bytes[word.endIndex] == UInt8(ascii: ":") { end = end ?? offset }
        }
        let isOneLine = source.lineNumber(at: range.lowerBound) == source.lineNumber(at: offset)
        guard isInFlow, isOneLine, let end else { return nil }
        let quote = source.text(in: range.lowerBound..<(range.lowerBound + 1))
        return .error("unclosed-quote", "a quote is not closed", at: contextOfQuote(last), "opened here")
            .also(last.span.end, "closed only by this one")
            .hint(
                "write the same quote at the end of the value", replacing: source.span(at: end), with: quote)
    }

    private func contextOfQuote(_ scalar: YAMLScalar) -> SourceSpan {
        let start = scalar.span.range.lowerBound
        return source.span(start..<(start + 1))
    }

    /// True when only blanks stand between a scalar and the problem.
    private func isDirectlyBehind(_ scalar: YAMLScalar) -> Bool {
        let end = scalar.span.range.upperBound
        guard end <= offset, byte != UInt8(ascii: ":"), byte != UInt8(ascii: "#"), byte != nil else {
            return false
        }
        return source.bytes[end..<offset].allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }
}
