/// The one line at the bottom that is drawn over and over. It answers what to write; it writes nothing.
///
/// It is cleared by blanks, not by an escape sequence, so that it works with `NO_COLOR` as well; and it
/// leaves the last column free, because a terminal that is full to the edge wraps.
struct StatusLine {
    /// The columns that are on the screen now.
    private var drawn = 0

    var isShown: Bool { drawn > 0 }

    /// Draws a line in the place of the one before.
    mutating func draw(_ text: StyledText, width: Int, style: OutputStyle) -> String {
        let line = text.truncated(to: max(0, width - 1))
        let rest = max(0, min(drawn, width - 1) - line.width)
        guard isShown || line.width > 0 else { return "" }
        drawn = line.width
        return "\r" + line.rendered(style) + String(repeating: " ", count: rest)
            + (rest > 0 ? "\r" + line.rendered(style) : "")
    }

    /// Leaves the line empty and the cursor at its beginning.
    mutating func erase(width: Int) -> String {
        guard isShown else { return "" }
        let blanks = String(repeating: " ", count: max(0, min(drawn, width - 1)))
        drawn = 0
        return "\r" + blanks + "\r"
    }
}
