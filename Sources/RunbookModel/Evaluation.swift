import RunbookText

extension Expression {
    /// The value of the expression. `and` and `or` ask their second operand only when it counts.
    package func evaluate(in scope: Scope) throws(EvaluationError) -> Value {
        try evaluate(Evaluator(scope: scope, knownEnvironment: nil))
    }

    fileprivate func evaluate(_ evaluator: Evaluator) throws(EvaluationError) -> Value {
        switch self {
        case .literal(let value): return value
        case .reference(let reference): return try evaluator.value(of: reference)
        case .not(let operand): return .boolean(!(try operand.evaluate(evaluator).isTrue))
        case .and(let left, let right):
            let first = try left.evaluate(evaluator)
            return first.isTrue ? try right.evaluate(evaluator) : first
        case .or(let left, let right):
            let first = try left.evaluate(evaluator)
            return first.isTrue ? first : try right.evaluate(evaluator)
        case .compare(let comparison, let left, let right):
            return .boolean(
                try comparison.holds(try left.evaluate(evaluator), try right.evaluate(evaluator)))
        case .contained(let element, let list):
            let value = try element.evaluate(evaluator)
            for candidate in list {
                if try Comparison.equal.holds(value, try candidate.evaluate(evaluator)) {
                    return .boolean(true)
                }
            }
            return .boolean(false)
        case .call(let function, let arguments):
            return try evaluator.call(function, arguments)
        }
    }
}

/// The scope, or inside the environment the part of it that is in sight.
private struct Evaluator {
    let scope: Scope
    let knownEnvironment: [String: Result<String, EvaluationError>]?

    func value(of reference: Reference) throws(EvaluationError) -> Value {
        guard case .environment(let name) = reference, let knownEnvironment else {
            return try scope.value(of: reference)
        }
        guard let known = knownEnvironment[name] else { throw .noValue(name: reference.description) }
        return .string(try known.get())
    }

    func call(_ function: Expression.Function, _ arguments: [Expression]) throws(EvaluationError) -> Value {
        guard arguments.count == function.argumentCount else { throw .wrongArgument(function) }
        switch function {
        case .default:
            do throws(EvaluationError) {
                let first = try arguments[0].evaluate(self)
                if first != .missing, first != .string("") { return first }
            } catch {
                guard case .noValue = error else { throw error }
            }
            return try arguments[1].evaluate(self)
        case .lower:
            return .string(try text(arguments[0], for: function).lowercased())
        case .trim:
            let text = try text(arguments[0], for: function)
            let start = text.drop { $0.isWhitespace }
            let end = start.reversed().drop { $0.isWhitespace }.count
            return .string(String(start.prefix(end)))
        case .seconds:
            let text = try text(arguments[0], for: function)
            guard let duration = DurationText.parse(text) else {
                throw .notOfType(name: arguments[0].source, "a duration")
            }
            let (seconds, rest) = duration.components
            return .integer(Int(seconds) + (rest > 0 ? 1 : 0))
        case .length:
            return .integer(try text(arguments[0], for: function).unicodeScalars.count)
        }
    }

    private func text(
        _ argument: Expression, for function: Expression.Function
    ) throws(EvaluationError) -> String {
        switch try argument.evaluate(self) {
        case .string(let text): return text
        case .missing: return ""
        case .integer, .boolean: throw .wrongArgument(function)
        }
    }
}

extension Expression.Function {
    package var argumentCount: Int { self == .default ? 2 : 1 }
}

extension Expression.Comparison {
    /// Values of one kind compare; a missing value equals only another one and the empty text; only numbers
    /// have an order.
    package func holds(_ left: Value, _ right: Value) throws(EvaluationError) -> Bool {
        switch (left, right) {
        case (.integer(let first), .integer(let second)):
            switch self {
            case .equal: return first == second
            case .notEqual: return first != second
            case .less: return first < second
            case .greater: return first > second
            case .lessOrEqual: return first <= second
            case .greaterOrEqual: return first >= second
            }
        case (.string, .string), (.boolean, .boolean), (.missing, _), (_, .missing):
            let same = left == right || (left.text.isEmpty && right.text.isEmpty)
            switch self {
            case .equal: return same
            case .notEqual: return !same
            default: throw .notComparable(self, left, right)
            }
        default:
            throw .notComparable(self, left, right)
        }
    }
}

extension Template {
    /// Longest text that a template may become: what a host printed is inserted whole, and nothing that a
    /// person writes into a command comes near it.
    package static let lengthLimitInBytes = 1 << 20

    /// The text on this host: the parts in order, each value made fit for its place, in one pass.
    ///
    /// What a value holds is never read as a template, shell text or pattern. A NUL is refused everywhere, a
    /// line break where it would end a shell line or split a pattern in two.
    package func text(in scope: Scope, fit: Fit = .plain) throws(EvaluationError) -> String {
        try text(Evaluator(scope: scope, knownEnvironment: nil), fit: fit)
    }

    fileprivate func text(_ evaluator: Evaluator, fit: Fit) throws(EvaluationError) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .value(let expression):
                text += try fit.fitted(try expression.evaluate(evaluator).text, of: expression)
            case .raw(let expression):
                let fit = fit == .shell ? .plain : fit
                text += try fit.fitted(try expression.evaluate(evaluator).text, of: expression)
            }
            guard text.utf8.count <= Self.lengthLimitInBytes else { throw .tooLong }
        }
        return text
    }

    /// The value of an entry of the environment, of which only earlier entries are in sight.
    func result(
        in scope: Scope, knownEnvironment: [String: Result<String, EvaluationError>]
    ) -> Result<String, EvaluationError> {
        do throws(EvaluationError) {
            return .success(
                try text(Evaluator(scope: scope, knownEnvironment: knownEnvironment), fit: .plain))
        } catch {
            return .failure(error)
        }
    }

    /// The text when nothing in it has to be worked out, else nil.
    package var literal: String? {
        var text = ""
        for part in parts {
            guard case .text(let literal) = part else { return nil }
            text += literal
        }
        return text
    }

    /// Every expression in the template, in order.
    package var expressions: [Expression] {
        parts.compactMap { part in
            switch part {
            case .text: nil
            case .value(let expression), .raw(let expression): expression
            }
        }
    }

    /// The template as the runbook writes it. Spaces inside `${{ }}` are ours, so that formatting never
    /// changes what is shown or hashed.
    package var source: String {
        parts.map { part in
            switch part {
            case .text(let literal): literal
            case .value(let expression): "${{ \(expression.source) }}"
            case .raw(let expression): "${{ raw(\(expression.source)) }}"
            }
        }.joined()
    }
}

extension Template.Fit {
    fileprivate func fitted(_ text: String, of expression: Expression) throws(EvaluationError) -> String {
        let breaks: [UInt8] = self == .plain ? [0] : [0, UInt8(ascii: "\n")]
        guard !text.utf8.contains(where: { breaks.contains($0) }) else {
            throw .forbiddenCharacter(name: expression.source)
        }
        switch self {
        case .plain: return text
        case .shell: return shellQuoted(text)
        case .pattern: return PatternDialect.escaped(text)
        }
    }
}

extension Expression {
    /// The expression as the runbook writes it, with as few parentheses as it needs.
    package var source: String { source(inside: 0) }

    /// Every name in the expression.
    package var references: [Reference] {
        switch self {
        case .literal: []
        case .reference(let reference): [reference]
        case .not(let operand): operand.references
        case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right):
            left.references + right.references
        case .contained(let element, let list): element.references + list.flatMap(\.references)
        case .call(_, let arguments): arguments.flatMap(\.references)
        }
    }

    private func source(inside outer: Int) -> String {
        let (text, strength): (String, Int) =
            switch self {
            case .literal(.string(let text)):
                (
                    "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'",
                    9
                )
            case .literal(let value): (value.text, 9)
            case .reference(let reference): (reference.description, 9)
            case .not(let operand): ("not \(operand.source(inside: 3))", 3)
            case .and(let left, let right): ("\(left.source(inside: 2)) and \(right.source(inside: 2))", 2)
            case .or(let left, let right): ("\(left.source(inside: 1)) or \(right.source(inside: 1))", 1)
            case .compare(let comparison, let left, let right):
                ("\(left.source(inside: 5)) \(comparison.rawValue) \(right.source(inside: 5))", 4)
            case .contained(let element, let list):
                ("\(element.source(inside: 5)) in [\(list.map(\.source).joined(separator: ", "))]", 4)
            case .call(let function, let arguments):
                ("\(function.rawValue)(\(arguments.map(\.source).joined(separator: ", ")))", 9)
            }
        return strength < outer ? "(\(text))" : text
    }
}
