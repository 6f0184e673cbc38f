import RunbookText

/// Every match of a pattern replaced, line by line.
struct ReplaceEdit {
    let pattern: String
    let replacement: String
    let count: Int?

    func apply(to text: String) throws(EditProblem) -> String {
        guard !replacement.breaksLine else {
            throw EditProblem(.badEdit, "`with` takes no line ends; use `block` for several lines")
        }
        if let count, count < 1 {
            throw EditProblem(.badEdit, "`count` is how many matches are expected: 1 or more")
        }
        let regex = try ExtendedRegex.compiling(pattern)
        let template = try Template(replacement)
        var lines = TextLines(text)
        var found = 0
        for index in lines.lines.indices {
            let (content, matches) = try replacing(regex, in: lines.lines[index].content, with: template)
            lines.lines[index].content = content
            found += matches
        }
        if found == 0 {
            try requireReplaced(in: lines, template)
            return text
        }
        guard count == nil || count == found else { throw countDiffers(found) }
        for line in lines.lines {
            let (again, _) = try replacing(regex, in: line.content, with: template)
            guard line.reads(again) else { throw growth }
        }
        return lines.text
    }

    /// Nothing to replace is fine only if the file says already what the replacement says.
    private func requireReplaced(in lines: TextLines, _ template: Template) throws(EditProblem) {
        let wanted = try ExtendedRegex.compiling(template.pattern)
        if lines.lines.contains(where: { wanted.firstMatch(in: $0.content) != nil }) { return }
        if replacement.isEmpty { return }
        throw EditProblem(
            .notFound,
            "neither `\(pattern)` nor what should replace it is in the file: look at the file first")
    }

    private func countDiffers(_ found: Int) -> EditProblem {
        EditProblem(
            .countDiffers,
            "`\(pattern)` matches \(counted(found, "time")), expected \(count ?? 1): narrow the pattern or mend the count"
        )
    }

    /// A second run must find the same text again, or the file would go on growing.
    private var growth: EditProblem {
        EditProblem(
            .unstable,
            "what replaces `\(pattern)` matches it again, and a second run would change it once more: "
                + "anchor the pattern")
    }

    private func replacing(
        _ regex: ExtendedRegex, in line: String, with template: Template
    ) throws(EditProblem) -> (text: String, count: Int) {
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var position = 0
        var found = 0
        while position <= bytes.count, let ranges = regex.firstRanges(in: bytes, from: position),
            let whole = ranges[0]
        {
            result += bytes[position..<whole.lowerBound]
            result += template.filled(from: ranges, bytes)
            found += 1
            position = whole.upperBound
            guard whole.isEmpty else { continue }
            // Step over one whole character, or an empty match would be found here for ever.
            repeat {
                if position < bytes.count { result.append(bytes[position]) }
                position += 1
            } while position < bytes.count && bytes[position] & 0xC0 == 0x80
        }
        if position < bytes.count { result += bytes[position...] }
        guard let text = String(validating: result, as: UTF8.self) else {
            throw EditProblem(
                .badPattern,
                "`\(pattern)` cuts a letter in two: patterns go by bytes, so write such letters out instead of `.`"
            )
        }
        return (text, found)
    }
}

extension ReplaceEdit {
    /// A replacement text with `\0`…`\9` and `\\`.
    struct Template {
        private enum Part {
            case text(String)
            case capture(Int)
        }

        private var parts: [Part] = []

        init(_ text: String) throws(EditProblem) {
            var literal = ""
            var scalars = text.unicodeScalars.makeIterator()
            while let scalar = scalars.next() {
                guard scalar == "\\" else {
                    literal.unicodeScalars.append(scalar)
                    continue
                }
                switch scalars.next() {
                case "\\": literal += "\\"
                case let digit? where ("0"..."9").contains(digit):
                    parts += [.text(literal), .capture(Int(digit.value) - 48)]
                    literal = ""
                default:
                    throw EditProblem(
                        .badEdit, "in `with` a backslash stands before a digit or a backslash: write `\\\\`")
                }
            }
            parts.append(.text(literal))
        }

        func filled(from ranges: [Range<Int>?], _ line: [UInt8]) -> [UInt8] {
            parts.reduce(into: []) { bytes, part in
                switch part {
                case .text(let literal): bytes += literal.utf8
                case .capture(let number):
                    guard number < ranges.count, let range = ranges[number] else { return }
                    bytes += line[range]
                }
            }
        }

        /// What a line looks like in which the replacement was made.
        var pattern: String {
            parts.reduce(into: "") { pattern, part in
                switch part {
                case .text(let literal): pattern += ExtendedRegex.escaping(literal)
                case .capture: pattern += ".*"
                }
            }
        }
    }
}
