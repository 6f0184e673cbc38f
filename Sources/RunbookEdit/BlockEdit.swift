/// Lines between two marker lines.
struct BlockEdit {
    let content: String
    let marker: String
    let comment: String

    private var begin: String { "\(comment) BEGIN runbook \(marker)" }
    private var end: String { "\(comment) END runbook \(marker)" }

    func apply(to text: String) throws(EditProblem) -> String {
        guard !marker.isEmpty, !marker.breaksLine, !comment.isEmpty, !comment.breaksLine else {
            throw EditProblem(.badEdit, "`marker` and `comment` of a block take one line that is not empty")
        }
        let inner = TextLines(content).lines.map(\.content)
        guard !inner.contains(where: { $0.breaksLine || isMarker($0) }) else {
            throw EditProblem(
                .badEdit, "the text of block `\(marker)` holds a marker line or a stray line end")
        }
        var lines = TextLines(text)
        guard let old = try place(in: lines) else {
            for line in [begin] + inner + [end] { lines.append(line) }
            return lines.text
        }
        let ends = lines.end
        lines.lines.replaceSubrange(old, with: inner.map { TextLines.Line(content: $0, end: ends) })
        return lines.text
    }

    private func isMarker(_ line: String) -> Bool {
        line.utf8.elementsEqual(begin.utf8) || line.utf8.elementsEqual(end.utf8)
    }

    /// The lines between the markers; nil when there is no such block.
    private func place(in lines: TextLines) throws(EditProblem) -> Range<Int>? {
        let begins = lines.lines.indices.filter { lines.lines[$0].reads(begin) }
        let ends = lines.lines.indices.filter { lines.lines[$0].reads(end) }
        if begins.isEmpty, ends.isEmpty { return nil }
        guard begins.count == 1, ends.count == 1, begins[0] < ends[0] else {
            let all = (begins + ends).sorted()
            throw EditProblem(
                .brokenBlock,
                "the marker lines of block `\(marker)` are not one pair: mend or remove them by hand "
                    + "(line \(TextLines.numbers(all)))")
        }
        return (begins[0] + 1)..<ends[0]
    }
}
