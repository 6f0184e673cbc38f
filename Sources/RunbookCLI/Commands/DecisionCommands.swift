import ArgumentParser
import RunbookEngine
import RunbookJournal
import RunbookModel
import RunbookSSH
import RunbookSupervisor
import RunbookTerminal
import RunbookText
import RunbookTransport

/// A step that a person decides about, and why.
struct DecisionArguments: ParsableArguments {
    @OptionGroup var runbook: RunbookArguments

    @Argument(help: "The step's id.")
    var step: String

    @Option(help: "The host, where the step runs on several.")
    var host: String?

    /// The unit that is meant; says what is wrong when it is not clear.
    func unit(_ plan: Plan, _ console: Console) throws -> Unit {
        let units = plan.schedule.units.filter { $0.step.rawValue == step }
        guard let first = units.first else {
            let near = closest(to: step, among: plan.schedule.steps.keys.map(\.rawValue))
            console.say(
                "\(.error, "error"): there is no step \(step)\(near.map { "; did you mean \($0)?" } ?? "")")
            throw ExitStatus.usage.code
        }
        if let host {
            guard let unit = units.first(where: { $0.host?.rawValue == host }) else {
                console.say("\(.error, "error"): \(step) does not run on \(host)")
                throw ExitStatus.usage.code
            }
            return unit
        }
        guard units.count == 1 else {
            let hosts = units.compactMap { $0.host?.rawValue }
            console.say(
                "\(.error, "error"): \(step) runs on \(englishList(hosts, "and")): say which with --host")
            throw ExitStatus.usage.code
        }
        return first
    }
}

struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Says whether a step in doubt happened.",
        discussion: "Recorded with who and why. Look at the host first: what is said is believed.")

    @OptionGroup var decision: DecisionArguments
    @Flag(help: "It happened.") var done = false
    @Flag(help: "It did not happen, and may be issued again.") var notDone = false
    @Option(help: "Why you know.") var why: String

    func validate() throws {
        if done == notDone { throw ValidationError("say one of --done and --not-done") }
        if why.isEmpty { throw ValidationError("--why needs a text") }
    }

    func run() async throws {
        try decide(decision, why: why, kind: done ? .resolvedDone : .resolvedNotDone) { standing in
            switch standing {
            case .issued, .inDoubt: nil
            default: "it is not in doubt"
            }
        }
    }
}

struct SkipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Leaves a step out of this run.",
        discussion: "Recorded with who and why. Later steps may rely on what it would have done.")

    @OptionGroup var decision: DecisionArguments
    @Option(help: "Why it is not needed.") var why: String

    func run() async throws {
        try decide(decision, why: why, kind: .skip) { standing in
            switch standing {
            case .issued, .inDoubt: "it is in doubt: settle it with `runbook resolve` first"
            case .done, .skipped: "it is finished already"
            default: nil
            }
        }
    }
}

/// Records a person's word about a unit, if `objection` has none.
private func decide(
    _ decision: DecisionArguments, why: String, kind: Word.Kind,
    objection: (History.Standing) -> String?
) throws {
    let console = decision.runbook.console
    let loaded = try decision.runbook.load(console)
    let unit = try decision.unit(loaded.plan, console)
    let run = try OpenRun(loaded, beginsAnew: false, console: console)
    try requireWholeTail(run, decision.runbook.target, console)
    if let objection = objection(run.history.standing(of: unit)) {
        console.say("\(.error, "error"): \(unit.description): \(objection)")
        throw ExitStatus.usage.code
    }
    try record(
        .word(Word(unit: unit, kind: kind, why: why, who: Operator.name, time: now())), in: run, console)
    console.say("\(unit.description): \(kind.rawValue), recorded. To go on, type:")
    console.say("  \(.command, "runbook run \(decision.runbook.target)")")
}

/// Behind a torn tail only `run` may write: it first asks what was sent when the record was cut short, and the
/// next record takes the sign of it away.
func requireWholeTail(_ run: OpenRun, _ target: String, _ console: Console) throws {
    guard run.folder.tornTail != nil else { return }
    console.say(
        "\(.error, "error"): nothing can be decided before the host was asked what was sent then. Type:")
    console.say("  \(.command, "runbook run \(target)")")
    throw ExitStatus.undecided.code
}

func record(_ entry: Entry, in run: OpenRun, _ console: Console) throws {
    do {
        try run.folder.append(try entry.members)
    } catch {
        console.say("\(.error, "error"): \(String(describing: error))")
        throw ExitStatus.state.code
    }
}

struct AbandonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abandon", abstract: "Closes a run that will not be finished; the next one begins anew.")

    @OptionGroup var arguments: RunbookArguments
    @Option(help: "Why.") var why: String

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        let run = try OpenRun(loaded, beginsAnew: false, console: console)
        try requireWholeTail(run, arguments.target, console)
        guard let began = run.history.began else {
            console.say("there is no run to abandon")
            return
        }
        try record(.abandoned(why: why, who: Operator.name, time: now()), in: run, console)
        await release(began.run, run.history.hosts.keys.sorted(), loaded, console)
        console.say("abandoned. `runbook run --new` begins another; this one is kept beside it")
    }

    /// Gives the hosts free that the run held; a host that does not answer is named.
    private func release(
        _ run: RunID, _ hosts: [HostID], _ loaded: LoadedRunbook, _ console: Console
    ) async {
        let person = TerminalPerson(console: console, prompter: Prompter())
        let source = SSHSessions(person)
        for host in hosts {
            guard let target = loaded.plan.site.hosts[host] else { continue }
            do throws(TransportError) {
                let open = try await source.open(host, target, run: run)
                _ = try await open.session.greet(run: run, isNew: false)
                try await open.session.releaseLock()
                await open.session.close()
            } catch {
                console.say(
                    "\(.warning, "note"): \(.host, host.rawValue) is still held by this run: \(error.message)"
                )
            }
        }
    }
}
