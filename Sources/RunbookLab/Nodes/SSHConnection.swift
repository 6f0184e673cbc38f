import CLibSSH
import CRunbookSSH
import Glibc

/// One SSH connection to a node, from greeting to end, on the thread that calls `run`.
///
/// Only the session itself is in libssh's event loop. The programs' pipes are polled here: taking a
/// descriptor out of that loop inside its own call-back makes libssh 0.10 use freed memory.
@safe final class SSHConnection {
    let server: SSHServer
    private let session: ssh_session
    private let event: ssh_event
    private let callbacks: UnsafeMutablePointer<ssh_server_callbacks_struct>
    private var channels: [SSHChannel] = []
    private var nodeDied = false

    /// Takes over an accepted socket; nil when libssh has no memory for it.
    init?(server: SSHServer, socket: Descriptor) {
        guard let session = unsafe ssh_new() else { return nil }
        guard let event = unsafe ssh_event_new() else {
            unsafe ssh_free(session)
            return nil
        }
        self.server = server
        unsafe self.session = session
        unsafe self.event = event
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: ssh_server_callbacks_struct())
        // libssh closes what it is given; ours stays, so that the node's death can shut it.
        let copy = fcntl(socket.number, F_DUPFD_CLOEXEC, 3)
        if unsafe !server.identity.greet(session, socket: copy) {
            Glibc.close(copy)
            return nil
        }
    }

    deinit {
        channels = []
        unsafe ssh_event_free(event)
        unsafe ssh_disconnect(session)
        unsafe ssh_free(session)
        unsafe callbacks.deallocate()
    }

    func run() {
        installCallbacks()
        var seconds: CLong = 20
        unsafe ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds)
        guard unsafe ssh_handle_key_exchange(session) == SSH_OK else { return }
        unsafe ssh_set_auth_methods(session, Int32(SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD))
        guard unsafe ssh_event_add_session(event, session) == SSH_OK else { return }
        while !nodeDied, unsafe ssh_is_connected(session) != 0 {
            wait()
            if unsafe ssh_event_dopoll(event, 0) == SSH_ERROR { break }
            for channel in channels {
                if channel.serve() == .nodeDied { nodeDied = true }
            }
            channels.removeAll(where: \.isOver)
        }
        // A node that died says nothing more; its clients see the connection break.
        unsafe ssh_event_remove_session(event, session)
    }

    /// Waits until the session or a program has something to do.
    private func wait() {
        let writing = unsafe ssh_get_poll_flags(session) & Int32(SSH_WRITE_PENDING) != 0
        let sessionEvents = Int16(POLLIN) | (writing ? Int16(POLLOUT) : 0)
        var polled = [pollfd(fd: unsafe ssh_get_fd(session), events: sessionEvents, revents: 0)]
        for channel in channels { channel.addInterests(to: &polled) }
        unsafe poll(&polled, nfds_t(polled.count), 1000)
    }

    private func installCallbacks() {
        unsafe callbacks.pointee.size = MemoryLayout<ssh_server_callbacks_struct>.size
        unsafe callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        unsafe callbacks.pointee.auth_none_function = { _, _, _ in Int32(SSH_AUTH_DENIED.rawValue) }
        unsafe callbacks.pointee.auth_password_function = { _, _, _, _ in Int32(SSH_AUTH_DENIED.rawValue) }
        unsafe callbacks.pointee.auth_pubkey_function = { _, user, key, state, context in
            guard let user = unsafe user, let key = unsafe key, let context = unsafe context else {
                return Int32(SSH_AUTH_DENIED.rawValue)
            }
            let connection = unsafe Unmanaged<SSHConnection>.fromOpaque(context).takeUnretainedValue()
            let mayLogIn = unsafe connection.authorizes(user: String(cString: user), key: key, state: state)
            return Int32(mayLogIn ? SSH_AUTH_SUCCESS.rawValue : SSH_AUTH_DENIED.rawValue)
        }
        unsafe callbacks.pointee.channel_open_request_session_function = { _, context in
            guard let context = unsafe context else { return nil }
            return unsafe Unmanaged<SSHConnection>.fromOpaque(context).takeUnretainedValue().openChannel()
        }
        unsafe ssh_set_server_callbacks(session, callbacks)
    }

    /// Asked twice: whether the key would do, and again when libssh has checked its signature.
    private func authorizes(user: String, key: ssh_key, state: CChar) -> Bool {
        let asked = state == CChar(SSH_PUBLICKEY_STATE_NONE.rawValue)
        let proven = state == CChar(SSH_PUBLICKEY_STATE_VALID.rawValue)
        guard user == "root", asked || proven else { return false }
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text = unsafe text else {
            return false
        }
        defer { unsafe ssh_string_free_char(text) }
        return server.authorizes(unsafe String(cString: text))
    }

    private func openChannel() -> ssh_channel? {
        guard let raw = unsafe ssh_channel_new(session) else { return nil }
        unsafe channels.append(SSHChannel(raw: raw, server: server))
        return unsafe raw
    }
}
