/// One simple command of shell text: its words, without quotes, and where it writes.
struct ShellCommand: Equatable {
    struct Word: Equatable {
        /// Without its quotes; `${{ }}`, `$x` and `$( )` stand as they are written.
        var text: String
        /// UTF-8 offsets in the text.
        var range: Range<Int>
    }

    var words: [Word] = []
    /// Files that output is sent to, by `>`, `>>`, `>|` or `&>`.
    var targets: [Word] = []
    /// From its first word to its last.
    var range: Range<Int> {
        let all = (words + targets).map(\.range)
        let start = all.map(\.lowerBound).min() ?? 0
        return start..<max(start, all.map(\.upperBound).max() ?? 0)
    }
}

/// Shell text, read as far as the rules need it: not a shell, and never wrong about what is quoted.
struct ShellReader {
    private(set) var commands: [ShellCommand] = []
    /// Where `|` stands, of pipes.
    private(set) var pipes: [Range<Int>] = []

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int
    private var command = ShellCommand()
    /// A redirection waits for its word.
    private var awaitsTarget = false
    /// Here-documents whose text begins on the next line.
    private var heres: [String] = []
    /// Between `case … in` or `;;` and the `)` of its pattern, where `|` is no pipe.
    private var isInPattern = false
    /// Nested substitutions are followed this deep; a person reads no deeper.
    private static let depthMax = 16
    private let depth: Int

    init(_ text: String) {
        self.init(Array(text.utf8), 0..<text.utf8.count, depth: 0)
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>, depth: Int) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
        self.depth = depth
        while position < end { step() }
        endCommand()
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        position + offset < end ? bytes[position + offset] : 0
    }

    private mutating func step() {
        switch byte() {
        case UInt8(ascii: " "), UInt8(ascii: "\t"): position += 1
        case UInt8(ascii: "\n"):
            endCommand()
            position += 1
            while let here = heres.first { skipHere(until: here) }
        case UInt8(ascii: "#"): skipComment()
        case UInt8(ascii: ";"):
            endCommand()
            if byte(1) == UInt8(ascii: ";") { isInPattern = true }
            position += byte(1) == UInt8(ascii: ";") ? 2 : 1
        case UInt8(ascii: "&"): ampersand()
        case UInt8(ascii: "|"): bar()
        case UInt8(ascii: ">"), UInt8(ascii: "<"): redirection()
        case UInt8(ascii: "("), UInt8(ascii: ")"):
            if byte() == UInt8(ascii: ")") { isInPattern = false }
            endCommand()
            position += 1
        default: word()
        }
    }

    private mutating func endCommand() {
        if !command.words.isEmpty || !command.targets.isEmpty { commands.append(command) }
        command = ShellCommand()
        awaitsTarget = false
    }

    private mutating func skipComment() {
        while position < end, byte() != UInt8(ascii: "\n") { position += 1 }
    }

    private mutating func ampersand() {
        if byte(1) == UInt8(ascii: ">") {
            position += 2
            if byte() == UInt8(ascii: ">") { position += 1 }
            awaitsTarget = true
            return
        }
        endCommand()
        position += byte(1) == UInt8(ascii: "&") ? 2 : 1
    }

    private mutating func bar() {
        let isOr = byte(1) == UInt8(ascii: "|")
        if !isOr, !isInPattern {
            pipes.append(position..<position + 1)
        }
        if !isInPattern || isOr { endCommand() }
        position += isOr || byte(1) == UInt8(ascii: "&") ? 2 : 1
    }

    /// `>`, `>>`, `>|`, `2>&1`, `<`, `<<WORD`, `<<<`.
    private mutating func redirection() {
        if byte() == UInt8(ascii: "<") {
            guard byte(1) == UInt8(ascii: "<"), byte(2) != UInt8(ascii: "<") else {
                position += byte(1) == UInt8(ascii: "<") ? 3 : 1
                return
            }
            position += byte(2) == UInt8(ascii: "-") ? 3 : 2
            while byte() == UInt8(ascii: " ") { position += 1 }
            let start = position
            while position < end, !Self.endsWord.contains(byte()) { position += 1 }
            let word = bytes[start..<position].filter { !Array("'\"\\".utf8).contains($0) }
            heres.append(String(decoding: word, as: UTF8.self))
            return
        }
        position += 1
        if byte() == UInt8(ascii: ">") || byte() == UInt8(ascii: "|") { position += 1 }
        if byte() == UInt8(ascii: "&") {
            // To another descriptor: no file.
            position += 1
            while position < end, !Self.endsWord.contains(byte()) { position += 1 }
            return
        }
        awaitsTarget = true
    }

    private mutating func skipHere(until delimiter: String) {
        heres.removeFirst()
        while position < end {
            let start = position
            while position < end, byte() != UInt8(ascii: "\n") { position += 1 }
            let line = String(decoding: bytes[start..<position], as: UTF8.self)
            if position < end { position += 1 }
            if line.drop(while: { $0 == "\t" }) == delimiter { return }
        }
    }

    private static let endsWord = Array(" \t\n;&|<>()".utf8)

    private mutating func word() {
        let start = position
        var text: [UInt8] = []
        while position < end, !Self.endsWord.contains(byte()) { text += piece() }
        let word = ShellCommand.Word(text: String(decoding: text, as: UTF8.self), range: start..<position)
        // `2>` names a descriptor.
        if byte() == UInt8(ascii: ">"), !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) {
            return
        }
        if awaitsTarget {
            command.targets.append(word)
            awaitsTarget = false
        } else if Self.keywords.contains(word.text), command.words.isEmpty {
            return
        } else {
            command.words.append(word)
            if word.text == "in", command.words.first?.text == "case" {
                isInPattern = true
                command = ShellCommand()
            }
        }
    }

    /// Words in front of a command that are none themselves.
    private static let keywords: Set<String> = [
        "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "esac",
    ]

    /// The next part of a word: a character, a quoted text, a substitution.
    private mutating func piece() -> [UInt8] {
        switch byte() {
        case UInt8(ascii: "\\"):
            defer { position += 2 }
            return position + 1 < end ? [bytes[position + 1]] : []
        case UInt8(ascii: "'"):
            let start = position + 1
            position = start
            while position < end, byte() != UInt8(ascii: "'") { position += 1 }
            defer { position += 1 }
            return Array(bytes[start..<min(position, end)])
        case UInt8(ascii: "\""): return doubleQuoted()
        case UInt8(ascii: "$"): return dollar()
        case UInt8(ascii: "`"): return backTicks()
        default:
            defer { position += 1 }
            return [byte()]
        }
    }

    private mutating func doubleQuoted() -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while position < end, byte() != UInt8(ascii: "\"") {
            switch byte() {
            case UInt8(ascii: "\\"):
                text += position + 1 < end ? [bytes[position + 1]] : []
                position += 2
            case UInt8(ascii: "$"): text += dollar()
            case UInt8(ascii: "`"): text += backTicks()
            default:
                text.append(byte())
                position += 1
            }
        }
        position += 1
        return text
    }

    /// `$( … )` is read as shell text of its own; `${ … }` and `${{ … }}` are skipped over.
    private mutating func dollar() -> [UInt8] {
        let start = position
        position += 1
        if byte() == UInt8(ascii: "{") {
            var depth = 0
            repeat {
                if byte() == UInt8(ascii: "{") { depth += 1 }
                if byte() == UInt8(ascii: "}") { depth -= 1 }
                position += 1
            } while position < end && depth > 0
        } else if byte() == UInt8(ascii: "(") {
            let inner = position + 1
            position = closing(from: inner)
            read(inner..<position)
            position = min(position + 1, end)
        } else if byte() == UInt8(ascii: "#") || byte() == UInt8(ascii: "$") {
            position += 1
        }
        return Array(bytes[start..<min(position, end)])
    }

    /// The `)` that closes a substitution; quotes inside it are skipped over.
    private func closing(from start: Int) -> Int {
        var (index, open) = (start, 1)
        while index < end {
            switch bytes[index] {
            case UInt8(ascii: "("): open += 1
            case UInt8(ascii: ")"):
                open -= 1
                if open == 0 { return index }
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                let quote = bytes[index]
                index += 1
                while index < end, bytes[index] != quote {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
            default: break
            }
            index += 1
        }
        return end
    }

    private mutating func backTicks() -> [UInt8] {
        let start = position
        position += 1
        let inner = position
        while position < end, byte() != UInt8(ascii: "`") { position += byte() == UInt8(ascii: "\\") ? 2 : 1 }
        read(inner..<min(position, end))
        position = min(position + 1, end)
        return Array(bytes[start..<position])
    }

    private mutating func read(_ range: Range<Int>) {
        guard depth < Self.depthMax, !range.isEmpty else { return }
        let inside = ShellReader(bytes, range, depth: depth + 1)
        commands += inside.commands
        pipes += inside.pipes
    }
}

extension ShellCommand {
    /// The program and its arguments: without assignments in front, and without programs that only start another.
    var program: ArraySlice<Word> {
        var words = words[...]
        while let first = words.first {
            if Self.isAssignment(first.text)
                || ["env", "exec", "command", "nohup", "sudo", "setsid", "builtin"].contains(first.text)
            {
                words = words.dropFirst()
            } else if first.text == "timeout" || first.text == "nice" {
                words = words.dropFirst()
                while let option = words.first,
                    option.text.hasPrefix("-") || (option.text.first?.isNumber ?? false)
                {
                    words = words.dropFirst()
                }
            } else {
                break
            }
        }
        return words
    }

    /// The program's name without its folder.
    var name: String {
        let path = program.first?.text ?? ""
        return path.split(separator: "/").last.map(String.init) ?? ""
    }

    var arguments: [String] { program.dropFirst().map(\.text) }

    static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return false }
        return ScalarCheck.isVariableName(String(word[..<equals]))
    }
}
