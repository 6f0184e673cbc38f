import RunbookTransport
import Synchronization

/// What a command said and nobody has taken yet: filled by the session's thread, emptied by a task.
final class ChannelInbox: Sendable {
    /// Bytes kept for a reader that is slow. When they are full the host is told to wait (SSH's window).
    static let sizeMax = 4 << 20

    private struct State {
        var parts: [ChannelEvent] = []
        var size = 0
        var end: Result<CommandEnd, TransportError>?
        var waiter: Pending<Void>?
        /// The session keeps bytes back until there is room.
        var isHeld = false
    }

    private let state = Mutex(State())

    /// Adds bytes; false when it is full: then nothing was taken and the session is asked again later.
    func push(_ bytes: UnsafeRawBufferPointer, isErrors: Bool) -> Bool {
        state.withLock { state in
            guard state.size < Self.sizeMax else {
                state.isHeld = true
                return false
            }
            state.size += bytes.count
            switch state.parts.popLast() {
            case .output(var last) where !isErrors:
                unsafe last.append(contentsOf: bytes)
                state.parts.append(.output(last))
            case .errors(var last) where isErrors:
                unsafe last.append(contentsOf: bytes)
                state.parts.append(.errors(last))
            case let last:
                if let last { state.parts.append(last) }
                state.parts.append(unsafe isErrors ? .errors(Array(bytes)) : .output(Array(bytes)))
            }
            return true
        }
    }

    var hasRoom: Bool {
        state.withLock { state in
            state.isHeld = state.size >= Self.sizeMax
            return !state.isHeld
        }
    }

    /// There is nothing more to come. The first word counts.
    func finish(_ end: Result<CommandEnd, TransportError>) {
        state.withLock { $0.end = $0.end ?? end }
        wake()
    }

    /// What came and was not taken is not to be believed: the error is all that is told.
    func discard(_ error: TransportError) {
        state.withLock { state in
            state.parts = []
            state.size = 0
            state.end = .failure(error)
        }
        wake()
    }

    /// Wakes the reader if there is something for it.
    func wake() {
        let waiter = state.withLock { state -> Pending<Void>? in
            guard !state.parts.isEmpty || state.end != nil else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.complete(.success(()))
    }

    /// Takes the next event, waiting for it. `makeRoom` is called when bytes were kept back and there is room.
    func next(
        cancelled: TransportError, makeRoom: () -> Void
    ) async throws(TransportError) -> ChannelEvent {
        while true {
            let waiter = Pending<Void>()
            let (event, wasHeld) = try state.withLock { (state) throws(TransportError) in
                try Self.take(&state, waiter)
            }
            if wasHeld { makeRoom() }
            if let event { return event }
            try await waiter.value(orCancelled: cancelled)
        }
    }

    private static func take(
        _ state: inout State, _ waiter: Pending<Void>
    ) throws(TransportError) -> (ChannelEvent?, wasHeld: Bool) {
        guard !state.parts.isEmpty else {
            if let end = state.end { return (.ended(try end.get()), false) }
            precondition(state.waiter?.isAnswered ?? true, "two tasks read one channel")
            state.waiter = waiter
            return (nil, false)
        }
        let event = state.parts.removeFirst()
        switch event {
        case .output(let bytes), .errors(let bytes): state.size -= bytes.count
        case .ended: break
        }
        defer { state.isHeld = state.isHeld && state.size >= sizeMax }
        return (event, state.isHeld && state.size < sizeMax)
    }
}
