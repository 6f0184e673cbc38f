package import RunbookDiagnostics

/// A part of a YAML text: a scalar, a sequence or a mapping, with its place.
///
/// Nothing is typed here: `no`, `1.10` and `0123` are texts, and a schema decides what they mean.
package struct YAMLNode: Sendable {
    package enum Kind: Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// Entries in the order of the text. Keys are scalars, and no two of them are equal.
        case mapping([YAMLEntry])
    }

    package let kind: Kind
    package let span: SourceSpan

    package init(kind: Kind, span: SourceSpan) {
        self.kind = kind
        self.span = span
    }

    package var scalar: YAMLScalar? { if case .scalar(let scalar) = kind { scalar } else { nil } }
    package var sequence: [YAMLNode]? { if case .sequence(let nodes) = kind { nodes } else { nil } }
    package var mapping: [YAMLEntry]? { if case .mapping(let entries) = kind { entries } else { nil } }

    /// The text of a scalar.
    package var text: String? { scalar?.text }

    /// True where a value was left out: nothing, or a plain `~`.
    package var isMissing: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return scalar.text.isEmpty || scalar.text == "~"
    }

    /// The entry of a mapping with this key; nil also when this is no mapping.
    package func entry(for key: String) -> YAMLEntry? { mapping?.first { $0.name == key } }

    /// The value of a mapping for this key.
    package subscript(key: String) -> YAMLNode? { entry(for: key)?.value }

    /// What this is, for messages: `a list`, `a mapping`, `a text`, `nothing`.
    package var kindInWords: String {
        switch kind {
        case .scalar: isMissing ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping with its value.
package struct YAMLEntry: Sendable {
    package let key: YAMLNode
    package let value: YAMLNode

    package init(key: YAMLNode, value: YAMLNode) {
        self.key = key
        self.value = value
    }

    /// The text of the key.
    package var name: String { key.text ?? "" }

    /// From the key to the end of the value.
    package var span: SourceSpan { key.span.through(value.span) }
}
