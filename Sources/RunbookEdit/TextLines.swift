import RunbookText

/// A text as lines, each with the line end it has; put together again it is the same text.
struct TextLines {
    struct Line {
        var content: String
        /// `\n`, `\r\n`, or empty at the end of a text whose last line is not ended.
        var end: String

        /// Swift compares by canonical equivalence; a file is compared by its bytes.
        func reads(_ text: String) -> Bool { content.utf8.elementsEqual(text.utf8) }
    }

    var lines: [Line] = []
    /// What the first line ends with, so that a new line ends the same way.
    let end: String

    init(_ text: String) {
        let bytes = text.utf8
        var start = bytes.startIndex
        while start < bytes.endIndex {
            guard let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                lines.append(Line(content: String(text[start...]), end: ""))
                break
            }
            var stop = feed
            if stop > start, bytes[bytes.index(before: stop)] == UInt8(ascii: "\r") {
                stop = bytes.index(before: stop)
            }
            let next = bytes.index(after: feed)
            lines.append(
                Line(
                    content: String(decoding: bytes[start..<stop], as: UTF8.self),
                    end: String(decoding: bytes[stop..<next], as: UTF8.self)))
            start = next
        }
        end = lines.first.map { $0.end.isEmpty ? "\n" : $0.end } ?? "\n"
    }

    var text: String { lines.reduce(into: "") { $0 += $1.content + $1.end } }

    /// Adds a line after the last one, which is ended first where it was not.
    mutating func append(_ content: String) {
        if let last = lines.indices.last, lines[last].end.isEmpty { lines[last].end = end }
        lines.append(Line(content: content, end: end))
    }

    /// The line numbers (from 1) of the given places, as a person reads them: `2, 5 and 7`.
    static func numbers(_ indices: [Int]) -> String { englishList(indices.map { String($0 + 1) }, "and") }
}

extension String {
    /// True when the text would be more than one line, or end one.
    var breaksLine: Bool { utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") || $0 == 0 } }
}
