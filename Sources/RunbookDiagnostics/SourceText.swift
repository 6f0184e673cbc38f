import RunbookText

/// A text that was written by a person, under the name a person knows it by.
///
/// It keeps the bytes as they were read: they need not be UTF-8, and nothing is normalised, so an offset always
/// means the same place in the file. Lines end with LF, CR LF or CR.
package final class SourceText: Sendable {
    /// The name as it is shown, usually the path as the person typed it.
    package let name: String
    package let bytes: [UInt8]
    /// The offset of the first byte of each line. There is always at least one line.
    private let lineStarts: [Int]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        var starts = [0]
        for offset in bytes.indices where bytes[offset] <= 0x0D {
            let isPair = bytes[offset...].starts(with: [0x0D, 0x0A])
            if bytes[offset] == 0x0A || (bytes[offset] == 0x0D && !isPair) { starts.append(offset + 1) }
        }
        lineStarts = starts
    }

    package convenience init(name: String, _ text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// The number of lines; a text that ends with a line break has an empty last line.
    package var lineCount: Int { lineStarts.count }

    /// The bytes of a line, its line break not included. Lines are numbered from 1.
    package func range(ofLine number: Int) -> Range<Int> {
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    /// The number of the line that holds an offset, from 1. An offset past the end is on the last line.
    package func lineNumber(at offset: Int) -> Int {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// The offset of a line and a column, both from 0, where the column counts scalars.
    ///
    /// A place that is not there is pulled back to the end of its line, or of the text.
    package func offset(line: Int, column: Int) -> Int {
        guard line < lineStarts.count else { return bytes.count }
        let range = range(ofLine: line + 1)
        var (left, result) = (column, range.upperBound)
        forEachUTF8Part(in: bytes[range]) { _, offset in
            if left == 0 { result = range.lowerBound + offset }
            left -= 1
        }
        return result
    }

    /// The text of a range of bytes; what is not UTF-8 becomes U+FFFD.
    package func text(in range: Range<Int>) -> String {
        String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
    }

    /// A span of this text. Offsets past the end are pulled back to it.
    package func span(_ range: Range<Int>) -> SourceSpan {
        SourceSpan(source: self, range: range.clamped(to: 0..<bytes.count))
    }

    /// An empty span, drawn as one caret.
    package func span(at offset: Int) -> SourceSpan {
        let offset = max(0, min(offset, bytes.count))
        return span(offset..<offset)
    }

    /// Walks a part of the text scalar by scalar; a byte that is not UTF-8 is given as nil.
    ///
    /// The range begins and ends between two scalars; offsets are those of the text.
    package func forEachScalar(
        in range: Range<Int>, _ body: (_ scalar: Unicode.Scalar?, _ offset: Int) -> Void
    ) {
        forEachUTF8Part(in: bytes[range]) { part, offset in
            switch part {
            case .scalar(let scalar): body(scalar, range.lowerBound + offset)
            case .invalid: body(nil, range.lowerBound + offset)
            }
        }
    }

    /// Where an offset is, for people: lines and columns from 1, a column is a scalar.
    ///
    /// The end of the text is given as the place right behind its last line that is not blank, since a person
    /// looks for what is missing there and not on an empty line below.
    package func place(at offset: Int) -> SourcePlace {
        let offset = offset < bytes.count ? max(0, offset) : endOfContent
        let line = lineNumber(at: offset)
        var column = 1
        forEachUTF8Part(in: bytes[range(ofLine: line).lowerBound..<offset]) { _, _ in column += 1 }
        return SourcePlace(line: line, column: column, offset: offset)
    }

    private var endOfContent: Int {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        let last = bytes.lastIndex { !blanks.contains($0) }
        return last.map { $0 + 1 } ?? 0
    }
}

/// A place in a text: line and column from 1, the column in scalars, and the offset in bytes.
package struct SourcePlace: Sendable, Hashable {
    package let line: Int
    package let column: Int
    package let offset: Int

    package init(line: Int, column: Int, offset: Int) {
        (self.line, self.column, self.offset) = (line, column, offset)
    }
}

/// A range of bytes of one text.
package struct SourceSpan: Sendable, Hashable {
    package let source: SourceText
    package let range: Range<Int>

    /// The text of the span, as it stands in the file.
    package var text: String { source.text(in: range) }
    package var start: SourcePlace { source.place(at: range.lowerBound) }
    /// The empty span at the end of this one.
    package var end: SourceSpan { source.span(at: range.upperBound) }

    /// The span from the start of this one to the end of another of the same text.
    package func through(_ other: SourceSpan) -> SourceSpan {
        source.span(range.lowerBound..<max(range.lowerBound, other.range.upperBound))
    }

    package static func == (first: SourceSpan, second: SourceSpan) -> Bool {
        first.source === second.source && first.range == second.range
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(source))
        hasher.combine(range)
    }
}
