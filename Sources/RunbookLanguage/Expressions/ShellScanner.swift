import RunbookDiagnostics

/// Walks shell text just far enough to know what each `${{ }}` stands in.
///
/// A value is inserted as one quoted word. Inside double quotes its own quotes would be characters
/// (`"a 'b'"`), inside a here-document they would be printed, and in single quotes they would end them: so it
/// may stand only where a word may begin or go on.
struct ShellScanner {
    private enum Context: Hashable {
        case single, double, comment, backticks
        /// `$( … )` and `( … )`, where quoting begins anew.
        case parentheses
        /// `${ … }`
        case braces
        case here(delimiter: String)

        var words: String? {
            switch self {
            case .single: "single quotes"
            case .double: "double quotes"
            case .comment: "a comment"
            case .here: "a here-document"
            case .backticks, .parentheses, .braces: nil
            }
        }
    }

    private struct PendingHere {
        var delimiter: String
        var stripsTabs: Bool
    }

    private let bytes: [UInt8]
    private let values: [Range<Int>]
    private var position = 0
    private var contexts: [Context] = []
    private var pending: [PendingHere] = []
    private var problems: [ValueProblem] = []

    static func problems(in bytes: [UInt8], values: [Range<Int>]) -> [ValueProblem] {
        guard !values.isEmpty else { return [] }
        var scanner = ShellScanner(bytes: bytes, values: values)
        scanner.scan()
        return scanner.problems
    }

    private init(bytes: [UInt8], values: [Range<Int>]) {
        self.bytes = bytes
        self.values = values
    }

    private mutating func scan() {
        while position < bytes.count {
            if let value = values.first(where: { $0.lowerBound == position }) {
                judge(value)
                position = value.upperBound
                continue
            }
            step(bytes[position])
        }
    }

    private mutating func judge(_ value: Range<Int>) {
        if let words = contexts.last?.words {
            report(value, "`${{ }}` cannot stand inside \(words) of shell text", because(contexts.last))
        } else if position > 0,
            bytes[position - 1] == UInt8(ascii: "\\") || bytes[position - 1] == UInt8(ascii: "$")
        {
            report(
                value, "`${{ }}` cannot follow a backslash or a `$`",
                "the value begins with a quote of its own")
        }
    }

    private func because(_ context: Context?) -> String {
        switch context {
        case .comment: "a value cannot be quoted in a comment"
        case .here: "the value's own quotes would be printed"
        default: "the value brings its own quotes"
        }
    }

    private mutating func report(_ value: Range<Int>, _ headline: String, _ label: String) {
        let text = String(decoding: bytes[value], as: UTF8.self)
        let name = suggestedName(for: text)
        problems.append(
            ValueProblem("value-in-quotes", headline, at: value, label)
                .hint(
                    "add `env: { \(name): '\(text)' }` to the step and write \"$\(name)\" in the shell text"))
    }

    /// `${{ inputs.cluster }}` is called `CLUSTER`.
    private func suggestedName(for text: String) -> String {
        let words = text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "-" }
        guard let word = words.last, let first = word.first, first.isLetter,
            word.utf8.allSatisfy({ $0 < 0x80 })
        else { return "VALUE" }
        return word.uppercased().split(separator: "-").joined(separator: "_")
    }

    private mutating func step(_ byte: UInt8) {
        switch contexts.last {
        case .single:
            if byte == UInt8(ascii: "'") { contexts.removeLast() }
            position += 1
        case .comment:
            if byte == UInt8(ascii: "\n") { contexts.removeLast() } else { position += 1 }
        case .here(let delimiter):
            hereLine(delimiter)
        case .double:
            inDoubleQuotes(byte)
        case .backticks, .parentheses, .braces, nil:
            inCommand(byte)
        }
    }

    private mutating func inDoubleQuotes(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): position += values.contains { $0.lowerBound == position + 1 } ? 1 : 2
        case UInt8(ascii: "\""):
            contexts.removeLast()
            position += 1
        case UInt8(ascii: "`"):
            contexts.append(.backticks)
            position += 1
        case UInt8(ascii: "$"): dollar()
        default: position += 1
        }
    }

    private mutating func inCommand(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"):
            position += values.contains { $0.lowerBound == position + 1 } ? 1 : 2
            return
        case UInt8(ascii: "$"):
            dollar()
            return
        case UInt8(ascii: "\n"):
            position += 1
            beginHereDocument()
            return
        case UInt8(ascii: "<"):
            redirection()
            return
        case UInt8(ascii: "'"): contexts.append(.single)
        case UInt8(ascii: "\""): contexts.append(.double)
        case UInt8(ascii: "#") where wordMayBegin: contexts.append(.comment)
        case UInt8(ascii: "`"):
            if contexts.last == .backticks { contexts.removeLast() } else { contexts.append(.backticks) }
        case UInt8(ascii: "("): contexts.append(.parentheses)
        case UInt8(ascii: ")"): if contexts.last == .parentheses { contexts.removeLast() }
        case UInt8(ascii: "}"): if contexts.last == .braces { contexts.removeLast() }
        default: break
        }
        position += 1
    }

    /// A `#` begins a comment only where a word may begin.
    private var wordMayBegin: Bool {
        guard contexts.last != .braces else { return false }
        return position == 0 || Array(" \t\n;&|()`".utf8).contains(bytes[position - 1])
    }

    private mutating func dollar() {
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        if values.contains(where: { $0.lowerBound == position + 1 }) {
            position += 1
        } else if next == UInt8(ascii: "(") {
            contexts.append(.parentheses)
            position += 2
        } else if next == UInt8(ascii: "{") {
            contexts.append(.braces)
            position += 2
        } else {
            position += 1
            // `$#` and `$$` are parameters, no comments.
            if next == UInt8(ascii: "#") || next == UInt8(ascii: "$") { position += 1 }
        }
    }

    /// `<<WORD` and `<<-WORD`; the text follows after the end of this line.
    private mutating func redirection() {
        guard bytes[position...].starts(with: Array("<<".utf8)),
            !bytes[position...].starts(with: Array("<<<".utf8))
        else {
            position += bytes[position...].starts(with: Array("<<<".utf8)) ? 3 : 1
            return
        }
        position += 2
        let stripsTabs = position < bytes.count && bytes[position] == UInt8(ascii: "-")
        if stripsTabs { position += 1 }
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
        var delimiter: [UInt8] = []
        while position < bytes.count, !Array(" \t\n;&|<>()".utf8).contains(bytes[position]) {
            if !Array("'\"\\".utf8).contains(bytes[position]) { delimiter.append(bytes[position]) }
            position += 1
        }
        pending.append(
            PendingHere(delimiter: String(decoding: delimiter, as: UTF8.self), stripsTabs: stripsTabs))
    }

    private mutating func beginHereDocument() {
        guard !pending.isEmpty else { return }
        let here = pending.removeFirst()
        contexts.append(.here(delimiter: (here.stripsTabs ? "-" : "+") + here.delimiter))
    }

    /// One line of a here-document: its values are judged, its end is looked for.
    private mutating func hereLine(_ delimiter: String) {
        let start = position
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        for value in values where value.lowerBound >= start && value.lowerBound < end { judge(value) }
        var line = String(decoding: bytes[start..<end], as: UTF8.self)
        if delimiter.hasPrefix("-") { line = String(line.drop { $0 == "\t" }) }
        position = min(end + 1, bytes.count)
        if line == delimiter.dropFirst() {
            contexts.removeLast()
            beginHereDocument()
        }
    }
}
