import RunbookDiagnostics
import RunbookYAML

/// What the rules look at, found in the tree of a runbook that loads.
struct LintSubjects {
    /// Shell text and what it is for.
    struct ShellText {
        enum Role: Hashable {
            /// `check`, `require`, `unless`, `verify`, or a named check.
            case question(String)
            /// Asked, and not judged by a person: an output, a hint, evidence.
            case look
            case verb
            case undo
        }
        var scalar: YAMLScalar
        var role: Role
        /// The question or the step that it stands in.
        var owner: YAMLNode
        /// Inside `not`.
        var isNegated = false
    }

    struct StepNode {
        var id: String
        var node: YAMLNode
        subscript(key: String) -> YAMLNode? { node[key] }
        /// The id, for a problem of the step as a whole.
        var span: SourceSpan { node["id"]?.span ?? node.span }
    }

    private(set) var shellTexts: [ShellText] = []
    private(set) var steps: [StepNode] = []
    let root: YAMLNode

    init(_ root: YAMLNode) {
        self.root = root
        for entry in root["checks"]?.mapping ?? [] { addQuestions(entry.value, "checks") }
        addHints(root["hints"])
        for step in root["steps"]?.sequence ?? [] { add(step, inside: "") }
    }

    /// The named check.
    func check(_ name: String) -> YAMLNode? { root["checks"]?[name] }

    private mutating func add(_ node: YAMLNode, inside block: String) {
        let id = block + (node["id"]?.text ?? "")
        steps.append(StepNode(id: id, node: node))
        for key in ["unless", "check", "require", "verify"] { addQuestions(node[key], key) }
        add(node["run"], .verb, node)
        for undo in node["undo"]?.elements ?? [] {
            add(undo["run"], .undo, undo)
            addQuestions(undo["verify"], "verify")
        }
        for output in node["outputs"]?.mapping ?? [] {
            add(output.value["run"], .look, output.value)
        }
        for show in node["on_failure"]?["show"]?.elements ?? [] { add(show, .look, node) }
        addHints(node["hints"])
        for inner in node["steps"]?.sequence ?? [] { add(inner, inside: "\(id)/") }
    }

    private mutating func addQuestions(_ node: YAMLNode?, _ section: String, isNegated: Bool = false) {
        for question in node?.elements ?? [] {
            if question.scalar != nil {
                add(question, .question(section), question, isNegated)
            } else {
                add(question["run"], .question(section), question, isNegated)
                addQuestions(question["not"], section, isNegated: !isNegated)
            }
        }
    }

    private mutating func addHints(_ node: YAMLNode?) {
        for hint in node?.sequence ?? [] { add(hint["run"], .look, hint) }
    }

    private mutating func add(
        _ node: YAMLNode?, _ role: ShellText.Role, _ owner: YAMLNode, _ isNegated: Bool = false
    ) {
        guard let scalar = node?.scalar else { return }
        shellTexts.append(ShellText(scalar: scalar, role: role, owner: owner, isNegated: isNegated))
    }
}
