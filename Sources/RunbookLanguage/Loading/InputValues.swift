import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads what an input is given.
enum InputValues {
    /// The value, or what is wrong with the text: a headline and what to write instead.
    static func read(_ text: String, for input: Input) -> Result<Value, Refusal> {
        do throws(Refusal) {
            let value = try read(text, as: input.type)
            if let pattern = input.pattern, let regex = try? ExtendedRegex(pattern), !regex.matchesWhole(text)
            {
                throw Refusal(
                    headline: "`\(input.name)` does not have the right form",
                    hint: "it must match `\(pattern)`")
            }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    struct Refusal: Error {
        var headline: String
        var hint: String?
        var replacement: String?
    }

    private static func read(_ text: String, as type: InputType) throws(Refusal) -> Value {
        guard !text.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
        else {
            throw Refusal(headline: "a value is one line")
        }
        switch type {
        case .string: return .string(text)
        case .integer: return try integer(text)
        case .boolean: return try boolean(text)
        case .choice(let words): return try choice(text, words)
        case .ipv4:
            guard isIPv4(text) else {
                throw Refusal(
                    headline: "`\(text)` is not an IPv4 address",
                    hint: "four numbers from 0 to 255, as in `192.0.2.20`")
            }
            return .string(text)
        case .hostname:
            guard isHostname(text) else {
                throw Refusal(
                    headline: "`\(text)` is not a host name",
                    hint: "letters, digits, `-` and dots; every part begins and ends with a letter or a digit"
                )
            }
            return .string(text)
        case .path:
            guard text.hasPrefix("/"), !text.split(separator: "/").contains("..") else {
                throw Refusal(
                    headline: "`\(text)` is not an absolute path",
                    hint: "it begins with `/` and holds no `..`")
            }
            return .string(text)
        case .duration:
            guard DurationText.parse(text) != nil else {
                throw Refusal(
                    headline: "`\(text)` is not a duration", hint: "write `500ms`, `30s`, `10m` or `1h30m`")
            }
            return .string(text)
        }
    }

    private static func integer(_ text: String) throws(Refusal) -> Value {
        guard let number = Int(text), !text.hasPrefix("+") else {
            throw Refusal(headline: "`\(text)` is not a whole number")
        }
        guard String(number) == text else {
            throw Refusal(
                headline: "a number is written without a leading zero", hint: "write `\(number)`",
                replacement: String(number))
        }
        return .integer(number)
    }

    private static func boolean(_ text: String) throws(Refusal) -> Value {
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        let meant = ["yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"][
            text.lowercased()]
        let lower = ["true", "false"].first { $0 == text.lowercased() }
        guard let word = meant ?? lower else {
            throw Refusal(headline: "`\(text)` is neither `true` nor `false`")
        }
        throw Refusal(
            headline: "`\(text)` is neither `true` nor `false`", hint: "write `\(word)`", replacement: word)
    }

    private static func choice(_ text: String, _ words: [String]) throws(Refusal) -> Value {
        guard !words.contains(text) else { return .string(text) }
        let headline = "`\(text)` is none of the choices"
        guard let near = closest(to: text, among: words) else {
            throw Refusal(headline: headline, hint: "it is \(englishList(words.map { "`\($0)`" }, "or"))")
        }
        throw Refusal(headline: headline, hint: "did you mean `\(near)`?", replacement: near)
    }

    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let number = UInt8(part) else { return false }
                return String(number) == part
            }
    }

    /// RFC 1123, section 2.1: labels of letters, digits and hyphens, at most 63 each and 253 in all.
    static func isHostname(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-" else {
                return false
            }
            return label.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || ExpressionLexer.isDigit($0)
                    || $0 == UInt8(ascii: "-")
            }
        }
    }

    /// A name or an address that may be handed to a resolver: never an option, never shell text.
    static func isAddress(_ text: String) -> Bool {
        if isHostname(text) || isIPv4(text) { return true }
        // IPv6 as RFC 4291 writes it; the resolver judges it in the end.
        return (2...45).contains(text.utf8.count) && text.contains(":")
            && text.utf8.allSatisfy {
                ExpressionLexer.isDigit($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0)
                    || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
    }

    /// As `useradd` takes them (shadow-utils, `NAME_REGEX`).
    static func isUserName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first) || first == UInt8(ascii: "_") else {
            return false
        }
        return text.utf8.count <= 32
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || ExpressionLexer.isDigit($0)
                    || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains($0)
            }
    }

    /// Reports a refusal at the value.
    static func diagnostic(_ refusal: Refusal, at span: SourceSpan) -> Diagnostic {
        let problem = Diagnostic.error("bad-value", refusal.headline, at: span)
        guard let hint = refusal.hint else { return problem }
        guard let replacement = refusal.replacement else { return problem.hint(hint) }
        return problem.hint(hint, replacing: span, with: replacement)
    }
}
