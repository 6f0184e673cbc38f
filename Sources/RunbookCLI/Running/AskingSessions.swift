import RunbookEngine
import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// Sessions that can only ask: for a plan. What they keep on the host while they ask is removed at the end.
struct AskingSessions: SessionSource {
    let source: SSHSessions

    func open(
        _ host: HostID, _ target: SiteHost, run: RunID
    ) async throws(TransportError) -> OpenSession {
        let (session, connection) = try await source.session(host, target)
        return OpenSession(
            session: AskingSession(session: session, host: host), hostKey: connection.hostKey,
            operatorKey: connection.operatorKey)
    }

    func probe(_ host: HostID, _ target: SiteHost) async throws(TransportError) {
        try await source.probe(host, target)
    }
}

/// Passes on what has no effects, and refuses the rest.
private final class AskingSession: HostSession {
    private let session: SupervisedSession
    private let host: HostID

    init(session: SupervisedSession, host: HostID) {
        self.session = session
        self.host = host
    }

    private var refusal: TransportError {
        TransportError(.local, host: host, "a plan only asks: nothing else is sent to \(host)")
    }

    /// Questions need a folder for what they print; the plan has one of its own, under its own name.
    func greet(run: RunID, isNew: Bool) async throws(TransportError) -> HostFacts {
        try await session.greet(run: run, isNew: true)
    }

    func ask(
        _ questions: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> [Answer] {
        try await session.ask(questions, environment: environment)
    }

    func capture(
        _ script: String, timeout: Duration, limit: Int
    ) async throws(TransportError) -> [UInt8] {
        try await session.capture(script, timeout: timeout, limit: limit)
    }

    func read(_ path: String, limit: Int) async throws(TransportError) -> HostFile? {
        try await session.read(path, limit: limit)
    }

    func close() async {
        // A folder that stays does no harm, and the connection may be gone already.
        try? await session.clean()
        await session.close()
    }

    func attempt(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply { throw refusal }
    func lookUp(_ id: AttemptID) async throws(TransportError) -> AttemptState { throw refusal }
    func follow(
        _ id: AttemptID, after: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> AttemptReply { throw refusal }
    func fence(_ id: AttemptID) async throws(TransportError) -> FenceResult { throw refusal }
    func stop(_ id: AttemptID) async throws(TransportError) { throw refusal }
    func forget(_ id: AttemptID) async throws(TransportError) { throw refusal }
    func takeLock(_ holder: LockHolder) async throws(TransportError) -> LockResult { throw refusal }
    func releaseLock() async throws(TransportError) { throw refusal }
}
