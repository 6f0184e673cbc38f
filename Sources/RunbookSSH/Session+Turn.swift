import CLibSSH
import Glibc
import RunbookTransport

extension Session {
    /// The login is done: from here on the thread serves channels.
    func beginServing(_ deadlines: SSHDeadlines) throws(TransportError) {
        relay?.close()
        relay = nil
        limits = deadlines
        pulse = Pulse(silence: deadlines.silence, signOfLife: deadlines.signOfLife)
        unsafe event = ssh_event_new()
        guard let event = unsafe event, unsafe ssh_event_add_session(event, handle) == SSH_OK else {
            throw local("libssh cannot watch the session")
        }
        refillSpare()
    }

    /// One round of the thread: goes on with everything, then sleeps until there is something to do.
    ///
    /// Answers why the session is over, if it is.
    func turn() -> TransportError? {
        guard unsafe event != nil else {
            // Connecting and logging in are jobs of their own; between them there is nothing to watch.
            _ = waitForEvents(-1, 0, bell, until: nil)
            return nil
        }
        if let failure = settle() { return failure }
        if !hasRunCommand { acknowledgeAtOnce(socket) }
        let due = channels.compactMap(\.due).reduce(pulse.next, min)
        let events = waitForEvents(socket, wantedEvents, bell, until: due)
        if events.socket != 0, let failure = pump() { return failure }
        return feelPulse()
    }

    /// Steps every channel until nothing moves. A step of one reads the socket for all, so that an answer
    /// for a channel that was already stepped may have come: then all are stepped again.
    private func settle() -> TransportError? {
        var heard: UInt64
        repeat {
            heard = bytesHeard
            for channel in channels { channel.step(self) }
            spare?.step(self)
        } while heard != bytesHeard
        if bytesHeard != bytesProven { proveAgain() }
        hasRunCommand = hasRunCommand || channels.contains { $0.isRunning }
        for channel in channels { channel.expire(self) }
        for channel in channels where !channel.deliver() {
            channels.removeAll { $0 === channel }
            channel.retire()
        }
        if let unusable = spare, unusable.isUseless {
            spare = nil
            keepsSpare = false
            unusable.retire()
        }
        return isBroken ? lost() : failure
    }

    /// Reads what there is. libssh takes 4 KiB a call, so it is called until nothing is left; a host that
    /// never stops sending is left after a while for the other work.
    private func pump() -> TransportError? {
        for _ in 0..<64 {
            guard let event = unsafe event else { return lost() }
            let result = unsafe ssh_event_dopoll(event, 0)
            if result == SSH_AGAIN { return nil }
            if result == SSH_ERROR || isBroken {
                // What came before the end counts: a command's last words and its status.
                _ = settle()
                return lost()
            }
        }
        return nil
    }

    private func feelPulse() -> TransportError? {
        switch pulse.feel(bytes: bytesHeard, now: .now) {
        case .alive: return nil
        case .dead:
            return TransportError(
                .lost, host: host, "\(host) gives no sign of life",
                remedy: "what was started there goes on; run again when \(host) answers")
        case .ask:
            // libssh sends no new request while it has the last one's answer to hand out, and tells neither
            // by its result: the first call takes the answer, the second one sends.
            unsafe ssh_send_keepalive(handle)
            unsafe ssh_send_keepalive(handle)
            return nil
        }
    }

    func lost() -> TransportError {
        TransportError(
            .lost, host: host, "the connection to \(host) was lost: \(lastWords)",
            remedy: "what was started there goes on; run again when \(host) answers")
    }

    /// Starts a command, in the spare channel if there is one.
    func open(_ command: String, inbox: ChannelInbox, opener: Pending<Void>) {
        guard !opener.isAnswered else { return }
        guard isStillProven(opener) else { return }
        guard let channel = spare ?? ChannelDriver(self) else {
            opener.complete(.failure(local("libssh cannot make a channel")))
            return
        }
        spare = nil
        channel.start(command, inbox: inbox, opener: opener)
        channels.append(channel)
        channel.step(self)
        refillSpare()
    }

    /// False when the session ends because the host is another one now: then nothing more is sent to it.
    func isStillProven(_ answer: Pending<Void>) -> Bool {
        proveAgain()
        guard let failure else { return true }
        answer.complete(.failure(failure))
        return false
    }

    /// Ends the session when the keys were exchanged anew and the host showed another identity. What it said
    /// since then, and nobody has read yet, counts for nothing.
    private func proveAgain() {
        bytesProven = bytesHeard
        guard failure == nil, let provenKey, !shows(provenKey) else { return }
        let error = TransportError(
            .hostKeyChanged, host: host, "\(host) changed its host key during the connection",
            remedy: "find out who answers for \(host) before you run again")
        failure = error
        for channel in channels { channel.inbox.discard(error) }
    }

    /// Has the host connect to another one.
    func openTunnel(to name: String, port: UInt16, inbox: ChannelInbox, opener: Pending<Void>) {
        guard !opener.isAnswered, isStillProven(opener) else { return }
        guard let channel = ChannelDriver(self, for: .tunnel(name: name, port: port)) else {
            opener.complete(.failure(local("libssh cannot make a channel")))
            return
        }
        channel.tunnel(inbox: inbox, opener: opener)
        channels.append(channel)
        channel.step(self)
    }

    private func refillSpare() {
        guard keepsSpare, spare == nil, let channel = ChannelDriver(self) else { return }
        spare = channel
        channel.step(self)
    }

    func channel(of inbox: ChannelInbox) -> ChannelDriver? { channels.first { $0.inbox === inbox } }
}
