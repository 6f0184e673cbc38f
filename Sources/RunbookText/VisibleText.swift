/// Which control characters `visible` lets through.
package struct KeptControls: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let newline = KeptControls(rawValue: 1)
    package static let tab = KeptControls(rawValue: 2)
}

/// Shows a text so that it can neither drive a terminal nor hide anything.
///
/// C0 controls and DEL are shown as `^[`, C1 controls, bidirectional and other invisible characters as
/// `<U+202E>`. Every text that did not come from our own source passes through here at the last sink.
package func visible(_ text: String, keeping kept: KeptControls = []) -> String {
    if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
    var shown = ""
    for scalar in text.unicodeScalars { append(scalar, to: &shown, keeping: kept) }
    return shown
}

/// Shows bytes as `visible` shows a text; bytes that are not UTF-8 are shown as `\xNN`.
package func visible(bytes: some Collection<UInt8>, keeping kept: KeptControls = []) -> String {
    var shown = ""
    forEachUTF8Part(in: bytes) { part, _ in
        switch part {
        case .scalar(let scalar): append(scalar, to: &shown, keeping: kept)
        case .invalid(let byte): shown += #"\x"# + hexadecimal(UInt32(byte), width: 2)
        }
    }
    return shown
}

/// The form `visible` gives to one scalar, or nil when the scalar stands for itself.
package func visibleForm(of scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0..<0x20:
        return "^" + String(Character(Unicode.Scalar(UInt8(scalar.value) + 0x40)))
    case 0x7F:
        return "^?"
    case 0x20..<0x7F:
        return nil
    case 0xFE00...0xFE0F:
        // Variation selectors choose the look of the character before them and are needed by emoji.
        return nil
    default:
        return isHidden(scalar) ? "<U+" + hexadecimal(scalar.value, width: 4) + ">" : nil
    }
}

/// A part of a byte string that may not be UTF-8.
package enum UTF8Part: Sendable, Equatable {
    case scalar(Unicode.Scalar)
    case invalid(UInt8)
}

/// Walks bytes as UTF-8, in order; every byte that belongs to no well-formed sequence is given alone.
///
/// The offset is counted from the start of the collection, in bytes.
package func forEachUTF8Part(
    in bytes: some Collection<UInt8>, _ body: (_ part: UTF8Part, _ offset: Int) -> Void
) {
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var position = bytes.startIndex
    var offset = 0
    while true {
        switch parser.parseScalar(from: &input) {
        case .valid(let encoded):
            body(.scalar(Unicode.UTF8.decode(encoded)), offset)
            position = bytes.index(position, offsetBy: encoded.count)
            offset += encoded.count
        case .error(let length):
            for _ in 0..<length {
                body(.invalid(bytes[position]), offset)
                position = bytes.index(after: position)
                offset += 1
            }
        case .emptyInput:
            return
        }
    }
}

/// An unsigned number in upper-case hexadecimal, padded with zeros.
func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

private func append(_ scalar: Unicode.Scalar, to shown: inout String, keeping kept: KeptControls) {
    if scalar == "\n", kept.contains(.newline) {
        shown.unicodeScalars.append(scalar)
    } else if scalar == "\t", kept.contains(.tab) {
        shown.unicodeScalars.append(scalar)
    } else if let form = visibleForm(of: scalar) {
        shown += form
    } else {
        shown.unicodeScalars.append(scalar)
    }
}

private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.isNoncharacterCodePoint
    }
}
