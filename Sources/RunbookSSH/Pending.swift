import RunbookTransport
import Synchronization

/// An answer that comes once, from any thread, to one task that waits for it.
final class Pending<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, TransportError>

    private enum State {
        case open
        case awaited(CheckedContinuation<Answer, Never>)
        case answered(Answer)
    }

    private let state = Mutex(State.open)

    /// Gives the answer. False when there was one already: then this one is lost.
    @discardableResult
    func complete(_ answer: Answer) -> Bool {
        let (isFirst, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Answer, Never>?) in
            switch state {
            case .open:
                state = .answered(answer)
                return (true, nil)
            case .awaited(let waiter):
                state = .answered(answer)
                return (true, waiter)
            case .answered:
                return (false, nil)
            }
        }
        waiter?.resume(returning: answer)
        return isFirst
    }

    var isAnswered: Bool {
        state.withLock { state in
            if case .answered = state { true } else { false }
        }
    }

    /// Waits for the answer. One task only.
    func value() async -> Answer {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Answer? in
                switch state {
                case .answered(let answer): return answer
                case .open:
                    state = .awaited(continuation)
                    return nil
                case .awaited: preconditionFailure("two tasks wait for one answer")
                }
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Waits for the answer; a cancelled task gets `cancelled` at once.
    func value(orCancelled error: TransportError) async throws(TransportError) -> Value {
        let answer = await withTaskCancellationHandler {
            await value()
        } onCancel: {
            complete(.failure(error))
        }
        return try answer.get()
    }

    /// Waits for the answer until an instant, then answers `late` itself.
    func value(until deadline: ContinuousClock.Instant, late: TransportError) async -> Answer {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A sleep that was cancelled says nothing: there is an answer, or the caller gives one.
                guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
                self.complete(.failure(late))
            }
            let answer = await value()
            group.cancelAll()
            return answer
        }
    }
}

/// Opens once; any number of tasks wait for it.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            state.isOpen = true
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
