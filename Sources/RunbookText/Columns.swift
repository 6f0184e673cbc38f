/// Columns a tab takes wherever the project draws one.
package let tabWidth = 4

/// The number of terminal columns of a text: wide characters take 2, combining ones 0, a tab 4.
///
/// Scalars are counted one by one, as `wcwidth` and most terminals do. The text is expected to be `visible`:
/// a control character counts 0.
package func columns(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
}

/// The number of terminal columns of one scalar.
package func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x09: return tabWidth
    case 0x20..<0x7F: return 1
    case 0..<0xA0: return 0
    case 0xA0..<0x300: return 1
    case 0x1160...0x11FF: return 0  // vowels and finals of Hangul join the consonant before them
    default: break
    }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .lineSeparator, .paragraphSeparator: return 0
    default: return isWide(scalar) ? 2 : 1
    }
}

/// On which side `padded` adds blanks.
package enum PaddingSide: Sendable { case left, right }

/// Fills a text with blanks up to a width in columns; a text that is wider is returned as it is.
package func padded(_ text: String, to width: Int, on side: PaddingSide = .right) -> String {
    let blanks = String(repeating: " ", count: max(0, width - columns(of: text)))
    return side == .right ? text + blanks : blanks + text
}

/// Cuts a text to at most `width` columns; what was cut is shown by `…`, which takes one column.
package func truncated(_ text: String, to width: Int) -> String {
    if columns(of: text) <= width { return text }
    if width <= 0 { return "" }
    var kept = ""
    var used = 0
    for character in text {
        let next = columns(of: String(character))
        if used + next > width - 1 { break }
        kept.append(character)
        used += next
    }
    return kept + "…"
}

/// Replaces every tab by blanks, as wide as `columns(of:)` counts it.
package func expandingTabs(_ text: String) -> String {
    var expanded = ""
    for scalar in text.unicodeScalars {
        if scalar == "\t" {
            expanded += String(repeating: " ", count: tabWidth)
        } else {
            expanded.unicodeScalars.append(scalar)
        }
    }
    return expanded
}

/// East Asian Wide and Fullwidth, and the emoji that are drawn as pictures (Unicode Standard Annex 11).
private func isWide(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if scalar.properties.isEmojiPresentation { return true }
    return wideRanges.contains { $0.contains(value) }
}

private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
    0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
    0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18AFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
    0x20000...0x2FFFD, 0x30000...0x3FFFD,
]
