import Glibc

/// The size of a terminal in character cells.
package struct TerminalSize: Sendable, Equatable {
    package let columns: Int
    package let rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// The size of the terminal behind a descriptor, nil when it is no terminal.
    ///
    /// A terminal that does not know its size (a serial line says 0) is taken for 80 × 24.
    package static func of(_ descriptor: Int32) -> TerminalSize? {
        guard isTerminal(descriptor) else { return nil }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(
            columns: size.ws_col == 0 ? 80 : Int(size.ws_col), rows: size.ws_row == 0 ? 24 : Int(size.ws_row))
    }
}

package func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }
