/// A line of ssh_config(5) that says something: a keyword and its arguments.
struct SSHConfigLine: Equatable {
    /// In lower case.
    var keyword: String
    /// As it is written, for people.
    var word: String
    var arguments: [String]

    enum Fault: Error, Equatable {
        case noArgument(String)
        case openQuote
    }

    /// Nil for an empty line or a comment.
    ///
    /// The keyword ends at a blank or at one `=`. Arguments are split as OpenSSH's `argv_split` does it: quotes
    /// of both kinds, a backslash before a quote, a backslash or a blank, and a `#` at the start of an argument
    /// begins a comment.
    init?(_ line: some StringProtocol) throws(Fault) {
        let text = Array(line.utf8).map { $0 == 0x0D || $0 == 0x0C ? UInt8(ascii: " ") : $0 }
        var rest = text[...].drop(while: Self.isBlank)
        guard let first = rest.first, first != UInt8(ascii: "#") else { return nil }
        let name = rest.prefix { !Self.isBlank($0) && $0 != UInt8(ascii: "=") }
        word = String(decoding: name, as: UTF8.self)
        keyword = word.lowercased()
        rest = rest.dropFirst(name.count).drop(while: Self.isBlank)
        if rest.first == UInt8(ascii: "=") { rest = rest.dropFirst().drop(while: Self.isBlank) }
        arguments = try Self.split(rest)
        if arguments.isEmpty { throw .noArgument(word) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func split(_ bytes: ArraySlice<UInt8>) throws(Fault) -> [String] {
        var arguments: [String] = []
        var rest = bytes.drop(while: isBlank)
        while let first = rest.first, first != UInt8(ascii: "#") {
            let (argument, after) = try takeArgument(rest)
            arguments.append(argument)
            rest = after.drop(while: isBlank)
        }
        return arguments
    }

    private static func takeArgument(_ bytes: ArraySlice<UInt8>) throws(Fault) -> (String, ArraySlice<UInt8>)
    {
        var taken: [UInt8] = []
        var rest = bytes
        var quote: UInt8?
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                let escaped = [UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\")]
                if let next = rest.first, escaped.contains(next) || quote == nil && next == 0x20 {
                    taken.append(next)
                    rest = rest.dropFirst()
                } else {
                    taken.append(byte)
                }
            case _ where quote == nil && isBlank(byte):
                return (String(decoding: taken, as: UTF8.self), rest)
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if quote == nil {
                    quote = byte
                } else if quote == byte {
                    quote = nil
                } else {
                    taken.append(byte)
                }
            default: taken.append(byte)
            }
        }
        guard quote == nil else { throw .openQuote }
        return (String(decoding: taken, as: UTF8.self), rest)
    }
}

/// The patterns of ssh_config(5), PATTERNS: `*` for any text, `?` for one character.
enum SSHPattern {
    static func matches(_ pattern: some StringProtocol, _ text: String) -> Bool {
        let pattern = Array(pattern.utf8), text = Array(text.utf8)
        // The usual walk with one place to come back to: the last `*` takes one character more.
        var p = 0, t = 0
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Patterns with commas between them, in which a `!` excludes: one must match and none exclude.
    static func listMatches(_ list: String, _ text: String) -> Bool {
        let text = text.lowercased()
        var isFound = false
        for pattern in list.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
            if pattern.hasPrefix("!") {
                if matches(pattern.dropFirst(), text) { return false }
            } else if matches(pattern, text) {
                isFound = true
            }
        }
        return isFound
    }
}
