package import RunbookModel

/// Why a host cannot be reached or is reached no longer.
package struct TransportError: Error, Equatable, Sendable {
    package enum Code: String, Sendable, Equatable {
        /// Name not found, refused, no route, no answer in time, not an SSH server.
        case unreachable
        /// The server takes nobody in for the moment: too many have not logged in yet (sshd's MaxStartups), or it
        /// punishes this address for a while.
        case busy
        /// The host is not known and nobody said that it may be trusted.
        case hostKeyUnknown
        /// The host shows another key than the one that is known or pinned, or a revoked one.
        case hostKeyChanged
        /// known_hosts cannot be read or understood.
        case knownHosts
        case authenticationFailed
        /// The host speaks only algorithms that need `legacy_ssh: true`.
        case legacyOnly
        /// The connection was there and is gone.
        case lost
        /// The host did not open another channel; the command was not started.
        case channelRefused
        /// The task was cancelled.
        case cancelled
        /// Something on this machine failed: a key file, the agent, a child process.
        case local
    }

    package var code: Code
    package var host: HostID
    /// One sentence: what happened. Never raw text of a server; quoted parts are made visible first.
    package var message: String
    /// What a person can do about it.
    package var remedy: String?

    package init(_ code: Code, host: HostID, _ message: String, remedy: String? = nil) {
        self.code = code
        self.host = host
        self.message = message
        self.remedy = remedy
    }
}
