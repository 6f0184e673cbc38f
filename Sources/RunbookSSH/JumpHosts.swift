import RunbookModel
import RunbookTransport
import Synchronization

/// The connections to hosts that others are reached through, one for each way.
///
/// A connection lives as long as something goes through it: nothing here holds it.
final class JumpHosts: Sendable {
    private typealias Opening = Task<Result<SSHConnection, TransportError>, Never>

    private enum Found {
        case open(SSHConnection)
        /// It is being made; whoever comes meanwhile waits for the same one.
        case opening(Opening)
    }

    private struct State {
        var open: [[SiteHost]: Weak] = [:]
        var opening: [[SiteHost]: Opening] = [:]
    }

    private struct Weak {
        weak var connection: SSHConnection?
    }

    private let state = Mutex(State())

    /// The connection at the end of a way, which `make` makes when there is none that works.
    func connection(
        for way: [SiteHost],
        _ make: @escaping @Sendable () async throws(TransportError) -> SSHConnection
    ) async throws(TransportError) -> SSHConnection {
        let found = state.withLock { state -> Found in
            if let open = state.open[way]?.connection, !open.isOver { return .open(open) }
            if let opening = state.opening[way] { return .opening(opening) }
            let opening = Opening {
                do throws(TransportError) {
                    return .success(try await make())
                } catch {
                    return .failure(error)
                }
            }
            state.opening[way] = opening
            return .opening(opening)
        }
        switch found {
        case .open(let connection): return connection
        case .opening(let opening):
            // Who waits for it together is also cancelled together: when the run ends.
            let result = await withTaskCancellationHandler {
                await opening.value
            } onCancel: {
                opening.cancel()
            }
            state.withLock { state in
                guard state.opening[way] == opening else { return }
                state.opening[way] = nil
                if case .success(let connection) = result { state.open[way] = Weak(connection: connection) }
            }
            return try result.get()
        }
    }
}
