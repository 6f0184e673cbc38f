import RunbookEngine
import RunbookModel
import RunbookText
import RunbookTransport

/// Starts `runbook practice-run` and follows it to its end.
struct PracticeRun: Sendable {
    let program: String
    let file: String
    let folder: String
    var strikes: [Strike] = []
    /// The unit before which it stops.
    var until: Unit?
    var watches = false
    var asksAtEnd = false
    /// Whether finished steps are not asked first: where only what comes next matters.
    var trustsFinished = false

    /// How it ended.
    struct End: Sendable {
        /// 137 when it was killed, 124 when it took longer than it may.
        var status: Int32 = -1
        var struck: [Strike] = []
        /// Its last word.
        var reason = ""
        /// Whether it stopped before it issued anything, at a question that says what must be mended.
        var isRefused = false
        /// What it said, for people; the last of it.
        var talk = ""

        var wasKilled: Bool { status == 137 }
    }

    /// Longer than any step of a rehearsal: a run that hangs must not take the matrix with it.
    private static let secondsMax = 300

    /// - Parameter wave: called before each wave, when `watches`; the run waits for it. It is optional, and so
    ///   escapes: the optimizer of Swift 6.3.1 crashes when it makes a copy of this for a closure that does not.
    func run(wave: ((Int) async throws -> Void)? = nil) async throws -> End {
        let connection = LocalConnector().connect(to: HostID("here"))
        let channel = try await connection.open(command)
        var end = End()
        var pending = ""
        var talk: [UInt8] = []
        follow: while true {
            switch try await channel.next() {
            case .output(let bytes):
                pending += String(decoding: bytes, as: UTF8.self)
                while let newline = pending.firstIndex(of: "\n") {
                    let line = String(pending[..<newline])
                    pending.removeSubrange(...newline)
                    if line.hasPrefix("wave ") {
                        if let number = Int(line.dropFirst(5)) { try await wave?(number) }
                        try await channel.write([0x0a])
                    } else {
                        note(line, in: &end)
                    }
                }
            case .errors(let bytes): talk = Array((talk + bytes).suffix(8192))
            case .ended(.exited(let status)):
                end.status = status
                break follow
            case .ended:
                end.status = 137
                break follow
            }
        }
        await connection.close()
        end.talk = String(decoding: talk, as: UTF8.self)
        return end
    }

    private func note(_ line: String, in end: inout End) {
        if line.hasPrefix("struck "), let strike = Strike(text: String(line.dropFirst(7))) {
            end.struck.append(strike)
        } else if line.hasPrefix("end ") {
            end.reason = String(line.dropFirst(4))
        } else if line.hasPrefix("refused ") {
            end.reason = String(line.dropFirst(8))
            end.isRefused = true
        }
    }

    private var command: String {
        var words = [
            "exec", "timeout", "-k", "5", String(Self.secondsMax), shellQuoted(program), "practice-run",
            shellQuoted(file), "--dir", shellQuoted(folder),
        ]
        for strike in strikes { words += ["--at", shellQuoted(strike.text)] }
        if let until { words += ["--until", shellQuoted(until.text)] }
        if watches { words.append("--watch") }
        if asksAtEnd { words.append("--asks") }
        if trustsFinished { words.append("--trust") }
        return words.joined(separator: " ")
    }
}
