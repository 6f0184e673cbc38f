import RunbookText

/// Draws diagnostics for people: the lines of the text with marks under them.
///
/// Columns are those of a terminal: wide characters take two, combining ones none, a tab four. Control characters
/// of the text are drawn escaped. Every picture ends with a newline.
package struct DiagnosticRenderer: Sendable {
    private let decorator: DiagnosticDecorator
    private let explainCommand: String?

    /// - Parameters:
    ///   - decorator: the look of the parts; plain unless told otherwise.
    ///   - explainCommand: the command that explains an id, such as `runbook explain`; nil names none.
    package init(decorator: DiagnosticDecorator = .plain, explainCommand: String? = nil) {
        self.decorator = decorator
        self.explainCommand = explainCommand
    }

    /// Draws the first `Diagnostics.shownMax` problems by place, and says how many more there are.
    package func render(_ diagnostics: Diagnostics) -> String {
        let sorted = diagnostics.sorted
        var pictures = sorted.prefix(Diagnostics.shownMax).map(render)
        let left = sorted.count - pictures.count
        if left > 0 { pictures.append("and \(counted(left, "more problem"))\n") }
        return pictures.joined(separator: "\n")
    }

    /// Draws one problem.
    package func render(_ diagnostic: Diagnostic) -> String {
        let numbers = ([diagnostic.primary] + diagnostic.secondary).map(\.span.start.line)
        let gutter = Gutter(width: String(numbers.max() ?? 1).count, decorator: decorator)
        var lines = [heading(of: diagnostic)]
        lines += picture(of: diagnostic.primary.span.source, labels(of: diagnostic), gutter, arrow: "-->")
        for (source, group) in foreignLabels(of: diagnostic) {
            lines += picture(of: source, group, gutter, arrow: ":::")
        }
        if !diagnostic.hints.isEmpty || explainCommand != nil { lines.append(gutter.bar()) }
        for hint in diagnostic.hints { lines += drawn(hint, gutter) }
        if let explainCommand {
            lines.append(gutter.remark("more", "\(explainCommand) \(diagnostic.id)"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private struct Mark {
        let label: Diagnostic.Label
        let isPrimary: Bool
        var start: SourcePlace { label.span.start }
    }

    private func heading(of diagnostic: Diagnostic) -> String {
        let role: DiagnosticDecorator.Role =
            switch diagnostic.severity {
            case .error: .errorHeading
            case .warning: .warningHeading
            case .note: .noteHeading
            }
        return decorator(role, "\(diagnostic.severity.rawValue)[\(diagnostic.id)]")
            + decorator(.headline, ": " + visible(diagnostic.headline))
    }

    /// The labels in the text of the primary one.
    private func labels(of diagnostic: Diagnostic) -> [Mark] {
        let source = diagnostic.primary.span.source
        return [Mark(label: diagnostic.primary, isPrimary: true)]
            + diagnostic.secondary.filter { $0.span.source === source }.map {
                Mark(label: $0, isPrimary: false)
            }
    }

    /// The labels in other texts, by text.
    private func foreignLabels(of diagnostic: Diagnostic) -> [(SourceText, [Mark])] {
        var groups: [(SourceText, [Mark])] = []
        for label in diagnostic.secondary where label.span.source !== diagnostic.primary.span.source {
            let mark = Mark(label: label, isPrimary: false)
            if let known = groups.firstIndex(where: { $0.0 === label.span.source }) {
                groups[known].1.append(mark)
            } else {
                groups.append((label.span.source, [mark]))
            }
        }
        return groups
    }

    private func picture(of source: SourceText, _ marks: [Mark], _ gutter: Gutter, arrow: String) -> [String]
    {
        let place = marks[0].start
        var lines = [
            gutter.arrow(arrow, "\(visible(source.name)):\(place.line):\(place.column)"), gutter.bar(),
        ]
        let byLine = Dictionary(grouping: marks, by: \.start.line)
        var previous: Int?
        for line in byLine.keys.sorted() {
            if let previous, line == previous + 2 {
                let between = SourceExcerpt(of: source, line: previous + 1, focus: 0)
                lines.append(gutter.line(previous + 1, between.text))
            } else if let previous, line > previous + 2 {
                lines.append(gutter.gap())
            }
            previous = line
            lines += drawn(line, of: source, byLine[line] ?? [], gutter)
        }
        return lines
    }

    private func drawn(_ line: Int, of source: SourceText, _ marks: [Mark], _ gutter: Gutter) -> [String] {
        let focus = (marks.first { $0.isPrimary } ?? marks[0]).start.offset
        let excerpt = SourceExcerpt(of: source, line: line, focus: focus)
        var lines = [gutter.line(line, excerpt.text)]
        for mark in marks.sorted(by: { $0.start.offset < $1.start.offset }) {
            let range = mark.start.offset..<max(mark.start.offset, mark.label.span.range.upperBound)
            let columns = excerpt.marks(for: range.clamped(to: 0..<source.range(ofLine: line).upperBound))
            let stroke = String(repeating: mark.isPrimary ? "^" : "-", count: columns.count)
            let text = mark.label.text.isEmpty ? "" : " " + visible(mark.label.text)
            lines.append(
                gutter.bar() + String(repeating: " ", count: columns.lowerBound + 1)
                    + decorator(mark.isPrimary ? .primaryMark : .secondaryMark, stroke + text))
        }
        return lines
    }

    private func drawn(_ hint: Diagnostic.Hint, _ gutter: Gutter) -> [String] {
        let texts = hint.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            visible(String($0))
        }
        var lines = [gutter.remark("hint", texts[0])] + texts.dropFirst().map(gutter.continuation)
        guard let replacement = hint.replacement else { return lines }
        let source = replacement.span.source
        let range = replacement.span.range
        let first = source.lineNumber(at: range.lowerBound)
        let last = source.lineNumber(at: range.upperBound)
        let before = source.text(in: source.range(ofLine: first).lowerBound..<range.lowerBound)
        let after = source.text(
            in: range.upperBound..<max(range.upperBound, source.range(ofLine: last).upperBound))
        let mended = (before + replacement.text + after).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, text) in mended.prefix(Self.mendedLinesMax).enumerated() {
            let shown = expandingTabs(visible(String(text), keeping: .tab))
            lines.append(gutter.mended(first + index, truncated(shown, to: SourceExcerpt.widthMax)))
        }
        return lines
    }

    /// Most lines shown of a mended text.
    private static let mendedLinesMax = 5
}

/// The left border of a picture.
private struct Gutter {
    /// Columns of the largest line number.
    let width: Int
    let decorator: DiagnosticDecorator

    private var blanks: String { String(repeating: " ", count: width) }

    func bar() -> String { blanks + decorator(.gutter, " |") }
    func gap() -> String { decorator(.gutter, "...") }
    func arrow(_ arrow: String, _ place: String) -> String {
        blanks + decorator(.gutter, arrow) + " " + place
    }

    func line(_ number: Int, _ text: String) -> String {
        decorator(.gutter, padded("\(number)", to: width, on: .left) + " |")
            + (text.isEmpty ? "" : " " + text)
    }

    func mended(_ number: Int, _ text: String) -> String {
        decorator(.gutter, padded("\(number)", to: width, on: .left) + " ~")
            + (text.isEmpty ? "" : " " + text)
    }

    func remark(_ kind: String, _ text: String) -> String {
        blanks + decorator(.gutter, " = ") + decorator(.hint, kind + ":") + " " + text
    }

    func continuation(_ text: String) -> String { blanks + String(repeating: " ", count: 9) + text }
}
