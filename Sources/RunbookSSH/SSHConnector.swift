import Glibc
package import RunbookModel
package import RunbookTransport

/// Makes connections over SSH with libssh.
///
/// No configuration file of ssh is read: a runbook's hosts are what the site file says, and ~/.ssh/config may
/// run commands.
package struct SSHConnector: Connector {
    /// Where keys and known hosts are, and how long anything may take.
    package struct Settings: Sendable {
        package var deadlines = SSHDeadlines()
        package var knownHosts: KnownHostsFiles
        /// Where `~/` of an identity leads and where the usual key files are looked for, in `.ssh`.
        package var home: String
        /// The agent's socket; nil: there is no agent.
        package var agentSocket: String?

        package init(home: String, knownHosts: KnownHostsFiles, agentSocket: String? = nil) {
            self.home = home
            self.knownHosts = knownHosts
            self.agentSocket = agentSocket
        }

        /// What ssh would use here: `$HOME`, its known_hosts and the machine's, `$SSH_AUTH_SOCK`.
        package static var ofThisUser: Settings {
            let home = environmentValue("HOME") ?? "/"
            let files = KnownHostsFiles(
                user: "\(home)/.ssh/known_hosts", system: ["/etc/ssh/ssh_known_hosts"])
            let agent = environmentValue("SSH_AUTH_SOCK").flatMap { $0.isEmpty ? nil : $0 }
            return Settings(home: home, knownHosts: files, agentSocket: agent)
        }
    }

    private let settings: Settings
    private let prompts: (any ConnectionPrompts)?
    private let jumpHosts = JumpHosts()

    /// Without `prompts` nobody is asked: an unknown host is refused, and only keys open doors.
    package init(prompts: (any ConnectionPrompts)?, settings: Settings = .ofThisUser) {
        self.prompts = prompts
        self.settings = settings
    }

    package func connect(to host: HostID, _ target: SiteHost) async throws(TransportError) -> any Connection {
        // The connection to a host to go through may be dead, and show it only when it is used: each is made anew.
        for _ in target.jumps {
            do throws(TransportError) {
                return try await connectOnce(to: host, target)
            } catch  where error.code == .lost {}
        }
        return try await connectOnce(to: host, target)
    }

    private func connectOnce(
        to host: HostID, _ target: SiteHost
    ) async throws(TransportError) -> SSHConnection {
        let last = try await jump(through: target.jumps[...])
        return try await connect(to: host, target, through: last)
    }

    /// The connection to the last of the hosts to go through; nil when there is none.
    ///
    /// Each is proven and logged in to like any other host. Hosts that lie behind the same ones share it.
    private func jump(through hosts: ArraySlice<SiteHost>) async throws(TransportError) -> SSHConnection? {
        guard let last = hosts.last else { return nil }
        return try await jumpHosts.connection(for: Array(hosts)) { () async throws(TransportError) in
            let before = try await jump(through: hosts.dropLast())
            return try await connect(to: HostID(last.address), last, through: before, isJump: true)
        }
    }

    private func connect(
        to host: HostID, _ target: SiteHost, through last: SSHConnection?, isJump: Bool = false
    ) async throws(TransportError) -> SSHConnection {
        let address = try SSHAddress(host: host, target: target)
        let budget = Budget(settings.deadlines.total)
        let known = try await readKnownHosts(address)
        let (thread, key) = try await reach(address, target, known, budget, last)
        do throws(TransportError) {
            try await judge(key, address, target, known, budget)
            let login = Login(
                thread: thread, address: address, target: target, settings: settings, prompts: prompts,
                budget: budget)
            let operatorKey = try await login.run()
            let deadlines = settings.deadlines
            try await thread.run { (session) throws(TransportError) in
                session.provenKey = key.base64
                // Nothing runs on a host that is only gone through, and it may allow nothing to.
                session.keepsSpare = !isJump
                try session.beginServing(deadlines)
            }
            return SSHConnection(thread: thread, hostKey: key.fingerprint, operatorKey: operatorKey)
        } catch {
            thread.stop()
            throw error
        }
    }

    /// The key that the host shows. Nobody logs in, and nothing is believed: it is for a person to compare.
    package func shownKey(of host: HostID, _ target: SiteHost) async throws(TransportError) -> ShownKey {
        var target = target
        target.hostKeys = []
        let address = try SSHAddress(host: host, target: target)
        let budget = Budget(settings.deadlines.total)
        let known = try await readKnownHosts(address)
        let last = try await jump(through: target.jumps[...])
        let (thread, key) = try await reach(address, target, known, budget, last)
        thread.stop()
        return ShownKey(kind: kindOfKey(key.type), fingerprint: key.fingerprint)
    }

    private func readKnownHosts(_ address: SSHAddress) async throws(TransportError) -> KnownHosts {
        let thread = try SessionThread.start(host: address.host)
        defer { thread.stop() }
        let files = settings.knownHosts
        return try await thread.run { (_) throws(TransportError) in try files.entries(for: address) }
    }

    /// Connects and learns the host's key. Where the site file pins a fingerprint, which does not tell the
    /// kind of key, the host is asked for each kind until it shows the pinned one.
    private func reach(
        _ address: SSHAddress, _ target: SiteHost, _ known: KnownHosts, _ budget: Budget,
        _ last: SSHConnection?
    ) async throws(TransportError) -> (SessionThread, HostKey) {
        let legacy = target.allowsLegacySSH
        let all = Algorithms(known: known.keys.map(\.type), allowsLegacy: legacy)
        let first = try await handshake(address, all, legacy, budget, last)
        guard !target.hostKeys.isEmpty, !isPinned(first.1, target) else { return first }
        for kind in ["ED25519", "ECDSA", "RSA"] where kind != kindOfKey(first.1.type) {
            let types = all.hostKeys.split(separator: ",").map { Algorithms.keyType(of: String($0)) }
            let only = types.filter { kindOfKey($0) == kind }
            let algorithms = Algorithms(known: [], only: only, allowsLegacy: legacy)
            guard let next = try? await handshake(address, algorithms, legacy, budget, last) else { continue }
            if isPinned(next.1, target) {
                first.0.stop()
                return next
            }
            next.0.stop()
        }
        return first
    }

    private func handshake(
        _ address: SSHAddress, _ algorithms: Algorithms, _ isLegacyAllowed: Bool, _ budget: Budget,
        _ last: SSHConnection?
    ) async throws(TransportError) -> (SessionThread, HostKey) {
        var request = HandshakeRequest(
            address: address, algorithms: algorithms, isLegacyAllowed: isLegacyAllowed,
            deadlines: settings.deadlines, budget: budget)
        if let last {
            let deadline = budget.deadline(settings.deadlines.connect)
            request.tunnel = try await Tunnel.open(through: last, to: address, until: deadline)
        }
        return try await handshake(request)
    }

    private func handshake(
        _ request: HandshakeRequest
    ) async throws(TransportError) -> (SessionThread, HostKey) {
        let address = request.address
        let thread = try SessionThread.start(host: address.host)
        do throws(TransportError) {
            // A name that is reached through other hosts is theirs to find.
            let addresses =
                request.tunnel == nil ? try await addresses(of: address, thread, request.budget) : []
            let key = try await thread.run { (session) throws(TransportError) in
                try session.handshake(request, addresses)
            }
            return (thread, key)
        } catch {
            thread.stop()
            throw error
        }
    }

    /// The resolver cannot be interrupted: when it is late its thread is left to end by itself.
    private func addresses(
        of address: SSHAddress, _ thread: SessionThread, _ budget: Budget
    ) async throws(TransportError) -> [ResolvedAddress] {
        let pending = Pending<[ResolvedAddress]>()
        thread.submit { _ in
            do throws(TransportError) {
                pending.complete(.success(try resolve(address)))
            } catch {
                pending.complete(.failure(error))
            }
        }
        let late = TransportError(
            .unreachable, host: address.host,
            "the name \(address.name) of \(address.host) was not found in time",
            remedy: "check this machine's name service, or use an IP address in the site file")
        let deadline = budget.deadline(settings.deadlines.name)
        let cancelled = thread.cancelled
        return try await withTaskCancellationHandler {
            await pending.value(until: deadline, late: late)
        } onCancel: {
            pending.complete(.failure(cancelled))
        }.get()
    }

    private func isPinned(_ key: HostKey, _ target: SiteHost) -> Bool {
        let fingerprint = key.fingerprint
        return target.hostKeys.contains { pin in
            // Some tools print base64's padding, OpenSSH does not.
            var pin = pin[...]
            while pin.hasSuffix("=") { pin = pin.dropLast() }
            return pin == fingerprint
        }
    }

    /// Refuses every host that is not proven to be the right one.
    private func judge(
        _ key: HostKey, _ address: SSHAddress, _ target: SiteHost, _ known: KnownHosts, _ budget: Budget
    ) async throws(TransportError) {
        let verdict = known.judge(key)
        if case .revoked = verdict { throw HostKeyRefusal(address, key).error(verdict) }
        if !target.hostKeys.isEmpty {
            guard isPinned(key, target) else { throw HostKeyRefusal(address, key).notPinned(target.hostKeys) }
            return
        }
        switch verdict {
        case .known: return
        case .unknown:
            let address = address
            let isAccepted = await budget.paused {
                await prompts?.acceptsNewHost(
                    address.host, address: address.description, fingerprint: key.description) ?? false
            }
            guard isAccepted else { throw HostKeyRefusal(address, key).error(verdict) }
            try settings.knownHosts.add(key, for: address)
        default: throw HostKeyRefusal(address, key).error(verdict)
        }
    }
}

/// A host key as a person compares it: its kind as `ssh-keygen -l` names it, and `SHA256:…`.
package struct ShownKey: Sendable, Equatable {
    package let kind: String
    package let fingerprint: String
}

/// The words for a host that is not let in.
struct HostKeyRefusal {
    private let address: SSHAddress
    private let key: HostKey

    init(_ address: SSHAddress, _ key: HostKey) {
        self.address = address
        self.key = key
    }

    func notPinned(_ pins: [String]) -> TransportError {
        make(
            .hostKeyChanged,
            "\(place) shows the key \(key.description), but the site file pins \(harmless(pins.joined(separator: ", ")))",
            "find out why the key changed; only then put the new one into the site file")
    }

    func error(_ verdict: KnownHosts.Verdict) -> TransportError {
        switch verdict {
        case .known, .unknown:
            make(
                .hostKeyUnknown, "\(place) is not known; it shows the key \(key.description)",
                "compare it on \(address.host) with `for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done`, "
                    + "then pin it in the site file: `host_key: \(key.fingerprint)`")
        case .revoked(let entry):
            make(
                .hostKeyChanged, "\(place) shows the key \(key.description), which \(entry.place) revokes",
                "\(address.host) needs new host keys: whoever has this one can pretend to be it")
        case .changed(let entry):
            make(
                .hostKeyChanged,
                "\(place) shows the key \(key.description), but \(entry.place) knows \(fingerprintOf(entry.blob))",
                "find out why the key changed; only then remove the old line: ssh-keygen -R '\(address.knownHostsName)'"
            )
        case .otherTypes(let entries):
            make(
                .hostKeyChanged,
                "\(place) shows the key \(key.description), but only other kinds of key are known "
                    + "(\(entries.map { "\(kindOfKey($0.type)) \($0.place)" }.joined(separator: ", ")))",
                "compare the key with the host's own and add it to known_hosts, or remove the old lines")
        case .authorityOnly(let place):
            make(
                .knownHosts, "\(place) trusts \(address.description) by certificate, which is not supported",
                "pin the host's own key as `host_key` in the site file")
        }
    }

    private var place: String { "\(address.host) at \(address.description)" }

    private func make(_ code: TransportError.Code, _ message: String, _ remedy: String) -> TransportError {
        TransportError(code, host: address.host, message, remedy: remedy)
    }
}

/// A variable of this process's environment.
func environmentValue(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}
