import RunbookEngine
import RunbookLab
import RunbookModel

/// What one wave of the runbook did to the nodes when nothing went wrong.
struct CleanWave: Sendable {
    var units: [Unit]
    /// The lab as it was before it.
    var snapshot: String
    /// The nodes after it.
    var after = LabPicture()
    /// Whether the clean run has come through it.
    var isKnown: Bool { !after.facts.isEmpty }
    /// What took place in it, by node and name.
    var effects: [String: Int] = [:]
    /// The commands, node by node, whose effects these were.
    var commands: [(node: String, command: String)] = []
    /// How many attempts each of its units took: a step that distributes keys has several.
    var starts: [Unit: Int] = [:]
    /// What differs between two runs without a fault, and so tells nothing.
    var noise: Set<String> = []
}

/// One lab, and the run without faults that everything else is compared with.
struct CleanPass: Sendable {
    let lab: LabProcess
    let plan: Plan
    let run: PracticeRun
    var waves: [CleanWave]

    init(lab: LabProcess, plan: Plan, run: PracticeRun) {
        self.lab = lab
        self.plan = plan
        self.run = run
        waves = plan.schedule.waves.enumerated().map { index, wave in
            CleanWave(units: wave.units, snapshot: "w\(index)")
        }
    }

    /// The unit before which a run stops that is to end with this wave; nil for the last.
    func stop(after wave: Int) -> Unit? { wave + 1 < waves.count ? waves[wave + 1].units.first : nil }

    /// Runs without a fault up to and with `last`, looking at the nodes and taking a snapshot before each wave.
    mutating func go(upTo last: Int, progress: @escaping (Int) -> Void) async throws -> PracticeRun.End {
        var run = run
        run.watches = true
        run.until = stop(after: last)
        run.asksAtEnd = run.until == nil
        var (waves, before) = (waves, lab.effects().count)
        var (open, started): (Int?, [String]) = (nil, [])
        let lab = lab
        func close(_ wave: Int?) async throws {
            let picture = try await lab.steadyPicture()
            guard let wave else { return }
            waves[wave].after = picture
            let effects = Array(lab.effects().dropFirst(before))
            before += effects.count
            waves[wave].effects = effects.counts
            for effect in effects where effect.command != "openssl" {
                waves[wave].commands.append((effect.node, effect.command))
            }
            let all = lab.startedAttempts()
            waves[wave].starts = waves[wave].units.starts(in: all.filter { !started.contains($0) })
            started = all
        }
        let end = try await run.run { wave in
            try await close(open)
            open = wave
            progress(wave)
            try lab.takeSnapshot(waves[wave].snapshot)
        }
        if end.status == 0 { try await close(open) }
        self.waves = waves
        return end
    }
}

extension LabProcess {
    /// A picture that stays the same for a moment: daemons that were started have come up.
    func steadyPicture() async throws -> LabPicture {
        var last = try picture()
        for _ in 0..<12 {
            try await Task.sleep(for: .milliseconds(120))
            let next = try picture()
            if next == last { break }
            last = next
        }
        return last
    }

    /// What differs from the nodes as they should be, once they have had the time to come up.
    func differences(from clean: LabPicture, noise: Set<String>) async throws -> [String] {
        var found: [String] = []
        for _ in 0..<25 {
            found = try picture().differences(from: clean).filter { !noise.contains($0) }
            if found.isEmpty { break }
            try await Task.sleep(for: .milliseconds(120))
        }
        return found
    }
}

extension Sequence<LabEffect> {
    /// How often each took place, by node and name.
    var counts: [String: Int] {
        reduce(into: [:]) { $0["\($1.name) on \($1.node)", default: 0] += 1 }
    }
}

extension [Unit] {
    /// How many of the attempts are each unit's.
    func starts(in attempts: [String]) -> [Unit: Int] {
        var starts: [Unit: Int] = [:]
        for unit in self {
            guard let host = unit.host else { continue }
            let stem = AttemptID(step: unit.step, host: host, number: 0).stem
            starts[unit] = attempts.count { AttemptID(rawValue: $0).stem == stem }
        }
        return starts
    }
}
