/// When a connection was last heard, and what to do when it is silent.
///
/// A frozen host keeps its TCP connection, so the transport's own probes do not find it; a question in the
/// SSH protocol does.
struct Pulse {
    enum Finding: Equatable { case alive, ask, dead }

    let silence: Duration
    let signOfLife: Duration
    private var heard: UInt64 = 0
    private var lastHeard: ContinuousClock.Instant
    private var asked: ContinuousClock.Instant?

    init(silence: Duration, signOfLife: Duration, now: ContinuousClock.Instant = .now) {
        self.silence = silence
        self.signOfLife = signOfLife
        lastHeard = now
    }

    /// When to look again if nothing is heard.
    var next: ContinuousClock.Instant {
        asked.map { $0 + signOfLife } ?? lastHeard + silence
    }

    /// Takes note of the bytes received until now. After `ask` the question is to be sent.
    mutating func feel(bytes: UInt64, now: ContinuousClock.Instant) -> Finding {
        if bytes != heard {
            heard = bytes
            lastHeard = now
            asked = nil
        }
        guard now >= next else { return .alive }
        if asked != nil { return .dead }
        asked = now
        return .ask
    }
}
