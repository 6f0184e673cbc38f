import RunbookModel
import RunbookText
import RunbookTransport

// Long input goes to the host beside the requests, before the attempt that needs it is claimed.
extension SupervisedSession {
    /// How much is in memory at a time.
    private static let partLength = 256 << 10
    /// dd's: what has arrived is taken up at a multiple of it.
    private static let blockLength = 64 << 10

    /// Sends what is missing of the bytes. Without an error the host has taken all of them.
    ///
    /// A part is written to its own place in the file, so that bytes that a lost connection still brings are
    /// written over with the same.
    func send(_ staged: Staged) async throws(TransportError) {
        let arrived = try await lengthOf(staged)
        guard arrived != staged.length else { return }
        let start = arrived < staged.length ? arrived / Self.blockLength * Self.blockLength : 0
        let path = shellQuoted("\(try folder())/\(staged.name)")
        let command =
            "umask 077; exec dd of=\(path) bs=\(Self.blockLength) seek=\(start / Self.blockLength) conv=notrunc"
        let channel = try await openBeside(command)
        var offset = start
        while offset < staged.length {
            let part: [UInt8]
            do throws(StagingProblem) {
                part = try staged.read(offset, min(Self.partLength, staged.length - offset))
                guard !part.isEmpty else { throw StagingProblem("a file became shorter while it was sent") }
            } catch {
                await channel.close()
                throw TransportError(.local, host: host, error.message)
            }
            try await channel.write(part)
            offset += part.count
        }
        try await finish(channel)
    }

    private func finish(_ channel: any Channel) async throws(TransportError) {
        try await channel.endInput()
        var errors: [UInt8] = []
        while true {
            switch try await channel.next() {
            case .output: break
            case .errors(let bytes): errors += bytes.prefix(4096 - errors.count)
            case .ended(let end):
                await channel.close()
                guard end != .exited(0) else { return }
                let said = visible(bytes: errors).replacing("^J", with: " ")
                if end == .unknown {
                    throw TransportError(
                        .lost, host: host, "the connection to \(host) was lost while a file was sent")
                }
                throw TransportError(
                    .local, host: host, "\(host) does not take what is sent to it: \(said)",
                    remedy: "is the disk with the run's folder full?")
            }
        }
    }

    /// How much of it the host has; what it has of others of the same owner goes.
    private func lengthOf(_ staged: Staged) async throws(TransportError) -> Int {
        let script = """
            cd -- "$RUNBOOK_FOLDER"
            for file in \(shellQuoted(staged.owner)).*.staged; do
                case $file in
                \(shellQuoted(staged.name))) ;;
                *) [ ! -e "$file" ] || rm -f -- "$file" ;;
                esac
            done
            [ ! -e \(shellQuoted(staged.name)) ] || wc -c <\(shellQuoted(staged.name))
            """
        let answer = try await ask([QuestionRequest(script: script)], environment: []).first
        guard let answer, answer.verdict == .yes else {
            throw TransportError(.local, host: host, "the run's folder on \(host) cannot be looked at")
        }
        let words = answer.output.split(whereSeparator: \.isWhitespace)
        return words.first.flatMap { Int($0) } ?? 0
    }

    /// A channel beside the one for requests; on a host that opens only one, in place of it.
    func openBeside(_ command: String) async throws(TransportError) -> any Channel {
        do throws(TransportError) {
            return try await pool.open(command)
        } catch  where error.code == .channelRefused {
            await pool.closeIdle()
        }
        // sshd counts a channel until it has cleaned up behind it.
        for _ in 0..<20 {
            try? await Task.sleep(for: .milliseconds(100))
            do throws(TransportError) {
                return try await pool.open(command)
            } catch  where error.code == .channelRefused {}
        }
        return try await pool.open(command)
    }
}
