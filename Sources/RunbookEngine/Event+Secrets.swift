import RunbookModel
import RunbookSupervisor
import RunbookText
import RunbookTransport

// What hosts say is looked through for secrets where it comes in, whole, before anything of it is cut off, shown,
// compared or written down. Files that are read are not: an edit must see what is there.
extension Event {
    func hiding(_ redactor: Redactor) -> Event {
        guard !redactor.isEmpty else { return self }
        switch self {
        case .unreachable(let host, let error): return .unreachable(host, error.hiding(redactor))
        case .found(let unit, let result):
            return .found(
                unit,
                result.map { $0.mapValues { $0.hiding(redactor) } }.mapError { $0.hiding(redactor) })
        case .watched(let unit, let attempt, let time, let found, let lost):
            return .watched(
                unit, attempt, at: time, found.mapValues { $0.hiding(redactor) }, lost: lost)
        case .attempted(let unit, let result):
            return .attempted(
                unit, result.map { $0.hiding(redactor) }.mapError { $0.hiding(redactor) })
        case .lookedUp(let unit, let result):
            return .lookedUp(
                unit, result.map { $0.hiding(redactor) }.mapError { $0.hiding(redactor) })
        case .fenced(let unit, let result):
            return .fenced(unit, result.map { $0.hiding(redactor) }.mapError { $0.hiding(redactor) })
        case .said(let unit, let answer): return .said(unit, answer.map { redactor.redacted($0) })
        case .connected, .locked, .waited, .kept, .interrupted, .journalFailed: return self
        }
    }
}

extension Findings {
    fileprivate func hiding(_ redactor: Redactor) -> Findings {
        var findings = self
        findings.answers = answers.map { $0.hiding(redactor) }
        findings.login = login?.hiding(redactor)
        return findings
    }
}

extension Answer {
    fileprivate func hiding(_ redactor: Redactor) -> Answer {
        func hidden(_ text: String) -> String {
            let bytes = Array(text.utf8)
            return String(
                decoding: redactor.redacted(bytes, isCutInFront: bytes.count >= Output.textLengthMax),
                as: UTF8.self)
        }
        var answer = self
        (answer.output, answer.errors) = (hidden(output), hidden(errors))
        answer.reason = redactor.redacted(reason)
        return answer
    }
}

extension AttemptReply {
    fileprivate func hiding(_ redactor: Redactor) -> AttemptReply {
        switch self {
        case .notIssued(let before): .notIssued(before.hiding(redactor))
        case .ended(let before, let end, let after):
            .ended(
                before.hiding(redactor), end.hiding(redactor), after: after.map { $0.hiding(redactor) })
        case .left(let before): .left(before.hiding(redactor))
        case .refused(let state): .refused(state.hiding(redactor))
        case .takenOver: self
        }
    }
}

extension AttemptReply.Before {
    fileprivate func hiding(_ redactor: Redactor) -> AttemptReply.Before {
        var before = self
        before.unless = unless.map { $0.hiding(redactor) }
        before.check = check.map { $0.hiding(redactor) }
        before.require = require.map { $0.hiding(redactor) }
        return before
    }
}

extension AttemptState {
    fileprivate func hiding(_ redactor: Redactor) -> AttemptState {
        if case .ended(let end) = self { .ended(end.hiding(redactor)) } else { self }
    }
}

extension FenceResult {
    fileprivate func hiding(_ redactor: Redactor) -> FenceResult {
        if case .claimed(let state) = self { .claimed(state.hiding(redactor)) } else { self }
    }
}

extension AttemptEnd {
    fileprivate func hiding(_ redactor: Redactor) -> AttemptEnd {
        AttemptEnd(end: end, output: output.hiding(redactor), errors: errors.hiding(redactor))
    }
}

extension CapturedText {
    fileprivate func hiding(_ redactor: Redactor) -> CapturedText {
        // Both parts of a text that is whole belong together; between the parts of another something is missing.
        guard head.count + tail.count < total else {
            return CapturedText(head: redactor.redacted(head + tail), total: total)
        }
        return CapturedText(
            head: redactor.redacted(head, isCutBehind: true),
            tail: redactor.redacted(tail, isCutInFront: true), total: total)
    }
}

extension TransportError {
    fileprivate func hiding(_ redactor: Redactor) -> TransportError {
        TransportError(
            code, host: host, redactor.redacted(message), remedy: remedy.map { redactor.redacted($0) })
    }
}
