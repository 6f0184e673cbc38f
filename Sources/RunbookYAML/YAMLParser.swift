package import RunbookDiagnostics

/// Reads exactly one YAML document.
///
/// Without an error among the diagnostics the tree is there and keeps every rule of the project: no anchors,
/// aliases, tags or merge keys, no key twice, keys are texts, and the limits of `YAMLLimits` hold. A tree may come
/// together with errors; then it serves only to look for further problems. Without a tree there is an error.
package func parseYAML(
    _ source: SourceText, limits: YAMLLimits = .standard
) -> (YAMLNode?, [Diagnostic]) {
    let problems = TextCheck.problems(in: source, limits: limits)
    guard problems.isEmpty else { return (nil, problems) }
    return YAMLParser.parse(source, limits: limits)
}

/// Builds the tree from events.
struct YAMLParser: ~Copyable {
    /// Parsing cannot go on.
    private struct Halt: Error {
        let diagnostic: Diagnostic
    }

    /// Most problems collected: with so many the file is no runbook at all.
    private static let problemsMax = 200

    private let source: SourceText
    private let limits: YAMLLimits
    private let marks: MarkTable
    private var reader: LibYAMLReader
    private var found: [Diagnostic] = []
    private var nodeCount = 0
    /// The last scalar that was read: a slip with quotes shows itself only behind it.
    private var lastScalar: YAMLScalar?

    static func parse(_ source: SourceText, limits: YAMLLimits) -> (YAMLNode?, [Diagnostic]) {
        let start = TextCheck.start(of: source.bytes)
        do throws(YAMLProblem) {
            let reader = try LibYAMLReader(utf8: source.bytes[start...])
            let marks = MarkTable(source.bytes, from: start)
            var parser = YAMLParser(source: source, limits: limits, marks: marks, reader: reader)
            return parser.document()
        } catch {
            return (nil, [.error("out-of-memory", "there is not enough memory", at: source.span(at: 0))])
        }
    }

    private init(
        source: SourceText, limits: YAMLLimits, marks: MarkTable, reader: consuming LibYAMLReader
    ) {
        self.source = source
        self.limits = limits
        self.marks = marks
        self.reader = reader
    }

    private mutating func document() -> (YAMLNode?, [Diagnostic]) {
        do throws(Halt) {
            let root = try onlyDocument()
            return (root, found)
        } catch {
            return (nil, found + [error.diagnostic])
        }
    }

    private mutating func onlyDocument() throws(Halt) -> YAMLNode {
        var root: YAMLNode?
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd:
                guard let root, root.scalar == nil || !root.isMissing else { throw empty() }
                return root
            case .documentStart(let hasDirectives):
                if root != nil { throw Halt(diagnostic: secondDocument(at: event)) }
                if hasDirectives { found.append(directive(at: event)) }
            case .streamStart, .documentEnd:
                continue
            default:
                root = try node(event, depth: 1)
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(Halt) -> YAMLNode {
        nodeCount += 1
        guard nodeCount <= limits.nodes else {
            throw Halt(
                diagnostic: .error(
                    "too-many-nodes", "the file has more than \(limits.nodes) values", at: span(of: event)
                ).hint("split it into several runbooks"))
        }
        guard depth <= limits.depth else {
            throw Halt(
                diagnostic: .error(
                    "nested-too-deep",
                    "lists and mappings stand more than \(limits.depth) deep in one another",
                    at: source.span(at: offset(event.startMark)), "too deep from here"
                ).hint("a bracket or a brace may be written too often"))
        }
        found += Strictness.properties(of: event, span: span(of: event))
        if found.count > Self.problemsMax, let last = found.popLast() { throw Halt(diagnostic: last) }
        switch event.kind {
        case .alias(let name):
            found.append(Strictness.alias(name, span: span(of: event)))
            return YAMLNode(
                kind: .scalar(scalar(Array("*\(name)".utf8), .plain, event)), span: span(of: event))
        case .sequenceStart(let isFlow):
            return try sequence(event, isFlow: isFlow, depth: depth)
        case .mappingStart(let isFlow):
            return try mapping(event, isFlow: isFlow, depth: depth)
        case .scalar(let value, let style):
            let scalar = scalar(value, style, event)
            lastScalar = scalar
            guard value.count <= limits.scalarSizeInBytes else {
                throw Halt(diagnostic: tooLong(scalar))
            }
            if value.contains(0) { found.append(Strictness.nul(scalar)) }
            return YAMLNode(kind: .scalar(scalar), span: scalar.span)
        default:
            preconditionFailure("libyaml gave an event that begins no node where a node begins")
        }
    }

    private mutating func sequence(_ start: YAMLEvent, isFlow: Bool, depth: Int) throws(Halt) -> YAMLNode {
        var items: [YAMLNode] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind {
                let span = span(from: start, to: event, isFlow: isFlow, last: items.last)
                return YAMLNode(kind: .sequence(items), span: span)
            }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(_ start: YAMLEvent, isFlow: Bool, depth: Int) throws(Halt) -> YAMLNode {
        var entries: [YAMLEntry] = []
        while true {
            let event = try next()
            if case .mappingEnd = event.kind {
                let span = span(from: start, to: event, isFlow: isFlow, last: entries.last?.value)
                found += Strictness.entries(entries, isFlow: isFlow)
                return YAMLNode(kind: .mapping(entries), span: span)
            }
            let foundBefore = found.count
            let key = try node(event, depth: depth + 1)
            if key.scalar == nil {
                // What is wrong inside such a key follows from its being there.
                found.removeSubrange(foundBefore...)
                found.append(Strictness.complexKey(key))
            }
            let value = try node(next(), depth: depth + 1)
            if key.scalar != nil { entries.append(YAMLEntry(key: key, value: value)) }
        }
    }

    private mutating func next() throws(Halt) -> YAMLEvent {
        do throws(YAMLProblem) {
            return try reader.next()
        } catch {
            let problem = SyntaxProblem(
                source: source, problem: error.problem, offset: offset(error.problemMark),
                context: error.context,
                contextOffset: offset(error.contextMark), lastScalar: lastScalar)
            throw Halt(diagnostic: problem.explained)
        }
    }

    // MARK: - Places

    private func offset(_ mark: Int) -> Int { marks.offset(of: mark) }

    private func span(of event: YAMLEvent) -> SourceSpan {
        let start = offset(event.startMark)
        return source.span(start..<max(start, offset(event.endMark)))
    }

    /// A block collection ends with its last child; libyaml puts its end where the next thing begins.
    private func span(from start: YAMLEvent, to end: YAMLEvent, isFlow: Bool, last: YAMLNode?) -> SourceSpan {
        let first = source.span(at: offset(start.startMark))
        return first.through(isFlow ? span(of: end) : last?.span ?? first)
    }

    private func scalar(_ value: [UInt8], _ style: YAMLScalar.Style, _ event: YAMLEvent) -> YAMLScalar {
        var range = span(of: event).range
        if event.anchor != nil || event.tag != nil {
            // The mark of the event is that of the anchor or the tag before the value.
            range = Strictness.withoutProperties(range, in: source)
        }
        return YAMLScalar(
            text: String(decoding: value, as: UTF8.self), style: style, span: source.span(range))
    }

    // MARK: - Problems of the document as a whole

    private func empty() -> Halt {
        Halt(
            diagnostic: .error(
                "empty-file", "the file has no content", at: source.span(at: source.bytes.count)
            )
            .hint("a runbook begins with `runbook: NAME`; docs/language.md has a small one"))
    }

    private func secondDocument(at event: YAMLEvent) -> Diagnostic {
        .error(
            "second-document", "the file holds more than one document", at: span(of: event),
            "the second one begins here"
        )
        .hint("put it into a file of its own; to keep it here as text, indent it under `|`")
    }

    private func directive(at event: YAMLEvent) -> Diagnostic {
        .error("directive", "directives (`%YAML`, `%TAG`) are not used here", at: span(of: event))
            .hint("remove the lines that begin with `%`")
    }

    private func tooLong(_ scalar: YAMLScalar) -> Diagnostic {
        .error(
            "scalar-too-long",
            "a text of \(scalar.text.utf8.count) bytes; at most \(limits.scalarSizeInBytes) are read",
            at: source.span(at: scalar.span.range.lowerBound), "begins here"
        )
        .hint("put it into a file of its own beside the runbook, and name that")
    }
}
