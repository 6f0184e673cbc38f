import ArgumentParser
import FoundationEssentials
import Glibc
import RunbookEngine
import RunbookFiles
import RunbookJournal
import RunbookModel
import RunbookSSH
import RunbookTerminal
import RunbookText
import RunbookTransport
import Synchronization

/// A view that remembers for the last lines what failed, and which hosts the run went on without.
protocol FinalView: RunView {
    var failures: [Failure] { get async }
    var leftOut: [(Unit, String)] { get async }
}
extension PlainView: FinalView {}
extension JSONView: FinalView {}

/// Shows nothing.
private actor QuietView: FinalView {
    private(set) var failures: [Failure] = []
    private(set) var leftOut: [(Unit, String)] = []

    func show(_ event: RunEvent) async {
        if case .failed(let failure) = event { failures.append(failure) }
        if case .leftOut(let unit, let reason) = event { leftOut.append((unit, reason)) }
    }
}

/// One process's part of a run: puts the parts together, runs, says the last lines.
struct RunSession {
    let loaded: LoadedRunbook
    let console: Console
    /// What a person would type to go on.
    let command: String
    let target: String
    var json = false
    var beginsAnew = false
    /// Whether a runbook that says `runs: again` may begin anew behind a finished run.
    var mayRunAgain = false
    var redo: [String] = []
    var keep: [String] = []
    var words: [String: String] = [:]
    var until: String?
    /// With `until`: only before the step on this host.
    var untilHost: String?
    /// How many hosts are worked on at a time.
    var width = RunOptions.usualWidth
    /// Only a rehearsal.
    var saysYesToAll = false
    var asksAtEnd = false
    var trustsFinished = false
    /// Says nothing unless it fails.
    var isQuiet = false
    /// What was said before; what went otherwise is told at the end.
    var savedPlan: SavedPlan?
    /// What stands behind the run's name in the state folder: `.undo`.
    var folderSuffix = ""
    /// The run's id on the hosts, where it is not a new one's.
    var runID: RunID?
    /// What a rehearsal of crashes puts between the engine and the world.
    var seams = RunSeams()

    /// Runs; the exit status comes after the last lines were shown.
    func run() async throws -> ExitStatus {
        try requireKnownSteps()
        let run = try openRun()
        if !isQuiet { sayFirstLines(run) }
        let prompter = saysYesToAll ? nil : Prompter()
        RunbookMain.prompter.withLock { $0 = prompter }
        if let status = refuseWithoutWords(run.history, hasTerminal: prompter != nil) { return status }
        let plan = try await SecretFetch(loaded, console, prompter).plan()

        let person = TerminalPerson(console: console, prompter: prompter)
        let view: any FinalView
        if isQuiet { view = QuietView() } else { view = json ? JSONView(console) : plainView(run.history) }
        let runner = Runner(
            state: RunState(
                plan: plan, options: options(mayHaveIssued: run.folder.tornTail != nil),
                history: run.history),
            log: seams.log(
                JournalLog(
                    run.folder, rescueFolder: ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp")),
            source: seams.source(SSHSessions(person)), person: person,
            fetched: FetchedFiles(loaded.paths.fetched), view: seams.view(view),
            wallClock: { Int(Date.now.timeIntervalSince1970) })
        let end = await withSignals(runner, prompter) { await runner.run() }
        console.status(nil)
        seams.ended(end, await view.failures)
        if isQuiet, case .complete = end { return .done }
        let last = LastLines(
            console: console, plan: plan, history: await runner.history, failures: await view.failures,
            leftOut: await view.leftOut, command: command, target: target)
        let status = last.show(end)
        savedPlan?.compare(with: await runner.history, console)
        if let lost = console.dataError, status == .done {
            console.say("\(.error, "error"): stdout could not be written: \(String(describing: lost))")
            return .failed
        }
        return status
    }

    private func plainView(_ history: History) -> PlainView {
        PlainView(console, loaded.plan.schedule, History(history, renamedFor: loaded.plan))
    }

    /// Only asks the checks of a run; nothing is issued or recorded.
    func verify(_ history: History) async throws -> ExitStatus {
        guard history.began != nil else {
            console.say("there is no run yet: `runbook run` begins one")
            return .undecided
        }
        var options = self.options
        options.onlyAsks = true
        let prompter = Prompter()
        RunbookMain.prompter.withLock { $0 = prompter }
        let person = TerminalPerson(console: console, prompter: prompter)
        let view: any FinalView = json ? JSONView(console) : plainView(history)
        let plan = try await SecretFetch(loaded, console, prompter).plan()
        let runner = Runner(
            state: RunState(plan: plan, options: options, history: history), log: NoLog(),
            source: SSHSessions(person), person: person, fetched: FetchedFiles(loaded.paths.fetched),
            view: view,
            wallClock: { Int(Date.now.timeIntervalSince1970) })
        let end = await withSignals(runner, prompter) { await runner.run() }
        console.status(nil)
        switch end {
        case .complete:
            console.say("\(.success, "all checks hold")")
            return .done
        case .failed(let unit):
            console.say("\(.error, "not as it was built"): \(unit.description)")
            return .failed
        case .undecided(_, let reason):
            console.say("\(.doubt, "not known"): \(reason)")
            return .undecided
        default:
            return LastLines(
                console: console, plan: loaded.plan, history: history, failures: [], command: command,
                target: target
            ).show(end)
        }
    }

    /// Asks the hosts what the steps that are not done would find. Each host keeps a folder under a name of its
    /// own while it is asked; a run's folder is not touched.
    func planAhead(_ history: History, view: any RunView) async throws -> RunEnd {
        var options = self.options
        (options.onlyAsks, options.plansAhead) = (true, true)
        var history = history
        history.add(
            .began(
                Began(
                    run: RunID(rawValue: "plan-\(String(UInt64.random(in: .min ... .max), radix: 36))"),
                    runbook: loaded.plan.runbook.name, version: nil, site: loaded.paths.siteName,
                    runbookDigest: loaded.plan.runbookDigest, operator: Operator.name, time: now(),
                    program: programVersion)))
        let prompter = Prompter()
        RunbookMain.prompter.withLock { $0 = prompter }
        let person = TerminalPerson(console: console, prompter: prompter)
        let plan = try await SecretFetch(loaded, console, prompter).plan()
        let runner = Runner(
            state: RunState(plan: plan, options: options, history: history), log: NoLog(),
            source: AskingSessions(source: SSHSessions(person)),
            person: person, fetched: FetchedFiles(loaded.paths.fetched), view: view,
            wallClock: { Int(Date.now.timeIntervalSince1970) })
        let end = await withSignals(runner, prompter) { await runner.run() }
        console.status(nil)
        return end
    }

    /// How a plan ends; what could not be asked was shown as such.
    func status(ofPlanning end: RunEnd, unreached: [HostID: String]) throws -> ExitStatus {
        guard case .complete = end else {
            return LastLines(
                console: console, plan: loaded.plan, history: History(), failures: [], command: command,
                target: target
            ).show(end)
        }
        for (host, message) in unreached.sorted(by: { $0.key < $1.key }) {
            console.say("\(.error, "not asked"): \(.host, host.rawValue): \(message)")
        }
        return unreached.isEmpty ? .done : .unreachable
    }

    /// The first signal detaches: nothing new is sent, what runs goes on.
    private func withSignals<Value: Sendable>(
        _ runner: Runner, _ prompter: Prompter?, _ body: @Sendable () async -> Value
    ) async -> Value {
        RunbookMain.onSignal.withLock {
            $0 = {
                // In this order: an unanswered question must not look like a missing terminal.
                runner.interrupt()
                prompter?.cancel()
            }
        }
        defer { RunbookMain.onSignal.withLock { $0 = nil } }
        return await body()
    }

    private var options: RunOptions { options(mayHaveIssued: false) }

    private func options(mayHaveIssued: Bool) -> RunOptions {
        var options = RunOptions(
            operatorName: Operator.name, siteName: loaded.paths.siteName, program: programVersion,
            makeRunID: { [name = loaded.plan.runbook.name, runID] in
                runID ?? RunID(rawValue: "\(name)-\(String(UInt64.random(in: .min ... .max), radix: 36))")
            }, time: now)
        options.redo = Set(redo.map { StepID($0) })
        options.keep = Set(keep.map { StepID($0) })
        for (step, word) in words { options.words[StepID(step)] = word }
        options.until = until.map { StepID($0) }
        options.untilHost = untilHost.map { HostID($0) }
        options.width = width
        options.saysYesToAll = saysYesToAll
        options.asksAtEnd = asksAtEnd
        options.trustsFinished = trustsFinished
        options.mayHaveIssued = mayHaveIssued
        return options
    }

    /// Opens the run's folder; a folder that cannot be opened ends as every failure does, with what to type.
    private func openRun() throws -> OpenRun {
        do {
            return try OpenRun(
                loaded, suffix: folderSuffix, beginsAnew: beginsAnew,
                runsAgain: mayRunAgain && loaded.plan.runbook.runsAgain && redo.isEmpty && keep.isEmpty,
                console: console)
        } catch let code as ExitCode {
            let isLocked = code == ExitStatus.locked.code
            console.say("nothing was connected, nothing was sent")
            let first = isLocked ? "when it is free" : "mend the state folder and"
            console.say("\(first) type the same command:")
            console.say("\(.command, "  \(command)")")
            throw code
        }
    }

    private func sayFirstLines(_ run: OpenRun) {
        guard !json else { return }
        let runbook = loaded.plan.runbook
        let version = runbook.version.map { " \($0)" } ?? ""
        console.say(
            "\(.heading, "\(runbook.name)\(version)"), \(counted(loaded.plan.schedule.units.count, "step")), state in \(run.path)"
        )
        if loaded.plan.site.clockFactor > 1 {
            console.say("\(.warning, "note"): these are practice nodes; what waits is shortened")
        }
        let legacy = loaded.plan.site.hosts.filter(\.value.allowsLegacySSH).keys.sorted().map(\.rawValue)
        if !legacy.isEmpty {
            console.say(
                "\(.warning, "note"): ssh-rsa with SHA-1 is allowed for \(legacy.joined(separator: ", ")) (legacy_ssh)"
            )
        }
    }

    /// A step that is named on the command line must be there, and the nearest name helps.
    private func requireKnownSteps() throws {
        let known = loaded.plan.schedule.steps.keys.map(\.rawValue)
        for name in redo + keep + words.keys + (until.map { [$0] } ?? []) where !known.contains(name) {
            let near = closest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
            console.say("\(.error, "error"): there is no step \(name)\(near)")
            throw ExitStatus.usage.code
        }
    }

    /// Without a terminal a step that destroys something needs its word before anything is connected.
    private func refuseWithoutWords(_ history: History, hasTerminal: Bool) -> ExitStatus? {
        guard !hasTerminal, !saysYesToAll else { return nil }
        let units = loaded.plan.schedule.units.prefix { $0.step.rawValue != until }
        let silent = units.filter { unit in
            let step = loaded.plan.schedule.step(of: unit)
            return step.destroys != nil && words[unit.step.rawValue] == nil
                && !history.standing(of: unit).isFinished && !history.confirmed.contains(unit)
        }
        guard let first = silent.first else { return nil }
        let step = loaded.plan.schedule.step(of: first)
        console.say(
            "\(.error, "error"): step \(.step, first.step.rawValue) destroys \(step.destroys?.source ?? ""), and there is no terminal to ask at"
        )
        console.say(
            "say it ahead with the device's name: \(.command, "\(command) --yes \(first.step)=DEVICE")")
        console.say("nothing was connected, nothing was sent")
        return .usage
    }
}

/// For a run that records nothing: a record would be a mistake of ours.
private struct NoLog: EntryLog {
    func append(_ entry: Entry) async throws(EntryLogProblem) {
        throw EntryLogProblem("a run that only asks has nothing to record")
    }
}
