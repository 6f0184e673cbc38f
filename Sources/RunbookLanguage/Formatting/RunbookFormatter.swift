package import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// What became of a text that was to be formatted.
package enum FormatResult: Sendable, Equatable {
    case formatted(String)
    /// Why it is left as it is.
    case refused(String)
}

/// Formats a runbook: two blanks a level, one after a colon, a comma and a dash, `{ a: b }` and `[a, b]`, no blanks
/// at the ends of lines, one empty line at most. Order, quotes, comments and every text stay.
///
/// - Parameter files: reads the runbooks that steps use, as for `loadRunbook`; they are not formatted.
/// - Returns: nil when the runbook has errors, which come with it. What is given back loads as the same runbook.
package func formatRunbook(
    _ source: SourceText, files: UsedFiles? = nil
) -> (FormatResult?, [Diagnostic]) {
    let (runbook, found) = loadRunbook(source, files: files)
    guard let runbook, let root = parseYAML(source).0 else { return (nil, found) }
    var formatter = SourceFormatter(source)
    formatter.format(root)
    guard let text = formatter.text else {
        return (
            .refused("a `-` stands on a line of its own before a comment: put its content beside it"), found
        )
    }
    let after = SourceText(name: source.name, text)
    guard let again = loadRunbook(after, files: files).0, again.withoutLines == runbook.withoutLines,
        let newRoot = parseYAML(after).0, newRoot.hasSameContent(as: root)
    else {
        return (.refused("formatting would change what the runbook says; please report this file"), found)
    }
    return (.formatted(text), found)
}

extension Runbook {
    /// Without the numbers of lines.
    fileprivate var withoutLines: Runbook {
        var copy = self
        for index in copy.steps.indices {
            copy.steps[index].line = 0
            for inner in copy.steps[index].steps.indices { copy.steps[index].steps[inner].line = 0 }
        }
        return copy
    }
}

extension YAMLNode {
    /// Whether two trees hold the same texts in the same order.
    fileprivate func hasSameContent(as other: YAMLNode) -> Bool {
        switch (kind, other.kind) {
        case (.scalar(let first), .scalar(let second)):
            first.style == second.style && first.text.utf8.elementsEqual(second.text.utf8)
        case (.sequence(let first), .sequence(let second)):
            first.count == second.count && zip(first, second).allSatisfy { $0.hasSameContent(as: $1) }
        case (.mapping(let first), .mapping(let second)):
            first.count == second.count
                && zip(first, second).allSatisfy {
                    $0.key.hasSameContent(as: $1.key) && $0.value.hasSameContent(as: $1.value)
                }
        default: false
        }
    }
}
