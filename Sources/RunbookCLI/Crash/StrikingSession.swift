import RunbookEngine
import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// A host, with strikes while an attempt runs and when it has ended. All else passes through.
final class StrikingSession: HostSession {
    private let inner: any HostSession
    private let host: HostID
    private let run: RunID
    private let striker: Striker

    init(_ inner: any HostSession, host: HostID, run: RunID, striker: Striker) {
        self.inner = inner
        self.host = host
        self.run = run
        self.striker = striker
    }

    func attempt(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply {
        let reply: AttemptReply
        var isLost = false
        if let strike = striker.awaits(.sent, ofAttempt: request.id) {
            (reply, isLost) = try await attempt(request, struckBy: strike)
        } else {
            reply = try await inner.attempt(request)
        }
        if case .ended = reply, let strike = striker.awaits(.ended, ofAttempt: request.id) {
            isLost = striker.strike(.ended, strike.unit)
        }
        // The reply was under way when the link went.
        if isLost { throw TransportError(.lost, host: host, "the link was cut by the rehearsal") }
        return reply
    }

    /// Sends the request and strikes as soon as its command runs; at the latest when it has ended.
    private func attempt(
        _ request: AttemptRequest, struckBy strike: Strike
    ) async throws(TransportError) -> (AttemptReply, isLost: Bool) {
        let (inner, striker, run, id) = (inner, striker, run, request.id)
        let watch = Task {
            guard let node = striker.node(strike.unit.host) else { return }
            while !Task.isCancelled, striker.commandOf(id, run, on: node) == nil {
                try? await Task.sleep(for: .microseconds(300))
            }
            if !Task.isCancelled { striker.strike(.sent, strike.unit, attempt: id, run: run) }
        }
        defer { watch.cancel() }
        let reply = try await inner.attempt(request)
        // It was quicker than the watch.
        guard case .ended = reply else { return (reply, false) }
        return (reply, striker.strike(.sent, strike.unit, attempt: id, run: run))
    }

    func greet(run: RunID, isNew: Bool) async throws(TransportError) -> HostFacts {
        try await inner.greet(run: run, isNew: isNew)
    }

    func ask(
        _ questions: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> [Answer] {
        try await inner.ask(questions, environment: environment)
    }

    func lookUp(_ id: AttemptID) async throws(TransportError) -> AttemptState { try await inner.lookUp(id) }

    func follow(
        _ id: AttemptID, after: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> AttemptReply {
        try await inner.follow(id, after: after, environment: environment)
    }

    func fence(_ id: AttemptID) async throws(TransportError) -> FenceResult { try await inner.fence(id) }
    func stop(_ id: AttemptID) async throws(TransportError) { try await inner.stop(id) }
    func forget(_ id: AttemptID) async throws(TransportError) { try await inner.forget(id) }

    func capture(
        _ script: String, timeout: Duration, limit: Int
    ) async throws(TransportError) -> [UInt8] {
        try await inner.capture(script, timeout: timeout, limit: limit)
    }

    func read(_ path: String, limit: Int) async throws(TransportError) -> HostFile? {
        try await inner.read(path, limit: limit)
    }

    func takeLock(_ holder: LockHolder) async throws(TransportError) -> LockResult {
        try await inner.takeLock(holder)
    }

    func releaseLock() async throws(TransportError) { try await inner.releaseLock() }
    func close() async { await inner.close() }
}
