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
            let (content, matches) = Self.replacing(regex, in: lines.lines[index].content, with: template)
            lines.lines[index].content = content
            found += matches
        }
        if found == 0 {
            try requireReplaced(in: lines, template)
            return text
        }
        guard count == nil || count == found else { throw countDiffers(found) }
        // A second run must find the same text again, or it would go on growing.
        for line in lines.lines where !Self.replacing(regex, in: line.content, with: template).0.same(line) {
            throw EditProblem(
                .unstable,
                "what replaces `\(pattern)` matches it again, and a second run would change it once more: "
                    + "anchor the pattern")
        }
        return lines.text
    }

    /// Nothing to replace is fine only if the file says already what the replacement says.
    private func requireReplaced(in lines: TextLines, _ template: Template) throws(EditProblem) {
        let wanted = try ExtendedRegex.compiling(template.pattern)
        for line in lines.lines where wanted.matches(line.content) { return }
        if replacement.isEmpty { return }
        throw EditProblem(
            .notFound,
            "neither `\(pattern)` nor what should replace it is in the file: look at the file first")
    }

    private func countDiffers(_ found: Int) -> EditProblem {
        EditProblem(
            .countDiffers,
            "`\(pattern)` matches \(found) times, expected \(count ?? 1): narrow the pattern or mend the count"
        )
    }

    private static func replacing(
        _ regex: borrowing ExtendedRegex, in line: String, with template: Template
    ) -> (String, Int) {
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var position = 0
        var found = 0
        while position <= bytes.count, let match = regex.firstMatch(in: line, from: position) {
            result += bytes[position..<match.range.lowerBound]
            result += template.filled(from: match, bytes).utf8
            found += 1
            position = match.range.upperBound
            guard match.range.isEmpty else { continue }
            // Step over one whole character, or an empty match would be found here for ever.
            repeat {
                if position < bytes.count { result.append(bytes[position]) }
                position += 1
            } while position < bytes.count && bytes[position] & 0xC0 == 0x80
        }
        if position < bytes.count { result += bytes[position...] }
        return (String(decoding: result, as: UTF8.self), found)
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

        func filled(from match: ExtendedRegex.Match, _ line: [UInt8]) -> String {
            parts.reduce(into: "") { text, part in
                switch part {
                case .text(let literal): text += literal
                case .capture(0): text += String(decoding: line[match.range], as: UTF8.self)
                case .capture(let number): text += match.captures[number - 1] ?? ""
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

extension String {
    fileprivate func same(_ line: TextLines.Line) -> Bool { line.reads(self) }
}
