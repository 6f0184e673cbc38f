/// Why an expression or a template has no value.
package enum EvaluationError: Error, Hashable, Sendable {
    /// The step that gives the output has not been done yet on that host (nil: it runs on no host).
    case outputNotKnownYet(StepID, host: HostID?, name: String)
    /// A built-in attribute of a host that is known only after the host was asked (`clock_skew`).
    case hostNotAskedYet(HostID, name: String)
    /// The name stands for nothing on this host: `node` of a host that has none, `peer` without a peer.
    case noValue(name: String)
    /// The two values cannot be compared in this way.
    case notComparable(Expression.Comparison, Value, Value)
    /// A function was given what it cannot work on.
    case wrongArgument(Expression.Function)
    /// A value with a character that the text around it cannot take: a NUL, or a newline in a shell word
    /// or in a pattern.
    case forbiddenCharacter(name: String)
    /// The value is not what the place takes.
    case notOfType(name: String, String)
    /// The text would be longer than `Template.lengthLimitInBytes`.
    case tooLong

    /// Whether the same expression may have a value later in the run.
    package var isNotKnownYet: Bool {
        switch self {
        case .outputNotKnownYet, .hostNotAskedYet: true
        default: false
        }
    }
}

extension EvaluationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .outputNotKnownYet(let step, let host, let name):
            "output `\(name)` of step `\(step)`\(host.map { " on \($0)" } ?? "") is not known yet"
        case .hostNotAskedYet(let host, let name):
            "`\(name)` of \(host) is not known before the host was asked"
        case .noValue(let name):
            "`\(name)` has no value here"
        case .notComparable(let comparison, let left, let right):
            "`\(comparison.rawValue)` cannot compare \(left.kindWords) with \(right.kindWords)"
        case .wrongArgument(let function):
            "`\(function.rawValue)` works on text"
        case .forbiddenCharacter(let name):
            "the value of `\(name)` holds a NUL or a line break, which cannot be inserted here: use `env:`"
        case .notOfType(let name, let what):
            "the value of `\(name)` is not \(what)"
        case .tooLong:
            "the text is longer than \(Template.lengthLimitInBytes / 1024) KiB"
        }
    }
}

extension Value {
    /// The kind of the value with its article, as a message says it.
    package var kindWords: String {
        switch self {
        case .string: "a text"
        case .integer: "a number"
        case .boolean: "true or false"
        case .missing: "a missing value"
        }
    }
}
