import CLibSSH
import Glibc
import Synchronization

/// The host keys of a node, from one boot to the next, ready to greet clients with.
@safe final class SSHIdentity: @unchecked Sendable {
    // @unchecked: libssh reads host keys out of the `ssh_bind` each time it greets a client; every use is
    // under the lock.
    private let lock = Mutex<Void>(())
    private let bind: ssh_bind

    /// Reads the node's own /etc/ssh/ssh_host_*_key, as the node sees them.
    init(link: AgentLink) throws(NodeFileError) {
        guard let bind = unsafe ssh_bind_new() else { throw NodeFileError(.system(ENOMEM), "out of memory") }
        unsafe self.bind = bind
        // Nothing of this machine's /etc/ssh/libssh_server_config.
        var no = false
        unsafe ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no)
        for type in ["rsa", "ed25519"] {
            let path = "/etc/ssh/ssh_host_\(type)_key"
            let text = String(decoding: try link.open(path, O_RDONLY).readAll(), as: UTF8.self)
            var key: ssh_key?
            guard unsafe ssh_pki_import_privkey_base64(text, nil, nil, nil, &key) == SSH_OK else {
                throw NodeFileError(.system(EINVAL), "\(path): not a private key")
            }
            // The bind owns the key from here on, or it is lost with the error.
            guard let key = unsafe key,
                unsafe ssh_bind_options_set(
                    bind, SSH_BIND_OPTIONS_IMPORT_KEY, UnsafeRawPointer(key)) == SSH_OK
            else { throw NodeFileError(.system(EINVAL), "\(path): libssh does not take it as a host key") }
        }
    }

    deinit {
        unsafe ssh_bind_free(bind)
    }

    /// Takes an accepted connection into a session; the session owns the socket on success.
    func greet(_ session: ssh_session, socket: Int32) -> Bool {
        lock.withLock { _ in unsafe ssh_bind_accept_fd(bind, session, socket) == SSH_OK }
    }
}
