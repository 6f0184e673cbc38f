import RunbookModel
import RunbookText
import RunbookTransport

/// One supervisor shell on the host and the channel to it. Whoever has it has it alone.
actor SupervisorLane {
    nonisolated let nonce: String
    private let host: HostID
    private let channel: any Channel
    private var parser: FrameParser
    private var hasAnswered = false
    private var errors: [UInt8] = []

    /// What is kept of stderr, for the case that no shell answers.
    private static let errorsLimit = 512

    init(host: HostID, nonce: String, channel: any Channel) {
        self.host = host
        self.nonce = nonce
        self.channel = channel
        parser = FrameParser(nonce: nonce)
    }

    /// Sends a request and waits for the whole reply. After an error the lane is not to be used any more.
    func exchange(_ request: RequestLine, tag: Int) async throws(TransportError) -> [Frame] {
        do throws(TransportError) {
            try await channel.write(Array(request.text(nonce: nonce).utf8))
        } catch {
            // A login that is no shell ends at once: what it said explains it better than the pipe that broke.
            guard error.code == .lost, !hasAnswered else { throw error }
            while try nextFrame() == nil { try await listen() }
            throw error
        }
        var frames: [Frame] = []
        while true {
            while let frame = try nextFrame() {
                hasAnswered = true
                if frame.words == ["foreign"] {
                    throw TransportError(
                        .lost, host: host, "the host did not receive a request as it was sent")
                }
                // A reply to an earlier request that nobody waited for is passed over.
                guard frame.tag == tag else { continue }
                if frame.words == ["done"] { return frames }
                frames.append(frame)
            }
            try await listen()
        }
    }

    /// Lets the shell end when it has nothing to do; what runs goes on.
    func close() async {
        try? await channel.endInput()
        await channel.close()
    }

    private func nextFrame() throws(TransportError) -> Frame? {
        do throws(FrameParser.Problem) {
            return try parser.next()
        } catch {
            switch error {
            case .notAShell: throw notAShell()
            case .frameTooLong: throw TransportError(.lost, host: host, "the host's reply is not a reply")
            }
        }
    }

    private func listen() async throws(TransportError) {
        switch try await channel.next() {
        case .output(let bytes): parser.feed(bytes)
        case .errors(let bytes): errors += bytes.prefix(Self.errorsLimit - errors.count)
        case .ended:
            if hasAnswered {
                throw TransportError(.lost, host: host, "the shell on the host ended before it had answered")
            }
            throw notAShell()
        }
    }

    private func notAShell() -> TransportError {
        let said = visible(bytes: (parser.noise + errors).prefix(Self.errorsLimit)).trimmed()
        return TransportError(
            .unreachable, host: host,
            said.isEmpty
                ? "the login does not lead to a POSIX shell"
                : "the login does not lead to a POSIX shell; it said: \(said)",
            remedy: "give the user /bin/sh or another POSIX shell as login shell, without a forced command")
    }
}

extension String {
    fileprivate func trimmed() -> String {
        var text = Substring(self)
        while text.hasPrefix("^J") { text = text.dropFirst(2) }
        while text.hasSuffix("^J") { text = text.dropLast(2) }
        return String(text)
    }
}
