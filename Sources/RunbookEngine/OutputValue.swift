import RunbookModel
import RunbookText

extension Output {
    /// Of longer texts only the end is known, from which neither a line's number nor the first match can be told. The
    /// host sends 4 KiB at most; a character that was cut in two is left out.
    static let textLengthMax = 4096 - 4

    /// The value that a text holds: its last newline off, then the line, the pattern or the JSON member.
    func value(of text: String, _ context: UnitContext) throws(EngineProblem) -> Value {
        guard text.utf8.count < Self.textLengthMax else {
            throw EngineProblem(
                "output \(name): the command printed 4 KiB or more, of which only the end is known; "
                    + "let it print less, for instance with `grep`, `sed -n` or `jq`")
        }
        var text = text
        if text.hasSuffix("\n") { text.removeLast() }
        if let line {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.indices.contains(line - 1) else {
                throw EngineProblem("output \(name): the text has only \(lines.count) lines")
            }
            text = String(lines[line - 1])
        }
        if let regex { text = try matched(by: try context.text(regex, fit: .pattern), in: text) }
        if let json { text = try JSONText.member(json, of: text, output: name) }
        switch type {
        case .integer:
            guard let number = Int(text) else {
                throw EngineProblem("output \(name): \(visible(text)) is not a whole number")
            }
            return .integer(number)
        case .boolean: return .boolean(text == "true")
        default: return .string(text)
        }
    }

    private func matched(by pattern: String, in text: String) throws(EngineProblem) -> String {
        guard let groups = (try? ExtendedRegex(pattern))?.firstMatch(inLinesOf: text) else {
            throw EngineProblem("output \(name): no line matches \(visible(pattern))")
        }
        return (groups.count > 1 ? groups[1] : groups[0]) ?? ""
    }
}
