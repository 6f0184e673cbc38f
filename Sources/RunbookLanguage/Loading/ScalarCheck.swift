import RunbookDiagnostics
import RunbookText
import RunbookYAML

/// What is wrong with one scalar, and what to write instead; nil when it is right.
enum ScalarCheck {
    /// Longest name of a step, host, group or check: after a block's name it still makes a file name.
    static let nameLengthMax = 64

    static func text(_ scalar: YAMLScalar, _ what: String) -> Diagnostic? {
        guard let start = scalar.text.firstRange(of: "${{") else { return nil }
        let offset = scalar.text.utf8.distance(from: scalar.text.startIndex, to: start.lowerBound)
        return .error(
            "value-not-here", "\(what) cannot hold `${{ }}`", at: scalar.span(of: offset..<offset + 3)
        )
        .hint("it is shown before anything is known; `message`, `say` and `env` can hold it")
    }

    static func name(_ scalar: YAMLScalar, _ what: String) -> Diagnostic? {
        let text = scalar.text
        guard text.utf8.count <= nameLengthMax else {
            return .error("bad-name", "\(what) is longer than \(nameLengthMax) characters", at: scalar.span)
        }
        guard !isName(text) else { return nil }
        let problem = Diagnostic.error("bad-name", "\(what) is not a name", at: scalar.span)
        let suggestion = suggestedName(text)
        guard isName(suggestion) else {
            return problem.hint(
                "a name is made of `a`–`z`, `0`–`9` and `-`, and begins with a letter or a digit")
        }
        return problem.hint(
            "a name is made of `a`–`z`, `0`–`9` and `-`", replacing: scalar.span, with: suggestion)
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Names of inputs, attributes and outputs may hold `_`.
    static func isInputName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.count <= nameLengthMax
            && text.utf8.allSatisfy {
                isLowerOrDigit($0) || [UInt8(ascii: "-"), UInt8(ascii: "_")].contains($0)
            }
    }

    static func isVariableName(_ text: String) -> Bool {
        guard let first = text.utf8.first, ExpressionLexer.isNameStart(first) else { return false }
        return text.utf8.allSatisfy { ExpressionLexer.isNameStart($0) || ExpressionLexer.isDigit($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || ExpressionLexer.isDigit(byte)
    }

    private static func suggestedName(_ text: String) -> String {
        let words = text.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        return words.joined(separator: "-")
    }

    static func integer(_ scalar: YAMLScalar, _ range: ClosedRange<Int>, _ what: String) -> Diagnostic? {
        let text = scalar.text
        guard let number = Int(text), !text.hasPrefix("+") else {
            return .error("wrong-type", "\(what) wants a whole number", at: scalar.span)
        }
        guard String(number) == text else {
            return .error("wrong-type", "a number is written without a leading zero", at: scalar.span)
                .hint("write `\(number)`", replacing: scalar.span, with: String(number))
        }
        guard range.contains(number) else {
            return .error(
                "out-of-range", "\(what) is a number from \(range.lowerBound) to \(range.upperBound)",
                at: scalar.span)
        }
        return nil
    }

    static func count(_ scalar: YAMLScalar, _ range: ClosedRange<Int>, _ what: String) -> Diagnostic? {
        scalar.text.utf8.starts(with: "${{".utf8) ? nil : integer(scalar, range, what)
    }

    static func boolean(_ scalar: YAMLScalar, _ what: String) -> Diagnostic? {
        guard scalar.text != "true", scalar.text != "false" else { return nil }
        let problem = Diagnostic.error("wrong-type", "\(what) is `true` or `false`", at: scalar.span)
        switch scalar.text.lowercased() {
        case "yes", "y", "on", "true", "1":
            return problem.hint("write `true`", replacing: scalar.span, with: "true")
        case "no", "n", "off", "false", "0":
            return problem.hint("write `false`", replacing: scalar.span, with: "false")
        default:
            return problem
        }
    }

    static func duration(_ scalar: YAMLScalar, _ what: String) -> Diagnostic? {
        guard DurationText.parse(scalar.text) == nil else { return nil }
        // What it is worth is judged where its names are known.
        if scalar.text.utf8.starts(with: "${{".utf8) { return nil }
        let problem = Diagnostic.error("wrong-type", "\(what) wants a duration", at: scalar.span)
        if Int(scalar.text) != nil, DurationText.parse(scalar.text + "s") != nil {
            return problem.hint(
                "say the unit: `\(scalar.text)s`", replacing: scalar.span, with: scalar.text + "s")
        }
        return problem.hint("write `500ms`, `30s`, `10m` or `1h30m`")
    }

    static func share(_ scalar: YAMLScalar, _ what: String) -> Diagnostic? {
        guard Share(scalar.text) == nil else { return nil }
        return .error("wrong-type", "\(what) wants a number of hosts, or a percentage", at: scalar.span)
            .hint("write `5`, or `25%` of the step's hosts")
    }

    static func choice(_ scalar: YAMLScalar, _ words: [String], _ what: String) -> Diagnostic? {
        guard !words.contains(scalar.text) else { return nil }
        let listed = words.map { "`\($0)`" }
        let problem = Diagnostic.error(
            "unknown-choice",
            words.count == 1 ? "\(what) can only be \(listed[0])" : "\(what) is \(englishList(listed, "or"))",
            at: scalar.span)
        guard let near = closest(to: scalar.text, among: words) else { return problem }
        return problem.hint("did you mean `\(near)`?", replacing: scalar.span, with: near)
    }
}
