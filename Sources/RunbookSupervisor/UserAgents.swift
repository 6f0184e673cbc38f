import RunbookModel
import RunbookText
import RunbookTransport
import Synchronization

/// The sessions of one connection as users other than the one that its own session is of, each started when it
/// is first needed.
///
/// Such a session has the run's folder of its own user: claims, processes and files are that user's, so that a
/// command can be looked up and stopped by who runs it. That the folder was made is noted in the first
/// session's folder, of which the engine knows whether it must be there.
final class UserAgents: Sendable {
    private typealias Starting = Task<Result<SupervisedSession, TransportError>, Never>

    private let agents = Mutex<[String: Starting]>([:])
    private let start: @Sendable (String) -> SupervisedSession

    init(_ start: @escaping @Sendable (String) -> SupervisedSession) { self.start = start }

    /// The user's session, greeted.
    func agent(
        of user: String, run: RunID, beside first: SupervisedSession
    ) async throws(TransportError) -> SupervisedSession {
        let starting = agents.withLock { agents in
            if let starting = agents[user] { return starting }
            let session = start(user)
            let starting = Starting {
                do throws(TransportError) {
                    try await Self.greet(session, user, run, beside: first)
                    return .success(session)
                } catch {
                    await session.close()
                    return .failure(error)
                }
            }
            agents[user] = starting
            return starting
        }
        let result = await starting.value
        if case .failure = result { agents.withLock { $0[user] = nil } }
        return try result.get()
    }

    private static func greet(
        _ session: SupervisedSession, _ user: String, _ run: RunID, beside first: SupervisedSession
    ) async throws(TransportError) {
        let mark = "\"$RUNBOOK_FOLDER\"/as-\(shellQuoted(user))"
        let isNew = try await first.ask([QuestionRequest(script: "test ! -e \(mark)")], environment: [])
        _ = try await session.greet(run: run, isNew: isNew.first?.verdict == .yes)
        guard isNew.first?.verdict == .yes else { return }
        let noted = try await first.ask(
            [
                // In this order: who takes the host over looks for the mark behind his fence.
                QuestionRequest(script: ": >\(mark) || exit 2; test ! -e \"$RUNBOOK_FOLDER\"/taken")
            ], environment: [])
        switch noted.first?.verdict {
        case .yes: break
        case .no:
            throw TransportError(
                .local, host: first.host,
                "\(first.host) was taken over by another run: nothing is begun there as \(user)")
        default:
            throw TransportError(
                .local, host: first.host, "cannot note on \(first.host) that \(user) has a folder there")
        }
    }

    /// Ends the sessions.
    func close() async {
        let all = agents.withLock { agents in
            defer { agents = [:] }
            return Array(agents.values)
        }
        for starting in all {
            if let session = try? await starting.value.get() { await session.close() }
        }
    }
}
