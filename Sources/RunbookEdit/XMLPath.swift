/// A path into an XML document: `/cluster/clusternodes/clusternode[@name='pve1']/@votes`.
struct XMLPath: Equatable {
    struct Step: Equatable {
        enum Choice: Equatable {
            /// The only one of that name.
            case only
            /// The n-th of that name, from 1.
            case number(Int)
            /// The one whose attribute has this value.
            case attribute(name: String, value: String)
        }
        let name: String
        let choice: Choice
    }

    let steps: [Step]
    /// The attribute at the end; nil when the path names an element.
    let attribute: String?

    init(_ text: String) throws(EditProblem) {
        let wrong = EditProblem(
            .badPath,
            "a path is `/element/element` or `/element/@attribute`, with `[2]` or `[@name='value']`",
            path: text)
        var steps: [Step] = []
        var attribute: String?
        var rest = text[...]
        while !rest.isEmpty {
            guard rest.first == "/", attribute == nil else { throw wrong }
            rest = rest.dropFirst()
            if rest.first == "@" {
                rest = rest.dropFirst()
                attribute = Self.name(&rest)
                guard attribute != nil else { throw wrong }
            } else {
                guard let name = Self.name(&rest), let choice = Self.choice(&rest) else { throw wrong }
                steps.append(Step(name: name, choice: choice))
            }
        }
        guard !steps.isEmpty else { throw wrong }
        self.steps = steps
        self.attribute = attribute
    }

    private static func name(_ rest: inout Substring) -> String? {
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_:.-".contains($0)) }
        guard let first = name.first, first.isLetter || first == "_" || first == ":" else { return nil }
        rest = rest.dropFirst(name.count)
        return String(name)
    }

    private static func choice(_ rest: inout Substring) -> Step.Choice? {
        guard rest.first == "[" else { return .only }
        rest = rest.dropFirst()
        guard rest.first == "@" else {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits), number > 0, rest.dropFirst(digits.count).first == "]" else {
                return nil
            }
            rest = rest.dropFirst(digits.count + 1)
            return .number(number)
        }
        rest = rest.dropFirst()
        guard let name = name(&rest), rest.first == "=", let quote = rest.dropFirst().first,
            quote == "'" || quote == "\""
        else { return nil }
        rest = rest.dropFirst(2)
        guard let end = rest.firstIndex(of: quote) else { return nil }
        let value = String(rest[..<end])
        rest = rest[rest.index(after: end)...]
        guard rest.first == "]" else { return nil }
        rest = rest.dropFirst()
        return .attribute(name: name, value: value)
    }
}
