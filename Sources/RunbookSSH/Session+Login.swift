import CLibSSH
import CRunbookSSH
import RunbookTransport

/// How the host took an attempt to log in.
enum LoginAnswer: Sendable, Equatable {
    case accepted
    /// Right, but the host wants another proof as well.
    case partial
    case denied
    /// The host asks questions: keyboard-interactive.
    case questions(instruction: String, [String])
    /// The key is known to the host; the file must be opened with its passphrase.
    case needsPassphrase
    /// The host is so old that it takes the key only with SHA-1.
    case needsLegacy
    /// The key could not be used: the end of a sentence.
    case unusable(String)
}

/// The ways to log in that a host has left.
struct LoginMethods: OptionSet, Sendable {
    let rawValue: Int32
    static let password = LoginMethods(rawValue: Int32(SSH_AUTH_METHOD_PASSWORD))
    static let publicKey = LoginMethods(rawValue: Int32(SSH_AUTH_METHOD_PUBLICKEY))
    static let questions = LoginMethods(rawValue: Int32(SSH_AUTH_METHOD_INTERACTIVE))

    var names: String {
        let all: [(LoginMethods, String)] = [
            (.publicKey, "publickey"), (.password, "password"), (.questions, "keyboard-interactive"),
        ]
        return all.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

extension Session {
    /// Asks for the login service.
    ///
    /// The host's answer comes after its list of signature algorithms (RFC 8308). libssh chooses how to sign
    /// when a key is offered: without this step it would not have read the list yet and would think that an
    /// RSA key can only sign with SHA-1.
    func requestLogin(until deadline: ContinuousClock.Instant) throws(TransportError) {
        let result = try drive(again: SSH_AGAIN, until: deadline, late: silentLogin) {
            unsafe ssh_service_request(handle, "ssh-userauth")
        }
        guard result == SSH_OK else { throw loginBroken() }
    }

    /// Asks what the host wants; a host that wants nothing lets us in.
    func loginWithNothing(until deadline: ContinuousClock.Instant) throws(TransportError) -> LoginAnswer {
        try login(until: deadline) { unsafe ssh_userauth_none(handle, nil) }
    }

    var loginMethods: LoginMethods { LoginMethods(rawValue: unsafe ssh_userauth_list(handle, nil)) }

    /// Logs in with a key file.
    func login(
        with file: KeyFile, passphrase: String?, until deadline: ContinuousClock.Instant
    ) throws(TransportError) -> LoginAnswer {
        switch file.open(passphrase: passphrase) {
        case .key(let key):
            return try loginAlsoWithSHA1(unsafe ssh_key_type(key.raw), until: deadline) {
                unsafe ssh_userauth_publickey(handle, nil, key.raw)
            }
        case .unusable:
            return .unusable("is not a private key that libssh can read")
        case .needsPassphrase:
            guard passphrase == nil, let known = file.publicKey else { return .needsPassphrase }
            // Nobody is asked for the passphrase of a key that the host does not take.
            let answer = try offer(known, until: deadline)
            return answer == .accepted ? .needsPassphrase : answer
        }
    }

    private func offer(_ key: HostKey, until deadline: ContinuousClock.Instant) throws(TransportError)
        -> LoginAnswer
    {
        var raw: ssh_key?
        let type = unsafe ssh_key_type_from_name(key.type)
        guard unsafe ssh_pki_import_pubkey_base64(key.base64, type, &raw) == SSH_OK, let raw = unsafe raw
        else {
            return .needsPassphrase
        }
        defer { unsafe ssh_key_free(raw) }
        return try loginAlsoWithSHA1(type, until: deadline) {
            unsafe ssh_userauth_try_publickey(handle, nil, raw)
        }
    }

    /// Tries an RSA key once more with SHA-1 where the site file allows that: a server that was cut down to
    /// old algorithms may announce all that its program knows.
    private func loginAlsoWithSHA1(
        _ type: ssh_keytypes_e, until deadline: ContinuousClock.Instant, _ step: () -> Int32
    ) throws(TransportError) -> LoginAnswer {
        let answer = try login(until: deadline, step)
        guard answer == .denied, let all = legacyPublicKeys, type == SSH_KEYTYPE_RSA else { return answer }
        let option = Int32(bitPattern: SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES.rawValue)
        unsafe runbook_ssh_set_string(handle, option, "ssh-rsa")
        defer { unsafe runbook_ssh_set_string(handle, option, all) }
        return try login(until: deadline, step)
    }

    /// Logs in with a key of the agent.
    func login(
        with identity: AgentIdentity, of agent: Agent, until deadline: ContinuousClock.Instant
    ) throws(TransportError) -> LoginAnswer {
        if relay == nil {
            guard let (started, theirs) = AgentRelay.start(agent) else {
                return .unusable("cannot be reached")
            }
            unsafe ssh_set_agent_socket(handle, theirs)
            relay = started
        }
        relay?.offer(identity)
        let answer = try login(until: deadline) { unsafe ssh_userauth_agent(handle, nil) }
        if answer == .denied, let failure = relay?.failure {
            return .unusable(failure == .late ? "did not answer in time" : "did not sign")
        }
        return answer
    }

    func login(password: String, until deadline: ContinuousClock.Instant) throws(TransportError)
        -> LoginAnswer
    {
        try login(until: deadline) { unsafe ssh_userauth_password(handle, nil, password) }
    }

    /// Begins keyboard-interactive, or goes on with the answers to the questions of the last time.
    func login(answers: [String]?, until deadline: ContinuousClock.Instant) throws(TransportError)
        -> LoginAnswer
    {
        for (index, answer) in (answers ?? []).enumerated() {
            unsafe ssh_userauth_kbdint_setanswer(handle, UInt32(index), answer)
        }
        return try login(until: deadline) { unsafe ssh_userauth_kbdint(handle, nil, nil) }
    }

    private func login(
        until deadline: ContinuousClock.Instant, _ step: () -> Int32
    ) throws(TransportError) -> LoginAnswer {
        let again = Int32(SSH_AUTH_AGAIN.rawValue)
        let result = try drive(again: again, until: deadline, late: silentLogin, step)
        switch result {
        case Int32(SSH_AUTH_SUCCESS.rawValue): return .accepted
        case Int32(SSH_AUTH_PARTIAL.rawValue): return .partial
        case Int32(SSH_AUTH_INFO.rawValue): return questions()
        case Int32(SSH_AUTH_DENIED.rawValue):
            return rawWords.contains("PUBLICKEY_ACCEPTED_TYPES") ? .needsLegacy : .denied
        default:
            if isBroken { throw loginBroken() }
            return .unusable("cannot be used: \(lastWords)")
        }
    }

    private func questions() -> LoginAnswer {
        let session = unsafe handle
        let count = unsafe max(0, ssh_userauth_kbdint_getnprompts(session))
        var list: [String] = []
        for index in 0..<UInt32(count) {
            var echo: CChar = 0
            let text = unsafe ssh_userauth_kbdint_getprompt(session, index, &echo)
            let words = unsafe text.map { unsafe String(cString: $0) } ?? ""
            list.append(harmless(words))
        }
        let instruction = unsafe ssh_userauth_kbdint_getinstruction(session)
        return .questions(
            instruction: harmless(unsafe instruction.map { unsafe String(cString: $0) } ?? ""), list)
    }

    private var silentLogin: TransportError {
        TransportError(
            .unreachable, host: host, "\(host) fell silent during the login", remedy: "is \(host) overloaded?"
        )
    }

    private func loginBroken() -> TransportError {
        TransportError(
            .authenticationFailed, host: host, "\(host) ended the connection during the login: \(lastWords)",
            remedy:
                "with many keys in the agent, name the right one as `identity` of \(host) in the site file")
    }
}
