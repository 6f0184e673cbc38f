import RunbookDiagnostics

/// What YAML allows and a runbook does not.
enum Strictness {
    /// An anchor or a tag before a node.
    static func properties(of event: YAMLEvent, span: SourceSpan) -> [Diagnostic] {
        if case .alias = event.kind { return [] }
        var found: [Diagnostic] = []
        if let anchor = event.anchor {
            let problem = Diagnostic.error(
                "anchor", "anchors are not used here", at: word("&", in: span), "names `\(anchor)`"
            )
            .hint("write the value where it is needed; `env` and `checks` are there for what repeats")
            found.append(quoted(problem, event, span, "if the text begins with `&`, put it in quotes"))
        }
        if let tag = event.tag {
            let problem = Diagnostic.error(
                "tag", "tags are not used here", at: word("!", in: span), "means `\(tag)`"
            )
            .hint("remove it: the place of a value decides its type")
            let advice = "if the text begins with `!`, put it in quotes; a question is turned round by `not:`"
            found.append(quoted(problem, event, span, advice))
        }
        return found
    }

    private static func quoted(
        _ problem: Diagnostic, _ event: YAMLEvent, _ span: SourceSpan, _ advice: String
    ) -> Diagnostic {
        guard case .scalar(_, .plain) = event.kind else { return problem.hint(advice) }
        return problem.hint(advice, replacing: span, with: yamlSingleQuoted(span.text))
    }

    static func alias(_ name: String, span: SourceSpan) -> Diagnostic {
        .error("alias", "aliases are not used here", at: span, "stands for `\(name)`")
            .hint("write the value itself; `env` and `checks` are there for what repeats")
            .hint(
                "if the text begins with `*`, put it in quotes", replacing: span,
                with: yamlSingleQuoted(span.text))
    }

    static func complexKey(_ key: YAMLNode) -> Diagnostic {
        let text = key.span.text
        let problem = Diagnostic.error(
            "key-not-text", "a key must be a text, and this is \(key.kindInWords)", at: key.span)
        if text.hasPrefix("{") {
            return problem.hint(
                "if this is an expression, write `'${{ … }}'` with the dollar sign, in quotes")
        }
        return problem.hint("if it is meant as text, put it in quotes")
    }

    static func nul(_ scalar: YAMLScalar) -> Diagnostic {
        .error("nul-in-text", "the text holds a NUL, which no command can take", at: scalar.span)
            .hint("remove the `\\0`")
    }

    /// Rules about the keys of one mapping.
    static func entries(_ entries: [YAMLEntry], isFlow: Bool) -> [Diagnostic] {
        var found: [Diagnostic] = []
        // Swift compares texts by canonical equivalence, so `é` in its two forms is one key, as it looks.
        let repeated = firsts(of: entries)
        for (index, entry) in entries.enumerated() {
            if entry.name == "<<", entry.key.scalar?.style == .plain {
                found.append(
                    .error("merge-key", "merge keys are not used here", at: entry.key.span)
                        .hint("write the entries out; `defaults` and `checks` are there for what repeats"))
                continue
            }
            if let earlier = repeated[index] {
                found.append(
                    .error(
                        "duplicate-key", "`\(entry.name)` is given twice", at: entry.key.span,
                        "given again here"
                    )
                    .also(entries[earlier].key.span, "first given here")
                    .hint("keep one of the two"))
            }
            if entry.name.isEmpty, entry.key.isMissing {
                found.append(
                    .error("key-missing", "there is no key before this `:`", at: entry.span)
                        .hint("write a key, or put the text in quotes"))
            }
        }
        return isFlow ? found + commas(in: entries) : found
    }

    /// For each entry whose key was there before, by its number, the number of the first with that key.
    private static func firsts(of entries: [YAMLEntry]) -> [Int: Int] {
        var repeated: [Int: Int] = [:]
        guard entries.count > 12 else {
            // Most mappings are small, and then looking is faster than hashing.
            for index in entries.indices.dropFirst() {
                let name = entries[index].name
                if name != "<<", let first = entries[..<index].firstIndex(where: { $0.name == name }) {
                    repeated[index] = first
                }
            }
            return repeated
        }
        var first: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            if let earlier = first[entry.name] {
                repeated[index] = earlier
            } else {
                first[entry.name] = index
            }
        }
        return repeated
    }

    /// Keys without a value inside `{ }`: a comma ended the text before them.
    private static func commas(in entries: [YAMLEntry]) -> [Diagnostic] {
        var found: [Diagnostic] = []
        var owner: YAMLEntry?
        var pieces: [YAMLEntry] = []
        for entry in entries {
            if hasNoColon(entry) {
                pieces.append(entry)
                continue
            }
            report(pieces, after: owner, into: &found)
            (owner, pieces) = (entry, [])
        }
        report(pieces, after: owner, into: &found)
        return found
    }

    private static func report(_ pieces: [YAMLEntry], after owner: YAMLEntry?, into found: inout [Diagnostic])
    {
        guard let first = pieces.first, let last = pieces.last else { return }
        let rest = first.key.span.through(last.key.span)
        guard let owner, let scalar = owner.value.scalar, scalar.style == .plain, !scalar.text.isEmpty else {
            found.append(
                .error("value-missing", "`\(first.name)` has no value", at: first.key.span)
                    .hint("write `\(first.name): VALUE`; a list is written with `[ ]`"))
            return
        }
        let whole = owner.value.span.through(last.key.span)
        found.append(
            .error(
                "comma-in-value", "a comma ended the value of `\(owner.name)`", at: rest, "this became a key"
            )
            .also(owner.value.span, "the value is only this")
            .hint("put the whole value in quotes", replacing: whole, with: yamlSingleQuoted(whole.text)))
    }

    /// An empty value that was left out together with its colon.
    private static func hasNoColon(_ entry: YAMLEntry) -> Bool {
        guard let value = entry.value.scalar, value.style == .plain, value.text.isEmpty else { return false }
        let bytes = entry.key.span.source.bytes
        let between =
            entry.key.span.range
            .upperBound..<max(
                entry.key.span.range.upperBound, value.span.range.lowerBound)
        return !bytes[between].contains(UInt8(ascii: ":"))
    }

    // MARK: - Places

    /// The word that begins with a sign, in front of a node.
    private static func word(_ sign: Unicode.Scalar, in span: SourceSpan) -> SourceSpan {
        let bytes = span.source.bytes
        let range = span.range
        guard let start = bytes[range].firstIndex(of: UInt8(ascii: sign)) else { return span }
        let end = bytes[start..<range.upperBound].firstIndex { $0 <= 0x20 } ?? range.upperBound
        return span.source.span(start..<end)
    }

    /// The range of a scalar without the anchor and the tag before it.
    static func withoutProperties(_ range: Range<Int>, in source: SourceText) -> Range<Int> {
        let bytes = source.bytes
        var start = range.lowerBound
        while start < range.upperBound, bytes[start] == UInt8(ascii: "&") || bytes[start] == UInt8(ascii: "!")
        {
            while start < range.upperBound, bytes[start] > 0x20 { start += 1 }
            while start < range.upperBound, bytes[start] <= 0x20 { start += 1 }
        }
        return start..<range.upperBound
    }
}
