import ArgumentParser
import FoundationEssentials
import RunbookEngine
import RunbookFiles
import RunbookLab
import RunbookModel
import RunbookTerminal
import RunbookText
import Synchronization

/// `rehearse --crash`: a clean run on each lab, then every cell of the matrix, then whole runs with faults.
struct CrashRehearsal: Sendable {
    let file: String
    let folder: String
    let keeps: Bool
    let console: Console
    let only: [String]
    let faults: [Fault]
    let labs: Int
    let matrixFile: String?

    func run() async throws -> ExitStatus {
        console.say("This is a simulation; docs/lab-facts.md says what it models and what it does not.")
        var running: [PracticeLab] = []
        defer { for lab in running { lab.end(keeping: keeps) } }
        for number in 1...labs {
            let lab = try PracticeLab(file: file, folder: "\(folder)/lab-\(number)", console: console)
            _ = try await lab.up()
            running.append(lab)
        }
        let passes = try running.map(cleanPass)
        guard let plan = passes.first?.plan else { return .bug }
        try requireKnownSteps(plan)
        let chosen = plan.schedule.units.filter { only.isEmpty || only.contains($0.step.rawValue) }
        return try await interruptible {
            let board = CrashBoard(units: chosen, faults: faults, schedule: plan.schedule, console: console)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for pass in passes { group.addTask { try await work(pass, on: board) } }
                try await group.waitForAll()
            }
            return try await show(board.matrix, since: board.began)
        }
    }

    /// The first Ctrl-C ends the rehearsal; the labs are taken down.
    private func interruptible(
        _ body: @escaping @Sendable () async throws -> ExitStatus
    ) async throws -> ExitStatus {
        let work = Task { try await body() }
        RunbookMain.onSignal.withLock { $0 = { work.cancel() } }
        defer { RunbookMain.onSignal.withLock { $0 = nil } }
        do {
            return try await work.value
        } catch {
            // Whatever came of it: the cause is that a person wants to stop.
            guard work.isCancelled else { throw error }
            return .interrupted
        }
    }

    private func cleanPass(_ lab: PracticeLab) throws -> CleanPass {
        let site = "\(lab.folder)/\(RunbookPaths.stem(of: file)).site.yaml"
        let arguments = try RunbookArguments.parse([file, "--site", site, "--state", "\(lab.folder)/state"])
        let loaded = try arguments.load(console)
        let run = PracticeRun(
            program: try LabPrograms.find().runbook, file: absolute(loaded.paths.runbook), folder: lab.folder)
        return CleanPass(lab: lab.process, plan: loaded.plan, run: run)
    }

    private func requireKnownSteps(_ plan: Plan) throws {
        let known = plan.schedule.steps.keys.map(\.rawValue)
        for name in only where !known.contains(name) {
            let near = closest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
            console.say("\(.error, "error"): there is no step \(name)\(near)")
            throw ExitStatus.usage.code
        }
    }

    // MARK: - One lab's part

    private func work(_ clean: CleanPass, on board: CrashBoard) async throws {
        var pass = clean
        let (console, count) = (console, board.lastWave + 1)
        let end = try await pass.go(upTo: board.lastWave) { wave in
            console.status("clean run: \(wave + 1) of \(count)")
        }
        guard end.status == 0 else {
            console.sayRaw(end.talk)
            console.say("\(.error, "error"): the run without faults did not come through: \(end.reason)")
            throw ExitStatus.failed.code
        }
        await board.plan(pass, faults)
        while let (strike, wave) = await board.next() {
            try Task.checkCancellation()
            guard try await knowNoise(of: wave, &pass, board) else { continue }
            await board.add(try await CellRunner(clean: pass).fill(strike, ofWave: wave))
        }
        guard only.isEmpty else { return }
        while let fault = await board.nextWhole() {
            let (verdict, count) = try await CellRunner(clean: pass).wholeRun(fault)
            await board.add(fault, verdict, strikes: count)
        }
    }

    /// What differs after this wave although nothing is broken; false when it cannot even be replayed.
    private func knowNoise(
        of wave: Int, _ pass: inout CleanPass, _ board: CrashBoard
    ) async throws -> Bool {
        if let known = await board.noise[wave] {
            pass.waves[wave].noise = known
            return true
        }
        do {
            let noise = try await CellRunner(clean: pass).noise(ofWave: wave)
            pass.waves[wave].noise = noise
            await board.add(noise, ofWave: wave)
            return true
        } catch let trouble as LabTrouble {
            await board.add(trouble, wave)
            return false
        }
    }

    // MARK: - The end

    private func show(_ matrix: CrashMatrix, since began: ContinuousClock.Instant) async throws -> ExitStatus
    {
        console.status(nil)
        for line in matrix.lines { console.printRaw(line) }
        for line in CrashMatrix.legend { console.say("\(.dim, line)") }
        for (unit, why) in matrix.trouble.sorted(by: { $0.key.description < $1.key.description }) {
            console.say("\(.error, "no verdict"): \(unit.description): \(why.lastLine)")
        }
        let asking = matrix.groups { $0.word == "asks" || $0.word == "mend" }
        if !asking.isEmpty { console.say("\(.heading, "not resumed without a person:")") }
        for group in asking {
            console.say("  \(.doubt, group.verdict.word): \(group.verdict.detail) (\(group.units))")
        }
        let bad = matrix.groups { !$0.isFine }
        if !bad.isEmpty { console.say("\(.heading, "not safe to resume:")") }
        for group in bad {
            console.say("  \(.error, group.verdict.word): \(group.verdict.detail) (\(group.units))")
        }
        if !matrix.noise.isEmpty {
            console.say(
                "not compared, for it differs in two runs without a fault: \(matrix.noise.sorted().joined(separator: ", "))"
            )
        }
        for whole in matrix.whole {
            let detail = whole.verdict.detail.isEmpty ? "" : ": \(whole.verdict.detail)"
            console.say(
                "whole run, \(whole.fault.rawValue) at \(counted(whole.strikes, "step")): \(whole.verdict.word)\(detail)"
            )
        }
        if let matrixFile { try write(matrix, to: matrixFile) }
        let cells = matrix.cells.values.filter { $0.verdict != .missed }
        console.say(
            "\(matrix.isFine ? .success : .error, matrix.isFine ? "done" : "failed"): \(counted(cells.count, "fault")), "
                + "\(cells.count { $0.verdict == .same }) as after the clean run, "
                + "\(cells.count { $0.verdict.word == "later" }) some steps later, "
                + "\(cells.count { $0.verdict.word == "asks" }) ask, "
                + "\(cells.count { $0.verdict.word == "mend" }) say what to mend, "
                + "\(cells.count { !$0.verdict.isFine }) wrong, in \(DurationText.text(ContinuousClock.now - began))"
        )
        return matrix.isFine ? .done : .failed
    }

    private func write(_ matrix: CrashMatrix, to path: String) throws {
        do throws(FileError) {
            try POSIXFileStore().writeAtomically(path, [UInt8](matrix.jsonLines.utf8))
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
    }
}
