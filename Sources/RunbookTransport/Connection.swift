package import RunbookModel

/// One authenticated way to one host. It is proven who the host is before this value exists.
///
/// All methods may be called from any task; the channels of a connection are independent of each other.
package protocol Connection: AnyObject, Sendable {
    /// `SHA256:…` of the host key that was proven; nil for this machine itself.
    var hostKey: String? { get }

    /// The OpenSSH line (`ssh-ed25519 AAAA… comment`) of the public key that opened the door, if one did.
    var operatorKey: String? { get }

    /// Starts `command` through the user's login shell with its stdin open.
    ///
    /// - Throws: `lost` when the connection is gone, `channelRefused` when the host will not open another
    ///   channel. After a throw it is not known whether the command started, unless the code says so.
    func open(_ command: String) async throws(TransportError) -> any Channel

    /// Ends the connection and all its channels. What runs on the host goes on.
    func close() async
}

/// A command under way on a host.
package protocol Channel: AnyObject, Sendable {
    /// Sends bytes to the command's stdin; returns when they are handed to the network.
    func write(_ bytes: [UInt8]) async throws(TransportError)

    /// Closes the command's stdin.
    func endInput() async throws(TransportError)

    /// The next thing the command said; waits for it. After `.ended` there is nothing more.
    ///
    /// One caller at a time.
    func next() async throws(TransportError) -> ChannelEvent

    /// Closes the channel without waiting for the command.
    func close() async
}

package enum ChannelEvent: Sendable, Equatable {
    case output([UInt8])
    case errors([UInt8])
    case ended(CommandEnd)
}

package enum CommandEnd: Sendable, Equatable {
    case exited(Int32)
    /// By name without `SIG`: `KILL`.
    case signalled(String)
    /// The channel was closed without a status: how the command ended is not known.
    case unknown
}

/// Makes connections. One per kind of transport.
package protocol Connector: Sendable {
    /// Connects, proves the host's identity, logs in.
    ///
    /// Bounded in time as a whole. Nothing but the SSH protocol itself is sent before the identity is proven.
    func connect(to host: HostID, _ target: SiteHost) async throws(TransportError) -> any Connection
}

/// What a connector must ask of a person. The answers may be nil where there is no terminal.
package protocol ConnectionPrompts: Sendable {
    /// A host that known_hosts does not know: whether its key is to be trusted from now on.
    func acceptsNewHost(_ host: HostID, address: String, fingerprint: String) async -> Bool
    /// A password or the answer to a keyboard-interactive question; nil: there is nobody to ask.
    func secret(_ question: String, host: HostID) async -> String?
}
