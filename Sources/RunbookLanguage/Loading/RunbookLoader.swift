package import RunbookDiagnostics
package import RunbookModel
import RunbookText
import RunbookYAML

/// Reads a runbook. It is there when nothing in the text is an error; warnings may come with it.
///
/// Every problem that can be found is reported, sorted by place.
package func loadRunbook(_ source: SourceText) -> (Runbook?, [Diagnostic]) {
    let loaded = loadTree(source)
    return (loaded.runbook, loaded.found)
}

/// The same, with the tree that it was read from.
func loadTree(_ source: SourceText) -> (root: YAMLNode?, runbook: Runbook?, found: [Diagnostic]) {
    let (root, syntax) = parseYAML(source)
    let loader = RunbookLoader(syntax)
    var runbook: Runbook?
    if let root { runbook = loader.runbook(root) }
    let found = Diagnostics(loader.problems.found).sorted
    return (root, loader.problems.hasErrors ? nil : runbook, found)
}

/// Reads one runbook: first what it declares, then what its texts say.
final class RunbookLoader {
    let problems = Problems()
    var declarations = Declarations()
    /// The time that a step has when it says nothing.
    var defaultTimeout = Duration.seconds(600)

    init(_ syntax: [Diagnostic]) { problems.add(contentsOf: syntax) }

    func runbook(_ root: YAMLNode) -> Runbook? {
        guard root.mapping != nil else {
            problems.add(
                .error(
                    "wrong-type", "a runbook is a mapping, not \(root.kindInWords)",
                    at: root.span.source.span(at: root.span.range.lowerBound)
                )
                .hint("it begins with `runbook: NAME`"))
            return nil
        }
        let fields = Fields(root, as: .runbook, problems)
        var runbook = Runbook(name: fields.text("runbook") ?? "")
        runbook.version = fields.text("version")
        runbook.title = fields.text("title")
        runbook.description = fields.text("description")
        if let defaults = fields["defaults"] {
            let fields = Fields(defaults, as: .defaults, problems)
            if let timeout = fields.duration("timeout") { defaultTimeout = timeout }
        }
        readDeclarations(fields)
        runbook.inputs = declarations.inputs
        runbook.hosts = declarations.hosts
        runbook.groups = declarations.groups
        runbook.environment = readRunbookEnvironment(fields["env"])
        readUnusedChecks()
        runbook.hints = readHints(
            fields["hints"],
            ReferenceContext(declarations: declarations, environment: declarations.environment))
        runbook.steps = readSteps(fields)
        return runbook
    }

    // MARK: - Texts

    /// A text with `${{ }}`; what is wrong with it is reported.
    func template(_ node: YAMLNode, as setting: TemplateSetting = .plain, _ context: ReferenceContext)
        -> Template
    {
        guard let scalar = node.scalar else { return Template("") }
        let (template, found) = TemplateParser.parse(scalar.text, as: setting, context)
        for problem in found { problems.add(problem, in: scalar) }
        return template
    }

    /// The texts of one scalar or of a list.
    func templates(_ node: YAMLNode?, as setting: TemplateSetting = .plain, _ context: ReferenceContext)
        -> [Template]
    {
        node?.elements.map { template($0, as: setting, context) } ?? []
    }

    /// An expression without `${{ }}` around it.
    func expression(_ node: YAMLNode, _ context: ReferenceContext) -> Expression? {
        guard let scalar = node.scalar else { return nil }
        let bytes = Array(scalar.text.utf8)
        if bytes.starts(with: Array("${{".utf8)) {
            problems.add(
                ValueProblem(
                    "expression-syntax", "an expression stands here without `${{ }}`", at: 0..<bytes.count
                )
                .hint("write what is inside it"), in: scalar)
            return nil
        }
        do throws(ValueProblem) {
            return try ExpressionParser.parse(bytes, in: 0..<bytes.count, context).expression
        } catch {
            problems.add(error, in: scalar)
            return nil
        }
    }
}

extension YAMLNode {
    /// The elements of a list, or the node itself.
    var elements: [YAMLNode] { sequence ?? [self] }
    /// The number of the line on which it begins, from 1.
    var line: Int { span.start.line }
}

extension Fields {
    func duration(_ key: String) -> Duration? { text(key).flatMap(DurationText.parse) }
    func flag(_ key: String) -> Bool? { text(key).map { $0 == "true" } }
    func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }
    /// The statuses of one number or a list of them.
    func statuses(_ key: String) -> Set<Int32>? {
        self[key].map { Set($0.elements.compactMap { $0.text.flatMap { Int32($0) } }) }
    }
    func texts(_ key: String) -> [String] { self[key]?.elements.compactMap(\.text) ?? [] }
}
