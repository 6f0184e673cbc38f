import Synchronization

/// How long each part of a connection may take. A person's time to answer a question does not count.
package struct SSHDeadlines: Sendable, Equatable {
    /// Finding the name's addresses.
    package var name: Duration = .seconds(10)
    /// The TCP connection.
    package var connect: Duration = .seconds(10)
    /// The server's first line.
    package var banner: Duration = .seconds(10)
    package var keyExchange: Duration = .seconds(10)
    /// Each key or password.
    package var authentication: Duration = .seconds(10)
    /// One answer of the agent, which may ask its owner.
    package var agent: Duration = .seconds(20)
    /// All of it.
    package var total: Duration = .seconds(30)
    /// How long a connection may be silent before the host is asked for a sign of life.
    package var silence: Duration = .seconds(5)
    /// How long the sign of life may take before the connection counts as lost.
    package var signOfLife: Duration = .seconds(10)
    /// How long a host that lives may take to open a channel and start its command: it may be so busy that a
    /// process takes half a minute.
    package var start: Duration = .seconds(120)
    /// How long a channel may take nothing of what is sent.
    package var stall: Duration = .seconds(60)
    /// How long a command that has told its exit status may leave its output open and say nothing.
    package var afterExit: Duration = .seconds(10)

    package init() {}
}

/// The time that is left for a connection that is being made.
final class Budget: Sendable {
    private let end: Mutex<ContinuousClock.Instant>

    init(_ total: Duration) { end = Mutex(.now + total) }

    /// When a part that begins now must be over.
    func deadline(_ part: Duration) -> ContinuousClock.Instant {
        min(.now + part, end.withLock { $0 })
    }

    /// Asks a person; the clock stands still meanwhile.
    func paused<Value>(_ ask: () async -> Value) async -> Value {
        let begin = ContinuousClock.now
        let value = await ask()
        end.withLock { $0 += .now - begin }
        return value
    }
}
