package import RunbookDiagnostics

/// What a kind of problem means, for `runbook explain CODE`.
package struct Explanation: Sendable {
    /// Where the examples stand.
    package enum Place: Sendable {
        /// Keys of one step.
        case step
        /// Steps.
        case steps
        /// Keys of a runbook.
        case top
        /// A whole file.
        case whole
        /// A whole site file.
        case site
    }

    package let id: DiagnosticID
    /// A few sentences: what it means, and why it is refused.
    package let text: String
    package let place: Place
    /// What gives the problem; nil where no short text does.
    package let wrong: String?
    /// The same, mended.
    package let right: String?

    init(_ id: DiagnosticID, _ text: String, in place: Place, wrong: String, right: String) {
        self.id = id
        self.text = text
        self.place = place
        self.wrong = wrong
        self.right = right
    }

    init(_ id: DiagnosticID, _ text: String) {
        self.id = id
        self.text = text
        place = .whole
        (wrong, right) = (nil, nil)
    }

    /// Every kind of problem that a runbook or a site file can have.
    package static let all = yamlSyntax + yamlRules + structure + steps + questions + values + site + lint

    /// The explanation of a kind of problem.
    package static func of(_ slug: String) -> Explanation? { all.first { $0.id.slug == slug } }
}
