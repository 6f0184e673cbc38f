import RunbookDiagnostics

/// Checks a text before libyaml sees it: its size, its encoding, its characters.
enum TextCheck {
    /// Most problems reported of one file of the wrong kind.
    private static let reportedMax = 20

    /// Returns the problems; with any of them the text is not parsed.
    static func problems(in source: SourceText, limits: YAMLLimits) -> [Diagnostic] {
        let size = source.bytes.count
        guard size <= limits.fileSizeInBytes else {
            return [
                .error(
                    "file-too-large",
                    "the file has \(size) bytes; at most \(limits.fileSizeInBytes) are read",
                    at: source.span(at: 0)
                ).hint("a runbook is text for people: put large data into a file of its own and `copy` it")
            ]
        }
        if let encoding = foreignEncoding(of: source.bytes) {
            return [
                .error("not-utf8", "the file is \(encoding), not UTF-8", at: source.span(at: 0))
                    .hint("save it as UTF-8, or convert it: iconv -f \(encoding) -t UTF-8")
            ]
        }
        return badCharacters(in: source)
    }

    /// The offset at which YAML begins: a byte order mark at the start is allowed and skipped.
    static func start(of bytes: [UInt8]) -> Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    private static func foreignEncoding(of bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return "UTF-32LE" }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return "UTF-32BE" }
        if bytes.starts(with: [0xFF, 0xFE]) { return "UTF-16LE" }
        if bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16BE" }
        return nil
    }

    private static func badCharacters(in source: SourceText) -> [Diagnostic] {
        let start = start(of: source.bytes)
        guard String(validating: source.bytes, as: UTF8.self) != nil else {
            return [notUTF8(source, at: firstInvalidByte(in: source))]
        }
        let bytes = source.bytes
        var found: [Diagnostic] = []
        var offset = start
        while offset < bytes.count, found.count < reportedMax {
            let byte = bytes[offset]
            if byte >= 0x20, byte < 0x7F || byte == 0x0A {
                offset += 1
                continue
            }
            let (scalar, length) = scalar(at: offset, in: bytes)
            if let name = forbiddenName(of: scalar) {
                found.append(control(source, scalar, name, at: offset..<(offset + length)))
            }
            offset += length
        }
        return found
    }

    /// The scalar at an offset of valid UTF-8 (RFC 3629, section 3), and its length.
    private static func scalar(at offset: Int, in bytes: [UInt8]) -> (Unicode.Scalar, Int) {
        let first = bytes[offset]
        let length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = length == 1 ? UInt32(first) : UInt32(first) & (0x7F >> UInt32(length))
        for byte in bytes[(offset + 1)..<(offset + length)] { value = value << 6 | UInt32(byte & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    private static func firstInvalidByte(in source: SourceText) -> Int {
        var first: Int?
        source.forEachScalar(in: 0..<source.bytes.count) { scalar, offset in
            if scalar == nil, first == nil { first = offset }
        }
        return first ?? 0
    }

    private static func notUTF8(_ source: SourceText, at offset: Int) -> Diagnostic {
        let byte = source.bytes[offset]
        let shown = "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        return .error(
            "not-utf8", "byte \(offset) of the file (\(shown)) is not UTF-8",
            at: source.span(offset..<(offset + 1))
        )
        .hint("save the file as UTF-8; from Latin-1: iconv -f ISO-8859-1 -t UTF-8")
    }

    private static func control(
        _ source: SourceText, _ scalar: Unicode.Scalar, _ name: String, at range: Range<Int>
    ) -> Diagnostic {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits

        return .error(
            "control-character", "\(code) (\(name)) is in the text",
            at: source.span(range), "cannot be seen here"
        )
        .hint("remove it; it often comes with a copy from a web page or a terminal")
    }

    /// Characters that cannot be seen, or that make a text look different from what it is.
    private static func forbiddenName(of scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20..<0x7F: nil
        case 0: "NUL"
        case 0x1B: "escape"
        case 0x7F: "delete"
        case 0x00..<0x20, 0x80..<0xA0: "a control character"
        case 0xFEFF: "a byte order mark"
        case 0x2028, 0x2029: "a line separator"
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: "a change of writing direction"
        case 0xAD, 0x200B, 0x2060...0x2064, 0xE0000...0xE007F: "an invisible character"
        default: scalar.value & 0xFFFE == 0xFFFE ? "not a character" : nil
        }
    }
}
