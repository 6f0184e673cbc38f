import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// Performs what the pure core wants, in order: record, then act, then record.
package actor Runner {
    private var state: RunState
    private let log: any EntryLog
    private let source: any SessionSource
    private let person: any Person
    private let fetched: any FetchedFolder
    private let view: any RunView
    /// Seconds since 1970, to tell how far a host's clock is off.
    private let wallClock: @Sendable () -> Int

    /// How many logins are under way at a time. sshd drops strangers beyond ten (MaxStartups 10:30:100).
    private let logins = Gate(width: 8)
    /// Logins that were begun before their host is needed.
    private var ahead: [HostID: Task<Result<OpenSession, TransportError>, Never>] = [:]
    private var sessions: [HostID: any HostSession] = [:]
    private var end: RunEnd?
    private let mailbox: AsyncStream<Event>
    private let began = ContinuousClock.now
    nonisolated private let post: AsyncStream<Event>.Continuation

    package init(
        state: RunState, log: any EntryLog, source: any SessionSource, person: any Person,
        fetched: any FetchedFolder, view: any RunView, wallClock: @escaping @Sendable () -> Int
    ) {
        self.state = state
        self.log = log
        self.source = source
        self.person = person
        self.fetched = fetched
        self.view = view
        self.wallClock = wallClock
        (mailbox, post) = AsyncStream.makeStream()
    }

    /// Runs until the core says that it is over; returns how. Called once.
    package func run() async -> RunEnd {
        await withDiscardingTaskGroup { group in
            let first = state.start()
            if !first.contains(where: \.isFinish) { logInAhead(but: first.compactMap(\.connectedHost)) }
            await perform(first, in: &group)
            // What has nothing to ask is over at once: then no event comes any more.
            var events = mailbox.makeAsyncIterator()
            while end == nil, let event = await events.next() {
                await perform(state.handle(event), in: &group)
            }
            // What is still under way ends with its session; commands on the hosts go on.
            group.cancelAll()
            await closeSessions()
        }
        return end ?? .interrupted([])
    }

    /// The first Ctrl-C: nothing new is issued, and `run` returns soon. Commands on the hosts go on.
    package nonisolated func interrupt() { post.yield(.interrupted) }

    /// What was recorded up to now.
    package var history: History { state.history }

    private func perform(_ effects: [Effect], in group: inout DiscardingTaskGroup) async {
        for effect in effects where end == nil {
            switch effect {
            case .record(let entry):
                do throws(EntryLogProblem) {
                    try await log.append(entry)
                } catch {
                    await perform(state.handle(.journalFailed(error.message)), in: &group)
                    // The core has nothing to say when its own end stands behind the record.
                    if end == nil { end = .journal(error.message) }
                    return
                }
            case .show(let event): await view.show(event)
            case .finish(let how):
                end = how
                if how == .complete, !state.options.onlyAsks { await releaseLocks() }
            default: begin(effect, in: &group)
            }
        }
    }

    /// Starts an effect that takes time; its event comes through the mailbox.
    private func begin(_ effect: Effect, in group: inout DiscardingTaskGroup) {
        switch effect {
        case .connect(let host, let pause): group.addTask { await self.connect(host, after: pause) }
        case .disconnect(let host):
            guard let session = sessions.removeValue(forKey: host) else { return }
            group.addTask { await session.close() }
        case .inquire(nil, let inquiries): survey(inquiries, in: &group)
        case .inquire(let unit, let inquiries):
            group.addTask { self.post.yield(.found(unit, await self.inquire(inquiries))) }
        case .attempt(let unit, let host, let request):
            ask(host, in: &group) { session throws(TransportError) in
                .attempted(unit, .success(try await session.attempt(request)))
            } failing: {
                .attempted(unit, .failure($0))
            }
        case .lookUp(let unit, let host, let attempt):
            ask(host, in: &group) { session throws(TransportError) in
                .lookedUp(unit, .success(try await session.lookUp(attempt)))
            } failing: {
                .lookedUp(unit, .failure($0))
            }
        case .fence(let unit, let host, let attempt):
            ask(host, in: &group) { session throws(TransportError) in
                .fenced(unit, .success(try await session.fence(attempt)))
            } failing: {
                .fenced(unit, .failure($0))
            }
        case .follow(let unit, let host, let attempt, let after, let environment):
            ask(host, in: &group) { session throws(TransportError) in
                .attempted(
                    unit, .success(try await session.follow(attempt, after: after, environment: environment)))
            } failing: {
                .attempted(unit, .failure($0))
            }
        case .forget(let host, let attempt):
            // A file that stays on the host does no harm.
            guard let session = sessions[host] else { return }
            group.addTask { try? await session.forget(attempt) }
        case .prompt(let unit, let prompt):
            let person = person
            group.addTask { self.post.yield(.said(unit, await person.ask(prompt))) }
        case .watch(let unit, let attempt, let inquiries, let pause):
            group.addTask {
                if pause > .zero, (try? await Task.sleep(for: pause)) == nil { return }
                let (found, lost) = await self.watch(inquiries)
                let time = ContinuousClock.now - self.began
                self.post.yield(.watched(unit, attempt, at: time, found, lost: lost))
            }
        case .keep(let unit, let place, let bytes):
            group.addTask { await self.keep(bytes, at: place, for: unit) }
        case .wait(let unit, let pause, let timer):
            group.addTask {
                try? await Task.sleep(for: pause)
                self.post.yield(.waited(unit, timer: timer))
            }
        case .record, .show, .finish: preconditionFailure("\(effect) takes no time")
        }
    }

    /// Asks every host of a survey for itself: each answer is an event of its own.
    private func survey(_ inquiries: [HostID: Inquiry], in group: inout DiscardingTaskGroup) {
        for (host, inquiry) in inquiries {
            group.addTask {
                let result = await self.inquire(host, inquiry)
                self.post.yield(.found(nil, result.map { [host: $0] }))
            }
        }
    }

    private nonisolated func keep(_ bytes: [UInt8], at place: FetchedPlace, for unit: Unit) async {
        do throws(EngineProblem) {
            post.yield(.kept(unit, .success(try await fetched.keep(bytes, at: place))))
        } catch {
            post.yield(.kept(unit, .failure(error)))
        }
    }

    private func ask(
        _ host: HostID, in group: inout DiscardingTaskGroup,
        _ request: @escaping @Sendable (any HostSession) async throws(TransportError) -> Event,
        failing: @escaping @Sendable (TransportError) -> Event
    ) {
        let session = sessions[host]
        group.addTask {
            do throws(TransportError) {
                guard let session else { throw Self.noSession(host) }
                self.post.yield(try await request(session))
            } catch {
                self.post.yield(failing(error))
            }
        }
    }

    private static func noSession(_ host: HostID) -> TransportError {
        TransportError(.lost, host: host, "there is no connection to \(host)")
    }

    // MARK: - Hosts

    /// Logs in to the hosts that this run still needs, side by side, before the first of them is asked for.
    ///
    /// Nothing is sent but the login, and of many hosts only the first have one. A login that fails is forgotten: the host is tried again when it is needed,
    /// and perhaps an earlier step is to bring it up.
    private func logInAhead(but connecting: [HostID]) {
        guard let run = state.history.began?.run else { return }
        var hosts = Set(connecting)
        for unit in state.plan.schedule.units where !state.history.standing(of: unit).isFinished {
            guard hosts.count < RunState.idleConnectionsMax else { return }
            guard let host = unit.host, hosts.insert(host).inserted else { continue }
            guard let target = state.plan.site.hosts[host] else { continue }
            ahead[host] = Task { await self.logIn(host, target, run) }
        }
    }

    private func openAhead(_ host: HostID) async -> OpenSession? {
        guard let task = ahead.removeValue(forKey: host) else { return nil }
        return try? await task.value.get()
    }

    private func logIn(
        _ host: HostID, _ target: SiteHost, _ run: RunID
    ) async -> Result<OpenSession, TransportError> {
        let source = source
        return await logins.pass {
            do throws(TransportError) {
                return .success(try await source.open(host, target, run: run))
            } catch {
                return .failure(error)
            }
        }
    }

    private func connect(_ host: HostID, after pause: Duration) async {
        // Cancelled: the run is over, and nobody waits for the host any more.
        if pause > .zero, (try? await Task.sleep(for: pause)) == nil { return }
        guard let target = state.plan.site.hosts[host], let began = state.history.began else {
            preconditionFailure("\(host) is not in the site file, or the run has not begun")
        }
        if let old = sessions.removeValue(forKey: host) { await old.close() }
        // A login that was made ahead may be stale by now: then it never was.
        if let open = await openAhead(host), (try? await enter(host, open, began.run)) != nil { return }
        do throws(TransportError) {
            try await enter(host, logIn(host, target, began.run).get(), began.run)
        } catch {
            post.yield(.unreachable(host, error))
        }
    }

    /// Greets a host and takes its lock; the session is the run's from then on.
    private func enter(_ host: HostID, _ open: OpenSession, _ run: RunID) async throws(TransportError) {
        do throws(TransportError) {
            let (facts, lock) = try await greet(open.session, host, run)
            let skew = abs(facts.clock - wallClock())
            if case .held(let other) = lock {
                await open.session.close()
                post.yield(.locked(host, other))
                return
            }
            sessions[host] = open.session
            post.yield(
                .connected(
                    host, facts, hostKey: open.hostKey, operatorKey: open.operatorKey, clockSkew: skew))
        } catch {
            await open.session.close()
            throw error
        }
    }

    /// Makes the run's folder on a host that is new to the run, and again where it is gone and nothing is
    /// awaited of it.
    private func greet(
        _ session: any HostSession, _ host: HostID, _ run: RunID
    ) async throws(TransportError) -> (facts: HostFacts, lock: LockResult?) {
        let found = try await enter(session, run, isNew: state.history.hosts[host] == nil)
        guard found.facts.folder == .missing, !state.history.isAwaiting(host) else { return found }
        return try await enter(session, run, isNew: true)
    }

    /// Nothing is taken to ask only.
    private func enter(
        _ session: any HostSession, _ run: RunID, isNew: Bool
    ) async throws(TransportError) -> (facts: HostFacts, lock: LockResult?) {
        if state.options.onlyAsks { return (try await session.greet(run: run, isNew: isNew), nil) }
        let holder = LockHolder(
            run: run, who: state.options.operatorName, since: state.options.time(),
            runbook: state.plan.runbook.name)
        return try await session.enter(run: run, isNew: isNew, as: holder)
    }

    private func inquire(_ inquiries: [HostID: Inquiry]) async -> Result<[HostID: Findings], TransportError> {
        await withTaskGroup(of: (HostID, Result<Findings, TransportError>).self) { group in
            for (host, inquiry) in inquiries {
                group.addTask { (host, await self.inquire(host, inquiry)) }
            }
            var all: [HostID: Findings] = [:]
            var failure: TransportError?
            for await (host, result) in group {
                switch result {
                case .success(let findings): all[host] = findings
                case .failure(let error): failure = error
                }
            }
            return failure.map { .failure($0) } ?? .success(all)
        }
    }

    /// As `inquire`; what some hosts say counts although others are lost.
    private func watch(
        _ inquiries: [HostID: Inquiry]
    ) async -> (found: [HostID: Findings], lost: [HostID]) {
        await withTaskGroup(of: (HostID, Result<Findings, TransportError>).self) { group in
            for (host, inquiry) in inquiries {
                group.addTask { (host, await self.inquire(host, inquiry)) }
            }
            var found: [HostID: Findings] = [:], lost: [HostID] = []
            for await (host, result) in group {
                switch result {
                case .success(let findings): found[host] = findings
                case .failure(let error): if error.code == .lost { lost.append(host) }
                }
            }
            return (found, lost.sorted())
        }
    }

    private func inquire(_ host: HostID, _ inquiry: Inquiry) async -> Result<Findings, TransportError> {
        do throws(TransportError) {
            guard let session = sessions[host] else { throw Self.noSession(host) }
            var findings = Findings()
            if !inquiry.questions.isEmpty {
                findings.answers = try await session.ask(
                    inquiry.questions, environment: inquiry.environment)
            }
            for path in inquiry.reads {
                findings.files[path] = .some(try await session.read(path, limit: inquiry.lengthMax))
            }
            for place in inquiry.looks { findings.fetched[place] = await fetched.look(at: place) }
            for (name, script) in inquiry.surveys.sorted(by: { $0.key < $1.key }) {
                let bytes = try await session.capture(
                    script, timeout: Self.surveyTime, limit: Self.surveyLengthMax)
                findings.files[name] = HostFile(bytes: bytes, mode: 0, owner: "", path: name)
            }
            if inquiry.reconnects { findings.login = await login(to: host) }
            return .success(findings)
        } catch {
            return .failure(error)
        }
    }

    /// A tree has ten thousand names, and every file of it is read on the host.
    private static let surveyLengthMax = 16 << 20
    private static let surveyTime = Duration.seconds(1800)

    private func login(to host: HostID) async -> Answer {
        guard let target = state.plan.site.hosts[host] else { return Answer(.none) }
        do throws(TransportError) {
            try await source.probe(host, target)
            return Answer(.yes)
        } catch {
            var answer = Answer(error.code == .authenticationFailed ? .no : .none)
            answer.reason = error.message
            return answer
        }
    }

    /// Gives every host of the run free, also those that only an earlier process had to do with.
    private func releaseLocks() async {
        guard let run = state.history.began?.run else { return }
        await withTaskGroup(of: String?.self) { group in
            for host in state.history.hosts.keys.sorted() {
                group.addTask { await self.release(host, run) }
            }
            for await problem in group { if let problem { await view.show(.note(problem)) } }
        }
    }

    /// Gives a host free; why it could not be, for people.
    private func release(_ host: HostID, _ run: RunID) async -> String? {
        let result: Result<Void, TransportError>
        if let session = sessions[host] {
            result = await Self.attempt { () throws(TransportError) in try await session.releaseLock() }
        } else if let target = state.plan.site.hosts[host] {
            let source = source
            // Within the gate and closed again: a run on hundreds of hosts ends without a connection to each.
            result = await logins.pass {
                await Self.attempt { () throws(TransportError) in
                    let session = try await source.open(host, target, run: run).session
                    let released = await Self.attempt { () throws(TransportError) in
                        _ = try await session.greet(run: run, isNew: false)
                        try await session.releaseLock()
                    }
                    await session.close()
                    try released.get()
                }
            }
        } else {
            return nil
        }
        guard case .failure(let error) = result else { return nil }
        return "\(host) could not be given free (\(error.message)); `runbook unlock` does it"
    }

    private static func attempt(
        _ body: () async throws(TransportError) -> Void
    ) async -> Result<Void, TransportError> {
        do throws(TransportError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    private func closeSessions() async {
        for task in ahead.values { task.cancel() }
        for task in ahead.values {
            if let open = try? await task.value.get() { await open.session.close() }
        }
        ahead = [:]
        for session in sessions.values { await session.close() }
        sessions = [:]
    }
}

extension Effect {
    fileprivate var isFinish: Bool {
        if case .finish = self { true } else { false }
    }

    fileprivate var connectedHost: HostID? {
        if case .connect(let host, _) = self { host } else { nil }
    }
}
