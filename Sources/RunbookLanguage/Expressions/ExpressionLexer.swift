import RunbookDiagnostics
import RunbookModel

/// A word of the expression language and its place in the value.
struct ExpressionToken: Hashable {
    enum Kind: Hashable {
        /// `inputs.cluster`, `steps.fence-join/default.outputs.x`; also the words `and`, `true`, …
        case name(String)
        case string(String)
        case integer(Int)
        case comparison(Expression.Comparison)
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, comma
        case end
    }
    var kind: Kind
    var range: Range<Int>
}

/// Cuts an expression into tokens.
struct ExpressionLexer {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    /// Reads the part of `bytes` in `range`; offsets are those of `bytes`.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() throws(ValueProblem) -> ExpressionToken {
        while position < end, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        let start = position
        guard start < end else { return ExpressionToken(kind: .end, range: end..<end) }
        let byte = bytes[start]
        if byte == UInt8(ascii: "'") { return try string() }
        if Self.isDigit(byte)
            || (byte == UInt8(ascii: "-") && start + 1 < end && Self.isDigit(bytes[start + 1]))
        {
            return try integer()
        }
        if Self.isNameStart(byte) { return name() }
        return try symbol()
    }

    /// `'text'`, where `''` is a quote.
    private mutating func string() throws(ValueProblem) -> ExpressionToken {
        let start = position
        var content: [UInt8] = []
        position += 1
        while position < end {
            if bytes[position] != UInt8(ascii: "'") {
                content.append(bytes[position])
                position += 1
            } else if position + 1 < end, bytes[position + 1] == UInt8(ascii: "'") {
                content.append(UInt8(ascii: "'"))
                position += 2
            } else {
                position += 1
                return ExpressionToken(
                    kind: .string(String(decoding: content, as: UTF8.self)), range: start..<position)
            }
        }
        throw ValueProblem(
            "expression-syntax", "a text in the expression is not closed", at: start..<end,
            "it begins with a quote and does not end with one")
    }

    private mutating func integer() throws(ValueProblem) -> ExpressionToken {
        let start = position
        position += 1
        while position < end, Self.isNameByte(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Int(text), String(number) == text else {
            throw ValueProblem(
                "expression-syntax", "`\(text)` is not a whole number", at: start..<position
            ).hint("write a text in single quotes: '\(text)'", replacing: start..<position, with: "'\(text)'")
        }
        return ExpressionToken(kind: .integer(number), range: start..<position)
    }

    private mutating func name() -> ExpressionToken {
        let start = position
        while position < end, Self.isNameByte(bytes[position]) { position += 1 }
        return ExpressionToken(
            kind: .name(String(decoding: bytes[start..<position], as: UTF8.self)), range: start..<position)
    }

    private mutating func symbol() throws(ValueProblem) -> ExpressionToken {
        let start = position
        let two = String(decoding: bytes[start..<min(end, start + 2)], as: UTF8.self)
        if let comparison = Expression.Comparison(rawValue: two) {
            position += 2
            return ExpressionToken(kind: .comparison(comparison), range: start..<position)
        }
        if let wrong = Self.otherLanguages[two] {
            throw ValueProblem(
                "expression-syntax", "`\(two)` is not known here", at: start..<start + two.utf8.count
            )
            .hint("write `\(wrong)`", replacing: start..<start + two.utf8.count, with: wrong)
        }
        let one = String(decoding: bytes[start..<start + 1], as: UTF8.self)
        if let comparison = Expression.Comparison(rawValue: one) {
            position += 1
            return ExpressionToken(kind: .comparison(comparison), range: start..<position)
        }
        if let kind = Self.symbols[one] {
            position += 1
            return ExpressionToken(kind: kind, range: start..<position)
        }
        if let wrong = Self.otherLanguages[one] {
            throw ValueProblem("expression-syntax", "`\(one)` is not known here", at: start..<start + 1)
                .hint("write `\(wrong)`", replacing: start..<start + 1, with: wrong)
        }
        throw unknown(at: start)
    }

    private func unknown(at start: Int) -> ValueProblem {
        switch bytes[start] {
        case UInt8(ascii: "\""):
            return ValueProblem("expression-syntax", "a text stands in single quotes", at: start..<start + 1)
                .hint("write 'text'; a quote inside is written ''")
        case UInt8(ascii: "$"):
            return ValueProblem(
                "expression-syntax", "shell variables are not known here", at: start..<start + 1
            )
            .hint("an entry of `env:` is called `env.NAME`")
        default:
            let scalar = String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars.first
            let shown = scalar.map { String(Character($0)) } ?? ""
            return ValueProblem(
                "expression-syntax", "`\(shown)` has no meaning here", at: start..<start + shown.utf8.count)
        }
    }

    private static let symbols: [String: ExpressionToken.Kind] = [
        "(": .leftParenthesis, ")": .rightParenthesis, "[": .leftBracket, "]": .rightBracket, ",": .comma,
    ]
    private static let otherLanguages = ["&&": "and", "||": "or", "!": "not ", "=": "==", "=~": "=="]

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isNameStart(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }
    /// Names hold dots and hyphens; there is no subtraction and no division.
    static func isNameByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || isDigit(byte)
            || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/")].contains(byte)
    }
}
