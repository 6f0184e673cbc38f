import ArgumentParser
import RunbookEngine
import RunbookModel
import RunbookTerminal
import RunbookText

struct UndoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Takes back what a run did, last step first.",
        discussion: """
            Only what really ran is taken back, on the hosts where it ran, in the way that each step's `undo` \
            says; a file is put back only if it still is what the run wrote. What cannot be taken back is named \
            first. An undo that stops goes on with the same command. Afterwards `run` builds it again.
            """)

    @OptionGroup var arguments: RunbookArguments

    @Option(name: .customLong("to"), help: "Take back this step and all after it; default: everything.")
    var last: String?

    @Flag(help: "Go on although something cannot be taken back, and without a question.")
    var yes = false

    func run() async throws {
        let console = arguments.console
        let loaded = try arguments.load(console)
        let run = try OpenRun(loaded, beginsAnew: false, console: console)
        try requireWholeTail(run, arguments.target, console)
        guard let began = run.history.began else {
            console.say("there is no run to take back")
            return
        }
        if let last, loaded.plan.schedule.steps[StepID(last)] == nil {
            let near = closest(to: last, among: loaded.plan.schedule.steps.keys.map(\.rawValue))
            console.say(
                "\(.error, "error"): there is no step \(last)\(near.map { "; did you mean \($0)?" } ?? "")")
            throw ExitStatus.usage.code
        }
        let undo = UndoPlan(loaded.plan, run.history, backTo: last.map { StepID($0) })
        for (unit, why) in undo.remains { console.say("\(.warning, "stays"): \(unit.description) \(why)") }
        guard !undo.plan.schedule.units.isEmpty else {
            console.say("there is nothing to take back")
            return
        }
        try await confirm(undo, console)

        var session = RunSession(
            loaded: LoadedRunbook(paths: loaded.paths, plan: undo.plan), console: console,
            command: "runbook undo \(arguments.target)\(last.map { " --to \($0)" } ?? "") --yes",
            target: arguments.target)
        session.folderSuffix = ".undo"
        session.runID = began.run
        if fileExists("\(loaded.paths.state)/\(OpenRun.name(loaded.plan, loaded.paths)).undo") {
            let earlier = try ReadRun(loaded, suffix: ".undo", console: console)?.history ?? History()
            session.beginsAnew = undo.isOver(earlier)
        }
        let status = try await session.run()
        guard status == .done else { throw status.code }
        try recordTakenBack(undo, in: run, console)
    }

    private func confirm(_ undo: UndoPlan, _ console: Console) async throws {
        for unit in undo.plan.schedule.units {
            let step = undo.plan.schedule.step(of: unit)
            console.print("  will take back \(.step, undo.takesBack[unit.step]?.description ?? step.name)")
        }
        guard !yes else { return }
        guard let prompter = Prompter() else {
            console.say("a person must say so, and there is no terminal: --yes says it ahead")
            throw ExitStatus.undecided.code
        }
        let answer = await prompter.ask("Type undo to go on: ", style: console.talkStyle)
        guard answer == "undo" else { throw ExitStatus.undecided.code }
    }

    private func recordTakenBack(_ undo: UndoPlan, in run: OpenRun, _ console: Console) throws {
        for unit in Set(undo.takesBack.values).sorted(by: { $0.description < $1.description }) {
            try record(
                .word(
                    Word(
                        unit: unit, kind: .undone, why: "runbook undo", who: Operator.name, time: now())),
                in: run, console)
        }
    }
}

extension UndoPlan {
    /// Whether an earlier undo came to its end, or took back something else.
    func isOver(_ history: History) -> Bool {
        history.isFinished || !plan.schedule.units.contains { history.standing(of: $0) != .pending }
    }
}
