/// The forms in which a secret is looked for. Each may also be split over lines, which `Redactor` sees to.
enum SecretForm: CaseIterable {
    /// The secret as it is.
    case plain
    /// Each line of a secret of several lines, such as a key in PEM form: tools print them one by one.
    case lines
    /// With CRLF in place of its line breaks.
    case carriageReturns
    /// UTF-16, both byte orders.
    case utf16
    /// Inside of single quotes of the shell, of double quotes, and of `$'…'`.
    case shell
    case hexadecimal
    /// RFC 4648, section 4 and 5, at every alignment.
    case base64
    /// RFC 4648, section 6, at every alignment.
    case base32
    case percent
    case json
    /// Backslash escapes as C and its relatives have them, for what is special or for every byte.
    case backslashes
    /// Named and numeric character references.
    case xml

    /// The byte strings this form has for a secret. One that is too short to be hidden is left out later.
    func patterns(of secret: [UInt8]) -> [[UInt8]] {
        switch self {
        case .plain: [secret]
        case .lines: secret.split { $0 == lineFeed || $0 == carriageReturn }.map(Array.init)
        case .carriageReturns: [secret.flatMap { $0 == lineFeed ? [carriageReturn, lineFeed] : [$0] }]
        case .utf16: Self.utf16(secret)
        case .shell: Self.shell(secret)
        case .hexadecimal: Digits.allCases.map { secret.flatMap($0.pair) }
        case .base64: (0..<3).flatMap { Self.base64(secret, startingAt: $0) }
        case .base32: (0..<5).flatMap { Self.base32(secret, startingAt: $0) }
        case .percent: Self.percent(secret)
        case .json: Self.json(secret)
        case .backslashes: Self.backslashes(secret)
        case .xml: Self.xml(secret)
        }
    }

    private static func utf16(_ secret: [UInt8]) -> [[UInt8]] {
        guard let text = String(validating: secret, as: UTF8.self) else { return [] }
        let units = text.utf16.map { (UInt8($0 >> 8), UInt8($0 & 0xFF)) }
        return [units.flatMap { [$0.0, $0.1] }, units.flatMap { [$0.1, $0.0] }]
    }

    private static func shell(_ secret: [UInt8]) -> [[UInt8]] {
        [
            escaped(secret) { $0 == "'" ? #"'\''"# : nil },
            // As Python's shlex has it.
            escaped(secret) { $0 == "'" ? #"'"'"'"# : nil },
            escaped(secret) { #"$`"\"#.contains($0) ? "\\\($0)" : nil },
            // An interactive bash is shown `\!` too; the printf %q of bash and zsh escapes every other sign.
            escaped(secret) { #"$`"\!"#.contains($0) ? "\\\($0)" : nil },
            escaped(secret) { $0.isLetter || $0.isNumber || "_-./:,+@%".contains($0) ? nil : "\\\($0)" },
        ]
    }

    private static func percent(_ secret: [UInt8]) -> [[UInt8]] {
        // RFC 3986, section 2.3; then what encodeURIComponent and encodeURI of ECMAScript leave as it is.
        let plain = ["-._~", "-._~!*'()", "-._~!*'();/?:@&=+$,#", ""]
        return Digits.allCases.flatMap { digits in
            plain.flatMap { kept -> [[UInt8]] in
                let encoded = secret.map { byte -> [UInt8] in
                    let isPlain = isLetterOrDigit(byte) || kept.utf8.contains(byte)
                    return isPlain ? [byte] : [UInt8(ascii: "%")] + digits.pair(byte)
                }
                let form = zip(secret, encoded).flatMap { $0 == 0x20 ? [UInt8(ascii: "+")] : $1 }
                return [encoded.flatMap(\.self), form]
            } + [secret.flatMap { [UInt8(ascii: "%")] + digits.pair($0) }]
        }
    }

    private static func json(_ secret: [UInt8]) -> [[UInt8]] {
        let short: [Character: String] = [
            "\"": #"\""#, "\\": #"\\"#, "\n": #"\n"#, "\r": #"\r"#, "\t": #"\t"#, "\u{8}": #"\b"#,
            "\u{C}": #"\f"#,
        ]
        var patterns: [[UInt8]] = []
        for digits in Digits.allCases {
            for escapesSlashes in [false, true] {
                for isASCII in [false, true] {
                    patterns.append(
                        escaped(secret) { character in
                            if let escape = short[character] { return escape }
                            if character == "/", escapesSlashes { return #"\/"# }
                            if character < " " || (isASCII && !character.isASCII) {
                                return digits.utf16Escapes(character)
                            }
                            return nil
                        })
                }
            }
            // Also the signs that are harmful inside of HTML, as Go's encoder has them, and everything.
            patterns.append(
                escaped(secret) { "<>&'".contains($0) ? digits.utf16Escapes($0) : short[$0] })
            patterns.append(escaped(secret) { digits.utf16Escapes($0) })
        }
        return patterns
    }

    private static func backslashes(_ secret: [UInt8]) -> [[UInt8]] {
        let short: [UInt8: String] = [
            0x07: #"\a"#, 0x08: #"\b"#, 0x09: #"\t"#, 0x0A: #"\n"#, 0x0B: #"\v"#, 0x0C: #"\f"#, 0x0D: #"\r"#,
            UInt8(ascii: "\\"): #"\\"#,
        ]
        func octal(_ byte: UInt8) -> String {
            let digits = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
        }
        func escaped(quotes: String, _ other: (UInt8) -> String) -> [UInt8] {
            secret.flatMap { byte -> [UInt8] in
                if let escape = short[byte] { return Array(escape.utf8) }
                if quotes.utf8.contains(byte) { return [UInt8(ascii: "\\"), byte] }
                return (0x20..<0x7F).contains(byte) ? [byte] : Array(other(byte).utf8)
            }
        }
        var patterns = [secret.flatMap { Array(octal($0).utf8) }]
        for quotes in ["\"", "'", "\"'", "\"'?"] {
            patterns.append(escaped(quotes: quotes, octal))
            // What is no ASCII often stays as it is.
            patterns.append(escaped(quotes: quotes) { String(decoding: [$0], as: UTF8.self) })
            for digits in Digits.allCases { patterns.append(escaped(quotes: quotes, digits.byteEscape)) }
        }
        for digits in Digits.allCases {
            patterns.append(secret.flatMap { Array(digits.byteEscape($0).utf8) })
        }
        // The bytes of what is no ASCII together, which one byte alone would have lost.
        for quotes in ["\"", "'", "\"'"] {
            patterns.append(
                secret.flatMap { byte -> [UInt8] in
                    if let escape = short[byte] { return Array(escape.utf8) }
                    return quotes.utf8.contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte]
                })
        }
        return patterns
    }

    private static func xml(_ secret: [UInt8]) -> [[UInt8]] {
        let named: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
        let quoted = named.merging(["\"": "&quot;"]) { $1 }
        var patterns = [escaped(secret) { named[$0] }, escaped(secret) { quoted[$0] }]
        for (quote, apostrophe) in [("&quot;", "&apos;"), ("&quot;", "&#39;"), ("&quot;", "&#x27;")] + [
            ("&#34;", "&#39;"), ("&#x22;", "&#x27;"),
        ] {
            let all = named.merging(["\"": quote, "'": apostrophe]) { $1 }
            patterns.append(escaped(secret) { all[$0] })
            // What is no ASCII as a number.
            patterns.append(
                escaped(secret) { all[$0] ?? ($0.isASCII ? nil : reference($0, radix: 10, prefix: "")) })
        }
        patterns.append(escaped(secret) { reference($0, radix: 10, prefix: "") })
        patterns.append(escaped(secret) { reference($0, radix: 16, prefix: "x") })
        patterns.append(escaped(secret) { reference($0, radix: 16, prefix: "x").uppercasedDigits })
        return patterns
    }

    private static func reference(_ character: Character, radix: Int, prefix: String) -> String {
        character.unicodeScalars.map { "&#\(prefix)\(String($0.value, radix: radix));" }.joined()
    }

    /// The secret with each character that has a form of its own written in it. A secret that is no text has none
    /// but itself.
    private static func escaped(_ secret: [UInt8], _ form: (Character) -> String?) -> [UInt8] {
        guard let text = String(validating: secret, as: UTF8.self) else { return secret }
        return text.unicodeScalars.flatMap { scalar in Array((form(Character(scalar)) ?? String(scalar)).utf8)
        }
    }

    // MARK: - Groups of bits

    /// The characters of base64 that depend on the secret alone when `alignment` bytes stand before it.
    private static func base64(_ secret: [UInt8], startingAt alignment: Int) -> [[UInt8]] {
        let groups = wholeGroups(of: secret, bits: 6, startingAt: alignment)
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return ["+/", "-_"].map { signs in
            let alphabet = Array((letters + signs).utf8)
            return groups.map { alphabet[Int($0)] }
        }
    }

    private static func base32(_ secret: [UInt8], startingAt alignment: Int) -> [[UInt8]] {
        let groups = wholeGroups(of: secret, bits: 5, startingAt: alignment)
        return ["ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "abcdefghijklmnopqrstuvwxyz234567"].map { letters in
            let alphabet = Array(letters.utf8)
            return groups.map { alphabet[Int($0)] }
        }
    }

    /// The groups of bits that hold bits of the secret only: the first and the last may hold some of a neighbour.
    private static func wholeGroups(of secret: [UInt8], bits: Int, startingAt alignment: Int) -> [UInt8] {
        let first = (alignment * 8 + bits - 1) / bits * bits - alignment * 8
        return stride(from: first, through: secret.count * 8 - bits, by: bits).map { start in
            (start..<start + bits).reduce(0) { value, bit in
                value << 1 | secret[bit / 8] >> UInt8(7 - bit % 8) & 1
            }
        }
    }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}

/// Hexadecimal digits in one of the two cases.
private enum Digits: CaseIterable {
    case lower, upper

    func pair(_ byte: UInt8) -> [UInt8] {
        let digits = Array((self == .lower ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
    }

    /// `\x41`
    func byteEscape(_ byte: UInt8) -> String { #"\x"# + String(decoding: pair(byte), as: UTF8.self) }

    /// `\u0041`, two of them where the character needs two units.
    func utf16Escapes(_ character: Character) -> String {
        String(character).utf16.map { unit in
            #"\u"# + String(decoding: pair(UInt8(unit >> 8)) + pair(UInt8(unit & 0xFF)), as: UTF8.self)
        }.joined()
    }
}

extension String {
    /// `&#x4f;` as `&#x4F;`: the letter x stays.
    fileprivate var uppercasedDigits: String {
        String(map { $0 == "x" ? "x" : Character($0.uppercased()) })
    }
}
