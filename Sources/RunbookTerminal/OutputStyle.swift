/// What `--color` says.
package enum ColorChoice: String, Sendable, CaseIterable {
    case auto, always, never
}

/// Whether output has colours, decided once for each of stdout and stderr; and the one table that says what
/// a meaning looks like.
package struct OutputStyle: Sendable, Equatable {
    package enum Meaning: Sendable, CaseIterable {
        case error, warning, success
        /// Neither done nor failed: not known.
        case doubt
        case hint
        case heading
        /// Less important than what stands beside it.
        case dim
        case host, step
        /// Text that can be typed as it stands.
        case command
        case added, removed
    }

    package let usesColor: Bool

    package init(usesColor: Bool) { self.usesColor = usesColor }

    /// Decides by what the user said, then by the environment, then by where the output goes.
    ///
    /// `--color always` and `never` win. Else a `NO_COLOR` that is not empty (no-color.org), a `TERM` that
    /// is `dumb` or missing, and an output that is no terminal each mean no colour.
    package init(_ choice: ColorChoice, environment: [String: String], isTerminal: Bool) {
        switch choice {
        case .always: usesColor = true
        case .never: usesColor = false
        case .auto:
            let term = environment["TERM"] ?? ""
            let isForbidden = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
            usesColor = isTerminal && !isForbidden && !term.isEmpty && term != "dumb"
        }
    }

    package static let plain = OutputStyle(usesColor: false)

    /// Gives a text its look. The text goes out as it is: `StyledText` is for what others wrote.
    package func callAsFunction(_ meaning: Meaning, _ text: String) -> String {
        guard usesColor, !text.isEmpty else { return text }
        return "\u{1B}[\(Self.parameters(of: meaning))m\(text)\u{1B}[0m"
    }

    /// Parameters of SGR (ECMA-48), of the 16 colours that every terminal's theme defines.
    private static func parameters(of meaning: Meaning) -> String {
        switch meaning {
        case .error: "1;31"
        case .warning: "1;33"
        case .success: "32"
        case .doubt: "1;35"
        case .hint: "36"
        case .heading, .command: "1"
        case .dim: "2"
        case .host: "34"
        case .step: "1"
        case .added: "32"
        case .removed: "31"
        }
    }
}
