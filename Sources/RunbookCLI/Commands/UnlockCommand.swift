import ArgumentParser
import RunbookEngine
import RunbookModel
import RunbookSSH
import RunbookSupervisor
import RunbookTerminal
import RunbookText
import RunbookTransport

struct UnlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Takes a host over from the run that holds it.",
        discussion: """
            Recorded with who and why. Look first that nobody works with that run any more: what it has not \
            started on the host it can start no more, until its person takes the host back in the same way. While \
            one of its commands runs nothing is taken.
            """)

    @OptionGroup var arguments: RunbookArguments

    @Option(help: "The host, where the runbook has several.")
    var host: String?

    @Option(help: "The run that is meant; refused when another one holds the host.")
    var from: String?

    @Option(help: "Why that run must give the host free.")
    var why: String

    func validate() throws {
        if why.isEmpty { throw ValidationError("--why needs a text") }
    }

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        let (host, target) = try self.target(loaded.plan, console)
        let run = try OpenRun(loaded, beginsAnew: false, console: console)
        try requireWholeTail(run, arguments.target, console)
        guard let began = run.history.began else {
            console.say("there is no run that could hold a host; to begin one, type:")
            console.say("  \(.command, "runbook run \(arguments.target)")")
            throw ExitStatus.usage.code
        }
        let session = try await reached(console) { () throws(TransportError) in
            try await open(host, target, began.run, isNew: run.history.hosts[host] == nil, console)
        }
        // Closed before the program ends: the session has a thread of its own.
        do {
            try await takeOver(host, run, by: began, session, console)
        } catch {
            await session.close()
            throw error
        }
        await session.close()
    }

    private func takeOver(
        _ host: HostID, _ run: OpenRun, by began: Began, _ session: SupervisedSession, _ console: Console
    ) async throws {
        let me = LockHolder(run: began.run, who: Operator.name, since: now(), runbook: began.runbook)
        let found = try await reached(console) { () throws(TransportError) in try await session.takeLock(me) }
        switch found {
        case .taken where run.history.isFinished || run.history.isAbandoned:
            try await reached(console) { () throws(TransportError) in try await session.releaseLock() }
            console.say("\(.host, host.rawValue) is free")
        case .taken: console.say("\(.host, host.rawValue) is this run's: there is nothing to take over")
        case .held(let holder):
            if let from, from != holder.run.rawValue { throw refuse(host, holder, console) }
            try record(
                .takeOver(
                    TakeOverWord(
                        host: host, from: holder.run, holder: holder.who, why: why, who: me.who,
                        time: me.since)), in: run, console)
            let end = try await reached(console) { () throws(TransportError) in
                try await session.takeOver(from: holder.run, by: me)
            }
            try tell(end, host, from: holder, console)
        }
    }

    private func open(
        _ host: HostID, _ target: SiteHost, _ run: RunID, isNew: Bool, _ console: Console
    ) async throws(TransportError) -> SupervisedSession {
        let person = TerminalPerson(console: console, prompter: Prompter())
        let source = SSHSessions(person)
        let (session, _) = try await source.session(host, target)
        let folder = try await session.greet(run: run, isNew: isNew).folder
        guard folder == .made || folder == .ours else {
            throw TransportError(
                .local, host: host, "the run's folder on \(host) is gone or another's: it can hold nothing")
        }
        return session
    }

    private func reached<Value>(
        _ console: Console, _ body: () async throws(TransportError) -> Value
    ) async throws -> Value {
        do throws(TransportError) {
            return try await body()
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.unreachable.code
        }
    }

    private func tell(_ end: TakeOver, _ host: HostID, from holder: LockHolder, _ console: Console) throws {
        switch end {
        case .taken:
            console.say(
                "\(.host, host.rawValue) is taken over; \(holder.forPeople) can start nothing more there. To go on, type:"
            )
            console.say("  \(.command, "runbook run \(arguments.target)")")
        case .held(let other): throw refuse(host, other, console)
        case .busy(let attempts):
            console.say(
                "\(.error, "error"): \(.host, host.rawValue) is not taken over: of \(holder.forPeople), still running: \(englishList(attempts.map(\.rawValue), "and"))"
            )
            console.say(
                "that run can start nothing more there; when this has ended type the same command again")
            throw ExitStatus.locked.code
        }
    }

    /// Another run holds the host than the one that the person spoke of.
    private func refuse(_ host: HostID, _ holder: LockHolder, _ console: Console) -> ExitCode {
        console.say(
            "\(.error, "error"): \(.host, host.rawValue) is held by \(holder.forPeople): nothing was taken")
        console.say("if that is the one to be taken from, type:")
        let from = "--from \(shellQuoted(holder.run.rawValue))"
        console.say(
            "  \(.command, "runbook unlock \(arguments.target) --host \(host.rawValue) \(from) --why 'TEXT'")"
        )
        return ExitStatus.locked.code
    }

    private func target(_ plan: Plan, _ console: Console) throws -> (HostID, SiteHost) {
        let known = plan.site.hosts.keys.sorted()
        guard let name = host ?? (known.count == 1 ? known[0].rawValue : nil) else {
            console.say(
                "\(.error, "error"): there are \(englishList(known.map(\.rawValue), "and")): say which with --host"
            )
            throw ExitStatus.usage.code
        }
        guard let target = plan.site.hosts[HostID(name)] else {
            let near = closest(to: name, among: known.map(\.rawValue)).map { "; did you mean \($0)?" } ?? ""
            console.say("\(.error, "error"): there is no host \(name)\(near)")
            throw ExitStatus.usage.code
        }
        return (HostID(name), target)
    }
}
