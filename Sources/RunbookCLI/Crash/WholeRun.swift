import RunbookEngine
import RunbookLab
import RunbookModel

// Which cells there are, and whole runs with many faults of one kind.
extension CellRunner {
    /// What can be broken at a unit, by what it did in the clean run.
    func strikes(at unit: Unit, ofWave wave: Int, _ faults: [Fault]) -> [Strike] {
        let usual = clean.waves[wave]
        let isIssued = usual.starts[unit] ?? 0 > 0
        var strikes: [Strike] = []
        for fault in faults {
            // Without a host there is neither a link nor a machine.
            guard fault == .kill || unit.host != nil else { continue }
            for boundary in CrashMatrix.boundaries(of: fault) {
                guard isIssued || (fault != .die && fault != .fail) else { continue }
                guard isIssued || boundary == .asked || boundary == .recorded else { continue }
                strikes.append(Strike(fault, boundary, unit))
            }
        }
        return strikes
    }

    /// A run from the beginning to the end in which every fourth step that sends something is broken, each at
    /// another boundary.
    func wholeRun(_ fault: Fault) async throws -> (Verdict, strikes: Int) {
        try clean.lab.restoreSnapshot(clean.waves[0].snapshot)
        let effects = clean.lab.effects().count
        let boundaries = CrashMatrix.boundaries(of: fault)
        var run = clean.run
        run.asksAtEnd = true
        var count = 0
        let issued = clean.waves.enumerated().flatMap { index, wave in
            wave.units.filter { wave.starts[$0] ?? 0 > 0 }.map { (index, $0) }
        }
        for (number, (wave, unit)) in issued.enumerated() where number % 4 == 1 {
            if fault != .fail {
                run.strikes.append(Strike(fault, boundaries[count % boundaries.count], unit))
            } else if let first = clean.waves[wave].commands.first {
                try clean.lab.setFault(
                    "fail-once", to: "\(first.node): \(first.command) => 1 \(first.command): made to fail")
            } else {
                continue
            }
            count += 1
        }
        var story = try await story(of: run, failures: fault == .fail ? count : 0)
        guard story.verdict == .same, let last = clean.waves.last else { return (story.verdict, count) }
        let found = try await clean.lab.differences(from: last.after, noise: last.noise)
        if !found.isEmpty { story.verdict = .different(found.prefix(4).joined(separator: ", ")) }
        guard fault == .kill || fault == .cut else { return (story.verdict, count) }
        let usual = clean.waves.reduce(into: [String: Int]()) { $0.merge($1.effects) { $0 + $1 } }
        let counts = Array(clean.lab.effects().dropFirst(effects)).counts
        for (effect, number) in counts.sorted(by: { $0.key < $1.key }) where number > usual[effect] ?? 0 {
            return (.twice("\(effect): \(number) times, and \(usual[effect] ?? 0) in the clean run"), count)
        }
        return (story.verdict, count)
    }
}
