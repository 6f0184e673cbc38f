/// Gives the parts of a drawn diagnostic their look.
package struct DiagnosticDecorator: Sendable {
    package enum Role: Sendable {
        case errorHeading, warningHeading, noteHeading
        case headline
        case gutter
        case primaryMark, secondaryMark
        case hint
    }

    private let decorate: @Sendable (Role, String) -> String

    package init(_ decorate: @escaping @Sendable (Role, String) -> String) { self.decorate = decorate }

    package func callAsFunction(_ role: Role, _ text: String) -> String {
        text.isEmpty ? "" : decorate(role, text)
    }

    /// Text alone.
    package static let plain = DiagnosticDecorator { _, text in text }

    /// Colours by meaning, in the 16 that every terminal theme defines (ECMA-48, SGR).
    package static let ansi = DiagnosticDecorator { role, text in
        "\u{1B}[\(parameters(of: role))m\(text)\u{1B}[0m"
    }

    private static func parameters(of role: Role) -> String {
        switch role {
        case .errorHeading, .primaryMark: "1;31"
        case .warningHeading: "1;33"
        case .noteHeading, .secondaryMark: "1;36"
        case .headline: "1"
        case .gutter: "34"
        case .hint: "1;32"
        }
    }
}
