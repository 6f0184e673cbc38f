import RunbookDiagnostics
import RunbookModel
import RunbookText

/// What is known of a value before there is one.
enum ValueKind: Hashable {
    case text, number, flag
    /// A `choice`: its texts are known.
    case oneOf([String])

    var words: String {
        switch self {
        case .text: "a text"
        case .number: "a number"
        case .flag: "true or false"
        case .oneOf: "a text"
        }
    }

    func compares(with other: ValueKind) -> Bool {
        switch (self, other) {
        case (.number, .number), (.flag, .flag): true
        case (.text, .text), (.oneOf, .text), (.text, .oneOf), (.oneOf, .oneOf): true
        default: false
        }
    }
}

/// What a name stands for, or why it stands for nothing.
typealias NameResolution = Result<(expression: Expression, kind: ValueKind?), ValueProblem>

/// Finds out what the names in an expression stand for.
protocol NameResolver {
    /// `parts` are the words between the dots, each with its place in the value.
    func resolve(_ parts: [NamePart], at range: Range<Int>) -> NameResolution
}

struct NamePart: Hashable {
    var text: String
    var range: Range<Int>
}

/// Reads one expression. Problems are thrown one at a time: after the first the rest would be guesswork.
struct ExpressionParser<Resolver: NameResolver> {
    /// An expression with what is known of its value, and where it stands.
    struct Typed {
        var expression: Expression
        var kind: ValueKind?
        var range: Range<Int>
    }

    /// Deepest nesting of parentheses, brackets and `not`: nobody writes more, and the parser is recursive.
    private static var depthMax: Int { 32 }

    private var lexer: ExpressionLexer
    private var token: ExpressionToken
    private let resolver: Resolver
    private var depth = 0

    /// Reads the part of `bytes` in `range` to its end.
    static func parse(
        _ bytes: [UInt8], in range: Range<Int>, _ resolver: Resolver
    ) throws(ValueProblem) -> Typed {
        var parser = ExpressionParser(bytes, in: range, resolver)
        try parser.advance()
        if case .end = parser.token.kind {
            throw ValueProblem("expression-syntax", "the expression is empty", at: range)
        }
        let result = try parser.or()
        try parser.expectEnd()
        return result
    }

    private init(_ bytes: [UInt8], in range: Range<Int>, _ resolver: Resolver) {
        lexer = ExpressionLexer(bytes, in: range)
        token = ExpressionToken(kind: .end, range: range.lowerBound..<range.lowerBound)
        self.resolver = resolver
    }

    private mutating func advance() throws(ValueProblem) { token = try lexer.next() }

    private func expectEnd() throws(ValueProblem) {
        if case .end = token.kind { return }
        var problem = ValueProblem(
            "expression-syntax", "the expression goes on where it should end", at: token.range)
        if case .name = token.kind {
            problem = problem.hint(
                "words are joined by `and`, `or`, `in` or a comparison; a text stands in single quotes")
        }
        throw problem
    }

    private mutating func take(_ word: String) throws(ValueProblem) -> Bool {
        guard token.kind == .name(word) else { return false }
        try advance()
        return true
    }

    private mutating func nested<Value>(
        _ body: (inout Self) throws(ValueProblem) -> Value
    ) throws(ValueProblem) -> Value {
        guard depth < Self.depthMax else {
            throw ValueProblem("expression-syntax", "the expression is nested too deep", at: token.range)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func or() throws(ValueProblem) -> Typed {
        var left = try and()
        while try take("or") {
            let right = try and()
            left = Typed(
                expression: .or(left.expression, right.expression), kind: common(left.kind, right.kind),
                range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func and() throws(ValueProblem) -> Typed {
        var left = try not()
        while try take("and") {
            let right = try not()
            left = Typed(
                expression: .and(left.expression, right.expression),
                // A false left operand is the value: its kind only where both have the same.
                kind: left.kind == .flag && right.kind != .flag ? right.kind : common(left.kind, right.kind),
                range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private func common(_ left: ValueKind?, _ right: ValueKind?) -> ValueKind? {
        if left == right { return left }
        guard let left, let right, left.compares(with: right) else { return nil }
        return .text
    }

    private mutating func not() throws(ValueProblem) -> Typed {
        let start = token.range.lowerBound
        guard try take("not") else { return try comparison() }
        let operand = try nested { (parser) throws(ValueProblem) in try parser.not() }
        return Typed(
            expression: .not(operand.expression), kind: .flag, range: start..<operand.range.upperBound)
    }

    private mutating func comparison() throws(ValueProblem) -> Typed {
        let left = try primary()
        if case .comparison(let comparison) = token.kind {
            let place = token.range
            try advance()
            let right = try primary()
            try check(comparison, left, right, at: place)
            if case .comparison = token.kind {
                throw ValueProblem("expression-syntax", "comparisons cannot be chained", at: token.range)
                    .hint("join two comparisons by `and`")
            }
            return Typed(
                expression: .compare(comparison, left.expression, right.expression), kind: .flag,
                range: left.range.lowerBound..<right.range.upperBound)
        }
        guard token.kind == .name("in") else { return left }
        let place = token.range
        try advance()
        let (list, end) = try list()
        for element in list { try check(.equal, left, element, at: place) }
        return Typed(
            expression: .contained(left.expression, in: list.map(\.expression)), kind: .flag,
            range: left.range.lowerBound..<end)
    }

    private func check(
        _ comparison: Expression.Comparison, _ left: Typed, _ right: Typed, at place: Range<Int>
    ) throws(ValueProblem) {
        let isOrder = comparison != .equal && comparison != .notEqual
        if isOrder, let odd = [left, right].first(where: { $0.kind != nil && $0.kind != .number }) {
            throw ValueProblem(
                "wrong-type", "`\(comparison.rawValue)` compares numbers only", at: odd.range,
                "this is \(odd.kind?.words ?? "")")
        }
        guard let first = left.kind, let second = right.kind else { return }
        guard first.compares(with: second) else {
            var problem = ValueProblem(
                "wrong-type", "\(first.words) never equals \(second.words)", at: right.range,
                "this is \(second.words)")
            if case .literal(let value) = right.expression, case .text = first {
                problem = problem.hint(
                    "write '\(value.text)'", replacing: right.range, with: "'\(value.text)'")
            }
            if case .literal(.string(let text)) = right.expression, first == .number, Int(text) != nil {
                problem = problem.hint("write `\(text)`", replacing: right.range, with: text)
            }
            throw problem
        }
        if case .oneOf(let choices) = first, case .literal(.string(let text)) = right.expression,
            !choices.contains(text)
        {
            let problem = ValueProblem("unknown-choice", "`\(text)` is none of the choices", at: right.range)
            guard let near = closest(to: text, among: choices) else {
                throw problem.hint("it is \(englishList(choices.map { "'\($0)'" }, "or"))")
            }
            throw problem.hint("did you mean '\(near)'?", replacing: right.range, with: "'\(near)'")
        }
    }

    private mutating func list() throws(ValueProblem) -> (elements: [Typed], end: Int) {
        guard case .leftBracket = token.kind else {
            throw ValueProblem("expression-syntax", "`in` needs a list", at: token.range)
                .hint("write `in ['a', 'b']`")
        }
        try advance()
        let elements = try elements(until: .rightBracket, called: "]")
        let end = token.range.upperBound
        try advance()
        return (elements, end)
    }

    /// Expressions between commas; the closing token is the current one afterwards.
    private mutating func elements(
        until closing: ExpressionToken.Kind, called name: String
    ) throws(ValueProblem) -> [Typed] {
        var elements: [Typed] = []
        while token.kind != closing {
            elements.append(try nested { (parser) throws(ValueProblem) in try parser.or() })
            if token.kind == closing { break }
            guard case .comma = token.kind else {
                throw ValueProblem("expression-syntax", "`,` or `\(name)` is missing here", at: token.range)
            }
            try advance()
        }
        return elements
    }

    private mutating func primary() throws(ValueProblem) -> Typed {
        let current = token
        switch current.kind {
        case .string(let text):
            try advance()
            return Typed(expression: .literal(.string(text)), kind: .text, range: current.range)
        case .integer(let number):
            try advance()
            return Typed(expression: .literal(.integer(number)), kind: .number, range: current.range)
        case .leftParenthesis:
            try advance()
            let inner = try nested { (parser) throws(ValueProblem) in try parser.or() }
            guard case .rightParenthesis = token.kind else {
                throw ValueProblem("expression-syntax", "`)` is missing here", at: token.range)
            }
            let end = token.range.upperBound
            try advance()
            return Typed(
                expression: inner.expression, kind: inner.kind, range: current.range.lowerBound..<end)
        case .name(let name):
            try advance()
            return try named(name, at: current.range)
        case .end:
            throw ValueProblem(
                "expression-syntax", "something is missing at the end of the expression", at: current.range)
        default:
            throw ValueProblem(
                "expression-syntax", "a name, a text or a number is missing here", at: current.range)
        }
    }

    private mutating func named(_ name: String, at range: Range<Int>) throws(ValueProblem) -> Typed {
        if name == "true" || name == "false" {
            return Typed(expression: .literal(.boolean(name == "true")), kind: .flag, range: range)
        }
        if ["and", "or", "not", "in"].contains(name) {
            throw ValueProblem(
                "expression-syntax", "a name, a text or a number is missing before `\(name)`", at: range)
        }
        if case .leftParenthesis = token.kind { return try call(name, at: range) }
        var parts: [NamePart] = []
        var start = range.lowerBound
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            parts.append(NamePart(text: String(part), range: start..<start + part.utf8.count))
            start += part.utf8.count + 1
        }
        let (expression, kind) = try resolver.resolve(parts, at: range).get()
        return Typed(expression: expression, kind: kind, range: range)
    }

    private mutating func call(_ name: String, at range: Range<Int>) throws(ValueProblem) -> Typed {
        guard let function = Expression.Function(rawValue: name) else {
            throw unknownFunction(name, at: range)
        }
        try advance()
        let arguments = try elements(until: .rightParenthesis, called: ")")
        let whole = range.lowerBound..<token.range.upperBound
        try advance()
        guard arguments.count == function.argumentCount else {
            throw ValueProblem(
                "wrong-arguments",
                "`\(name)` takes \(counted(function.argumentCount, "value")), not \(arguments.count)",
                at: whole)
        }
        if function != .default, let odd = arguments.first(where: { $0.kind == .number || $0.kind == .flag })
        {
            throw ValueProblem(
                "wrong-type", "`\(name)` works on text", at: odd.range,
                "this is \(odd.kind?.words ?? "")")
        }
        let kind: ValueKind? =
            switch function {
            case .lower, .trim: .text
            case .length, .seconds: .number
            case .default: common(arguments[0].kind, arguments[1].kind)
            }
        return Typed(expression: .call(function, arguments.map(\.expression)), kind: kind, range: whole)
    }

    private func unknownFunction(_ name: String, at range: Range<Int>) -> ValueProblem {
        if name == "raw" {
            return ValueProblem("raw-value", "`raw( )` goes around the whole of `${{ }}`", at: range)
                .hint("write `${{ raw(…) }}`")
        }
        let names = Expression.Function.allCases.map(\.rawValue)
        let problem = ValueProblem("unknown-function", "there is no function `\(name)`", at: range)
        if let near = closest(to: name, among: names) {
            return problem.hint("did you mean `\(near)`?", replacing: range, with: near)
        }
        return problem.hint("there are \(englishList(names.map { "`\($0)`" }, "and"))")
    }
}
