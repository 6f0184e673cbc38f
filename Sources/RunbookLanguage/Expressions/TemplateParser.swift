import RunbookDiagnostics
import RunbookModel

/// Where a template stands, which decides how its values are inserted and what is allowed around them.
enum TemplateSetting: Hashable {
    case plain, shell, pattern
}

/// Reads a text with `${{ }}` in it.
struct TemplateParser<Resolver: NameResolver> {
    private let bytes: [UInt8]
    private let setting: TemplateSetting
    private let resolver: Resolver
    private var parts: [Template.Part] = []
    /// Where each `${{ }}` stands.
    private var values: [Range<Int>] = []
    private(set) var problems: [ValueProblem] = []

    /// The template, and everything that is wrong with it. A template with problems must not be used.
    static func parse(
        _ text: String, as setting: TemplateSetting, _ resolver: Resolver
    ) -> (template: Template, problems: [ValueProblem]) {
        var parser = TemplateParser(text, as: setting, resolver)
        parser.readParts()
        parser.checkSurroundings(of: text)
        return (Template(parts: parser.parts), parser.problems)
    }

    private init(_ text: String, as setting: TemplateSetting, _ resolver: Resolver) {
        bytes = Array(text.utf8)
        self.setting = setting
        self.resolver = resolver
    }

    private mutating func readParts() {
        var literalStart = 0
        var position = 0
        while let start = find("${{", from: position) {
            guard let end = closing(from: start + 3) else {
                problems.append(
                    ValueProblem("expression-syntax", "`${{` is not closed by `}}`", at: start..<start + 3))
                return
            }
            append(literal: literalStart..<start)
            values.append(start..<end + 2)
            readValue(start + 3..<end)
            position = end + 2
            literalStart = position
        }
        append(literal: literalStart..<bytes.count)
    }

    private mutating func append(literal range: Range<Int>) {
        guard !range.isEmpty else { return }
        parts.append(.text(String(decoding: bytes[range], as: UTF8.self)))
    }

    private mutating func readValue(_ range: Range<Int>) {
        do throws(ValueProblem) {
            guard let inner = rawArgument(in: range) else {
                parts.append(.value(try ExpressionParser.parse(bytes, in: range, resolver).expression))
                return
            }
            parts.append(.raw(try ExpressionParser.parse(bytes, in: inner, resolver).expression))
            guard setting == .shell else { return }
            var warning = ValueProblem(
                "raw-value", "this value is inserted in the shell text without quotes", at: range,
                "what it holds is run"
            ).hint("leave `raw( )` out unless the value is meant to be shell text")
            warning.severity = .warning
            problems.append(warning)
        } catch {
            problems.append(error)
        }
    }

    /// The place of x in `raw(x)`, when that is all there is.
    private func rawArgument(in range: Range<Int>) -> Range<Int>? {
        let blank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let start = bytes[range].firstIndex { !blank($0) } ?? range.upperBound
        guard let last = bytes[range].lastIndex(where: { !blank($0) }), bytes[last] == UInt8(ascii: ")"),
            bytes[start..<range.upperBound].starts(with: Array("raw(".utf8))
        else { return nil }
        return start + 4..<last
    }

    private func find(_ word: String, from position: Int) -> Int? {
        let word = Array(word.utf8)
        guard bytes.count - position >= word.count else { return nil }
        return (position...bytes.count - word.count).first { bytes[$0...].starts(with: word) }
    }

    /// The place of `}}`, not counting one inside a text of the expression.
    private func closing(from start: Int) -> Int? {
        var isText = false
        var index = start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "'") { isText.toggle() }
            if !isText, bytes[index] == UInt8(ascii: "}"), index + 1 < bytes.count,
                bytes[index + 1] == UInt8(ascii: "}")
            {
                return index
            }
            index += 1
        }
        return nil
    }

    private mutating func checkSurroundings(of text: String) {
        guard problems.allSatisfy({ $0.severity != .error }) else { return }
        switch setting {
        case .plain: break
        case .shell: problems += ShellScanner.problems(in: bytes, values: values)
        case .pattern:
            problems += PatternDialect.problems(in: text, values: values).map { ValueProblem($0) }
        }
    }
}
