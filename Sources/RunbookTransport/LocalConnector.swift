import Glibc
package import RunbookModel
import Synchronization

/// Runs commands on this machine through `sh -c`. For tests and for the simulation: a runbook has no local
/// host.
package struct LocalConnector: Connector {
    private let shell: String
    private let environment: [String: String]?

    /// - Parameters:
    ///   - shell: what stands for the user's login shell; an absolute path.
    ///   - environment: what commands see; nil: this process's environment.
    package init(shell: String = "/bin/sh", environment: [String: String]? = nil) {
        self.shell = shell
        self.environment = environment
    }

    package func connect(to host: HostID, _ target: SiteHost) async throws(TransportError) -> any Connection {
        connect(to: host)
    }

    /// The same without a site file.
    package func connect(to host: HostID) -> LocalConnection {
        LocalConnection(host: host, shell: shell, environment: environment)
    }
}

/// The way to this machine itself.
package final class LocalConnection: Connection {
    package var hostKey: String? { nil }
    package var operatorKey: String? { nil }

    private let host: HostID
    private let shell: String
    private let environment: [String]?
    private let state = Mutex(State())

    private struct State {
        var channels: [LocalChannel] = []
        var isClosed = false
    }

    init(host: HostID, shell: String, environment: [String: String]?) {
        self.host = host
        self.shell = shell
        self.environment = environment?.map { "\($0.key)=\($0.value)" }.sorted()
    }

    package func open(_ command: String) async throws(TransportError) -> any Channel {
        if state.withLock({ $0.isClosed }) {
            throw TransportError(.lost, host: host, "the connection to this machine is closed")
        }
        let process: LocalProcess
        do throws(LocalProcess.Failure) {
            process = try LocalProcess.start([shell, "-c", command], environment: environment)
        } catch {
            guard case .errno(let number) = error else { preconditionFailure("the only case") }
            throw TransportError(
                .channelRefused, host: host, "cannot start \(shell) on this machine: errno \(number)")
        }
        let channel = LocalChannel(host: host, process: process)
        state.withLock { $0.channels.append(channel) }
        return channel
    }

    package func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { state.channels = [] }
            return state.channels
        }
        for channel in channels { channel.closeNow() }
    }
}
