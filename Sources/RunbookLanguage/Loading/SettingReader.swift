import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads times and numbers that a site may give: `30s`, or `${{ inputs.limit }}`.
extension RunbookLoader {
    /// nil where there is none, or a wrong one, which is reported.
    func time(_ node: YAMLNode?, _ context: ReferenceContext) -> TimeSetting? {
        guard let node, let text = node.text else { return nil }
        if let duration = DurationText.parse(text) { return .fixed(duration) }
        guard let expression = onlyExpression(node, "a duration", context) else { return nil }
        if case .literal(let value) = expression, let duration = DurationText.parse(value.text) {
            return .fixed(duration)
        }
        guard isSure(node, context, Self.isDuration) else {
            refuse(node, expression, "a duration", "{ type: duration }", "'10m'", context)
            return nil
        }
        return .given(expression)
    }

    func count(_ node: YAMLNode?, _ range: ClosedRange<Int>, _ context: ReferenceContext) -> CountSetting? {
        guard let node, let text = node.text else { return nil }
        if let number = Int(text) { return .fixed(number) }
        guard let expression = onlyExpression(node, "a number", context) else { return nil }
        let isCount: (Expression, InputType?) -> Bool = { expression, type in
            guard case .literal(let value) = expression else { return type == .integer }
            return Int(value.text).map(range.contains) == true
        }
        if case .literal(let value) = expression, let number = Int(value.text), range.contains(number) {
            return .fixed(number)
        }
        guard isSure(node, context, isCount) else {
            let what = "a number from \(range.lowerBound) to \(range.upperBound)"
            refuse(node, expression, what, "{ type: integer }", String(range.lowerBound), context)
            return nil
        }
        return .given(expression, in: range)
    }

    private static func isDuration(_ expression: Expression, _ type: InputType?) -> Bool {
        guard case .literal(let value) = expression else { return type == .duration }
        return DurationText.parse(value.text) != nil
    }

    /// The expression of a text that is one `${{ }}` and nothing else.
    private func onlyExpression(
        _ node: YAMLNode, _ what: String, _ context: ReferenceContext
    ) -> Expression? {
        let before = problems.found.count
        let template = template(node, context)
        if template.parts.count == 1, case .value(let expression)? = template.parts.first {
            return expression
        }
        guard problems.found.count == before else { return nil }
        problems.add(
            .error("wrong-type", "this wants \(what): the whole of it, or one `${{ }}`", at: node.span)
                .hint("write `10m`, or `'${{ inputs.NAME }}'`"))
        return nil
    }

    /// In a used runbook its own inputs are judged, not what they are given.
    private func isSure(
        _ node: YAMLNode, _ context: ReferenceContext, _ isOfType: (Expression, InputType?) -> Bool
    ) -> Bool {
        let context = context.withoutArguments
        guard let expression = onlyExpression(node, "a value", context) else { return false }
        return context.isSure(expression, isOfType: isOfType)
    }

    static func isSureDuration(_ expression: Expression, _ context: ReferenceContext) -> Bool {
        context.isSure(expression, isOfType: isDuration)
    }

    private func refuse(
        _ node: YAMLNode, _ expression: Expression, _ what: String, _ type: String, _ example: String,
        _ context: ReferenceContext
    ) {
        let source = expression.source
        let problem = Diagnostic.error(
            "wrong-type", "nothing says that `\(source)` is \(what)", at: node.span)
        if case .reference(let reference) = expression, context.mayBeMissing(reference) {
            problems.add(problem.hint("it may be missing: write `default(\(source), \(example))`"))
        } else {
            problems.add(problem.hint("name an input that is declared as `\(type)`"))
        }
    }
}

extension ReferenceContext {
    /// Whether an expression has a value wherever it is worked out, and that is of one type.
    ///
    /// - Parameter isOfType: judges a literal, or the type of an input that is never missing.
    func isSure(_ expression: Expression, isOfType: (Expression, InputType?) -> Bool) -> Bool {
        switch expression {
        case .literal: return isOfType(expression, nil)
        case .reference(let reference):
            let inputs = declared(reference)
            return !inputs.isEmpty
                && inputs.allSatisfy { !$0.isOptional && !$0.isSecret && isOfType(expression, $0.type) }
        // `a and b or c` chooses between b and c.
        case .or(.and(_, let first), let second):
            return isSure(first, isOfType: isOfType) && isSure(second, isOfType: isOfType)
        case .call(.default, let arguments):
            guard arguments.count == 2, case .reference(let reference) = arguments[0] else { return false }
            let inputs = declared(reference)
            return !inputs.isEmpty && inputs.allSatisfy { isOfType(arguments[0], $0.type) }
                && isSure(arguments[1], isOfType: isOfType)
        default: return false
        }
    }

    func mayBeMissing(_ reference: Reference) -> Bool { declared(reference).contains(where: \.isOptional) }

    /// What is declared of a name, on each of the hosts; empty where nothing is.
    private func declared(_ reference: Reference) -> [Input] {
        func on(_ hosts: [HostID], _ name: String) -> [Input] {
            let found = hosts.compactMap { host in
                declarations.host(host)?.inputs.first { $0.name == name }
            }
            return found.count == hosts.count ? found : []
        }
        switch reference {
        case .input(let name): return declarations.input(name).map { [$0] } ?? []
        case .hostAttribute(let host, let name): return on([host], name)
        case .thisHost(let name): return on(hosts ?? declarations.hosts.map(\.id), name)
        case .peer(let name):
            guard case .hosts(let peers) = peers else { return [] }
            return on(peers, name)
        case .environment, .output: return []
        }
    }
}

/// What holds for every step that does not say otherwise.
struct StepDefaults {
    var timeout = TimeLimit(after: .seconds(600), then: .stop)
    var order: Step.Order?
    var runAs: String?
}

extension RunbookLoader {
    func readDefaults(_ node: YAMLNode?) {
        guard let node else { return }
        let fields = Fields(node, as: .defaults, problems)
        defaults.timeout = readTimeout(
            fields["timeout"], ReferenceContext(declarations: declarations, hosts: []))
        if let order = fields.text("order").flatMap(Step.Order.init) { defaults.order = order }
        if let user = fields["as"], let name = user.text {
            defaults.runAs = name
            if !InputValues.isUserName(name) {
                problems.add(.error("bad-value", "this is not the name of a user", at: user.span))
            }
        }
    }
}
