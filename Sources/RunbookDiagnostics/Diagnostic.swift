/// The stable name of a kind of problem: `duplicate-key`. It is part of what users may rely on.
package struct DiagnosticID: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let slug: String
    package init(_ slug: String) { self.slug = slug }
    package init(stringLiteral slug: String) { self.slug = slug }
    package var description: String { slug }
}

/// Something that is wrong in a text, with the place, and what to write instead.
///
/// Headlines are lower case without a full stop, names stand in back-ticks.
package struct Diagnostic: Error, Sendable, Equatable {
    package enum Severity: String, Sendable, CaseIterable { case error, warning, note }

    /// A marked place with a few words beside it; the words may be empty.
    package struct Label: Sendable, Equatable {
        package let span: SourceSpan
        package let text: String
    }

    /// A text that would mend the problem.
    package struct Replacement: Sendable, Equatable {
        package let span: SourceSpan
        package let text: String
    }

    /// What to do; with a replacement, the line as it should read is drawn as well.
    package struct Hint: Sendable, Equatable {
        package let text: String
        package let replacement: Replacement?
    }

    package let id: DiagnosticID
    package let severity: Severity
    package let headline: String
    package let primary: Label
    package private(set) var secondary: [Label] = []
    package private(set) var hints: [Hint] = []

    package init(
        _ severity: Severity, _ id: DiagnosticID, _ headline: String, at span: SourceSpan,
        _ label: String = ""
    ) {
        self.id = id
        self.severity = severity
        self.headline = headline
        primary = Label(span: span, text: label)
    }

    package static func error(
        _ id: DiagnosticID, _ headline: String, at span: SourceSpan, _ label: String = ""
    ) -> Diagnostic {
        Diagnostic(.error, id, headline, at: span, label)
    }

    package static func warning(
        _ id: DiagnosticID, _ headline: String, at span: SourceSpan, _ label: String = ""
    ) -> Diagnostic {
        Diagnostic(.warning, id, headline, at: span, label)
    }

    package static func note(
        _ id: DiagnosticID, _ headline: String, at span: SourceSpan, _ label: String = ""
    ) -> Diagnostic {
        Diagnostic(.note, id, headline, at: span, label)
    }

    /// The same problem with a second place shown.
    package func also(_ span: SourceSpan, _ text: String) -> Diagnostic {
        var copy = self
        copy.secondary.append(Label(span: span, text: text))
        return copy
    }

    /// The same problem with a piece of advice.
    package func hint(_ text: String) -> Diagnostic {
        var copy = self
        copy.hints.append(Hint(text: text, replacement: nil))
        return copy
    }

    /// The same problem with a piece of advice and the text that follows from it.
    package func hint(_ text: String, replacing span: SourceSpan, with replacement: String) -> Diagnostic {
        var copy = self
        copy.hints.append(Hint(text: text, replacement: Replacement(span: span, text: replacement)))
        return copy
    }
}
