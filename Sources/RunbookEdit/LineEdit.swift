import RunbookText

/// A line that must be in the file, perhaps in place of another.
struct LineEdit {
    let line: String
    let match: String?

    func apply(to text: String) throws(EditProblem) -> String {
        guard !line.isEmpty, !line.breaksLine else {
            throw EditProblem(.badEdit, "`line` takes one line that is not empty; use `block` for several")
        }
        var lines = TextLines(text)
        let isThere = lines.lines.contains { $0.reads(line) }
        guard let match else {
            if !isThere { lines.append(line) }
            return lines.text
        }
        let others = try otherMatches(match, in: lines)
        let active = others.filter { !isCommentedOut(lines.lines[$0].content) }
        if isThere {
            guard active.isEmpty else { throw contradiction(active) }
            return lines.text
        }
        let candidates = active.isEmpty ? others : active
        guard let first = candidates.first else {
            lines.append(line)
            return lines.text
        }
        let replaced = lines.lines[first].content
        guard candidates.allSatisfy({ lines.lines[$0].reads(replaced) }) else { throw ambiguity(candidates) }
        lines.lines[first].content = line
        // A second line that says the same as the one just replaced would still say it.
        for index in active.dropFirst().reversed() { lines.lines.remove(at: index) }
        return lines.text
    }

    private func otherMatches(_ pattern: String, in lines: TextLines) throws(EditProblem) -> [Int] {
        let regex = try ExtendedRegex.compiling(pattern)
        var found: [Int] = []
        for (index, candidate) in lines.lines.enumerated()
        where !candidate.reads(line) && regex.firstMatch(in: candidate.content) != nil {
            found.append(index)
        }
        return found
    }

    private func isCommentedOut(_ content: String) -> Bool {
        let first = content.utf8.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return first == UInt8(ascii: "#") || first == UInt8(ascii: ";")
    }

    private func contradiction(_ indices: [Int]) -> EditProblem {
        let (noun, verb) = indices.count == 1 ? ("line", "matches") : ("lines", "match")
        return EditProblem(
            .ambiguous,
            "the line is there, but \(noun) \(TextLines.numbers(indices)) \(verb) `\(match ?? "")` "
                + "and may contradict it: remove by hand what is wrong, or narrow the pattern")
    }

    private func ambiguity(_ indices: [Int]) -> EditProblem {
        EditProblem(
            .ambiguous,
            "lines \(TextLines.numbers(indices)) match `\(match ?? "")` and differ: "
                + "remove by hand what is wrong, or narrow the pattern")
    }
}
