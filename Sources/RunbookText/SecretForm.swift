/// The forms in which a secret is looked for.
enum SecretForm: CaseIterable {
    /// The secret as it is.
    case plain
    /// Each line of a secret of several lines, such as a key in PEM form: tools print them one by one.
    case lines
    /// The secret as one quoted word of the shell, as a trace of the shell prints it.
    case shellQuoted
    case hexadecimal
    case base64
    case percent
    case json

    /// The byte strings this form has for a secret. One that is too short to be hidden is left out later.
    func patterns(of secret: [UInt8]) -> [[UInt8]] {
        switch self {
        case .plain: [secret]
        case .lines: secret.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map(Array.init)
        case .shellQuoted: [Self.insideShellQuotes(secret)]
        case .hexadecimal: [hexadecimalDigits(secret, lowerDigits), hexadecimalDigits(secret, upperDigits)]
        case .base64: (0..<3).flatMap { Self.base64(secret, startingAt: $0) }
        case .percent: [percentEncoded(secret, lowerDigits), percentEncoded(secret, upperDigits)]
        case .json: [Self.jsonEscaped(secret)]
        }
    }

    private static func insideShellQuotes(_ secret: [UInt8]) -> [UInt8] {
        secret.flatMap { $0 == UInt8(ascii: "'") ? Array(#"'\''"#.utf8) : [$0] }
    }

    private static func jsonEscaped(_ secret: [UInt8]) -> [UInt8] {
        secret.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""): Array(#"\""#.utf8)
            case UInt8(ascii: "\\"): Array(#"\\"#.utf8)
            case UInt8(ascii: "\n"): Array(#"\n"#.utf8)
            case UInt8(ascii: "\r"): Array(#"\r"#.utf8)
            case UInt8(ascii: "\t"): Array(#"\t"#.utf8)
            case 0..<0x20: Array(#"\u00"#.utf8) + hexadecimalDigits([byte], lowerDigits)
            default: [byte]
            }
        }
    }

    /// The characters of base64 that depend on the secret alone when `alignment` bytes stand before it.
    ///
    /// The first and the last character may mix in bits of a neighbour, so they are left out.
    private static func base64(_ secret: [UInt8], startingAt alignment: Int) -> [[UInt8]] {
        let bits = Array(repeating: UInt8(0), count: alignment) + secret
        var sextets: [UInt8] = []
        for start in stride(from: 0, to: bits.count - bits.count % 3, by: 3) {
            let group = UInt32(bits[start]) << 16 | UInt32(bits[start + 1]) << 8 | UInt32(bits[start + 2])
            for shift in [18, 12, 6, 0] as [UInt32] { sextets.append(UInt8(group >> shift & 0x3F)) }
        }
        // A last group that is not whole: its first sextets are sure when all their bits are there.
        let rest = Array(bits.suffix(bits.count % 3))
        if let first = rest.first { sextets.append(first >> 2) }
        if rest.count == 2 { sextets.append((rest[0] & 0x03) << 4 | rest[1] >> 4) }
        let unsure = alignment == 0 ? 0 : alignment + 1
        let sure = sextets.dropFirst(unsure)
        let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let forNames = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        return [sure.map { standard[Int($0)] }, sure.map { forNames[Int($0)] }]
    }
}

private let lowerDigits = Array("0123456789abcdef".utf8)
private let upperDigits = Array("0123456789ABCDEF".utf8)

private func hexadecimalDigits(_ bytes: [UInt8], _ digits: [UInt8]) -> [UInt8] {
    bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0F)]] }
}

/// RFC 3986, section 2.3: letters, digits and `-._~` stand for themselves.
private func percentEncoded(_ bytes: [UInt8], _ digits: [UInt8]) -> [UInt8] {
    bytes.flatMap { byte -> [UInt8] in
        let scalar = Unicode.Scalar(byte)
        let isPlain =
            scalar.isASCII
            && (scalar.properties.isAlphabetic || "0123456789-._~".unicodeScalars.contains(scalar))
        return isPlain ? [byte] : [UInt8(ascii: "%")] + hexadecimalDigits([byte], digits)
    }
}
