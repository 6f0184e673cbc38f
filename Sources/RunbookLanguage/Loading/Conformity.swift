import RunbookDiagnostics
import RunbookText
import RunbookYAML

/// Checks values by their type in the schema: the shape and the scalars. What a mapping holds is checked where it
/// is read.
struct Conformity {
    let problems: Problems

    /// Whether the value of an entry has the type. What is wrong is reported.
    func check(_ entry: YAMLEntry, _ type: ValueType) -> Bool {
        if entry.value.isMissing {
            problems.add(
                .error("value-missing", "`\(entry.name)` has no value", at: entry.key.span)
                    .hint("give \(type.words), or leave the key out"))
            return false
        }
        return check(entry.value, type, of: "`\(entry.name)`")
    }

    private func check(_ node: YAMLNode, _ type: ValueType, of name: String) -> Bool {
        switch type {
        case .text, .template, .shell, .pattern, .expression, .name, .integer, .count, .boolean, .duration,
            .share, .choice, .value:
            guard let scalar = node.scalar else { return wrongShape(node, type, of: name) }
            guard !node.isMissing else { return wrongShape(node, type, of: name) }
            return checkScalar(scalar, type, of: name)
        case .list(let element):
            guard let items = node.sequence else { return wrongShape(node, type, of: name) }
            return checkItems(items, element, of: name)
        case .oneOrMore(let element):
            guard let items = node.sequence else { return check(node, element, of: name) }
            guard !items.isEmpty else {
                problems.add(
                    .error("empty-list", "\(name) is an empty list", at: node.span)
                        .hint("give \(type.words), or leave the key out"))
                return false
            }
            return checkItems(items, element, of: name)
        case .mapping:
            guard node.mapping != nil else { return wrongShape(node, type, of: name) }
            return true
        case .table(let element):
            guard let entries = node.mapping else { return wrongShape(node, type, of: name) }
            var isRight = true
            for entry in entries where !check(entry, element) { isRight = false }
            return isRight
        case .emptyMapping:
            guard node.mapping?.isEmpty == true else { return wrongShape(node, type, of: name) }
            return true
        case .either(let types):
            guard let fitting = types.first(where: { hasShape(node, $0) }) else {
                return wrongShape(node, type, of: name)
            }
            return check(node, fitting, of: name)
        }
    }

    private func checkItems(_ items: [YAMLNode], _ element: ValueType, of name: String) -> Bool {
        var isRight = true
        for item in items where !check(item, element, of: "an element of \(name)") { isRight = false }
        return isRight
    }

    private func hasShape(_ node: YAMLNode, _ type: ValueType) -> Bool {
        switch type {
        case .list: node.sequence != nil
        case .mapping(.noProof):
            node.mapping?.isEmpty == false && node.mapping?.allSatisfy { $0.name == "none" } == true
        case .mapping, .table: node.mapping != nil
        case .emptyMapping: node.mapping?.isEmpty == true
        case .oneOrMore(let element): node.sequence != nil || hasShape(node, element)
        case .either(let types): types.contains { hasShape(node, $0) }
        default: node.scalar != nil && !node.isMissing
        }
    }

    private func wrongShape(_ node: YAMLNode, _ type: ValueType, of name: String) -> Bool {
        var problem = Diagnostic.error(
            "wrong-type", "\(name) wants \(type.words), not \(node.kindInWords)", at: firstLine(of: node))
        if case .list(let element) = type, hasShape(node, element), node.scalar?.style == .plain {
            problem = problem.hint(
                "write a list", replacing: node.span, with: "[\(node.span.text)]")
        }
        problems.add(problem)
        return false
    }

    /// The first line of a node: a long list would be marked whole.
    private func firstLine(of node: YAMLNode) -> SourceSpan {
        let span = node.span
        let line = span.source.range(ofLine: span.start.line)
        return span.source.span(
            span.range.lowerBound..<max(span.range.lowerBound, min(span.range.upperBound, line.upperBound)))
    }

    private func checkScalar(_ scalar: YAMLScalar, _ type: ValueType, of name: String) -> Bool {
        let problem: Diagnostic?
        switch type {
        case .text: problem = ScalarCheck.text(scalar, name)
        case .name: problem = ScalarCheck.name(scalar, name)
        case .integer(let range): problem = ScalarCheck.integer(scalar, range, name)
        case .count(let range): problem = ScalarCheck.count(scalar, range, name)
        case .boolean: problem = ScalarCheck.boolean(scalar, name)
        case .duration: problem = ScalarCheck.duration(scalar, name)
        case .share: problem = ScalarCheck.share(scalar, name)
        case .choice(let words): problem = ScalarCheck.choice(scalar, words, name)
        default: problem = nil
        }
        guard let problem else { return true }
        problems.add(problem)
        return false
    }
}
