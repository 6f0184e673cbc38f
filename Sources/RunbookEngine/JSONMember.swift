import FoundationEssentials
import RunbookText

/// Reads one member out of JSON text.
enum JSONText {
    /// The member at a path such as `.a.b[0]`, or `.` for the whole: a text as it is, a number or `true` as it is
    /// written, anything else as JSON.
    static func member(_ path: String, of text: String, output: String) throws(EngineProblem) -> String {
        var value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        } catch {
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

/// Any JSON. Numbers keep what a whole number or a double can hold.
private indirect enum JSONValue: Codable {
    case null, flag(Bool), integer(Int), number(Double), string(String), list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? container.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let list = try? container.decode([JSONValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .integer(let integer): try container.encode(integer)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let object): try container.encode(object)
        }
    }

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
        case .string(let text): return text
        case .integer(let integer): return String(integer)
        case .flag(let flag): return flag ? "true" : "false"
        case .null: return ""
        case .number, .list, .object:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }
}
