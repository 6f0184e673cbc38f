import RunbookModel
import RunbookText
import RunbookTransport

/// Reads the frames of one reply into the words of the contract.
struct ReplyReader {
    private let host: HostID
    private var frames: ArraySlice<Frame>

    /// - Throws: `local` when the host said that it could not carry out the request.
    init(host: HostID, _ frames: [Frame]) throws(TransportError) {
        self.host = host
        self.frames = frames[...]
        if let failed = frames.first(where: { $0.words == ["failed"] }) {
            throw TransportError(.local, host: host, "on \(host): \(visible(bytes: failed.payload))")
        }
    }

    /// The kind of the next frame, nil at the end.
    var kind: String? { frames.first?.words.first }

    /// The next frame, which is of this kind.
    mutating func take(_ kind: String) throws(TransportError) -> Frame {
        guard let frame = frames.popFirst(), frame.words.first == kind else { throw wrong() }
        return frame
    }

    func wrong() -> TransportError {
        TransportError(.lost, host: host, "the host's reply is not the reply to what was asked")
    }

    /// The answers of one list of questions, as many as were asked.
    mutating func answers(_ phase: String, _ questions: [QuestionRequest]) throws(TransportError) -> [Answer]
    {
        var answers: [Answer] = []
        while frames.first?.words.prefix(2) == ["answer", phase] {
            guard answers.count < questions.count else { throw wrong() }
            answers.append(try answer(to: questions[answers.count]))
        }
        guard answers.isEmpty || answers.count == questions.count else { throw wrong() }
        return answers
    }

    private mutating func answer(to question: QuestionRequest) throws(TransportError) -> Answer {
        // answer PHASE VERDICT WHY END… SIZE
        let frame = try take("answer")
        let errors = try take("errors")
        let words = frame.words
        guard words.count >= 6, let verdict = Answer.Verdict(rawValue: words[2]) else { throw wrong() }
        var answer = Answer(verdict)
        let end = try self.end(words[4..<(words.count - 1)])
        if words[3] != "local" { answer.end = end }
        answer.output = String(decoding: frame.payload, as: UTF8.self)
        answer.errors = String(decoding: errors.payload, as: UTF8.self)
        answer.reason = try reason(words[3], end: end, timeout: question.timeout)
        return answer
    }

    private func reason(_ word: String, end: ProcessEnd, timeout: Duration) throws(TransportError) -> String {
        let parts = word.split(separator: ":")
        switch (parts.first, parts.dropFirst().first, end) {
        case ("-", nil, _): return ""
        case ("exit", nil, .exited(let status)): return "exit status \(status)"
        case ("signal", nil, .signalled(let number)): return "ended by signal \(number)"
        case ("timeout", nil, _): return "timed out after \(DurationText.text(timeout))"
        case ("local", nil, _): return "the question could not be asked"
        case ("match", let number?, _): return "pattern \(number) was not found"
        case ("none", let number?, _): return "pattern \(number) of `none` was found"
        case ("pattern", let number?, _): return "pattern \(number) cannot be used by grep"
        default: throw wrong()
        }
    }

    private func end(_ words: ArraySlice<String>) throws(TransportError) -> ProcessEnd {
        switch (words.first, words.dropFirst().first.flatMap { Int32($0) }) {
        case ("exited", let status?): return .exited(status)
        case ("signalled", let number?): return .signalled(number)
        case ("timedout", nil): return .timedOut
        case ("stopped", nil): return .stopped
        default: throw wrong()
        }
    }

    mutating func attemptEnd() throws(TransportError) -> AttemptEnd {
        let ended = try take("ended")
        let end = try self.end(ended.words.dropFirst())
        return AttemptEnd(end: end, output: try captured("out"), errors: try captured("err"))
    }

    /// What a host sends of a long text: supervisor.sh gets the same numbers.
    private static let headLength = 16 << 10

    private mutating func captured(_ kind: String) throws(TransportError) -> CapturedText {
        let frame = try take(kind)
        guard let total = frame.words.last.flatMap({ Int($0) }), total >= frame.payload.count else {
            throw wrong()
        }
        if total == frame.payload.count { return CapturedText(head: frame.payload, total: total) }
        return CapturedText(
            head: Array(frame.payload.prefix(Self.headLength)),
            tail: Array(frame.payload.dropFirst(Self.headLength)), total: total)
    }

    mutating func state() throws(TransportError) -> AttemptState {
        switch try take("state").words.last {
        case "unclaimed": return .unclaimed
        case "fenced": return .fenced
        case "running": return .running
        case "ended": return .ended(try attemptEnd())
        case "vanished": return .vanished
        case "rebooted": return .rebooted
        case "torn": return .torn
        default: throw wrong()
        }
    }

    /// The reply to `request`.
    mutating func attempt(_ request: AttemptRequest) throws(TransportError) -> AttemptReply {
        var before = AttemptReply.Before()
        before.unless = try answers("unless", request.unless)
        before.check = try answers("check", request.check)
        before.require = try answers("require", request.require)
        switch kind {
        case "skipped": return .notIssued(before)
        case "left": return .left(before)
        case "state": return .refused(try state())
        case "fenced": return .takenOver(by: try holder("fenced"))
        default:
            let end = try attemptEnd()
            return .ended(before, end, after: try answers("after", request.after))
        }
    }

    mutating func facts() throws(TransportError) -> (HostFacts, path: String) {
        let lines = String(decoding: try take("facts").payload, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 9, let clock = Int(lines[2]), let userID = Int(lines[3]),
            let folder = HostFacts.Folder(rawValue: lines[7])
        else { throw wrong() }
        let facts = HostFacts(
            bootID: lines[0], machineID: lines[6], initStart: lines[1], clock: clock, user: lines[4],
            userID: userID, nodeName: lines[5], folder: folder)
        return (facts, lines[8])
    }

    mutating func file() throws(TransportError) -> HostFile? {
        if kind == "absent" { return nil }
        let path = String(decoding: try take("path").payload, as: UTF8.self)
        let file = try take("file")
        guard file.words.count == 3, let mode = UInt32(file.words[1], radix: 8) else { throw wrong() }
        return HostFile(bytes: file.payload, mode: mode, owner: file.words[2], path: path)
    }

    mutating func lock() throws(TransportError) -> LockResult {
        switch kind {
        case "taken": return .taken
        case "fenced": return .held(by: try holder("fenced"))
        default: return .held(by: try holder("held"))
        }
    }

    mutating func takeOver() throws(TransportError) -> TakeOver {
        if kind == "busy" {
            let names = String(decoding: try take("busy").payload, as: UTF8.self).split(separator: " ")
            return .busy(names.map { AttemptID(rawValue: String($0)) })
        }
        switch try lock() {
        case .taken: return .taken
        case .held(let holder): return .held(by: holder)
        }
    }

    private mutating func holder(_ kind: String) throws(TransportError) -> LockHolder {
        let lines = String(decoding: try take(kind).payload, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // Nothing is said of a file that is empty or torn: somebody has the host, nobody knows who.
        guard lines.count == 4, !lines[0].isEmpty else {
            return LockHolder(
                run: RunID(rawValue: ""), who: "unknown", since: "", runbook: "", tookOver: kind == "fenced")
        }
        return LockHolder(
            run: RunID(rawValue: lines[0]), who: lines[1], since: lines[2], runbook: lines[3],
            tookOver: kind == "fenced")
    }
}
