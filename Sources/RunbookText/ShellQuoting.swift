/// Writes a text as one word of the POSIX shell.
///
/// A text of safe characters is returned as it is; anything else stands in single quotes, with `'\''` for a
/// quote; the empty text is `''`. A reserved word is quoted too, so that a value never becomes syntax.
/// No shell can take a NUL: a caller that may hold one refuses it first, or uses `shellQuotedOnOneLine`.
package func shellQuoted(_ text: String) -> String {
    if isPlainShellWord(text) { return text }
    var bytes: [UInt8] = [singleQuote]
    for byte in text.utf8 {
        // By bytes, since a quote followed by a combining mark is another `Character`.
        if byte == singleQuote { bytes += Array(#"'\''"#.utf8) } else { bytes.append(byte) }
    }
    bytes.append(singleQuote)
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes a text as one word of the POSIX shell that holds no line break.
///
/// A newline becomes the expansion `"$nl"` between quoted parts: the shell that reads the word has `nl` set to
/// a newline. Returns nil for a text with a NUL, which no shell can take.
package func shellQuotedOnOneLine(_ text: String) -> String? {
    if text.utf8.contains(0) { return nil }
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.count == 1 { return shellQuoted(text) }
    return lines.map { $0.isEmpty ? "" : shellQuoted(String(decoding: $0, as: UTF8.self)) }
        .joined(separator: #""$nl""#)
}

private let singleQuote = UInt8(ascii: "'")

/// The reserved words of the shell command language (POSIX.1-2017, XCU 2.4), and those of bash and ksh.
private let reservedWords: Set<String> = [
    "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
    "then", "time", "until", "while",
]

private func isPlainShellWord(_ text: String) -> Bool {
    guard !text.isEmpty, !reservedWords.contains(text) else { return false }
    return text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "%"):
            // `=` is missing on purpose: `A=b` where a command is expected would be an assignment.
            true
        default:
            false
        }
    }
}
