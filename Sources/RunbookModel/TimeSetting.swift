import RunbookText

/// How long something takes or waits: as the runbook writes it, or what a site gives.
package enum TimeSetting: Hashable, Sendable {
    case fixed(Duration)
    /// The value of an expression that is a duration wherever it has one, and what is added to it.
    case given(Expression, plus: Duration = .zero)

    package static func seconds(_ number: Int) -> TimeSetting { .fixed(.seconds(number)) }
    package static func milliseconds(_ number: Int) -> TimeSetting { .fixed(.milliseconds(number)) }

    /// - Throws: when the expression has no value, or one that is no duration: the loader lets neither through.
    package func duration(in scope: Scope) throws(EvaluationError) -> Duration {
        switch self {
        case .fixed(let duration): return duration
        case .given(let expression, let extra):
            let text = try expression.evaluate(in: scope).text
            guard let duration = DurationText.parse(text) else {
                throw .notOfType(name: expression.source, "a duration")
            }
            return duration + extra
        }
    }

    /// For people, without a site: the expression stands for what it is worth.
    package var source: String {
        switch self {
        case .fixed(let duration): DurationText.text(duration)
        case .given(let expression, .zero): "${{ \(expression.source) }}"
        case .given(let expression, let extra): "${{ \(expression.source) }} and \(DurationText.text(extra))"
        }
    }
}

/// How many: as the runbook writes it, or what a site gives.
package enum CountSetting: Hashable, Sendable {
    case fixed(Int)
    /// The value of an expression that is a number wherever it has one, and what it may be.
    case given(Expression, in: ClosedRange<Int>)

    package func number(in scope: Scope) throws(EvaluationError) -> Int {
        switch self {
        case .fixed(let number): return number
        case .given(let expression, let range):
            guard case .integer(let number) = try expression.evaluate(in: scope), range.contains(number)
            else {
                throw .notOfType(
                    name: expression.source, "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// For people, without a site.
    package var source: String {
        switch self {
        case .fixed(let number): String(number)
        case .given(let expression, _): "${{ \(expression.source) }}"
        }
    }
}
