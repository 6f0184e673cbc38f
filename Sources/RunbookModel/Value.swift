/// What an input, a host's attribute or an output is worth.
package enum Value: Hashable, Sendable, Codable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    /// An optional input that was not given. False in a condition, the empty text in a template.
    case missing

    /// The value as text, as it is inserted in a template.
    package var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "true" : "false"
        case .missing: ""
        }
    }

    /// False are `false`, the missing value and the empty text; all else, zero too, is true.
    package var isTrue: Bool {
        switch self {
        case .boolean(let flag): flag
        case .missing: false
        case .string(let text): !text.isEmpty
        case .integer: true
        }
    }
}
