/// Decodes base64 strictly: no blanks, whole groups of four, zero bits in the padding. Nil for anything else.
func decodeBase64(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count.isMultiple(of: 4) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var group: UInt32 = 0, digits = 0, padding = 0
    for byte in text {
        group <<= 6
        if byte == UInt8(ascii: "=") {
            padding += 1
        } else {
            guard padding == 0, let value = base64Value(byte) else { return nil }
            group |= value
        }
        digits += 1
        guard digits == 4 else { continue }
        guard padding <= 2, group & (padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0) == 0 else { return nil }
        for shift in [16, 8, 0].prefix(3 - padding) {
            bytes.append(UInt8(truncatingIfNeeded: group >> shift))
        }
        group = 0
        digits = 0
    }
    return bytes
}

/// Encodes base64 without the padding, as OpenSSH prints fingerprints.
func encodeBase64WithoutPadding(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var group: UInt32 = 0, bits = 0
    for byte in bytes {
        group = group << 8 | UInt32(byte)
        bits += 8
        while bits >= 6 {
            bits -= 6
            text.append(alphabet[Int(group >> UInt32(bits) & 63)])
        }
    }
    if bits > 0 { text.append(alphabet[Int(group << UInt32(6 - bits) & 63)]) }
    return String(decoding: text, as: UTF8.self)
}

/// Encodes base64 with its padding, as keys are written.
func encodeBase64(_ bytes: [UInt8]) -> String {
    let text = encodeBase64WithoutPadding(bytes)
    return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
}

private func base64Value(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
