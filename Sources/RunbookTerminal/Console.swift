import Synchronization

/// Where the program's words go: data to stdout, talk to stderr, and one status line at the bottom of the
/// terminal that stderr is.
///
/// Safe from any thread; lines never mix. Output that nobody reads is dropped, see `dataError`.
package final class Console: Sendable {
    /// The looks of data and of talk.
    package let dataStyle: OutputStyle
    package let talkStyle: OutputStyle

    private struct Bottom {
        var line = StatusLine()
        var text: StyledText?
        /// A question is on the screen: the status line stays away.
        var isAsking = false
    }

    private let data: LineWriter
    private let talk: LineWriter
    private let hasStatusLine: Bool
    private let dataIsTerminal: Bool
    private let bottom = Mutex(Bottom())

    /// - Parameters:
    ///   - data: The descriptor for what a program may read.
    ///   - talk: The descriptor for what a person reads.
    ///   - color: What `--color` says.
    ///   - environment: `NO_COLOR` and `TERM` are looked at. A dumb terminal gets no status line.
    package init(
        data: Int32 = 1, talk: Int32 = 2, color: ColorChoice = .auto, environment: [String: String]
    ) {
        self.data = LineWriter(data)
        self.talk = LineWriter(talk)
        dataIsTerminal = isTerminal(data)
        let talkIsTerminal = isTerminal(talk)
        dataStyle = OutputStyle(color, environment: environment, isTerminal: dataIsTerminal)
        talkStyle = OutputStyle(color, environment: environment, isTerminal: talkIsTerminal)
        let term = environment["TERM"] ?? ""
        hasStatusLine = talkIsTerminal && !term.isEmpty && term != "dumb"
    }

    /// Why data was lost, if it was: a full disk is worth an exit status, a closed pipe is not.
    package var dataError: OutputError? { data.error }

    /// The columns of the terminal that a person reads; 80 when there is none.
    package var width: Int { TerminalSize.of(talk.descriptor)?.columns ?? 80 }

    /// A line of data, on stdout.
    package func print(_ line: StyledText) { printRaw(line.rendered(dataStyle)) }

    /// A line of talk, on stderr.
    package func say(_ line: StyledText = "") { sayRaw(line.rendered(talkStyle)) }

    /// Lines of data as they are: the caller answers for control characters.
    package func printRaw(_ text: String) {
        bottom.withLock { bottom in
            guard bottom.line.isShown, dataIsTerminal else { return data.writeLine(text) }
            talk.write(bottom.line.erase(width: width))
            data.writeLine(text)
            redraw(&bottom)
        }
    }

    /// Lines of talk as they are: the caller answers for control characters.
    package func sayRaw(_ text: String) {
        bottom.withLock { bottom in
            // In one write, so that the line does not flicker.
            var whole = bottom.line.erase(width: width)
            whole += text.hasSuffix("\n") ? text : text + "\n"
            if let status = bottom.text, hasStatusLine, !bottom.isAsking {
                whole += bottom.line.draw(status, width: width, style: talkStyle)
            }
            talk.write(whole)
        }
    }

    /// Shows a status line until the next one; nil takes it away. Without a terminal nothing happens.
    package func status(_ text: StyledText?) {
        guard hasStatusLine else { return }
        bottom.withLock { bottom in
            guard text != bottom.text else { return }
            bottom.text = text
            guard !bottom.isAsking else { return }
            if text == nil { talk.write(bottom.line.erase(width: width)) } else { redraw(&bottom) }
        }
    }

    /// Keeps the status line away while `body` asks something on the same terminal.
    package func withoutStatus<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async -> Value
    ) async -> Value {
        bottom.withLock { bottom in
            talk.write(bottom.line.erase(width: width))
            bottom.isAsking = true
        }
        let value = await body()
        bottom.withLock { bottom in
            bottom.isAsking = false
            redraw(&bottom)
        }
        return value
    }

    private func redraw(_ bottom: inout Bottom) {
        guard let status = bottom.text, hasStatusLine else { return }
        talk.write(bottom.line.draw(status, width: width, style: talkStyle))
    }
}
