import RunbookYAML

extension YAMLNode {
    /// The tree on one line: `{key=value list=[a b]}`.
    var outline: String {
        switch kind {
        case .scalar(let scalar): scalar.style == .plain ? scalar.text : "<\(scalar.text)>"
        case .sequence(let items): "[" + items.map(\.outline).joined(separator: " ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.name)=\($0.value.outline)" }.joined(separator: " ") + "}"
        }
    }

    /// All scalars below this node, keys included.
    var scalars: [YAMLScalar] {
        switch kind {
        case .scalar(let scalar): [scalar]
        case .sequence(let items): items.flatMap(\.scalars)
        case .mapping(let entries): entries.flatMap { $0.key.scalars + $0.value.scalars }
        }
    }
}
