import CLibSSH
import CRunbookSSH
import Glibc
import RunbookModel
import RunbookText
import RunbookTransport

/// A libssh session and what runs in it. Only its thread touches it.
///
/// The session never blocks inside libssh: every call that has to wait answers SSH_AGAIN, and the waiting is
/// done here, in poll(2), with a deadline and an ear for the bell.
@safe final class Session {
    let host: HostID
    let bell: Bell
    let isStopping: () -> Bool
    /// libssh's handle; nil after `close`.
    private(set) var raw: ssh_session?
    /// Watches the socket from the login on.
    var event: ssh_event?
    /// libssh counts here what came from the socket and what went to it.
    private let counter: ssh_counter
    var channels: [ChannelDriver] = []
    /// A channel that was opened ahead, so that the next command costs one round trip and not two.
    var spare: ChannelDriver?
    /// False once the host refused a spare channel: it has few, and they are for the commands.
    var keepsSpare = true
    var pulse = Pulse(silence: .seconds(5), signOfLife: .seconds(10))
    /// How long channels may wait for the host.
    var limits = SSHDeadlines()
    /// The host key that was proven, as it stands in known_hosts.
    var provenKey: String?
    /// Up to where what was heard came from the host that was proven.
    var bytesProven: UInt64 = 0
    /// The signature algorithms for user keys where SHA-1 is allowed; nil where it is not.
    private(set) var legacyPublicKeys: String?
    /// False until the first command runs; see `acknowledgeAtOnce`.
    var hasRunCommand = false
    /// Why the session must end although it works.
    var failure: TransportError?
    var relay: AgentRelay?
    /// Whether libssh closes the socket from now on.
    var hasAdoptedSocket = false

    init(host: HostID, bell: Bell, isStopping: @escaping () -> Bool) {
        self.host = host
        self.bell = bell
        self.isStopping = isStopping
        unsafe counter = .allocate(capacity: 1)
        unsafe counter.initialize(to: ssh_counter_struct())
    }

    deinit { unsafe counter.deallocate() }

    /// Begins a libssh session with options that read no file of the user's.
    func begin(user: String, algorithms: Algorithms) throws(TransportError) {
        guard let session = unsafe ssh_new() else { throw local("libssh cannot make a session") }
        unsafe raw = unsafe session
        legacyPublicKeys = algorithms.publicKeys
        unsafe ssh_set_blocking(session, 0)
        unsafe ssh_set_counters(session, counter, nil)
        var results = unsafe [
            // ~/.ssh/config may run commands (ProxyCommand, Match exec) and is not ours to interpret.
            runbook_ssh_set_flag(session, option(SSH_OPTIONS_PROCESS_CONFIG), 0),
            // libssh looks into known_hosts by itself to order its algorithms; here we do.
            runbook_ssh_set_string(session, option(SSH_OPTIONS_KNOWNHOSTS), "/dev/null"),
            runbook_ssh_set_string(session, option(SSH_OPTIONS_GLOBAL_KNOWNHOSTS), "/dev/null"),
            // Else the home folder is looked up, which fails for a user without a passwd entry.
            runbook_ssh_set_string(session, option(SSH_OPTIONS_SSH_DIR), "/"),
            runbook_ssh_set_string(session, option(SSH_OPTIONS_USER), user),
        ]
        let lists: [(ssh_options_e, String?)] = [
            (SSH_OPTIONS_HOSTKEYS, algorithms.hostKeys),
            (SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, algorithms.publicKeys),
            (SSH_OPTIONS_KEY_EXCHANGE, algorithms.keyExchange),
            (SSH_OPTIONS_CIPHERS_C_S, algorithms.ciphers), (SSH_OPTIONS_CIPHERS_S_C, algorithms.ciphers),
            (SSH_OPTIONS_HMAC_C_S, algorithms.macs), (SSH_OPTIONS_HMAC_S_C, algorithms.macs),
        ]
        for case (let name, let list?) in lists {
            results.append(unsafe runbook_ssh_set_string(session, option(name), list))
        }
        guard results.allSatisfy({ $0 >= 0 }) else { throw local("libssh refused an option: \(lastWords)") }
    }

    private func option(_ name: ssh_options_e) -> Int32 { Int32(bitPattern: name.rawValue) }

    /// The handle, for a caller that knows that the session has begun and is not closed.
    var handle: ssh_session {
        guard let raw = unsafe raw else { preconditionFailure("the session has not begun or is closed") }
        return unsafe raw
    }

    /// The socket; -1 when libssh has closed it.
    var socket: Int32 { unsafe raw.map { unsafe ssh_get_fd($0) } ?? -1 }

    /// How many bytes the host has sent until now.
    var bytesHeard: UInt64 { unsafe counter.pointee.in_bytes }

    /// Whether libssh gave the session up: the socket is gone, or what came made no sense.
    var isBroken: Bool {
        guard let raw = unsafe raw else { return true }
        return unsafe ssh_get_status(raw) & SSH_CLOSED_ERROR != 0 || ssh_get_fd(raw) < 0
            || ssh_is_connected(raw) == 0
    }

    /// libssh's last message, harmless and short. It may quote the host.
    var lastWords: String {
        guard let raw = unsafe raw, let words = unsafe ssh_get_error(UnsafeMutableRawPointer(raw)) else {
            return ""
        }
        return harmless(unsafe String(cString: words))
    }

    /// libssh's last message as it is: for comparing only.
    var rawWords: String {
        guard let raw = unsafe raw, let words = unsafe ssh_get_error(UnsafeMutableRawPointer(raw)) else {
            return ""
        }
        return unsafe String(cString: words)
    }

    /// Calls `step` until it answers something else than `again`, sleeping meanwhile.
    func drive(
        again: Int32, until deadline: ContinuousClock.Instant, late: @autoclosure () -> TransportError,
        _ step: () -> Int32
    ) throws(TransportError) -> Int32 {
        while true {
            let result = step()
            guard result == again else { return result }
            guard socket >= 0 else { return SSH_ERROR }
            let events = waitForEvents(socket, wantedEvents, bell, until: deadline)
            if events.rang, isStopping() { throw TransportError(.cancelled, host: host, "cancelled") }
            if events.socket == 0, ContinuousClock.now >= deadline { throw late() }
        }
    }

    /// What to wait for at the socket. libssh wants to know of POLLOUT before it writes.
    var wantedEvents: Int32 {
        let flags = unsafe ssh_get_poll_flags(handle)
        return Int32(POLLIN) | (flags & SSH_WRITE_PENDING != 0 ? Int32(POLLOUT) : 0)
    }

    func local(_ message: String) -> TransportError { TransportError(.local, host: host, message) }

    /// Ends the session and everything in it, for the reason given.
    func close(_ reason: TransportError) {
        for channel in channels { channel.abandon(reason) }
        spare?.abandon(reason)
        channels = []
        spare = nil
        relay?.close()
        relay = nil
        guard let session = unsafe raw else { return }
        if !isBroken {
            // What was handed over is sent, if that goes in half a second.
            unsafe ssh_blocking_flush(session, 500)
        }
        if let event = unsafe event {
            unsafe ssh_event_remove_session(event, session)
            unsafe ssh_event_free(event)
        }
        unsafe event = nil
        if unsafe ssh_is_connected(session) == 1 { unsafe ssh_disconnect(session) }
        unsafe ssh_free(session)
        unsafe raw = nil
    }
}

/// Waits for the socket or the bell until a deadline. No events: late, or interrupted, or the bell rang.
func waitForEvents(
    _ socket: Int32, _ events: Int32, _ bell: Bell, until deadline: ContinuousClock.Instant?
) -> (socket: Int32, rang: Bool) {
    var timeout: Int32 = -1
    if let deadline {
        let left = (deadline - .now) / .milliseconds(1)
        timeout = left <= 0 ? 0 : Int32(min(left.rounded(.up), 3_600_000))
    }
    let result = runbook_ssh_poll(socket, events, bell.descriptor, timeout)
    guard result > 0 else { return (0, false) }
    let rang = result & (1 << 16) != 0
    if rang { bell.hush() }
    return (result & 0xFFFF, rang)
}

/// A text that came from a host: visible, one line, at most 200 characters.
func harmless(_ text: String) -> String {
    let shown = visible(text)
    return shown.count <= 200 ? shown : shown.prefix(199) + "…"
}
