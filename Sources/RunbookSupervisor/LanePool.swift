import RunbookModel
import RunbookTransport
import Synchronization

/// The lanes of a session: one as long as requests come one after the other, more while one of them waits.
final class LanePool: Sendable {
    private let host: HostID
    private let connection: any Connection
    private let nonce: String
    private let options: SupervisorOptions
    /// The user that the lanes are of, and how they become it; nil: who logged in.
    private let user: (name: String, change: UserChange)?
    /// Whether the connection is closed with the pool.
    private let ownsConnection: Bool
    private let state = Mutex(State())

    fileprivate struct State {
        var run: RunID?
        var idle: [SupervisorLane] = []
        var busy = 0
        var opened = 0
        var tag = 0
        var isClosed = false
        /// Each is told to try again.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// The nonce is random; the host's replies carry it.
    init(
        host: HostID, connection: any Connection, nonce: String, options: SupervisorOptions,
        user: (name: String, change: UserChange)?, ownsConnection: Bool
    ) {
        self.user = user
        self.ownsConnection = ownsConnection
        self.host = host
        self.connection = connection
        self.nonce = nonce
        self.options = options
    }

    /// The run whose folder the lanes use. Set once, before the first request.
    func setRun(_ run: RunID) { state.withLock { $0.run = run } }

    func nextTag() -> Int {
        state.withLock { state in
            state.tag += 1
            return state.tag
        }
    }

    /// Takes an idle lane, opens another, or waits until one is free.
    func acquire() async throws(TransportError) -> SupervisorLane {
        while true {
            switch state.withLock({ $0.plan(limit: options.channelLimit) }) {
            case .use(let lane): return lane
            case .closed: throw TransportError(.lost, host: host, "the session with the host is closed")
            case .open(let run, let number):
                if let lane = try await open(run: run, number: number) { return lane }
            case .wait: break
            }
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.isClosed || !state.idle.isEmpty || state.busy == 0 { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        }
    }

    /// Gives a lane back. One that is not fit for another request is closed.
    func release(_ lane: SupervisorLane, isFit: Bool) async {
        let (keeps, waiting) = state.withLock { state in
            state.busy -= 1
            let keeps = isFit && !state.isClosed
            if keeps { state.idle.append(lane) }
            return (keeps, state.takeWaiting())
        }
        waiting.forEach { $0.resume() }
        if !keeps { await lane.close() }
    }

    /// An idle lane for a last request, if there is one.
    func acquireIdle() -> SupervisorLane? {
        state.withLock { state in
            guard let lane = state.idle.popLast() else { return nil }
            state.busy += 1
            return lane
        }
    }

    /// Ends the lanes that nobody uses, so that a host of few channels has one for something else.
    func closeIdle() async {
        let lanes = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for lane in lanes { await lane.close() }
    }

    func close() async {
        let (lanes, waiting) = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return (state.idle, state.takeWaiting())
        }
        waiting.forEach { $0.resume() }
        for lane in lanes { await lane.close() }
        if ownsConnection { await connection.close() }
    }

    /// Starts a command as the lanes' user.
    func open(_ command: String) async throws(TransportError) -> any Channel {
        guard let user else { return try await connection.open(command) }
        return try await user.change.open(command, as: user.name)
    }

    /// nil: the host refuses another channel, but one that is open will be free.
    private func open(run: RunID, number: Int) async throws(TransportError) -> SupervisorLane? {
        let nonce = "\(nonce)-\(number)"
        do throws(TransportError) {
            let command = SupervisorScript.command(run: run, nonce: nonce, options: options)
            return SupervisorLane(host: host, nonce: nonce, channel: try await self.open(command))
        } catch {
            let (others, waiting) = state.withLock { state in
                state.busy -= 1
                return (state.busy + state.idle.count, state.takeWaiting())
            }
            waiting.forEach { $0.resume() }
            if error.code == .channelRefused, others > 0 { return nil }
            throw error
        }
    }
}

extension LanePool.State {
    fileprivate enum Plan { case use(SupervisorLane), open(RunID, Int), wait, closed }

    fileprivate mutating func plan(limit: Int) -> Plan {
        guard !isClosed, let run else { return .closed }
        if let lane = idle.popLast() {
            busy += 1
            return .use(lane)
        }
        guard busy < limit else { return .wait }
        busy += 1
        opened += 1
        return .open(run, opened)
    }

    fileprivate mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
        defer { waiting = [] }
        return waiting
    }
}
