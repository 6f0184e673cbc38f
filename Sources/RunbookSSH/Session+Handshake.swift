import CLibSSH
import CRunbookSSH
import Glibc
import RunbookTransport

/// What the handshake needs to know.
struct HandshakeRequest: Sendable {
    var address: SSHAddress
    var algorithms: Algorithms
    var isLegacyAllowed: Bool
    var deadlines: SSHDeadlines
    var budget: Budget
    /// A connection that is there already, through other hosts; nil: one is made.
    var tunnel: OwnedSocket?
}

extension Session {
    /// Connects to the first of the addresses that answers and exchanges keys.
    ///
    /// Nothing but the SSH protocol is sent. The answer is the key that the host proved to have; whether it
    /// is the right one is for the caller to judge before anything else is done with the session.
    func handshake(_ request: HandshakeRequest, _ addresses: [ResolvedAddress]) throws(TransportError)
        -> HostKey
    {
        let descriptor =
            if let tunnel = request.tunnel { tunnel.take() } else { try connectFirst(addresses, request) }
        do throws(TransportError) {
            let greeting = try firstWords(descriptor, request)
            try begin(user: request.address.user, algorithms: request.algorithms)
            guard unsafe runbook_ssh_set_socket(handle, descriptor) >= 0 else {
                throw local("libssh refused the socket")
            }
            return try exchangeKeys(request, greeting)
        } catch {
            // Once libssh has begun to use the socket it is libssh's to close.
            if !hasAdoptedSocket { Glibc.close(descriptor) }
            throw error
        }
    }

    private func connectFirst(
        _ addresses: [ResolvedAddress], _ request: HandshakeRequest
    ) throws(TransportError) -> Int32 {
        let deadline = request.budget.deadline(request.deadlines.connect)
        var failure: (ResolvedAddress, ConnectFailure)?
        for (index, address) in addresses.enumerated() {
            // The last address may use all the time that is left; the others share it.
            let share = (deadline - .now) / (addresses.count - index)
            do throws(ConnectFailure) {
                return try connectTCP(address, until: .now + share, bell: bell, isStopping: isStopping)
            } catch {
                if case .stopped = error { throw TransportError(.cancelled, host: host, "cancelled") }
                failure = failure ?? (address, error)
            }
        }
        guard let (address, why) = failure else {
            throw TransportError(.unreachable, host: host, "the name \(request.address.name) has no address")
        }
        throw connectError(why, address, request)
    }

    private func connectError(
        _ failure: ConnectFailure, _ address: ResolvedAddress, _ request: HandshakeRequest
    ) -> TransportError {
        let name = request.address.name
        let place = name == address.text ? name : "\(name) (\(address.text))"
        let at = "\(host) at \(place), port \(request.address.port),"
        func error(_ what: String, _ remedy: String) -> TransportError {
            TransportError(.unreachable, host: host, "\(at) \(what)", remedy: remedy)
        }
        switch failure {
        case .system(ECONNREFUSED):
            return error("refused the connection", "is sshd running there, and is this its port?")
        case .system(let code) where code == EHOSTUNREACH || code == ENETUNREACH:
            return error("cannot be reached: \(errorText(code))", "is it up, and on this network?")
        case .system(ETIMEDOUT), .late, .stopped:
            return error("did not answer in time", "is it up, and does a firewall drop the packets?")
        case .system(let code):
            return error(
                "cannot be reached: \(errorText(code))", "check the address of \(host) in the site file")
        }
    }

    /// Waits for the server's first bytes and looks at them without taking them from libssh.
    private func firstWords(_ descriptor: Int32, _ request: HandshakeRequest) throws(TransportError) -> String
    {
        let deadline = request.budget.deadline(request.deadlines.banner)
        while true {
            let events = waitForEvents(descriptor, Int32(POLLIN), bell, until: deadline)
            if events.rang, isStopping() { throw TransportError(.cancelled, host: host, "cancelled") }
            if events.socket != 0 { break }
            if ContinuousClock.now >= deadline { throw noBanner(request) }
        }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_PEEK))
        guard count > 0 else {
            throw TransportError(
                .busy, host: host, "\(request.address.description) closed the connection at once",
                remedy: "look at sshd's log on \(host): it may be overloaded or refuse this address")
        }
        let line = String(decoding: bytes[..<count].prefix { $0 != 10 && $0 != 13 }, as: UTF8.self)
        if line.hasPrefix("SSH-"), !line.hasPrefix("SSH-2."), !line.hasPrefix("SSH-1.99"), line.count > 5 {
            throw TransportError(
                .unreachable, host: host,
                "\(request.address.description) speaks an old SSH protocol only: “\(harmless(line))”",
                remedy: "\(host) needs a server that speaks SSH 2")
        }
        // What sshd says before it drops a connection that is one too many, or of somebody whom it punishes.
        if line == "Exceeded MaxStartups" || line == "Not allowed at this time" {
            throw TransportError(
                .busy, host: host,
                "\(request.address.description) takes nobody in for now: it says “\(harmless(line))”",
                remedy: "see MaxStartups and PerSourcePenalties in the sshd_config of \(host)")
        }
        return line
    }

    private func noBanner(_ request: HandshakeRequest) -> TransportError {
        TransportError(
            .unreachable, host: host,
            "\(request.address.description) accepts connections but does not say that it speaks SSH",
            remedy: "is this sshd's port, and is \(host) overloaded?")
    }

    private func exchangeKeys(
        _ request: HandshakeRequest, _ greeting: String
    ) throws(TransportError) -> HostKey {
        var deadline = request.budget.deadline(request.deadlines.banner)
        var hasBanner = false
        while true {
            let result = unsafe ssh_connect(handle)
            adoptSocket()
            guard result == SSH_AGAIN else {
                if result == SSH_OK { break }
                throw handshakeError(request, greeting)
            }
            if !hasBanner, unsafe ssh_get_serverbanner(handle) != nil {
                hasBanner = true
                deadline = request.budget.deadline(request.deadlines.keyExchange)
            }
            let events = waitForEvents(socket, wantedEvents, bell, until: deadline)
            if events.rang, isStopping() { throw TransportError(.cancelled, host: host, "cancelled") }
            if events.socket == 0, ContinuousClock.now >= deadline {
                throw hasBanner ? lateKeyExchange(request) : notSSH(request, greeting) ?? noBanner(request)
            }
        }
        // libssh makes the socket blocking when it is connected; a full one would stop the thread in send(2).
        let flags = fcntl(socket, F_GETFL)
        _ = fcntl(socket, F_SETFL, flags | O_NONBLOCK)
        guard let key = shownKey() else { throw local("libssh does not tell the host key") }
        return key
    }

    private func adoptSocket() {
        guard !hasAdoptedSocket else { return }
        unsafe runbook_ssh_adopt_socket(handle)
        hasAdoptedSocket = true
    }

    private func lateKeyExchange(_ request: HandshakeRequest) -> TransportError {
        TransportError(
            .unreachable, host: host, "\(request.address.description) began to speak SSH and fell silent",
            remedy: "is \(host) overloaded, or does something cut large packets on the way?")
    }

    private func notSSH(_ request: HandshakeRequest, _ greeting: String) -> TransportError? {
        guard !greeting.hasPrefix("SSH-"), !"SSH-".hasPrefix(greeting) else { return nil }
        return TransportError(
            .unreachable, host: host,
            "\(request.address.description) is not an SSH server: it says “\(harmless(greeting))”",
            remedy: "check the address and the port of \(host) in the site file")
    }

    private func handshakeError(_ request: HandshakeRequest, _ greeting: String) -> TransportError {
        let place = request.address.description
        if let mismatch = Algorithms.Mismatch(rawWords) {
            let offer = harmless(mismatch.offered.joined(separator: ", "))
            if mismatch.isLegacy, !request.isLegacyAllowed {
                return legacyError(
                    "\(place) offers only old algorithms (\(harmless(mismatch.method)): \(offer))")
            }
            return TransportError(
                .unreachable, host: host,
                "no algorithm in common with \(place) (\(harmless(mismatch.method)): it offers \(offer))",
                remedy: "\(host) needs a newer SSH server")
        }
        if unsafe ssh_get_serverbanner(handle) == nil, let error = notSSH(request, greeting) { return error }
        return TransportError(.unreachable, host: host, "the key exchange with \(place) failed: \(lastWords)")
    }

    /// The host has nothing but what is weak today, and the site file does not allow that.
    func legacyError(_ what: String) -> TransportError {
        TransportError(
            .legacyOnly, host: host, what,
            remedy: "set `legacy_ssh: true` for \(host) in the site file if it really is that old")
    }

    /// Whether that is the key of the last key exchange, as known_hosts would have it.
    func shows(_ base64: String) -> Bool {
        var key: ssh_key?
        guard unsafe ssh_get_server_publickey(handle, &key) == SSH_OK, let key = unsafe key else {
            return false
        }
        defer { unsafe ssh_key_free(key) }
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text = unsafe text else {
            return false
        }
        defer { unsafe ssh_string_free_char(text) }
        return unsafe String(cString: text) == base64
    }

    /// The key of the last key exchange.
    func shownKey() -> HostKey? {
        var key: ssh_key?
        guard unsafe ssh_get_server_publickey(handle, &key) == SSH_OK, let key = unsafe key else {
            return nil
        }
        defer { unsafe ssh_key_free(key) }
        return unsafe publicKey(of: key)
    }
}

/// The public part of a key; nil when libssh cannot write it.
func publicKey(of key: ssh_key) -> HostKey? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text = unsafe text else {
        return nil
    }
    defer { unsafe ssh_string_free_char(text) }
    guard let name = unsafe ssh_key_type_to_char(ssh_key_type(key)) else { return nil }
    let base64 = unsafe String(cString: text)
    guard let blob = decodeBase64(Array(base64.utf8)) else { return nil }
    return HostKey(type: unsafe String(cString: name), blob: blob, base64: base64)
}
