import FoundationEssentials
import RunbookLanguage

/// A kind of line that `--json` prints. What a member is called and what stands in it is said once, by its coding key:
/// a member that no schema knows does not compile.
protocol JSONLine: Encodable {
    associatedtype CodingKeys: CodingKey, CaseIterable, RawRepresentable where CodingKeys.RawValue == String

    /// What such a line is.
    static var words: String { get }
    static func member(_ key: CodingKeys) -> JSONMember
    /// The members in their order, unless a kind says more.
    static var schema: JSONShape { get }
}

extension JSONLine {
    static var schema: JSONShape {
        .object(words, CodingKeys.allCases.map { ($0.rawValue, member($0)) })
    }

    /// On one line, the members sorted by name.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

/// A member of a line.
struct JSONMember: Sendable {
    var summary: String
    var shape: JSONShape
    /// It is never left out.
    var isRequired: Bool

    init(_ summary: String, _ shape: JSONShape, isRequired: Bool = false) {
        self.summary = summary
        self.shape = shape
        self.isRequired = isRequired
    }
}

/// What stands in a member, as far as JSON Schema says it.
indirect enum JSONShape: Sendable {
    case text, texts, flag
    /// Zero or more.
    case count
    case words([String])
    /// Texts by names.
    case table
    case list([(String, JSONMember)])
    case object(String, [(String, JSONMember)])
    case oneOf([JSONShape])

    var schema: JSON {
        switch self {
        case .text: .object([("type", .text("string"))])
        case .texts: .object([("type", .text("array")), ("items", JSONShape.text.schema)])
        case .flag: .object([("type", .text("boolean"))])
        case .count: .object([("type", .text("integer")), ("minimum", .number(0))])
        case .words(let words): .object([("enum", .list(Self.unique(words).map { .text($0) }))])
        case .table:
            .object([("type", .text("object")), ("additionalProperties", JSONShape.text.schema)])
        case .list(let members): .object([("type", .text("array")), ("items", Self.object(nil, members))])
        case .object(let words, let members): Self.object(words, members)
        case .oneOf(let shapes): .object([("oneOf", .list(shapes.map(\.schema)))])
        }
    }

    private static func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }

    private static func object(_ words: String?, _ members: [(String, JSONMember)]) -> JSON {
        var all: [(String, JSON)] = words.map { [("description", .text($0))] } ?? []
        let properties = members.map { name, member -> (String, JSON) in
            guard case .object(let schema) = member.shape.schema else { return (name, member.shape.schema) }
            return (name, .object([("description", .text(member.summary))] + schema))
        }
        all += [("type", .text("object")), ("properties", .object(properties))]
        let required = members.filter(\.1.isRequired).map { JSON.text($0.0) }
        if !required.isEmpty { all.append(("required", .list(required))) }
        all.append(("additionalProperties", .flag(false)))
        return .object(all)
    }
}
