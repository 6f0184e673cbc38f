import RunbookDiagnostics
import RunbookYAML

/// Works on the lines of a text, led by its tree: what is no layout is never touched.
struct SourceFormatter {
    /// What is to become of one line. Lines are numbered from 1; index 0 is not used.
    private struct Line {
        /// The new number of blanks at its start.
        var indentation: Int?
        /// Part of a text of several lines: moved as a whole, never cut.
        var isInside = false
        /// By how much a line inside moves.
        var shift = 0
        /// A line inside of blanks only that are no content.
        var isEmptied = false
    }

    private struct Edit {
        var range: Range<Int>
        var text: String
    }

    private let source: SourceText
    private let bytes: [UInt8]
    private var lines: [Line]
    private var edits: [Edit] = []
    private var isPossible = true

    private static let step = 2

    init(_ source: SourceText) {
        self.source = source
        bytes = source.bytes
        lines = Array(repeating: Line(), count: source.lineCount + 1)
    }

    mutating func format(_ root: YAMLNode) {
        walk(root, column: 0)
        placeComments()
    }

    // MARK: - The tree

    /// Lays out a collection whose keys or dashes begin in `column`.
    private mutating func walk(_ node: YAMLNode, column: Int) {
        switch node.kind {
        case .scalar: break
        case .mapping(let entries):
            for entry in entries {
                beginLine(at: entry.key.span.range.lowerBound, column)
                let colon = colonOffset(after: entry.key)
                lay(entry.value, after: colon, parent: column)
            }
        case .sequence(let items):
            for item in items {
                guard let dash = dashOffset(before: item) else {
                    isPossible = false
                    return
                }
                beginLine(at: dash, column)
                lay(item, after: dash, parent: column)
            }
        }
    }

    /// Lays out a value behind its colon or dash.
    private mutating func lay(_ node: YAMLNode, after mark: Int, parent: Int) {
        let start = node.span.range.lowerBound
        let isOnLine = source.lineNumber(at: start) == source.lineNumber(at: mark)
        if node.isMissing, node.span.range.isEmpty { return }
        if isOnLine, mark + 1 < start, bytes[mark + 1..<start].allSatisfy(isBlank) {
            edits.append(Edit(range: mark + 1..<start, text: " "))
        }
        if isFlow(node) || node.scalar != nil {
            if !isOnLine { beginLine(at: start, parent + Self.step) }
            if let scalar = node.scalar {
                moveRest(of: scalar, parent: parent)
            } else {
                layFlow(node)
            }
        } else {
            walk(node, column: parent + Self.step)
        }
    }

    private func isFlow(_ node: YAMLNode) -> Bool {
        guard node.scalar == nil, node.span.range.lowerBound < bytes.count else { return false }
        return [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(bytes[node.span.range.lowerBound])
    }

    private mutating func layFlow(_ node: YAMLNode) {
        let numbers = lineNumbers(of: node.span)
        guard numbers.count > 1 else {
            edits.append(Edit(range: node.span.range, text: written(node)))
            return
        }
        let shift = shift(of: numbers.lowerBound)
        for number in numbers.dropFirst() {
            lines[number].isInside = true
            lines[number].shift = shift
        }
    }

    /// `{ a: b }` and `[a, b]`, as deep as it goes.
    private func written(_ node: YAMLNode) -> String {
        guard isFlow(node) else { return node.span.text }
        switch node.kind {
        case .scalar: return node.span.text
        case .sequence(let items): return "[\(items.map(written).joined(separator: ", "))]"
        case .mapping(let entries):
            guard !entries.isEmpty else { return "{}" }
            return
                "{ \(entries.map { "\($0.key.span.text): \(written($0.value))" }.joined(separator: ", ")) }"
        }
    }

    /// The lines of a text behind its first.
    private mutating func moveRest(of scalar: YAMLScalar, parent: Int) {
        var numbers = lineNumbers(of: scalar.span)
        if scalar.style.isBlock { numbers = content(of: scalar, numbers) }
        guard numbers.count > 1 else { return }
        let header = source.text(
            in: scalar.span.range.lowerBound..<source.range(ofLine: numbers.lowerBound).upperBound)
        let hasIndicator = scalar.style.isBlock && header.prefix(3).contains { $0.isNumber }
        var move = shift(of: numbers.lowerBound)
        var old = 0
        if scalar.style.isBlock, !hasIndicator {
            old = numbers.dropFirst().map { indentation(of: $0) }.first { $0 != nil }.flatMap { $0 } ?? 0
            move = parent + Self.step - old
        }
        for number in numbers.dropFirst() {
            lines[number].isInside = true
            lines[number].shift = move
            lines[number].isEmptied =
                !hasIndicator && indentation(of: number) == nil
                && source.range(ofLine: number).count <= old
        }
    }

    /// The lines of a block text; those behind it are empty and none of it, unless `+` keeps them.
    private func content(of scalar: YAMLScalar, _ numbers: ClosedRange<Int>) -> ClosedRange<Int> {
        let header = source.text(
            in: scalar.span.range.lowerBound..<source.range(ofLine: numbers.lowerBound).upperBound)
        guard !header.prefix(3).contains("+") else { return numbers }
        let last = numbers.last { indentation(of: $0) != nil } ?? numbers.lowerBound
        return numbers.lowerBound...last
    }

    // MARK: - Places

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private func lineNumbers(of span: SourceSpan) -> ClosedRange<Int> {
        let first = source.lineNumber(at: span.range.lowerBound)
        return
            first...max(first, source.lineNumber(at: max(span.range.lowerBound, span.range.upperBound - 1)))
    }

    /// The blanks at the start of a line; nil when there is nothing else.
    private func indentation(of number: Int) -> Int? {
        let range = source.range(ofLine: number)
        return bytes[range].firstIndex { !isBlank($0) }.map { $0 - range.lowerBound }
    }

    private func shift(of number: Int) -> Int {
        (lines[number].indentation ?? indentation(of: number) ?? 0) - (indentation(of: number) ?? 0)
    }

    /// Gives a line its column, when it begins with what stands at the offset.
    private mutating func beginLine(at offset: Int, _ column: Int) {
        let number = source.lineNumber(at: offset)
        let start = source.range(ofLine: number).lowerBound
        guard bytes[start..<offset].allSatisfy(isBlank) else { return }
        lines[number].indentation = column
    }

    private func colonOffset(after key: YAMLNode) -> Int {
        var offset = key.span.range.upperBound
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ":") { offset += 1 }
        return offset
    }

    private func dashOffset(before item: YAMLNode) -> Int? {
        var offset = item.span.range.lowerBound - 1
        while offset >= 0, isBlank(bytes[offset]) || bytes[offset] == 0x0A || bytes[offset] == 0x0D {
            offset -= 1
        }
        return offset >= 0 && bytes[offset] == UInt8(ascii: "-") ? offset : nil
    }

    // MARK: - Comments

    /// A comment goes with the line that it stands above; one that stands in the column of the line above it, with
    /// that.
    private mutating func placeComments() {
        var next: Int?
        for number in stride(from: source.lineCount, through: 1, by: -1) where !lines[number].isInside {
            guard let column = indentation(of: number) else { continue }
            let start = source.range(ofLine: number).lowerBound + column
            guard bytes[start] == UInt8(ascii: "#") else {
                next = number
                continue
            }
            lines[number].indentation = commentColumn(number, column, next)
        }
    }

    private func commentColumn(_ number: Int, _ column: Int, _ next: Int?) -> Int {
        let nextColumn = next.flatMap { indentation(of: $0) } ?? 0
        // Deeper than what follows: it ends the lines above it that begin in its column.
        let above = stride(from: number - 1, through: 1, by: -1).first { candidate in
            guard !lines[candidate].isInside, !isComment(candidate) else { return false }
            return indentation(of: candidate).map { $0 <= column } ?? false
        }
        if column > nextColumn, let above { return max(0, column + shift(of: above)) }
        guard let next else { return 0 }
        return nextColumn + shift(of: next)
    }

    private func isComment(_ number: Int) -> Bool {
        guard let column = indentation(of: number) else { return false }
        return bytes[source.range(ofLine: number).lowerBound + column] == UInt8(ascii: "#")
    }

    // MARK: - The new text

    /// nil when the layout is none that is known.
    var text: String? {
        guard isPossible else { return nil }
        let sorted = edits.sorted { $0.range.lowerBound < $1.range.lowerBound }
        var next = 0
        var result: [String] = []
        var emptyCount = 0
        for number in 1...source.lineCount {
            let line = line(number, sorted, &next)
            guard line.isEmpty, !lines[number].isInside else {
                if emptyCount > 0, !result.isEmpty { result.append("") }
                emptyCount = 0
                result.append(line)
                continue
            }
            emptyCount += 1
        }
        return result.joined(separator: "\n") + "\n"
    }

    private func line(_ number: Int, _ edits: [Edit], _ next: inout Int) -> String {
        let range = source.range(ofLine: number)
        let blanks = bytes[range].prefix(while: isBlank).count
        if lines[number].isInside {
            return inside(number, range, blanks) + behindInside(number, range, edits, &next)
        }
        var text = String(
            repeating: " ", count: blanks == range.count ? 0 : lines[number].indentation ?? blanks)
        text += edited(range.lowerBound + blanks..<range.upperBound, edits, &next)
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    private func inside(_ number: Int, _ range: Range<Int>, _ blanks: Int) -> String {
        if lines[number].isEmptied { return "" }
        let shift = lines[number].shift
        // Fewer blanks than the text's own indentation are no content.
        let kept = max(0, min(blanks, blanks + shift))
        let added = shift > 0 && blanks < range.count ? shift : 0
        let start = String(repeating: " ", count: shift > 0 ? blanks + added : kept)
        return start + source.text(in: range.lowerBound + blanks..<range.upperBound)
    }

    /// Edits never lie inside; those that are passed over are none of this line.
    private func behindInside(_ number: Int, _ range: Range<Int>, _ edits: [Edit], _ next: inout Int)
        -> String
    {
        while next < edits.count, edits[next].range.lowerBound < range.upperBound { next += 1 }
        return ""
    }

    private func edited(_ range: Range<Int>, _ edits: [Edit], _ next: inout Int) -> String {
        var text = ""
        var position = range.lowerBound
        while next < edits.count, edits[next].range.lowerBound < range.upperBound {
            let edit = edits[next]
            text += source.text(in: position..<max(position, edit.range.lowerBound)) + edit.text
            position = edit.range.upperBound
            next += 1
        }
        return text + source.text(in: min(position, range.upperBound)..<range.upperBound)
    }
}
