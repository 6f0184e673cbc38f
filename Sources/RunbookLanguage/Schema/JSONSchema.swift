/// The tables of the language as JSON Schema (draft 2020-12), for editors. It says what may stand where; what a
/// name stands for only the loader knows.
package enum JSONSchema {
    /// The schema of a runbook, or of a site file; it ends with a line break.
    package static func text(of mapping: ValueType.Mapping) -> String {
        var definitions: [(String, JSON)] = []
        for each in reachable(from: mapping) { definitions.append((each.rawValue, schema(of: each.schema))) }
        return text(
            mapping.schema.words,
            .object([("$ref", reference(to: mapping)), ("$defs", .object(definitions))]))
    }

    /// A schema of anything else with its head; it ends with a line break.
    package static func text(_ title: String, _ schema: JSON) -> String {
        guard case .object(let members) = schema else { return schema.text + "\n" }
        let head: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("title", .text(title)),
        ]
        return JSON.object(head + members).text + "\n"
    }

    private static func reference(to mapping: ValueType.Mapping) -> JSON {
        .text("#/$defs/\(mapping.rawValue)")
    }

    /// The mapping and those that stand in it, each once, in the order of the tables.
    private static func reachable(from mapping: ValueType.Mapping) -> [ValueType.Mapping] {
        var found: Set<ValueType.Mapping> = []
        var open = [mapping]
        while let next = open.popLast() {
            guard found.insert(next).inserted else { continue }
            for key in next.schema.keys { open += mappings(in: key.type) }
        }
        return ValueType.Mapping.allCases.filter(found.contains)
    }

    private static func mappings(in type: ValueType) -> [ValueType.Mapping] {
        switch type {
        case .mapping(let mapping): [mapping]
        case .list(let element), .oneOrMore(let element), .table(let element): mappings(in: element)
        case .either(let types): types.flatMap(mappings)
        default: []
        }
    }

    private static func schema(of mapping: MappingSchema) -> JSON {
        let keys = mapping.keys
        var members: [(String, JSON)] = [
            ("description", .text(mapping.words)), ("type", .text("object")),
            (
                "properties",
                .object(
                    keys.map { key in
                        guard case .object(let members) = schema(of: key.type) else {
                            return (key.name, .flag(true))
                        }
                        return (key.name, .object([("description", .text(key.summary))] + members))
                    })
            ),
        ]
        let required = keys.filter(\.isRequired).map { JSON.text($0.name) }
        if !required.isEmpty { members.append(("required", .list(required))) }
        // Beside its keys a host of a site file has those that the runbook asks for.
        let others: JSON = mapping.mapping == .siteHost ? schema(of: .value) : .flag(false)
        members.append(("additionalProperties", others))
        return .object(members)
    }

    /// A plain scalar is its own text, whatever an editor takes it for.
    private static let anyText = JSON.list(["string", "number", "boolean"].map { .text($0) })

    private static func schema(of type: ValueType) -> JSON {
        switch type {
        case .text, .template, .shell, .pattern, .expression, .value: return .object([("type", anyText)])
        case .name:
            return .object([
                ("type", .list([.text("string"), .text("integer")])),
                ("pattern", .text("^[a-z0-9][a-z0-9-]*$")),
                ("maxLength", .number(ScalarCheck.nameLengthMax)),
            ])
        case .integer(let range):
            return .object([
                ("type", .list([.text("integer"), .text("string")])), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)), ("pattern", .text("^(0|[1-9][0-9]*)$")),
            ])
        case .count(let range):
            return .object([
                ("type", .list([.text("integer"), .text("string")])), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
                ("pattern", .text("^(0|[1-9][0-9]*|\\$\\{\\{.*\\}\\})$")),
            ])
        case .boolean:
            return .object([("enum", .list([.flag(true), .flag(false), .text("true"), .text("false")]))])
        case .duration:
            return .object([
                ("type", .text("string")),
                (
                    "pattern",
                    .text(
                        "^((?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?|\\$\\{\\{.*\\}\\})$")
                ),
            ])
        case .share:
            return .object([
                ("type", .list([.text("integer"), .text("string")])), ("minimum", .number(0)),
                ("maximum", .number(Share.numberMax)),
                ("pattern", .text("^(0|[1-9][0-9]*|([0-9]|[1-9][0-9]|100)%)$")),
            ])
        case .choice(let words): return .object([("enum", .list(words.map { .text($0) }))])
        case .list(let element): return list(of: element, isNeverEmpty: false)
        case .oneOrMore(let element):
            return any([schema(of: element), list(of: element, isNeverEmpty: true)])
        case .mapping(let mapping): return .object([("$ref", reference(to: mapping))])
        case .table(let element):
            return .object([("type", .text("object")), ("additionalProperties", schema(of: element))])
        case .emptyMapping: return .object([("type", .text("object")), ("maxProperties", .number(0))])
        case .either(let types): return any(types.map { schema(of: $0) })
        }
    }

    private static func list(of element: ValueType, isNeverEmpty: Bool) -> JSON {
        .object(
            [("type", .text("array")), ("items", schema(of: element))]
                + (isNeverEmpty ? [("minItems", JSON.number(1))] : []))
    }

    private static func any(_ schemas: [JSON]) -> JSON { .object([("anyOf", .list(schemas))]) }
}
