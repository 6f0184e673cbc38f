/// What may stand at a place of a runbook or a site file. The loader checks by these tables, and what is said
/// about the language (`docs/language.md`, did-you-mean) comes from them too.
package indirect enum ValueType: Hashable, Sendable {
    /// Text that is only shown or names something; no `${{ }}`.
    case text
    /// Text with `${{ }}`.
    case template
    /// Shell text with `${{ }}`.
    case shell
    /// A POSIX extended regular expression with `${{ }}`.
    case pattern
    /// An expression without the `${{ }}` around it.
    case expression
    /// A name of the author's: `[a-z0-9][a-z0-9-]*`.
    case name
    case integer(ClosedRange<Int>)
    /// A number, or `${{ }}` of one.
    case count(ClosedRange<Int>)
    case boolean
    /// A time with its units, or `${{ }}` of one.
    case duration
    /// A number of hosts, or a percentage of them.
    case share
    case choice([String])
    /// A text, a number or `true`/`false`: what an input is given.
    case value
    case list(ValueType)
    /// One, or a list of them.
    case oneOrMore(ValueType)
    /// A mapping with the keys of a table of this file.
    case mapping(Mapping)
    /// A mapping whose keys are the author's.
    case table(ValueType)
    /// A mapping without keys: `{}`.
    case emptyMapping
    /// The first that has the shape of the value; in messages all are named.
    case either([ValueType])

    /// The mappings of the language.
    package enum Mapping: String, Hashable, Sendable, CaseIterable {
        case runbook, input, host, group, defaults, question, noProof = "no-proof", step, timeout, retry,
            output
        case hint, undo, evidence, copy, edit, fetch, trust, ask, service, reboot
        case site
        case siteHost = "site-host"
        case secretSource = "secret-source"
        case jump
    }
}

/// A key of a mapping.
package struct KeySchema: Hashable, Sendable {
    package let name: String
    package let type: ValueType
    package let isRequired: Bool
    /// One line for people.
    package let summary: String

    init(_ name: String, _ type: ValueType, _ summary: String, required: Bool = false) {
        self.name = name
        self.type = type
        self.summary = summary
        isRequired = required
    }
}

/// The keys that a mapping may have.
package struct MappingSchema: Sendable {
    package let mapping: ValueType.Mapping
    /// What it is called in messages: `a step`.
    package let words: String
    package let keys: [KeySchema]
    /// Words that people bring from other tools, and the key that says the same here.
    package let otherWords: [String: String]

    init(
        _ mapping: ValueType.Mapping, _ words: String, otherWords: [String: String] = [:], _ keys: [KeySchema]
    ) {
        self.mapping = mapping
        self.words = words
        self.otherWords = otherWords
        self.keys = keys
    }

    package func key(_ name: String) -> KeySchema? { keys.first { $0.name == name } }
}

extension ValueType.Mapping {
    /// The table of this mapping.
    package var schema: MappingSchema {
        switch self {
        case .runbook: LanguageSchema.runbook
        case .input: LanguageSchema.input
        case .host: LanguageSchema.host
        case .group: LanguageSchema.group
        case .defaults: LanguageSchema.defaults
        case .question: LanguageSchema.question
        case .noProof: LanguageSchema.noProof
        case .step: LanguageSchema.step
        case .timeout: LanguageSchema.timeout
        case .retry: LanguageSchema.retry
        case .output: LanguageSchema.output
        case .hint: LanguageSchema.hint
        case .undo: LanguageSchema.undo
        case .evidence: LanguageSchema.evidence
        case .copy: LanguageSchema.copy
        case .edit: LanguageSchema.edit
        case .fetch: LanguageSchema.fetch
        case .trust: LanguageSchema.trust
        case .ask: LanguageSchema.ask
        case .service: LanguageSchema.service
        case .reboot: LanguageSchema.reboot
        case .site: LanguageSchema.site
        case .siteHost: LanguageSchema.siteHost
        case .secretSource: LanguageSchema.secretSource
        case .jump: LanguageSchema.jump
        }
    }
}

extension ValueType {
    /// What is wanted, for messages.
    var words: String {
        switch self {
        case .text, .template: "a text"
        case .shell: "shell text"
        case .pattern: "a pattern"
        case .expression: "an expression"
        case .name: "a name"
        case .integer, .count: "a whole number"
        case .boolean: "`true` or `false`"
        case .duration: "a duration such as `30s`"
        case .share: "a number of hosts, or a percentage such as `25%`"
        case .choice(let words): "one of \(words.map { "`\($0)`" }.joined(separator: ", "))"
        case .value: "a text, a number, `true` or `false`"
        case .list(let element): "a list of \(element.pluralWords)"
        case .oneOrMore(let element): "\(element.words) or a list of them"
        case .mapping(let mapping): "a mapping (\(mapping.schema.words))"
        case .table(let element): "a mapping of \(element.pluralWords)"
        case .emptyMapping: "`{}`"
        case .either(let types): types.map(\.words).joined(separator: " or ")
        }
    }

    private var pluralWords: String {
        switch self {
        case .text, .template, .shell: "texts"
        case .pattern: "patterns"
        case .name: "names"
        case .integer, .count: "whole numbers"
        case .value: "values"
        case .mapping(let mapping):
            mapping.schema.words.split(separator: " ").dropFirst().joined(separator: " ") + "s"
        default: "values"
        }
    }
}
