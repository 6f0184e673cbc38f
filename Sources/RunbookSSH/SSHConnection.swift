import RunbookTransport

/// A logged-in session with one host.
final class SSHConnection: Connection {
    let hostKey: String?
    let operatorKey: String?
    private let thread: SessionThread

    init(thread: SessionThread, hostKey: String, operatorKey: String?) {
        self.thread = thread
        self.hostKey = hostKey
        self.operatorKey = operatorKey
    }

    // A connection that was forgotten is closed; its channels hold it, so none is in use.
    deinit { thread.stop() }

    func open(_ command: String) async throws(TransportError) -> any Channel {
        guard !command.utf8.contains(0) else {
            throw TransportError(.local, host: thread.host, "a command with a NUL byte cannot be sent")
        }
        let inbox = ChannelInbox()
        let _: Void = try await thread.request { session, opener in
            session.open(command, inbox: inbox, opener: opener)
        }
        return SSHChannel(connection: self, thread: thread, inbox: inbox)
    }

    /// Has the host connect to another one; what the channel carries is that connection's.
    func openTunnel(to name: String, port: UInt16) async throws(TransportError) -> SSHChannel {
        let inbox = ChannelInbox()
        let _: Void = try await thread.request { session, opener in
            session.openTunnel(to: name, port: port, inbox: inbox, opener: opener)
        }
        return SSHChannel(connection: self, thread: thread, inbox: inbox)
    }

    /// Whether nothing can be opened in it any more.
    var isOver: Bool { thread.isOver }

    func close() async {
        thread.stop()
        await thread.join()
    }
}

/// A command that was started over SSH.
///
/// Bytes written after the command ended are dropped: `next` tells that it ended. A task that is cancelled
/// while it writes stops waiting; bytes whose sending had begun are sent whole, so that what reads them on
/// the host never sees half of a request.
///
/// The end is told when the host closes the channel, which sshd does when the command has exited and
/// nothing that it left behind holds its output open; or ten silent seconds after the exit status.
/// A channel that takes nothing for a minute is an error.
final class SSHChannel: Channel {
    private let connection: SSHConnection
    private let thread: SessionThread
    private let inbox: ChannelInbox

    init(connection: SSHConnection, thread: SessionThread, inbox: ChannelInbox) {
        self.connection = connection
        self.thread = thread
        self.inbox = inbox
    }

    deinit { leave() }

    func write(_ bytes: [UInt8]) async throws(TransportError) {
        guard !bytes.isEmpty else { return }
        let inbox = inbox
        let _: Void = try await thread.request { session, answer in
            if answer.isAnswered { return }
            guard session.isStillProven(answer) else { return }
            guard let channel = session.channel(of: inbox) else {
                answer.complete(.success(()))
                return
            }
            channel.write(bytes, answer: answer)
        }
    }

    func endInput() async throws(TransportError) {
        let inbox = inbox
        let _: Void = try await thread.request { session, answer in
            guard let channel = session.channel(of: inbox) else {
                answer.complete(.success(()))
                return
            }
            channel.endInput(answer: answer)
        }
    }

    func next() async throws(TransportError) -> ChannelEvent {
        try await inbox.next(cancelled: thread.cancelled) {
            let inbox = inbox
            thread.submit { session in session?.channel(of: inbox)?.drain() }
        }
    }

    func close() async { leave() }

    private func leave() {
        let inbox = inbox
        thread.submit { session in session?.channel(of: inbox)?.leave() }
    }
}
