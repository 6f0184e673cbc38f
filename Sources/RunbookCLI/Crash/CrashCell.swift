import RunbookEngine
import RunbookLab
import RunbookModel

/// What became of a step after a fault and the resumed run.
enum Verdict: Sendable, Equatable {
    /// The nodes are as after the clean run, and nothing happened twice.
    case same
    /// They differ after the step, and are as in the clean run some steps later: a boot did what a later step does.
    case later(String)
    /// The run stopped and asks a person.
    case asks(String)
    /// The run stops before it issues anything, and says what a person must mend.
    case mend(String)
    /// The run came to its end and the nodes differ from the clean run's.
    case different(String)
    /// An effect took place more often than the run has a reason for.
    case twice(String)
    /// The run does not get past the step, and asks nobody.
    case stuck(String)
    /// The moment did not come: there was nothing to break.
    case missed

    /// Its sign in the matrix.
    var sign: Character {
        switch self {
        case .same: "="
        case .later: "~"
        case .asks: "?"
        case .mend: "m"
        case .different: "x"
        case .twice: "2"
        case .stuck: "!"
        case .missed: "."
        }
    }

    var word: String {
        switch self {
        case .same: "same"
        case .later: "later"
        case .asks: "asks"
        case .mend: "mend"
        case .different: "different"
        case .twice: "twice"
        case .stuck: "stuck"
        case .missed: "missed"
        }
    }

    var detail: String {
        switch self {
        case .same, .missed: ""
        case .asks(let text), .mend(let text), .later(let text), .different(let text), .twice(let text),
            .stuck(let text):
            text
        }
    }

    /// Whether a user can live with it.
    var isFine: Bool {
        switch self {
        case .same, .later, .asks, .mend, .missed: true
        case .different, .twice, .stuck: false
        }
    }
}

/// One cell of the matrix, filled.
struct CrashCell: Sendable {
    var strike: Strike
    var verdict: Verdict
    /// What the runs said, for whoever looks into it.
    var talk = ""
    /// How long going back to the snapshot took, and all that followed.
    var times: [Duration] = []
}

/// Breaks one step on one lab, runs again, and compares.
struct CellRunner: Sendable {
    let clean: CleanPass

    private var lab: LabProcess { clean.lab }

    /// How often the run is taken up again before it counts as stuck.
    private static let runsMax = 5

    /// What differs when nothing is broken: the lab's own noise. Throws the reason when the run does not even
    /// come through then.
    func noise(ofWave wave: Int) async throws -> Set<String> {
        try lab.restoreSnapshot(clean.waves[wave].snapshot)
        var run = clean.run
        run.until = clean.stop(after: wave)
        run.trustsFinished = true
        let end = try await run.run()
        guard end.status == 0 else {
            throw LabTrouble("the nodes do not come back as they were: \(end.reason)\n\(end.talk)")
        }
        return Set(try await lab.differences(from: clean.waves[wave].after, noise: []))
    }

    func fill(_ strike: Strike, ofWave wave: Int) async throws -> CrashCell {
        let began = ContinuousClock.now
        try lab.restoreSnapshot(clean.waves[wave].snapshot)
        let restored = ContinuousClock.now
        var cell = try await hit(strike, ofWave: wave)
        cell.times = [restored - began, ContinuousClock.now - restored]
        return cell
    }

    private func hit(_ strike: Strike, ofWave wave: Int) async throws -> CrashCell {
        let usual = clean.waves[wave]
        let (effects, starts) = (lab.effects().count, lab.startedAttempts())
        var run = clean.run
        run.until = clean.stop(after: wave)
        run.trustsFinished = true
        if strike.fault == .fail {
            guard try failOnce(strike, usual) else { return CrashCell(strike: strike, verdict: .missed) }
        } else {
            run.strikes = [strike]
        }
        let story = try await story(of: run)
        var cell = CrashCell(strike: strike, verdict: story.verdict, talk: story.talk)
        guard story.struck || strike.fault == .fail else {
            cell.verdict = .missed
            return cell
        }
        let started = usual.units.starts(in: lab.startedAttempts().filter { !starts.contains($0) })
        let counts = Array(lab.effects().dropFirst(effects)).counts
        if let twice = repeated(strike, usual, started, counts) {
            cell.verdict = .twice(twice)
        } else if cell.verdict == .same {
            let found = try await lab.differences(from: usual.after, noise: usual.noise)
            if !found.isEmpty {
                cell.verdict = try await later(wave, try describe(found, usual.after), &cell.talk)
            }
        }
        return cell
    }

    /// The nodes differ after the step. A boot may have done what a later step does, so the run goes on for some
    /// steps, and is compared again.
    private func later(_ wave: Int, _ difference: String, _ talk: inout String) async throws -> Verdict {
        for more in [1, 2, 4, 8] where clean.waves.indices.contains(wave + more) {
            guard clean.waves[wave + more].isKnown else { break }
            var run = clean.run
            run.until = clean.stop(after: wave + more)
            let story = try await story(of: run)
            talk += story.talk
            guard story.verdict == .same else {
                return story.verdict
            }
            let usual = clean.waves[wave + more]
            if try await lab.differences(from: usual.after, noise: usual.noise).isEmpty {
                return .later(difference)
            }
        }
        return .different(difference)
    }

    /// The last of a run with its strikes, and the runs after it until it comes to its end or asks.
    /// - Parameter failures: how many commands were made to fail.
    func story(
        of first: PracticeRun, failures: Int = 0
    ) async throws -> (verdict: Verdict, struck: Bool, talk: String) {
        var (run, talk, struck) = (first, "", false)
        var last = PracticeRun.End()
        for _ in 0..<(Self.runsMax + first.strikes.count + failures) {
            let end = try await run.run()
            talk += end.talk
            last = end
            struck = struck || !end.struck.isEmpty
            run.strikes.removeAll { end.struck.contains($0) }
            run.trustsFinished = false
            switch end.status {
            case 0: return (.same, struck, talk)
            case 3: return (.asks(end.reason), struck, talk)
            case 1, 6, 137: continue
            default: return (.stuck("exit status \(end.status): \(end.reason)"), struck, talk)
            }
        }
        return (last.isRefused ? .mend(last.reason) : .stuck(last.reason), struck, talk)
    }

    /// Makes the step's first emulated command on its node fail; false when it has none.
    private func failOnce(_ strike: Strike, _ wave: CleanWave) throws -> Bool {
        guard wave.starts[strike.unit] ?? 0 > 0, let first = wave.commands.first else { return false }
        try lab.setFault(
            "fail-once", to: "\(first.node): \(first.command) => 1 \(first.command): made to fail")
        return true
    }

    /// What happened more often than there is a reason for.
    ///
    /// A step whose command is known to have failed, or of which the check says that it did not happen, may be
    /// issued again; after a killed engine or a cut link neither is so.
    private func repeated(
        _ strike: Strike, _ wave: CleanWave, _ started: [Unit: Int], _ effects: [String: Int]
    ) -> String? {
        let mayRepeat = strike.fault != .kill && strike.fault != .cut
        var factor = 1
        for (unit, count) in started {
            let usual = max(1, wave.starts[unit] ?? 0)
            if count > usual && !mayRepeat { return "\(unit) was started \(count) times" }
            factor = max(factor, (count + usual - 1) / usual)
        }
        for (effect, count) in effects.sorted(by: { $0.key < $1.key }) {
            let usual = max(1, wave.effects[effect] ?? 0)
            if count > usual * factor {
                return "\(effect): \(count) times, and \(wave.effects[effect] ?? 0) in the clean run"
            }
        }
        return nil
    }

    /// The first differences, as the clean run and this one have them.
    private func describe(_ names: [String], _ clean: LabPicture) throws -> String {
        let now = try lab.picture()
        let shown = names.prefix(4).map { name in
            "\(name): \(Self.short(now.facts[name])), not \(Self.short(clean.facts[name]))"
        }
        return shown.joined(separator: "; ") + (names.count > 4 ? "; and \(names.count - 4) more" : "")
    }

    private static func short(_ text: String?) -> String {
        guard let text else { return "missing" }
        let line = text.split(separator: "\n").joined(separator: " ⏎ ")
        return line.count > 160 ? "\(line.prefix(100)) … \(line.suffix(60))" : "`\(line)`"
    }
}

/// The lab did not do what it is to do; no verdict on the runbook follows.
struct LabTrouble: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

extension String {
    /// The last line that says something.
    var lastLine: String { split(whereSeparator: \.isNewline).last.map(String.init) ?? "" }
}
