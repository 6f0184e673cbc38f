import RunbookEngine
import RunbookModel
import RunbookSSH
import RunbookSupervisor
import RunbookTransport

/// Sessions over SSH: one proven connection per host, with the supervisor at its other end.
struct SSHSessions: SessionSource {
    private let connector: any Connector
    private let prompts: any ConnectionPrompts

    /// - Parameter prompts: whom to ask for what a login or sudo wants to know.
    init(_ prompts: any ConnectionPrompts) {
        connector = SSHConnector(prompts: prompts)
        self.prompts = prompts
    }

    func open(
        _ host: HostID, _ target: SiteHost, run: RunID
    ) async throws(TransportError) -> OpenSession {
        let (session, connection) = try await session(host, target)
        return OpenSession(
            session: session, hostKey: connection.hostKey, operatorKey: connection.operatorKey)
    }

    func session(
        _ host: HostID, _ target: SiteHost
    ) async throws(TransportError) -> (SupervisedSession, any Connection) {
        let connection = try await connector.connect(to: host, target)
        return (
            SupervisedSession(
                host: host, connection: connection, nonce: Self.makeNonce(),
                user: target.worker == target.user ? nil : target.worker, prompts: prompts), connection
        )
    }

    func probe(_ host: HostID, _ target: SiteHost) async throws(TransportError) {
        try await connector.connect(to: host, target).close()
    }

    /// 128 random bits: no host can foresee what its replies must carry.
    private static func makeNonce() -> String {
        (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
            .padding(to: 24)
    }
}

extension String {
    fileprivate func padding(to length: Int) -> String {
        self + String(repeating: "0", count: max(0, length - count))
    }
}
