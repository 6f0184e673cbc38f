import RunbookModel
import RunbookText
import RunbookTransport

/// Logs in to a host that is proven to be the right one: keys first, then what a person knows.
struct Login: Sendable {
    let thread: SessionThread
    let address: SSHAddress
    let target: SiteHost
    let settings: SSHConnector.Settings
    let prompts: (any ConnectionPrompts)?
    let budget: Budget

    /// What was tried, for the message when nothing worked.
    private struct Trail {
        var tried: [String] = []
        var needsLegacy = false
        /// Keys that were offered, so that none is offered twice: a host counts.
        var offered: Set<[UInt8]> = []
    }

    private enum Way {
        case agent(AgentIdentity)
        case file(KeyFile)
    }

    private static let passphraseTries = 3

    /// Answers the public key line that opened the door, nil when it was no key.
    func run() async throws(TransportError) -> String? {
        let deadline = deadline
        try await thread.run { (session) throws(TransportError) in try session.requestLogin(until: deadline) }
        var trail = Trail()
        let (agent, identities) = try await askAgent(&trail)
        var isAsked = false
        for way in try ways(identities) {
            let (answer, line) = try await attempt(way, agent, &trail)
            if answer == .accepted { return line }
            isAsked = isAsked || answer == .denied || answer == .partial
            if isAsked, try await !methods().contains(.publicKey) { break }
        }
        if !isAsked {
            let answer = try await step { (session, deadline) throws(TransportError) in
                try session.loginWithNothing(until: deadline)
            }
            if answer == .accepted { return nil }
        }
        let left = try await methods()
        if try await askPerson(left, &trail) { return nil }
        throw refused(left, trail)
    }

    private var deadline: ContinuousClock.Instant { budget.deadline(settings.deadlines.authentication) }

    private func step<Value: Sendable>(
        _ body: @escaping @Sendable (Session, ContinuousClock.Instant) throws(TransportError) -> Value
    ) async throws(TransportError) -> Value {
        let deadline = deadline
        return try await thread.run { (session) throws(TransportError) in try body(session, deadline) }
    }

    private func methods() async throws(TransportError) -> LoginMethods {
        try await thread.run { (session) throws(TransportError) in session.loginMethods }
    }

    // MARK: - Keys

    private func askAgent(_ trail: inout Trail) async throws(TransportError) -> (Agent?, [AgentIdentity]) {
        guard let path = settings.agentSocket else { return (nil, []) }
        let patience = settings.deadlines.agent
        let answer = try await thread.run {
            (_) throws(TransportError) -> Result<(Agent, [AgentIdentity]), AgentFailure> in
            do throws(AgentFailure) {
                let agent = try Agent(socketPath: path, patience: patience)
                return .success((agent, try agent.identities()))
            } catch {
                return .failure(error)
            }
        }
        switch answer {
        case .success(let (agent, identities)): return (agent, identities)
        case .failure(.unavailable): trail.tried.append("the agent (it is not there)")
        case .failure(.late): trail.tried.append("the agent (it did not answer in time)")
        case .failure: trail.tried.append("the agent (it refused)")
        }
        return (nil, [])
    }

    /// The configured keys first, also when it is the agent that holds them; then the agent's, then the usual
    /// files: a host lets one try only a few.
    private func ways(_ identities: [AgentIdentity]) throws(TransportError) -> [Way] {
        var ways: [Way] = []
        func add(_ path: String) -> KeyFile {
            let file = KeyFile(path: path.hasPrefix("~/") ? settings.home + path.dropFirst() : path)
            if let blob = file.publicKey?.blob {
                ways += identities.filter { $0.blob == blob }.map { .agent($0) }
            }
            ways.append(.file(file))
            return file
        }
        if let path = target.identity {
            let file = add(path)
            if let problem = file.problem { throw unusable(file, problem) }
        }
        let usual = ["id_ed25519", "id_ecdsa", "id_rsa"].map { "~/.ssh/\($0)" }
        for path in target.identities.files ?? [] { _ = add(path) }
        if !target.identities.isExclusive { ways += identities.map { .agent($0) } }
        for path in target.identities.files == nil ? usual : [] { _ = add(path) }
        return ways
    }

    private func unusable(_ file: KeyFile, _ problem: KeyFile.Problem) -> TransportError {
        let what = if case .unusable(let why) = problem { why } else { "is not there" }
        return TransportError(
            .local, host: address.host, "the key file \(visible(file.path)) of \(address.host) \(what)",
            remedy: "mend `identity` of \(address.host) in the site file, or the file")
    }

    private func attempt(
        _ way: Way, _ agent: Agent?, _ trail: inout Trail
    ) async throws(TransportError) -> (LoginAnswer, String?) {
        switch way {
        case .agent(let identity):
            guard let agent, trail.offered.insert(identity.blob).inserted else { return (.unusable(""), nil) }
            let answer = try await step { (session, deadline) throws(TransportError) in
                try session.login(with: identity, of: agent, until: deadline)
            }
            let type = identity.type ?? "a key"
            note(answer, "\(kindOfKey(visible(type))) \(fingerprintOf(identity.blob)) of the agent", &trail)
            return (answer, "\(type) \(encodeBase64(identity.blob)) \(visible(identity.comment))")
        case .file(let file):
            switch file.problem {
            case .missing: return (.unusable(""), nil)
            case .unusable(let why):
                trail.tried.append("\(visible(file.path)) (it \(why))")
                return (.unusable(why), nil)
            case nil: break
            }
            let key = file.publicKey
            if let key, !trail.offered.insert(key.blob).inserted { return (.unusable(""), nil) }
            let answer = try await open(file)
            note(answer, visible(file.path), &trail)
            return (answer, key.map { "\($0.type) \($0.base64)" })
        }
    }

    private func note(_ answer: LoginAnswer, _ what: String, _ trail: inout Trail) {
        switch answer {
        case .unusable(let why): trail.tried.append("\(what) (it \(why))")
        case .needsPassphrase: trail.tried.append("\(what) (without its passphrase)")
        case .needsLegacy:
            trail.needsLegacy = true
            trail.tried.append("\(what) (only with SHA-1)")
        default: trail.tried.append(what)
        }
    }

    /// Logs in with a key file; asks for its passphrase when the host takes the key.
    private func open(_ file: KeyFile) async throws(TransportError) -> LoginAnswer {
        var passphrase: String?
        for _ in 0...Self.passphraseTries {
            let secret = passphrase
            let answer = try await step { (session, deadline) throws(TransportError) in
                try session.login(with: file, passphrase: secret, until: deadline)
            }
            guard answer == .needsPassphrase else { return answer }
            passphrase = await ask("Passphrase of \(visible(file.path))")
            if passphrase == nil { return answer }
        }
        return .needsPassphrase
    }

    // MARK: - What a person knows

    private func ask(_ question: String) async -> String? {
        await budget.paused { await prompts?.secret(question, host: address.host) ?? nil }
    }

    private func askPerson(_ methods: LoginMethods, _ trail: inout Trail) async throws(TransportError) -> Bool
    {
        guard prompts != nil else { return false }
        if methods.contains(.questions) {
            trail.tried.append("keyboard-interactive")
            if try await answerQuestions() { return true }
        }
        if methods.contains(.password) {
            trail.tried.append("a password")
            for _ in 0..<3 {
                guard let password = await ask("Password of \(address.user) on \(address.name)") else {
                    break
                }
                let answer = try await step { (session, deadline) throws(TransportError) in
                    try session.login(password: password, until: deadline)
                }
                if answer == .accepted { return true }
            }
        }
        return false
    }

    /// keyboard-interactive (RFC 4256): rounds of questions until the host has enough.
    private func answerQuestions() async throws(TransportError) -> Bool {
        var answers: [String]?
        // PAM asks again after a wrong answer, three times as a rule; a host that never stops is left.
        for _ in 0..<10 {
            let given = answers
            let answer = try await step { (session, deadline) throws(TransportError) in
                try session.login(answers: given, until: deadline)
            }
            switch answer {
            case .accepted: return true
            case .questions(let instruction, let questions):
                var next: [String] = []
                for question in questions {
                    let text = [instruction, question].filter { !$0.isEmpty }.joined(separator: " ")
                    guard let reply = await ask(text) else { return false }
                    next.append(reply)
                }
                answers = next
            default: return false
            }
        }
        return false
    }

    private func refused(_ methods: LoginMethods, _ trail: Trail) -> TransportError {
        let host = address.host
        let tried =
            trail.tried.isEmpty ? "there was no key to try" : "tried: \(trail.tried.joined(separator: ", "))"
        if trail.needsLegacy {
            return TransportError(
                .legacyOnly, host: host,
                "\(host) takes RSA keys only with SHA-1, as servers before OpenSSH 7.2 do; \(tried)",
                remedy:
                    "set `legacy_ssh: true` for \(host) in the site file if it really is that old, or use an "
                    + "ECDSA key")
        }
        let port = address.port == 22 ? "" : "-p \(address.port) "
        let names = methods.names.isEmpty ? "nothing that is supported" : methods.names
        return TransportError(
            .authenticationFailed, host: host,
            "\(host) does not let \(address.user) in; \(tried); it allows \(names)",
            remedy: "put your public key there: ssh-copy-id \(port)\(address.user)@\(address.name)")
    }
}
