import RunbookText

/// Reads one member out of JSON text.
enum JSONText {
    /// The member at a path such as `.a.b[0]`, or `.` for the whole: a text as it is, a number or `true` as it is
    /// written, anything else as JSON.
    static func member(_ path: String, of text: String, output: String) throws(EngineProblem) -> String {
        guard var value = JSONReader.read(text) else {
            throw EngineProblem("output \(output): the text is not JSON")
        }
        for key in keys(of: path) {
            guard let member = value.member(key) else {
                throw EngineProblem("output \(output): the JSON has no member \(visible(path))")
            }
            value = member
        }
        return value.text
    }

    /// The loader has seen that the path is one.
    private static func keys(of path: String) -> [String] {
        path.replacing("[", with: ".[").split(separator: ".").map(String.init)
    }
}

/// Any JSON. A number is the characters that it is written with: an id of twenty digits stays one.
indirect enum JSONValue {
    case null, flag(Bool), number(String), string(String), list([JSONValue]), object([String: JSONValue])

    /// A key is a name, or `[3]`.
    func member(_ key: String) -> JSONValue? {
        switch self {
        case .list(let list):
            guard key.hasPrefix("["), let index = Int(key.dropFirst().dropLast()),
                list.indices.contains(index)
            else { return nil }
            return list[index]
        case .object(let object): return object[key]
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .string(let text): text
        case .null: ""
        default: written
        }
    }

    /// As JSON, the members sorted by name.
    private var written: String {
        switch self {
        case .null: "null"
        case .flag(let flag): flag ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): jsonQuoted(text)
        case .list(let list): "[\(list.map(\.written).joined(separator: ","))]"
        case .object(let object):
            "{\(object.sorted { $0.key < $1.key }.map { "\(jsonQuoted($0.key)):\($0.value.written)" }.joined(separator: ","))}"
        }
    }
}

/// Reads JSON as RFC 8259 has it. Of a member that is there twice the last counts.
struct JSONReader {
    private let bytes: [UInt8]
    private var place = 0

    /// How deep lists and objects may stand in each other.
    private static let depthMax = 256

    private struct NotJSON: Error {}

    /// The value that the text is, with nothing but blanks around it; nil when it is none.
    static func read(_ text: String) -> JSONValue? {
        var reader = JSONReader(bytes: Array(text.utf8))
        guard let value = try? reader.value(depth: 0) else { return nil }
        reader.skipBlanks()
        return reader.place == reader.bytes.count ? value : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func value(depth: Int) throws(NotJSON) -> JSONValue {
        skipBlanks()
        guard place < bytes.count, depth <= Self.depthMax else { throw NotJSON() }
        switch bytes[place] {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .list(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .flag(true))
        case UInt8(ascii: "f"): return try word("false", .flag(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws(NotJSON) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        place += 1
        if takes("}") { return members }
        repeat {
            skipBlanks()
            let name = try string()
            guard takes(":") else { throw NotJSON() }
            members[name] = try value(depth: depth + 1)
        } while takes(",")
        guard takes("}") else { throw NotJSON() }
        return members
    }

    private mutating func elements(depth: Int) throws(NotJSON) -> [JSONValue] {
        var elements: [JSONValue] = []
        place += 1
        if takes("]") { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while takes(",")
        guard takes("]") else { throw NotJSON() }
        return elements
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(NotJSON) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw NotJSON() }
        place += word.utf8.count
        return value
    }

    /// `-12.5e+3`
    private mutating func number() throws(NotJSON) -> String {
        let start = place
        _ = takesSign("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[place - whole] != UInt8(ascii: "0") else { throw NotJSON() }
        if takesSign("."), digits() == 0 { throw NotJSON() }
        if takesSign("e") || takesSign("E") {
            _ = takesSign("+") || takesSign("-")
            guard digits() > 0 else { throw NotJSON() }
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = place
        while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
        return place - start
    }

    private mutating func string() throws(NotJSON) -> String {
        guard takesSign("\"") else { throw NotJSON() }
        var text: [UInt8] = []
        while place < bytes.count, bytes[place] >= 0x20 {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += Array(String(try escaped()).utf8)
            default:
                text.append(bytes[place])
                place += 1
            }
        }
        throw NotJSON()
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
        UInt8(ascii: "b"): "\u{8}",
        UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]

    private mutating func escaped() throws(NotJSON) -> Unicode.Scalar {
        place += 1
        guard place < bytes.count else { throw NotJSON() }
        let sign = bytes[place]
        place += 1
        if let scalar = Self.escapes[sign] { return scalar }
        guard sign == UInt8(ascii: "u") else { throw NotJSON() }
        let first = try unit()
        guard (0xD800..<0xDC00).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw NotJSON() }
            return scalar
        }
        guard bytes[place...].starts(with: #"\u"#.utf8) else { throw NotJSON() }
        place += 2
        let second = try unit()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw NotJSON() }
        return scalar
    }

    /// Four hexadecimal digits.
    private mutating func unit() throws(NotJSON) -> UInt32 {
        guard place + 4 <= bytes.count else { throw NotJSON() }
        var unit: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw NotJSON() }
            unit = unit << 4 | UInt32(digit)
        }
        place += 4
        return unit
    }

    // MARK: - Signs

    private mutating func skipBlanks() {
        while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    }

    /// Goes over a sign and the blanks before it.
    private mutating func takes(_ sign: Unicode.Scalar) -> Bool {
        skipBlanks()
        return takesSign(sign)
    }

    private mutating func takesSign(_ sign: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: sign) else { return false }
        place += 1
        return true
    }
}
