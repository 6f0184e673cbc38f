package import RunbookDiagnostics
package import RunbookModel
import RunbookText
import RunbookYAML

/// Reads a runbook. It is there when nothing in the text is an error; warnings may come with it.
///
/// Every problem that can be found is reported, sorted by place.
///
/// - Parameters:
///   - files: reads the runbooks that steps use, by their path from the runbook's folder; the failure is a sentence.
///     Without it what they would do is left out.
///   - members: the hosts of groups that are left to the site file. Without them as many as may be stand for them,
///     called `GROUP-1`, `GROUP-2` …
package func loadRunbook(
    _ source: SourceText, files: UsedFiles? = nil, members: [String: [HostID]] = [:]
) -> (Runbook?, [Diagnostic]) {
    let loaded = loadTree(source, files: files, members: members)
    return (loaded.runbook, loaded.found)
}

/// The same, with the tree that it was read from.
func loadTree(
    _ source: SourceText, files: UsedFiles? = nil, members: [String: [HostID]] = [:]
) -> (root: YAMLNode?, runbook: Runbook?, found: [Diagnostic]) {
    let (root, syntax) = parseYAML(source)
    let loader = RunbookLoader(Problems(), files: files)
    loader.members = members
    loader.problems.add(contentsOf: syntax)
    var runbook: Runbook?
    if let root { runbook = loader.runbook(root) }
    let found = Diagnostics(loader.problems.found).sorted
    return (root, loader.problems.hasErrors ? nil : runbook, found)
}

/// Reads a file beside the runbook.
package typealias UsedFiles = (_ path: String) -> Result<SourceText, UnreadableFile>

/// Why a file could not be read, as a sentence.
package struct UnreadableFile: Error {
    package var message: String
    package init(_ message: String) { self.message = message }
}

/// Reads one runbook: first what it declares, then what its texts say.
final class RunbookLoader {
    let problems: Problems
    var declarations = Declarations()
    /// Reads the runbooks that steps use.
    let files: UsedFiles?
    /// Of a used runbook: its own top level, and where its files lie, from the folder of the runbook that uses it.
    var usedFields: Fields?
    var folder = ""
    var defaults = StepDefaults()
    /// What the site file says of groups that are left to it.
    var members: [String: [HostID]] = [:]

    init(_ problems: Problems, files: UsedFiles?) {
        self.problems = problems
        self.files = files
    }

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
        runbook.runsAgain = fields.text("runs") == "again"
        readDeclarations(fields)
        runbook.inputs = declarations.inputs
        runbook.hosts = declarations.hosts
        runbook.groups = declarations.groups
        runbook.environment = readRunbookEnvironment(fields["env"])
        for entry in runbook.environment where declarations.holdsSecret(entry.value) {
            declarations.secretVariables.insert(entry.name)
        }
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
        if context.takesSecrets, found.isEmpty { refuseChangedSecrets(template, in: scalar, context) }
        return template
    }

    /// A secret that was changed is not known again where it must be hidden.
    private func refuseChangedSecrets(
        _ template: Template, in scalar: YAMLScalar, _ context: ReferenceContext
    ) {
        for expression in template.expressions {
            if case .reference = expression { continue }
            if case .call(.default, let arguments) = expression, case .reference? = arguments.first,
                arguments.dropFirst().allSatisfy({ if case .literal = $0 { true } else { false } })
            {
                continue
            }
            guard expression.references.contains(where: context.isSecret) else { continue }
            problems.add(
                ValueProblem(
                    "secret-place", "a secret is inserted as it is", at: 0..<scalar.text.utf8.count
                )
                .hint("write `${{ inputs.NAME }}`, and change it in the shell text if it must be changed"),
                in: scalar)
        }
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
            // It is asked whether it is so, and never shown.
            return try ExpressionParser.parse(bytes, in: 0..<bytes.count, context.takingSecrets).expression
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
    func flag(_ key: String) -> Bool? { text(key).map { $0 == "true" } }
    func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }
    /// The statuses of one number or a list of them.
    func statuses(_ key: String) -> Set<Int32>? {
        self[key].map { Set($0.elements.compactMap { $0.text.flatMap { Int32($0) } }) }
    }
    func texts(_ key: String) -> [String] { self[key]?.elements.compactMap(\.text) ?? [] }
}
