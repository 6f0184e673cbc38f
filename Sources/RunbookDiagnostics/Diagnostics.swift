/// The problems found in one or more texts.
package struct Diagnostics: Sendable, Equatable {
    /// Most problems shown at once: a person mends the first few, and many of the rest follow from them.
    package static let shownMax = 20

    private var found: [Diagnostic] = []

    package init(_ diagnostics: [Diagnostic] = []) { found = diagnostics }

    package mutating func add(_ diagnostic: Diagnostic) { found.append(diagnostic) }
    package mutating func add(contentsOf diagnostics: some Sequence<Diagnostic>) {
        found.append(contentsOf: diagnostics)
    }

    package var isEmpty: Bool { found.isEmpty }
    package var count: Int { found.count }
    package var hasErrors: Bool { found.contains { $0.severity == .error } }
    package var errorCount: Int { found.count { $0.severity == .error } }
    package var warningCount: Int { found.count { $0.severity == .warning } }

    /// All problems by place: text by text in the order in which they were first met, then by offset.
    package var sorted: [Diagnostic] {
        var order: [ObjectIdentifier: Int] = [:]
        for diagnostic in found {
            let source = ObjectIdentifier(diagnostic.primary.span.source)
            if order[source] == nil { order[source] = order.count }
        }
        let keyed = found.enumerated().map { index, diagnostic in
            let span = diagnostic.primary.span
            return (order[ObjectIdentifier(span.source)] ?? 0, span.range.lowerBound, index, diagnostic)
        }
        return keyed.sorted { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }.map(\.3)
    }
}
