import RunbookDiagnostics
import RunbookText
import RunbookYAML

/// The entries of a mapping whose keys are known and whose values have the right type.
struct Fields {
    let node: YAMLNode
    let schema: MappingSchema
    // A list and no dictionary: there are few, and a long runbook has ten thousands of mappings.
    private var given: [Given] = []
    /// The keys that the schema does not know, where the caller takes them (a host of the site file).
    private(set) var others: [YAMLEntry] = []
    private(set) var hasUnknownKeys = false
    /// The keys that unknown ones were probably meant to be: what follows from their absence is not reported.
    private(set) var meantKeys: Set<String> = []

    private struct Given {
        let name: String
        let key: YAMLNode
        var value: YAMLNode?
    }

    /// Checks a mapping by its table. Problems are reported; what is wrong is left out.
    init(
        _ node: YAMLNode, as mapping: ValueType.Mapping, _ problems: Problems, takesOtherKeys: Bool = false
    ) {
        self.node = node
        schema = mapping.schema
        let conformity = Conformity(problems: problems)
        for entry in node.mapping ?? [] {
            guard let key = schema.key(entry.name) else {
                if takesOtherKeys {
                    others.append(entry)
                } else {
                    reportUnknown(entry, problems)
                }
                continue
            }
            var value: YAMLNode?
            if conformity.check(entry, key.type) {
                value = entry.value
            }
            // Of a key that is given twice, which is reported elsewhere, the first right value counts.
            if let index = given.firstIndex(where: { $0.name == key.name }) {
                given[index].value = given[index].value ?? value
            } else {
                given.append(Given(name: key.name, key: entry.key, value: value))
            }
        }
        reportMissing(problems)
    }

    /// The value, when it is there and has the right type.
    subscript(_ key: String) -> YAMLNode? { entry(key)?.value }
    func text(_ key: String) -> String? { self[key]?.text }
    /// Whether the key is written, with a right value or a wrong one.
    func isGiven(_ key: String) -> Bool { given.contains { $0.name == key } }
    func given(among names: [String]) -> [String] { names.filter(isGiven) }
    func span(ofKey key: String) -> SourceSpan { entry(key)?.key.span ?? start }
    private func entry(_ key: String) -> Given? { given.first { $0.name == key } }

    /// The first line of the mapping: where a person looks for what is missing.
    var start: SourceSpan {
        guard let first = node.mapping?.first else { return node.span }
        guard let id = entry("id") ?? entry("runbook") ?? entry("for") else { return first.key.span }
        return id.key.span
    }

    private func reportMissing(_ problems: Problems) {
        for key in schema.keys where key.isRequired && !isGiven(key.name) && !meantKeys.contains(key.name) {
            problems.add(
                .error("missing-key", "\(schema.words) needs `\(key.name)`", at: start)
                    .hint("add `\(key.name):` with \(key.type.words) (\(key.summary))"))
        }
    }

    private mutating func reportUnknown(_ entry: YAMLEntry, _ problems: Problems) {
        hasUnknownKeys = true
        let problem = Diagnostic.error(
            "unknown-key", "`\(entry.name)` is not a key of \(schema.words)", at: entry.key.span)
        if entry.name.contains(" "), entry.key.scalar?.style == .plain {
            let whole = entry.span
            problems.add(
                .error(
                    "colon-in-value", "a `: ` inside an unquoted text makes a key of it", at: entry.key.span
                )
                .hint(
                    "put the whole text in quotes", replacing: whole, with: yamlSingleQuoted(whole.text)))
        } else if let word = schema.otherWords[entry.name] {
            meantKeys.insert(word)
            problems.add(
                problem.hint("what you mean may be `\(word)`: \(schema.key(word)?.summary ?? "")"))
        } else if let near = closest(to: entry.name, among: schema.keys.map(\.name)) {
            meantKeys.insert(near)
            problems.add(problem.hint("did you mean `\(near)`?", replacing: entry.key.span, with: near))
        } else {
            let names = schema.keys.map { "`\($0.name)`" }
            problems.add(
                problem.hint(
                    names.count > 20
                        ? "docs/language.md lists its keys" : "its keys are \(englishList(names, "and"))"))
        }
    }
}
