import RunbookText

/// JSON whose members keep their order.
package indirect enum JSON: Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([JSON])
    case object([(String, JSON)])

    /// Over several lines, each member on its own.
    package var text: String { written("") }

    private func written(_ indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .text(let text): return jsonQuoted(text)
        case .number(let number): return String(number)
        case .flag(let flag): return flag ? "true" : "false"
        case .list(let elements):
            return "[\(elements.map { $0.written(indentation) }.joined(separator: ", "))]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { "\(inner)\(jsonQuoted($0.0)): \($0.1.written(inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        }
    }
}
