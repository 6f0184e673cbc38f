import RunbookDiagnostics

/// What libyaml could not read, and its explanation for the person who wrote it.
///
/// libyaml names the rule that was broken (scanner.c and parser.c of 0.2.5 hold all its texts). A person wants to
/// know the slip: most of them are a value that needed quotes.
struct SyntaxProblem {
    let source: SourceText
    let problem: String
    let offset: Int
    /// What libyaml was doing, and where that began.
    let context: String
    let contextOffset: Int
    let lastScalar: YAMLScalar?

    var explained: Diagnostic {
        slipOfQuotes ?? slipOfIndentation ?? slipOfColon ?? slipOfBrackets ?? slipOfFirstCharacter
            ?? slipOfBlock ?? inItsOwnWords
    }

    var line: LineShape { LineShape(of: source, at: offset) }
    var byte: UInt8? { offset < source.bytes.count ? source.bytes[offset] : nil }
    /// The problem as a mark of one character.
    var mark: SourceSpan { source.span(offset..<(offset + 1)) }
    var contextMark: SourceSpan { source.span(contextOffset..<(contextOffset + 1)) }

    func quoted(_ problem: Diagnostic, _ range: Range<Int>, _ advice: String) -> Diagnostic {
        problem.hint(advice, replacing: source.span(range), with: yamlSingleQuoted(source.text(in: range)))
    }

    // MARK: - Indentation

    private var slipOfIndentation: Diagnostic? {
        if byte == UInt8(ascii: "\t"), problem.contains("cannot start any token") { return tab }
        if problem.contains("tab character") { return tab }
        if problem == "did not find expected key", byte == UInt8(ascii: ":") {
            return .error("key-missing", "there is no key before this `:`", at: mark)
                .hint("write a key, or put the text in quotes")
        }
        if problem == "did not find expected <document start>" {
            return .error("text-after-end", "the document has ended before this line", at: mark)
                .hint("begin the line in the column of the first key of the file; `...` ends a file")
        }
        if problem == "did not find expected key" || problem == "did not find expected '-' indicator",
            offset == line.content.lowerBound || byte == UInt8(ascii: "-")
        {
            let what = problem.hasSuffix("key") ? "mapping" : "list"
            return .error("bad-indentation", "this line fits into nothing above it", at: mark)
                .also(contextMark, "the \(what) that is open here begins in this column")
                .hint("begin the line in the column of the lines it belongs to")
        }
        if problem == "block sequence entries are not allowed in this context" {
            return .error("list-in-line", "a list cannot begin behind a key on the same line", at: mark)
                .hint("begin it on the next line, or write `[ ]`; if it is text, put the value in quotes")
        }
        return nil
    }

    private var tab: Diagnostic {
        let lineStart = line.range.lowerBound
        let blanks = source.bytes[lineStart..<line.range.upperBound].prefix { $0 == 0x20 || $0 == 0x09 }
        let range = lineStart..<(lineStart + blanks.count)
        let spaces = String(repeating: " ", count: probableColumn ?? blanks.count)
        let first = blanks.firstIndex(of: 0x09) ?? offset
        return .error(
            "tab-indentation", "a tab stands in the indentation", at: source.span(first..<(first + 1))
        )
        .hint("YAML is indented with blanks only", replacing: source.span(range), with: spaces)
    }

    /// Where a line begins most often: where the line above does, and deeper below a key without a value.
    private var probableColumn: Int? {
        let line = line
        guard let above = lineAbove(line) else { return nil }
        let column = column(of: above)
        let sign = above.value.isEmpty ? nil : source.bytes[above.value.lowerBound]
        let isOpen = sign == nil || sign == UInt8(ascii: "|") || sign == UInt8(ascii: ">")
        if above.colon != nil, isOpen { return column + 2 }
        return line.isItem && above.isItem ? column - 2 : column
    }

    // MARK: - Colons

    private var slipOfColon: Diagnostic? {
        if problem == "could not find expected ':'" { return missingColon }
        let isFlow = context.hasPrefix("while parsing a flow")
        guard problem.hasPrefix("mapping values are not allowed") || (isFlow && byte == UInt8(ascii: ":"))
        else {
            return nil
        }
        let line = line
        if isFlow { return line.colon == offset && contextLine != lineNumber ? unclosed : colonInFlow }
        // The colon that we see may be another than libyaml's: what looks like a quoted key can be the rest of a text.
        guard let colon = line.colon, colon < offset else { return deeperKey(line) }
        let range = line.isItem && line.keyIsText ? line.content : line.value
        return quoted(
            .error("colon-in-value", "a `: ` inside an unquoted value begins a new key", at: mark)
                .also(source.span(range.lowerBound..<offset), "the value was only this"),
            range, "put the whole value in quotes")
    }

    private func deeperKey(_ line: LineShape) -> Diagnostic {
        let key = source.span(line.key ?? offset..<(offset + 1))
        let problem = Diagnostic.error(
            "bad-indentation", "`\(key.text)` does not fit below the line above it", at: key)
        guard let above = lineAbove(line) else {
            return problem.hint("begin it in the column of its neighbours")
        }
        if above.colon == nil, column(of: above) == column(of: line) { return notAnEntry(above.content) }
        return problem.also(source.span(above.content), "this has a value already")
            .hint("begin it in the column of its neighbours, or put the text above it in quotes")
    }

    private func lineAbove(_ line: LineShape) -> LineShape? {
        var start = line.range.lowerBound
        while start > 0 {
            let above = LineShape(of: source, at: start - 1)
            if !above.content.isEmpty { return above }
            start = above.range.lowerBound
        }
        return nil
    }

    private var missingColon: Diagnostic {
        let key = LineShape(of: source, at: contextOffset)
        let range = max(key.content.lowerBound, contextOffset)..<max(key.content.upperBound, contextOffset)
        return notAnEntry(range)
    }

    private func column(of line: LineShape) -> Int { line.content.lowerBound - line.range.lowerBound }

    private func notAnEntry(_ range: Range<Int>) -> Diagnostic {
        let text = source.text(in: range)
        let problem = Diagnostic.error(
            "missing-colon", "`\(text)` is neither a key nor a value", at: source.span(range))
        if let colon = text.firstIndex(of: ":"), !text.hasPrefix("'"), !text.hasPrefix("\"") {
            let mended = text[..<colon] + ": " + text[text.index(after: colon)...]
            return problem.hint(
                "a blank follows the colon", replacing: source.span(range), with: String(mended))
        }
        return problem.hint("a key is followed by a colon and a blank: `\(text): VALUE`")
    }

    private var colonInFlow: Diagnostic {
        let value = flowValue
        return quoted(
            .error("colon-in-value", "a `:` inside an unquoted value begins a new key", at: mark)
                .also(source.span(value.lowerBound..<offset), "the value was only this"),
            value, "put the whole value in quotes")
    }

    // MARK: - Brackets

    private var slipOfBrackets: Diagnostic? {
        guard context.hasPrefix("while parsing a flow") || problem == "did not find expected node content"
        else {
            return nil
        }
        if let expression { return expression }
        if context.hasPrefix("while parsing a flow"),
            byte == nil || lineNumber != contextLine || closesAnother
        {
            return unclosed
        }
        if problem == "did not find expected node content" {
            return .error("value-missing", "a value should stand here", at: mark)
                .hint("if the sign is meant as text, put the value in quotes")
        }
        let value = flowValue
        return quoted(
            .error("value-in-brackets", "this value cannot stand in `{ }` or `[ ]` without quotes", at: mark),
            value, "put the whole value in quotes")
    }

    /// `[a }`: the bracket that closes is not the one that was opened.
    private var closesAnother: Bool {
        switch contextMark.text {
        case "[": byte == UInt8(ascii: "}")
        case "{": byte == UInt8(ascii: "]")
        default: false
        }
    }

    private var unclosed: Diagnostic {
        let open = contextMark.text
        let close = open == "{" ? "}" : "]"
        return .error(
            "unclosed-bracket", "`\(open)` is not closed, or a comma is missing", at: contextMark,
            "opened here"
        )
        .also(mark, "`\(close)` or a comma should stand before this")
        .hint("write `\(close)` where it ends; a value with brackets or braces in it needs quotes")
    }

    private var lineNumber: Int { source.lineNumber(at: offset) }
    private var contextLine: Int { source.lineNumber(at: contextOffset) }

    /// `${{ … }}` without quotes inside `{ }` or `[ ]`: there its braces are YAML's own.
    private var expression: Diagnostic? {
        let isBrace = byte == UInt8(ascii: "{")
        guard isBrace, offset > 0, source.bytes[offset - 1] == UInt8(ascii: "$") else { return nil }
        let value = flowValue
        return quoted(
            .error(
                "expression-in-brackets", "`${{ … }}` inside `{ }` or `[ ]` must be in quotes",
                at: source.span((offset - 1)..<(offset + 2))),
            value, "put the whole value in quotes")
    }

    /// The value around the problem in `{ }` or `[ ]`, on its line: it begins behind a colon, comma or bracket.
    private var flowValue: Range<Int> {
        let bytes = source.bytes
        let line = source.range(ofLine: lineNumber)
        var start = offset
        while start > line.lowerBound, !beginsFlowValue(bytes, start) { start -= 1 }
        while start < offset, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        return start..<max(flowEnd(from: start), min(offset, line.upperBound), start)
    }

    /// Where a value in `{ }` or `[ ]` ends on its line: at a comma or bracket that is not inside its own brackets.
    private func flowEnd(from start: Int) -> Int {
        let bytes = source.bytes
        let line = source.range(ofLine: source.lineNumber(at: start))
        var (end, depth) = (start, 0)
        scan: while end < line.upperBound {
            switch bytes[end] {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if depth == 0 { break scan }
                depth -= 1
            case UInt8(ascii: ","):
                if depth == 0 { break scan }
            default: break
            }
            end += 1
        }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return end
    }

    private func beginsFlowValue(_ bytes: [UInt8], _ offset: Int) -> Bool {
        switch bytes[offset - 1] {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): true
        case UInt8(ascii: " "): offset > 1 && bytes[offset - 2] == UInt8(ascii: ":")
        default: false
        }
    }

    /// True when the problem stands in `{ }` or `[ ]`, as far as its line shows it.
    var isInFlow: Bool {
        if context.hasPrefix("while parsing a flow") { return true }
        let line = line
        return [line.content, line.value].contains { range in
            let first = range.lowerBound < min(offset, range.upperBound) ? source.bytes[range.lowerBound] : 0
            return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        }
    }

    /// Where the value goes on to on this line: to its end, or in brackets to the next comma or bracket.
    func endOfValue(from start: Int) -> Int {
        isInFlow
            ? flowEnd(from: start)
            : LineShape.trimmedEnd(of: start..<max(start, line.range.upperBound), in: source.bytes)
    }

    // MARK: - First characters

    private var slipOfFirstCharacter: Diagnostic? {
        let start = context.isEmpty || problem.contains("cannot start any token") ? offset : contextOffset
        let sign = source.text(in: start..<(start + 1))
        let isSign =
            problem.contains("cannot start any token") || context.hasSuffix("an anchor")
            || context.hasSuffix("an alias") || context.hasSuffix("a tag") || context.hasSuffix("a directive")
            || context == "while parsing a node"
        guard isSign, !sign.isEmpty else { return nil }
        if context.hasSuffix("a directive") {
            return .error(
                "directive", "a line that begins with `%` is a directive of YAML",
                at: source.span(start..<(start + 1))
            )
            .hint("remove it; if it belongs to a text, indent it like the text")
        }
        let name = sign == "`" ? "a back-tick" : "`\(sign)`"
        let problem = Diagnostic.error(
            "reserved-start", "an unquoted value cannot begin with \(name)",
            at: source.span(start..<(start + 1)))
        return quoted(problem, start..<max(start, endOfValue(from: start)), "put the whole value in quotes")
    }

    /// Text behind the `|` or `>` of a block, or a value that was not meant to be a block.
    private var slipOfBlock: Diagnostic? {
        guard context == "while scanning a block scalar" else { return nil }
        let start = contextOffset
        let problem = Diagnostic.error(
            "block-header", "`\(contextMark.text)` begins a text of several lines", at: contextMark,
            "its text begins on the next line")
        return quoted(
            problem, start..<max(start, endOfValue(from: start)), "if this is a text of one line, quote it")
    }

    // MARK: - Anything else

    private var inItsOwnWords: Diagnostic {
        let diagnostic = Diagnostic.error("yaml-syntax", "this is not YAML: \(problem)", at: mark)
            .hint("a value with signs of YAML in it needs quotes")
        return context.isEmpty ? diagnostic : diagnostic.also(contextMark, context)
    }
}
