import RunbookDiagnostics

/// A line that is not YAML, read as the person who wrote it probably meant it: `- key: value`.
///
/// Serves only to word a problem; nothing of it reaches the tree.
struct LineShape {
    let source: SourceText
    /// The bytes of the line.
    let range: Range<Int>
    /// From the first character that is neither a blank nor the `- ` of a list.
    let content: Range<Int>
    /// True when a `- ` stands before the content.
    let isItem: Bool
    /// The key, where there is a `: ` or a `:` at the end.
    let key: Range<Int>?
    /// What follows the colon, without blanks and comment around it; the whole content when there is no key.
    let value: Range<Int>

    init(of source: SourceText, at offset: Int) {
        self.source = source
        let bytes = source.bytes
        let range = source.range(ofLine: source.lineNumber(at: offset))
        self.range = range
        var start = range.lowerBound
        var isItem = false
        while start < range.upperBound {
            if isBlank(bytes[start]) {
                start += 1
            } else if bytes[start] == UInt8(ascii: "-"), start + 1 < range.upperBound,
                isBlank(bytes[start + 1])
            {
                isItem = true
                start += 2
            } else {
                break
            }
        }
        self.isItem = isItem
        let content = start..<Self.trimmedEnd(of: start..<range.upperBound, in: bytes)
        self.content = content
        let colon = Self.colon(in: content, of: bytes)
        key = colon.map { content.lowerBound..<$0 }
        var valueStart = colon.map { $0 + 1 } ?? content.lowerBound
        while valueStart < content.upperBound, isBlank(bytes[valueStart]) { valueStart += 1 }
        value = min(valueStart, content.upperBound)..<content.upperBound
    }

    /// The offset of the colon behind the key, when it is one.
    var colon: Int? { key?.upperBound }

    /// True when the "key" is no key but the first words of a text: `- echo Key: value`.
    var keyIsText: Bool {
        guard let key else { return false }
        return source.bytes[key].contains(where: isBlank)
    }

    /// The first colon outside quotes that is followed by a blank or by the end.
    static func colon(in range: Range<Int>, of bytes: [UInt8]) -> Int? {
        var offset = range.lowerBound
        if offset < range.upperBound, isQuote(bytes[offset]) {
            let quote = bytes[offset]
            offset = bytes[(offset + 1)..<range.upperBound].firstIndex(of: quote).map { $0 + 1 } ?? offset
        }
        while offset < range.upperBound {
            let isLast = offset + 1 == range.upperBound
            if bytes[offset] == UInt8(ascii: ":"), isLast || isBlank(bytes[offset + 1]) { return offset }
            offset += 1
        }
        return nil
    }

    /// Where a text ends, without blanks and without a comment (a `#` behind a blank, outside quotes).
    static func trimmedEnd(of range: Range<Int>, in bytes: [UInt8]) -> Int {
        var quote: UInt8?
        var end = range.upperBound
        for offset in range {
            let byte = bytes[offset]
            if quote == byte {
                quote = nil
            } else if quote == nil, isQuote(byte) {
                quote = byte
            } else if quote == nil, byte == UInt8(ascii: "#"), offset > range.lowerBound,
                isBlank(bytes[offset - 1])
            {
                end = offset
                break
            }
        }
        while end > range.lowerBound, isBlank(bytes[end - 1]) { end -= 1 }
        return end
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
private func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") }
