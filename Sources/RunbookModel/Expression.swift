/// What a name in `${{ }}` stands for; resolved when the runbook is loaded.
package enum Reference: Hashable, Sendable {
    /// `inputs.NAME`
    case input(String)
    /// `hosts.HOST.NAME`
    case hostAttribute(HostID, String)
    /// `host.NAME`: of the host that the step runs on. `id` and `address` are always there.
    case thisHost(String)
    /// `peer.NAME`: of the other host of a group of two.
    case peer(String)
    /// `env.NAME`: of the runbook's or the step's environment, on this host.
    case environment(String)
    /// `steps.STEP.outputs.NAME`, or `steps.STEP.on.HOST.outputs.NAME`; without `on`, this host's.
    case output(StepID, on: HostID?, String)
}

/// The small language inside `${{ }}`, `if:` and `that:`.
package indirect enum Expression: Hashable, Sendable {
    case literal(Value)
    case reference(Reference)
    case not(Expression)
    /// `and` and `or` give back one of their operands, so that `a and b or c` chooses.
    case and(Expression, Expression)
    case or(Expression, Expression)
    case compare(Comparison, Expression, Expression)
    case contained(Expression, in: [Expression])
    case call(Function, [Expression])

    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "==", notEqual = "!=", less = "<", greater = ">", lessOrEqual = "<=", greaterOrEqual =
            ">="
    }

    package enum Function: String, Hashable, Sendable, CaseIterable {
        /// The text in lower case.
        case lower
        /// The text without white space at both ends.
        case trim
        /// The length of a text in characters.
        case length
        /// The seconds of a duration, a part of one as a whole.
        case seconds
        /// `default(a, b)`: a, or b where a is missing or empty.
        case `default`
    }
}

/// Text with `${{ }}` in it.
package struct Template: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case text(String)
        case value(Expression)
        /// `${{ raw(x) }}`: inserted in shell text without quotes. Elsewhere the same as `value`.
        case raw(Expression)
    }

    package var parts: [Part]

    package init(parts: [Part]) { self.parts = parts }
    package init(_ text: String) { parts = text.isEmpty ? [] : [.text(text)] }

    /// How a value is made fit for the text around it.
    package enum Fit: Sendable {
        /// As it is.
        case plain
        /// As one word of a POSIX shell.
        case shell
        /// With every character that is special in a POSIX extended regular expression escaped.
        case pattern
    }
}
