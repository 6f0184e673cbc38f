import RunbookText

/// One line of output, in parts that each may have a meaning.
///
/// This is the last sink before the terminal: whatever the parts hold (names, output of hosts, file names) is
/// shown by `visible`, so that only our own table of meanings ever writes an escape sequence.
///
///     "\(.error, "failed") on \(.host, name): \(message)"
package struct StyledText: Sendable, Equatable {
    package struct Part: Sendable, Equatable {
        package let meaning: OutputStyle.Meaning?
        package let text: String
    }

    package private(set) var parts: [Part]

    package init(_ text: String = "", _ meaning: OutputStyle.Meaning? = nil) {
        parts = text.isEmpty ? [] : [Part(meaning: meaning, text: text)]
    }

    package mutating func append(_ text: String, _ meaning: OutputStyle.Meaning? = nil) {
        if !text.isEmpty { parts.append(Part(meaning: meaning, text: text)) }
    }

    package static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.parts += right.parts
        return sum
    }

    /// The columns that the rendered text takes.
    package var width: Int { parts.reduce(0) { $0 + columns(of: Self.shown($1.text)) } }

    package func rendered(_ style: OutputStyle) -> String {
        parts.reduce(into: "") { line, part in
            let text = Self.shown(part.text)
            line += part.meaning.map { style($0, text) } ?? text
        }
    }

    /// The text cut to at most `width` columns, as `RunbookText.truncated` cuts one.
    package func truncated(to width: Int) -> StyledText {
        guard self.width > width else { return self }
        var kept = StyledText()
        var left = width
        for part in parts {
            let text = Self.shown(part.text)
            guard columns(of: text) >= left else {
                kept.append(text, part.meaning)
                left -= columns(of: text)
                continue
            }
            // The `…` of a later part that does not fit needs a column of this one.
            kept.append(RunbookText.truncated(text + "…", to: left), part.meaning)
            break
        }
        return kept
    }

    private static func shown(_ text: String) -> String { expandingTabs(visible(text, keeping: .tab)) }
}

extension StyledText: ExpressibleByStringInterpolation {
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = StyledText()

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { text.append(literal) }

        package mutating func appendInterpolation(_ value: String) { text.append(value) }

        package mutating func appendInterpolation(_ value: some BinaryInteger) { text.append(String(value)) }

        package mutating func appendInterpolation(_ meaning: OutputStyle.Meaning, _ value: String) {
            text.append(value, meaning)
        }

        package mutating func appendInterpolation(_ value: StyledText) { text = text + value }
    }

    package init(stringLiteral value: String) { self.init(value) }

    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.text }
}
