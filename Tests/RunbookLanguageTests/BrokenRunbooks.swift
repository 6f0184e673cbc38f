import RunbookDiagnostics
import RunbookLanguage
import RunbookYAML

/// Runbooks broken in one place, as people break them: always the same ones.
struct BrokenRunbook {
    var kind: Kind
    var text: String
    /// The line on which it was broken.
    var line: Int

    enum Kind: String, CaseIterable {
        case misspeltKey = "a key is misspelt"
        case missingColon = "a colon is missing"
        case missingBlank = "no blank after the colon"
        case indentedMore = "a line is indented too much"
        case indentedLess = "a line is indented too little"
        case tab = "a tab in the indentation"
        case duplicateKey = "a key is given twice"
        case duplicateStep = "two steps have one id"
        case unknownName = "a name that stands for nothing"
        case unknownReference = "a name in ${{ }} is misspelt"
        case badDuration = "a duration without a unit, or with a wrong one"
        case badChoice = "a word that is no choice"
        case badNumber = "a number or a boolean in another form"
        case scalarForList = "a text where a list stands"
        case listForScalar = "a list where a text stands"
        case unclosedQuote = "a quote is not closed"
        case unclosedBracket = "a bracket is not closed"
        case unquotedExpression = "an expression in brackets without quotes"
    }

    /// All that can be broken in a text that loads, at most `limit` of each kind, evenly spread.
    static func all(of source: SourceText, limit: Int) -> [BrokenRunbook] {
        guard let root = parseYAML(source).0 else { return [] }
        var breaker = Breaker(source)
        breaker.walk(root, as: .mapping(.runbook))
        return Kind.allCases.flatMap { kind in
            let found = breaker.broken.filter {
                $0.kind == kind && $0.text != String(decoding: source.bytes, as: UTF8.self)
            }
            let step = max(1, found.count / max(1, limit))
            return stride(from: 0, to: found.count, by: step).prefix(limit).map { found[$0] }
        }
    }
}

/// Goes through a runbook with the tables of the language and breaks each place in turn.
private struct Breaker {
    let source: SourceText
    var broken: [BrokenRunbook] = []
    private var lastID: String?

    init(_ source: SourceText) { self.source = source }

    private mutating func add(_ kind: BrokenRunbook.Kind, _ range: Range<Int>, _ replacement: String) {
        let bytes = source.bytes
        let text =
            String(decoding: bytes[..<range.lowerBound], as: UTF8.self) + replacement
            + String(decoding: bytes[range.upperBound...], as: UTF8.self)
        broken.append(BrokenRunbook(kind: kind, text: text, line: source.lineNumber(at: range.lowerBound)))
    }

    mutating func walk(_ node: YAMLNode, as type: ValueType) {
        switch type {
        case .mapping(let mapping):
            guard let entries = node.mapping else { return }
            for (index, entry) in entries.enumerated() {
                guard let key = mapping.schema.key(entry.name) else { continue }
                breakKey(entry, isFirst: index == 0)
                breakValue(entry, key.type)
                walk(entry.value, as: key.type)
            }
        case .table(let element): for entry in node.mapping ?? [] { walk(entry.value, as: element) }
        case .list(let element), .oneOrMore(let element):
            for item in node.sequence ?? [node] { walk(item, as: element) }
        case .either(let types):
            for type in types where fits(node, type) { return walk(node, as: type) }
        case .name:
            guard node.text.map({ $0.utf8.count > 3 }) == true else { return }
            add(.unknownName, node.span.range, swapped(node.text ?? ""))
        default: breakExpressions(node)
        }
    }

    private func fits(_ node: YAMLNode, _ type: ValueType) -> Bool {
        switch type {
        case .mapping(.noProof): node.mapping?.map(\.name) == ["none"]
        case .mapping, .table: node.mapping != nil
        case .list: node.sequence != nil
        case .oneOrMore(let element): node.sequence != nil || fits(node, element)
        case .either(let types): types.contains { fits(node, $0) }
        default: node.scalar != nil
        }
    }

    // MARK: - Keys

    private mutating func breakKey(_ entry: YAMLEntry, isFirst: Bool) {
        let key = entry.key.span.range
        if entry.name.utf8.count > 3 {
            add(.misspeltKey, key, swapped(entry.name))
            add(.misspeltKey, key, String(entry.name.dropLast()))
            add(.misspeltKey, key, entry.name + "s")
        }
        let line = source.range(ofLine: source.lineNumber(at: key.lowerBound))
        let indentation = source.bytes[line].prefix { $0 == 0x20 }.count
        let isAtStart = line.lowerBound + indentation == key.lowerBound
        if isAtStart {
            let colon = key.upperBound..<key.upperBound + 1
            if entry.value.scalar != nil, key.upperBound + 1 < source.bytes.count {
                add(.missingColon, colon, "")
                if source.bytes[key.upperBound + 1] == 0x20, !entry.value.span.text.hasPrefix("|") {
                    add(.missingBlank, key.upperBound..<key.upperBound + 2, ":")
                }
            }
            if !isFirst {
                add(.indentedMore, key.lowerBound..<key.lowerBound, " ")
                if indentation > 1 { add(.indentedLess, key.lowerBound - 1..<key.lowerBound, "") }
                if indentation > 0 { add(.tab, line.lowerBound..<key.lowerBound, "\t") }
            }
            if entry.value.scalar != nil, !entry.value.span.text.hasPrefix("|") {
                let whole = source.text(in: line)
                broken.append(
                    BrokenRunbook(
                        kind: .duplicateKey, text: inserting("\n" + whole, at: line.upperBound),
                        line: source.lineNumber(at: key.lowerBound) + 1))
            }
        }
        if entry.name == "id", let id = entry.value.text {
            if let lastID { add(.duplicateStep, entry.value.span.range, lastID) }
            lastID = id
        }
    }

    private func inserting(_ text: String, at offset: Int) -> String {
        String(decoding: source.bytes[..<offset], as: UTF8.self) + text
            + String(decoding: source.bytes[offset...], as: UTF8.self)
    }

    // MARK: - Values

    private mutating func breakValue(_ entry: YAMLEntry, _ type: ValueType) {
        let value = entry.value.span.range
        guard
            source.lineNumber(at: value.lowerBound) == source.lineNumber(at: entry.key.span.range.lowerBound)
        else {
            return
        }
        let text = entry.value.text ?? ""
        if let scalar = entry.value.scalar, !scalar.style.isBlock, takesText(type) {
            add(.listForScalar, value, "[[\(entry.value.span.text)]]")
        }
        breakQuotes(entry.value)
        switch type {
        case .duration, .either([.duration, .mapping(.timeout)]):
            guard entry.value.scalar != nil else { return }
            add(.badDuration, value, text.filter(\.isNumber))
            add(.badDuration, value, text + "ec")
            add(.badDuration, value, "soon")
        case .share:
            guard entry.value.scalar != nil else { return }
            add(.badNumber, value, "0\(text)")
            add(.badNumber, value, "many")
        case .choice:
            add(.badChoice, value, swapped(text))
            add(.badChoice, value, "whatever")
        case .boolean:
            add(.badNumber, value, text == "true" ? "yes" : "no")
            add(.badNumber, value, text.uppercased())
        case .integer, .count, .oneOrMore(.integer):
            guard entry.value.scalar != nil else { return }
            add(.badNumber, value, "0\(text)")
            add(.badNumber, value, "many")
        case .list(.mapping): add(.scalarForList, value, "nothing")
        case .list:
            guard let first = entry.value.sequence?.first, first.scalar != nil else { return }
            add(.scalarForList, value, first.span.text)
        case .mapping, .table: add(.scalarForList, value, "one")
        default: break
        }
    }

    private func takesText(_ type: ValueType) -> Bool {
        switch type {
        case .text, .template, .shell, .pattern, .expression, .name, .duration, .choice, .boolean: true
        default: false
        }
    }

    private mutating func breakQuotes(_ node: YAMLNode) {
        let range = node.span.range
        guard range.count > 1,
            source.lineNumber(at: range.lowerBound) == source.lineNumber(at: range.upperBound - 1)
        else {
            return
        }
        if let scalar = node.scalar {
            if scalar.style.isQuoted { add(.unclosedQuote, range.upperBound - 1..<range.upperBound, "") }
            if scalar.style == .singleQuoted, scalar.text.contains("${{"), isInBrackets(range.lowerBound) {
                add(.unquotedExpression, range, scalar.text)
            }
        } else if [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(source.bytes[range.lowerBound]) {
            add(.unclosedBracket, range.upperBound - 1..<range.upperBound, "")
        }
    }

    private func isInBrackets(_ offset: Int) -> Bool {
        let line = source.range(ofLine: source.lineNumber(at: offset))
        return source.bytes[line.lowerBound..<offset].contains(UInt8(ascii: "{"))
    }

    private mutating func breakExpressions(_ node: YAMLNode) {
        guard let scalar = node.scalar, let start = scalar.text.firstRange(of: "${{ inputs.") else { return }
        let offset = scalar.text.utf8.distance(from: scalar.text.startIndex, to: start.upperBound)
        let name = scalar.text[start.upperBound...].prefix {
            $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_"
        }
        guard name.utf8.count > 3 else { return }
        let range = scalar.span(of: offset..<offset + name.utf8.count).range
        add(.unknownReference, range, swapped(String(name)))
        let root = scalar.span(of: offset - "inputs.".utf8.count..<offset - 1).range
        add(.unknownReference, root, "input")
    }

    /// Two letters in the middle change places, as fingers do.
    private func swapped(_ text: String) -> String {
        var letters = Array(text)
        var middle = letters.count / 2
        while middle > 0, letters[middle] == letters[middle - 1] { middle -= 1 }
        guard middle > 0 else { return text + "x" }
        letters.swapAt(middle, middle - 1)
        return String(letters)
    }
}
