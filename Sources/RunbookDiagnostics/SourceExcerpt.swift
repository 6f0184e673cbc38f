import RunbookText

/// One line of a text as it is drawn, with the way from offsets to terminal columns.
struct SourceExcerpt {
    /// Widest part of a line that is drawn: a line may be as long as the file.
    static let widthMax = 100
    /// Columns shown before the first mark when a line is cut.
    private static let contextWidth = 30

    /// One scalar as it is drawn.
    private struct Cell {
        let offset: Int
        let column: Int
        let text: String
    }

    private var cells: [Cell] = []
    private let end: Cell
    /// The drawn part of the line, in columns.
    private let window: Range<Int>

    /// When the line is too long, the part around the offset `focus` is drawn.
    init(of source: SourceText, line: Int, focus: Int) {
        let range = source.range(ofLine: line)
        var cells: [Cell] = []
        var column = 0
        source.forEachScalar(in: range) { scalar, offset in
            let text = scalar.map(Self.drawn) ?? visible(bytes: [source.bytes[offset]])
            cells.append(Cell(offset: offset, column: column, text: text))
            column += columns(of: text)
        }
        self.cells = cells
        end = Cell(offset: range.upperBound, column: column, text: "")
        if column <= Self.widthMax {
            window = 0..<column
        } else {
            let focusColumn = cells.first { $0.offset >= focus }?.column ?? column
            let start = max(0, min(focusColumn - Self.contextWidth, column - Self.widthMax))
            window = start..<min(column, start + Self.widthMax)
        }
    }

    private static func drawn(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\t" { return String(repeating: " ", count: tabWidth) }
        return visibleForm(of: scalar) ?? String(Character(scalar))
    }

    /// The line; what was cut at either side is shown by `…`.
    var text: String {
        var drawn = window.lowerBound > 0 ? "…" : ""
        for cell in cells where window.contains(cell.column) {
            // One by one, so that a mark that combines stays with the scalar before it.
            drawn.unicodeScalars.append(contentsOf: cell.text.unicodeScalars)
        }
        while drawn.unicodeScalars.last == " " { drawn.unicodeScalars.removeLast() }
        return window.upperBound < end.column ? drawn + "…" : drawn
    }

    /// The columns a range of bytes takes in `text`: at least one, and inside the drawn part.
    func marks(for range: Range<Int>) -> Range<Int> {
        let shift = window.lowerBound > 0 ? window.lowerBound - 1 : 0
        let last = max(window.lowerBound, window.upperBound)
        let start = min(max(column(at: range.lowerBound), window.lowerBound), last)
        let stop = min(max(column(at: range.upperBound), start + 1), max(last, start + 1))
        return (start - shift)..<(stop - shift)
    }

    private func column(at offset: Int) -> Int {
        var (low, high) = (0, cells.count)
        while low < high {
            let middle = (low + high) / 2
            if cells[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < cells.count ? cells[low].column : end.column
    }
}
