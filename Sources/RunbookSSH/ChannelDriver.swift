import CLibSSH
import RunbookText
import RunbookTransport

/// What a channel is opened for.
enum ChannelPurpose: Sendable, Equatable {
    case command
    /// The host connects to another one and passes the bytes on (RFC 4254, 7.2).
    case tunnel(name: String, port: UInt16)
}

/// One libssh channel from its opening to its end. Only the session's thread touches it.
@safe final class ChannelDriver {
    private enum Phase: Equatable { case opening, ready, requesting, running, over }

    private struct Write {
        var bytes: [UInt8]
        var sent = 0
        var answer: Pending<Void>
        /// Nothing to send but the end of the input.
        var isEnd = false
    }

    private(set) var inbox = ChannelInbox()
    private let raw: ssh_channel
    /// libssh keeps a pointer to these until they are removed, so they must not move.
    private let callbacks: ssh_channel_callbacks
    private let purpose: ChannelPurpose
    private var phase = Phase.opening
    private var command: String?
    private var isRequested = false
    private var opener: Pending<Void>?
    private var writes: [Write] = []
    private var exit: CommandEnd?
    private var isClosedByHost = false
    /// Bytes wait in libssh until the reader has room.
    private var isHeld = false
    private var isUnwanted = false
    /// The host has had its time to close it.
    private var isOverdue = false
    private let limits: SSHDeadlines
    /// When the host has had its time for what this channel waits for; nil: that may take as long as it likes.
    private(set) var due: ContinuousClock.Instant?

    /// Makes a channel that is not open; nil when libssh has no memory.
    init?(_ session: Session, for purpose: ChannelPurpose = .command) {
        guard let channel = unsafe ssh_channel_new(session.handle) else { return nil }
        self.purpose = purpose
        limits = session.limits
        unsafe raw = unsafe channel
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: ssh_channel_callbacks_struct())
        unsafe callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        // Not retained: `retire` removes the callbacks before the driver goes.
        unsafe callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        unsafe callbacks.pointee.channel_data_function = { _, _, data, length, isErrors, me in
            guard let data = unsafe data else { return 0 }
            let bytes = unsafe UnsafeRawBufferPointer(start: data, count: Int(length))
            return unsafe driver(me)?.received(bytes, isErrors: isErrors != 0) ?? 0
        }
        unsafe callbacks.pointee.channel_exit_status_function = { _, _, status, me in
            unsafe driver(me)?.told(.exited(status))
        }
        unsafe callbacks.pointee.channel_exit_signal_function = { _, _, name, _, _, _, me in
            guard let name = unsafe name else { return }
            unsafe driver(me)?.told(.signalled(visible(String(cString: name))))
        }
        unsafe callbacks.pointee.channel_close_function = { _, _, me in
            unsafe driver(me)?.isClosedByHost = true
        }
        unsafe ssh_set_channel_callbacks(raw, callbacks)
    }

    /// A spare channel becomes a command's.
    func start(_ command: String, inbox: ChannelInbox, opener: Pending<Void>) {
        self.inbox = inbox
        self.command = command
        self.opener = opener
        due = .now + limits.start
        if phase == .ready { phase = .requesting }
    }

    /// Begins to open a tunnel; `opener` is told when it stands.
    func tunnel(inbox: ChannelInbox, opener: Pending<Void>) {
        self.inbox = inbox
        self.opener = opener
        due = .now + limits.start
    }

    var isRunning: Bool { phase == .running }
    /// A channel that a host refused or closed before it was used.
    var isUseless: Bool { phase == .over || isClosedByHost && phase == .ready }

    /// Goes on as far as it can without waiting.
    func step(_ session: Session) {
        if phase == .opening { stepOpening(session) }
        if phase == .requesting { stepRequest(session) }
        if phase == .running { stepWrites(session) }
    }

    private func stepOpening(_ session: Session) {
        let result =
            switch purpose {
            case .command: unsafe ssh_channel_open_session(raw)
            // Who asks for it is of no interest to sshd; RFC 4254 wants an address there.
            case .tunnel(let name, let port):
                unsafe ssh_channel_open_forward(raw, name, Int32(port), "127.0.0.1", 0)
            }
        if result == SSH_AGAIN || session.isBroken { return }
        switch purpose {
        case .command where result == SSH_OK: phase = command == nil ? .ready : .requesting
        case .command:
            refuse(session, "\(session.host) does not open another channel: \(session.lastWords)")
        case .tunnel where result == SSH_OK:
            phase = .running
            due = nil
            if opener?.complete(.success(())) == false { isUnwanted = true }
        case .tunnel(let name, let port):
            let place = port == 22 ? name : "\(name) port \(port)"
            refuse(session, "\(session.host) makes no connection to \(place): \(session.lastWords)")
        }
    }

    private func stepRequest(_ session: Session) {
        guard let command else { return }
        if !isRequested, opener?.isAnswered ?? true {
            // The task was cancelled before the command left: it is not started.
            phase = .over
            return
        }
        isRequested = true
        let result = unsafe ssh_channel_request_exec(raw, command)
        if session.isBroken { return }
        if result == SSH_AGAIN {
            guard isClosedByHost else { return }
            phase = .over
            opener?.complete(
                .failure(
                    TransportError(
                        .lost, host: session.host,
                        "\(session.host) closed the channel without saying whether the command started")))
        } else if result == SSH_OK {
            phase = .running
            due = nil
            // The task was cancelled meanwhile: the command runs, and nobody listens.
            if opener?.complete(.success(())) == false { isUnwanted = true }
            self.command = nil
        } else {
            refuse(session, "\(session.host) does not run commands: \(session.lastWords)")
        }
    }

    private func refuse(_ session: Session, _ message: String) {
        phase = .over
        opener?.complete(.failure(TransportError(.channelRefused, host: session.host, message)))
    }

    /// Takes bytes for the command's stdin. They are sent whole, also when the task stops waiting.
    func write(_ bytes: [UInt8], answer: Pending<Void>) {
        writes.append(Write(bytes: bytes, answer: answer))
    }

    func endInput(answer: Pending<Void>) {
        writes.append(Write(bytes: [], answer: answer, isEnd: true))
    }

    /// At most this much is given to libssh at once, so that other channels get their turn.
    private static let writeMax = 1 << 20

    private func stepWrites(_ session: Session) {
        while let first = writes.first {
            if isClosedByHost {
                // Bytes on their way when a command ends are lost in any case; `next` tells that it ended.
                first.answer.complete(.success(()))
                writes.removeFirst()
                continue
            }
            if first.isEnd {
                unsafe ssh_channel_send_eof(raw)
            } else if first.sent < first.bytes.count {
                let count = unsafe first.bytes.withUnsafeBytes { bytes in
                    let rest = unsafe bytes[first.sent...].prefix(Self.writeMax)
                    return unsafe ssh_channel_write(
                        raw, UnsafeRawBufferPointer(rebasing: rest).baseAddress, UInt32(rest.count))
                }
                guard count > 0 else {
                    due = due ?? .now + limits.stall
                    return
                }
                due = exit == nil ? nil : due
                writes[0].sent += Int(count)
                if writes[0].sent < first.bytes.count { continue }
            }
            first.answer.complete(.success(()))
            writes.removeFirst()
        }
    }

    /// What the host does not do in time: then nobody waits for it any longer. The session goes on.
    func expire(_ session: Session) {
        guard let due, due <= .now, !isHeld else { return }
        self.due = nil
        if phase == .running, exit != nil {
            // Something that the command left behind holds its output open.
            isOverdue = true
        } else if phase == .running {
            fail(session, "takes nothing more of what is sent to it")
        } else if phase == .opening || phase == .requesting {
            fail(session, "lives, but does not say whether the command started")
        }
    }

    private func fail(_ session: Session, _ what: String) {
        let error = TransportError(
            .lost, host: session.host, "\(session.host) \(what)",
            remedy: "look at the load and the disks of \(session.host), then run again")
        phase = .over
        opener?.complete(.failure(error))
        answerWrites(.failure(error))
        inbox.finish(.failure(error))
    }

    /// The command has ended; what it left behind may still hold the channel open.
    private func told(_ end: CommandEnd) {
        exit = end
        due = .now + limits.afterExit
    }

    private func received(_ bytes: UnsafeRawBufferPointer, isErrors: Bool) -> Int32 {
        if exit != nil { due = .now + limits.afterExit }
        if isUnwanted { return Int32(bytes.count) }
        guard !isHeld, unsafe inbox.push(bytes, isErrors: isErrors) else {
            isHeld = true
            return 0
        }
        return Int32(bytes.count)
    }

    /// The reader has room again: takes what libssh kept.
    func drain() {
        guard isHeld else { return }
        var part = [UInt8](repeating: 0, count: 1 << 16)
        for stream in [0, 1] as [Int32] {
            while true {
                // Looked at before it is taken: what is taken from libssh and does not fit would be lost.
                guard inbox.hasRoom else { return }
                let count = unsafe ssh_channel_read_nonblocking(raw, &part, UInt32(part.count), stream)
                guard count > 0 else { break }
                _ = unsafe part.withUnsafeBytes {
                    unsafe inbox.push(
                        UnsafeRawBufferPointer(rebasing: $0[..<Int(count)]), isErrors: stream == 1)
                }
            }
        }
        isHeld = false
    }

    /// Hands over what came. False when the channel is at its end and can be retired.
    func deliver() -> Bool {
        inbox.wake()
        if phase == .over || isUnwanted && phase == .running { return false }
        guard phase == .running, isClosedByHost || isOverdue, !isHeld else { return true }
        inbox.finish(.success(exit ?? .unknown))
        return false
    }

    /// Nobody wants it any more. It is retired as soon as libssh allows.
    func leave() {
        isUnwanted = true
        answerWrites(.success(()))
        inbox.finish(.success(.unknown))
    }

    /// The session is over.
    func abandon(_ reason: TransportError) {
        opener?.complete(.failure(reason))
        answerWrites(.failure(reason))
        inbox.finish(isClosedByHost && phase == .running ? .success(exit ?? .unknown) : .failure(reason))
        removeCallbacks()
    }

    /// Closes the channel and gives it back to libssh.
    func retire() {
        answerWrites(.success(()))
        removeCallbacks()
        unsafe ssh_channel_free(raw)
    }

    private func answerWrites(_ answer: Result<Void, TransportError>) {
        for write in writes { write.answer.complete(answer) }
        writes = []
    }

    private func removeCallbacks() {
        unsafe ssh_remove_channel_callbacks(raw, callbacks)
        unsafe callbacks.deallocate()
    }
}

private func driver(_ pointer: UnsafeMutableRawPointer?) -> ChannelDriver? {
    unsafe pointer.map { unsafe Unmanaged<ChannelDriver>.fromOpaque($0).takeUnretainedValue() }
}
