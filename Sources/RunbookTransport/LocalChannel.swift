import Glibc
import RunbookModel
import Synchronization

/// A command under way on this machine. One thread of its own carries its bytes and waits for its end.
final class LocalChannel: Channel {
    private let host: HostID
    private let process: LocalProcess
    private let bell: (button: Int32, clapper: Int32)
    private let state = Mutex(State())

    /// Output that nobody has fetched yet stays in the pipe beyond this, so that a noisy command is slowed
    /// instead of filling memory.
    private static let queueLimit = 1 << 20

    private struct State {
        var events: [ChannelEvent] = []
        var queuedBytes = 0
        var outgoing: [UInt8] = []
        var reader: CheckedContinuation<Result<ChannelEvent, TransportError>, Never>?
        var writer: CheckedContinuation<Result<Void, TransportError>, Never>?
        var inputEnded = false
        var inputClosed = false
        var isClosed = false
        var hasEnded = false
    }

    init(host: HostID, process: LocalProcess) {
        self.host = host
        self.process = process
        bell = Descriptor.makeBell()
        for descriptor in [process.output, process.errors] { Descriptor.doNotBlock(descriptor) }
        startThread { self.work() }
    }

    deinit {
        Glibc.close(bell.button)
        Glibc.close(bell.clapper)
    }

    func write(_ bytes: [UInt8]) async throws(TransportError) {
        let result = await withCheckedContinuation { continuation in
            let answer: Result<Void, TransportError>? = state.withLock { state in
                guard !state.isClosed, !state.inputClosed, !state.inputEnded, state.writer == nil else {
                    return .failure(gone("its stdin is closed"))
                }
                guard let sent = Descriptor.send(process.input, bytes[...]) else {
                    return .failure(gone("it does not read its stdin any more"))
                }
                if sent == bytes.count { return .success(()) }
                state.outgoing = Array(bytes[sent...])
                state.writer = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) } else { ring() }
        }
        try result.get()
    }

    func endInput() async throws(TransportError) {
        state.withLock { $0.inputEnded = true }
        ring()
    }

    func next() async throws(TransportError) -> ChannelEvent {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let event: ChannelEvent? = state.withLock { state in
                    if let event = Self.takeEvent(&state) { return event }
                    if state.isClosed || state.hasEnded { return .ended(.unknown) }
                    state.reader = continuation
                    return nil
                }
                if let event { continuation.resume(returning: .success(event)) }
                if event != nil { ring() }
                // Cancelled before the continuation was stored: the handler found nobody.
                if Task.isCancelled { cancelReader() }
            }
        } onCancel: {
            cancelReader()
        }
        return try result.get()
    }

    func close() async { closeNow() }

    func closeNow() {
        let reader = state.withLock { state in
            state.isClosed = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: .success(.ended(.unknown)))
        ring()
    }

    private static func takeEvent(_ state: inout State) -> ChannelEvent? {
        guard !state.events.isEmpty else { return nil }
        let event = state.events.removeFirst()
        if case .output(let bytes) = event { state.queuedBytes -= bytes.count }
        if case .errors(let bytes) = event { state.queuedBytes -= bytes.count }
        return event
    }

    private func cancelReader() {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        let error = TransportError(.cancelled, host: host, "cancelled while waiting for a command")
        reader?.resume(returning: .failure(error))
    }

    /// Wakes the thread.
    private func ring() { _ = Descriptor.send(bell.button, [1]) }

    private func gone(_ what: String) -> TransportError {
        TransportError(.lost, host: host, "the command on this machine is gone: \(what)")
    }

    private func deliver(_ event: ChannelEvent, bytes: Int) {
        let reader = state.withLock { state in
            if let reader = state.reader {
                state.reader = nil
                return Optional(reader)
            }
            state.events.append(event)
            state.queuedBytes += bytes
            return nil
        }
        reader?.resume(returning: .success(event))
    }
}

extension LocalChannel {
    /// The thread: until the command has ended and all that it said is fetched, or until the channel is closed.
    private func work() {
        var open = [process.output, process.errors]
        var status: Int32?
        while status == nil {
            let (closed, hasRoom, sends) = state.withLock {
                ($0.isClosed, $0.queuedBytes < Self.queueLimit, !$0.outgoing.isEmpty)
            }
            if closed { break }
            // Both pipes ended: usually the command has ended as well. A process that outlives the command may
            // hold them open, so the end of the command is also looked for every now and then.
            let ready = Descriptor.wait(
                reading: [bell.clapper] + (hasRoom ? open : []), writing: sends ? [process.input] : [],
                milliseconds: open.isEmpty ? 2 : 50)
            if ready.contains(bell.clapper) { _ = Descriptor.read(bell.clapper) }
            pump()
            fetch(&open)
            status = Descriptor.reap(process.pid, waiting: false)
        }
        let closed = state.withLock { $0.isClosed }
        if status != nil, !closed { fetch(&open, limit: .max) }
        finish(status)
    }

    /// Fetches what is there now from the pipes that are still open, until so much is queued.
    private func fetch(_ open: inout [Int32], limit: Int = queueLimit) {
        for descriptor in open {
            while let bytes = Descriptor.read(descriptor) {
                if bytes.isEmpty {
                    open.removeAll { $0 == descriptor }
                    break
                }
                deliver(descriptor == process.output ? .output(bytes) : .errors(bytes), bytes: bytes.count)
                if state.withLock({ $0.isClosed || $0.queuedBytes >= limit }) { break }
            }
        }
    }

    /// Sends what waits to be sent, and closes stdin when that was wanted.
    private func pump() {
        typealias Answer = (
            CheckedContinuation<Result<Void, TransportError>, Never>, Result<Void, TransportError>
        )
        let answer: Answer? = state.withLock { state in
            if !state.outgoing.isEmpty {
                guard let sent = Descriptor.send(process.input, state.outgoing[...]) else {
                    state.outgoing = []
                    return state.writer.take().map {
                        ($0, .failure(gone("it does not read its stdin any more")))
                    }
                }
                state.outgoing.removeFirst(sent)
                if state.outgoing.isEmpty { return state.writer.take().map { ($0, .success(())) } }
            }
            if state.inputEnded, !state.inputClosed, state.outgoing.isEmpty {
                state.inputClosed = true
                shutdown(process.input, Int32(SHUT_WR))
            }
            return nil
        }
        if let (writer, result) = answer { writer.resume(returning: result) }
        if answer != nil { ring() }
    }

    /// Closes our ends, tells the end, and waits for a command that goes on after its channel was closed: a
    /// child that nobody waits for would stay as a zombie.
    private func finish(_ status: Int32?) {
        // The end is queued before anybody can see that there will be nothing more.
        if let status { deliver(.ended(Self.end(status)), bytes: 0) }
        let writer = state.withLock { state in
            state.hasEnded = true
            state.inputClosed = true
            for descriptor in [process.input, process.output, process.errors] { Glibc.close(descriptor) }
            return state.writer.take()
        }
        writer?.resume(returning: .failure(gone("it has ended")))
        if status == nil { _ = Descriptor.reap(process.pid, waiting: true) }
    }

    /// wait(2)'s encoding: the low seven bits are the signal, the next byte the exit status.
    private static func end(_ status: Int32) -> CommandEnd {
        if status < 0 { return .unknown }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signalNames[signal] ?? "\(signal)")
    }

    private static let signalNames: [Int32: String] = [
        SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGABRT: "ABRT", SIGFPE: "FPE",
        SIGKILL: "KILL", SIGSEGV: "SEGV", SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM", SIGUSR1: "USR1",
        SIGUSR2: "USR2", SIGBUS: "BUS", SIGXFSZ: "XFSZ", SIGXCPU: "XCPU",
    ]
}
