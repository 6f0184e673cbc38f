import RunbookModel
import RunbookTestSupport
import Testing

@testable import RunbookEngine

/// The promises as invariants, over schedules drawn from seeds. A failing seed replays: `run(seed:)`.
///
/// `RUNBOOK_SEEDS=100000` runs that many; `RUNBOOK_SEED=17` prints what happens with that one.
@Suite struct SimulationTests {
    struct Verdict: Equatable {
        var problems: [String] = []
        var processes = 0
        var isComplete = false
        /// How often a person had to say what became of an attempt.
        var words = 0
    }

    /// Runs again and again, as a person would, until the run is complete. What is in doubt the person looks at
    /// on the host.
    static func run(
        seed: UInt64, breaking breakage: SimulatedRun.Breakage = .none, tellsStory: Bool = false
    ) -> Verdict {
        var generator = SeededGenerator(seed: seed)
        let simulated = SimulatedPlan(&generator)
        let faults = Int(generator.next() % 7)
        var run = SimulatedRun(generator: generator, faults: faults, simulated: simulated, breakage: breakage)
        run.tellsStory = tellsStory
        var verdict = Verdict()
        defer { if tellsStory { print(run.story.joined(separator: "\n"), verdict.problems) } }
        var done: Set<Unit> = []
        while verdict.problems.isEmpty, verdict.processes < 40 {
            verdict.processes += 1
            let end = run.process()
            let history = History(run.journal)
            verdict.problems += run.world.problems + promisesBroken(run, simulated)
            let now = Set(simulated.plan.schedule.units.filter { history.standing(of: $0).isFinished })
            if !run.isTorn, !done.isSubset(of: now) {
                verdict.problems.append("what was done is not any more")
            }
            done = now
            switch end {
            case .complete:
                verdict.isComplete = true
                if now.count != simulated.plan.schedule.units.count {
                    verdict.problems.append("complete, and not all is finished")
                }
                verdict.problems += whatIsMissing(run, simulated)
                if faults == 0, simulated.endsAtOnce, verdict.processes > 1 {
                    verdict.problems.append("without a fault it took \(verdict.processes) processes")
                }
                return verdict
            // Also behind a failure: hosts that were left out may be in doubt.
            case .undecided, .incomplete, .failed: verdict.words += resolve(&run, history)
            case nil, .unreachable, .interrupted: continue
            default: verdict.problems.append("ended with \(String(describing: end))")
            }
        }
        if verdict.problems.isEmpty {
            verdict.problems.append(
                "40 processes were not enough; the last record is \(run.journal.last?.line ?? "")")
        }
        return verdict
    }

    /// No effect happens twice, and what was shown done has happened.
    private static func promisesBroken(_ run: SimulatedRun, _ simulated: SimulatedPlan) -> [String] {
        var problems: [String] = []
        for (effect, count) in run.world.effects where count > 1 {
            guard !simulated.repeatable.contains(StepID("s\(effect.name.dropFirst())")) else { continue }
            problems.append("\(effect.name) on \(effect.host) happened \(count) times")
        }
        for unit in run.shownDone where !happened(unit, run) {
            problems.append("\(unit) was shown done and has not happened")
        }
        return problems
    }

    /// Of a complete run everything has happened; `unless` and checks that say so count as well.
    private static func whatIsMissing(_ run: SimulatedRun, _ simulated: SimulatedPlan) -> [String] {
        simulated.plan.schedule.units.filter { !happened($0, run) }.map { "complete without \($0)" }
    }

    private static func happened(_ unit: Unit, _ run: SimulatedRun) -> Bool {
        guard let host = unit.host else { return true }
        let number = unit.step.rawValue.dropFirst()
        if case .edit = run.plan.schedule.step(of: unit).action {
            let text = run.world.files[.init(host: host, name: "/etc/f\(number)")] ?? ""
            return text.split(separator: "\n").count { $0 == "line \(number)" } == 1
        }
        return (run.world.effects[.init(host: host, name: "e\(number)")] ?? 0) > 0
    }

    /// The person's words about what is in doubt; how many there were.
    private static func resolve(_ run: inout SimulatedRun, _ history: History) -> Int {
        var words = 0
        for unit in run.plan.schedule.units {
            guard case .inDoubt = history.standing(of: unit) else { continue }
            let kind: Word.Kind = happened(unit, run) ? .resolvedDone : .resolvedNotDone
            run.journal.append(.word(Word(unit: unit, kind: kind, why: "looked", who: "tester", time: "now")))
            words += 1
        }
        return words
    }

    // MARK: - Tests

    /// An hour is for a million seeds of a debug build; script/test draws a hundred thousand of a release build.
    @Test(.timeLimit(.minutes(60)))
    func noEffectHappensTwiceAndNothingIsShownDoneThatDidNotHappen() async {
        let count = environmentValue("RUNBOOK_SEEDS").flatMap { UInt64($0) } ?? 400
        let whole = await withTaskGroup(of: (complete: UInt64, words: UInt64, failed: [String]).self) {
            group in
            for part in UInt64(0)..<2 {
                group.addTask {
                    var (complete, words, failed) = (UInt64(0), UInt64(0), [String]())
                    for seed in stride(from: part, to: count, by: 2) {
                        let verdict = Self.run(seed: seed)
                        if verdict.isComplete { complete += 1 }
                        if verdict.words > 0 { words += 1 }
                        if !verdict.problems.isEmpty, failed.count < 10 {
                            failed.append("seed \(seed): \(verdict.problems)")
                        }
                    }
                    return (complete, words, failed)
                }
            }
            return await group.reduce(into: (UInt64(0), UInt64(0), [String]())) { sum, part in
                sum = (sum.0 + part.complete, sum.1 + part.words, sum.2 + part.failed)
            }
        }
        #expect(whole.2 == [])
        #expect(whole.0 == count)
        // Doubt is part of it, and it is not the rule.
        #expect(whole.1 > count / 100 && whole.1 < count / 3, "a person was asked in \(whole.1) of \(count)")
    }

    @Test(arguments: SimulatedRun.Breakage.allCases.dropFirst())
    func aBrokenPromiseIsFound(_ breakage: SimulatedRun.Breakage) {
        let found = (UInt64(0)..<20_000).first { !Self.run(seed: $0, breaking: breakage).problems.isEmpty }
        #expect(found != nil)
    }

    @Test(.enabled(if: environmentValue("RUNBOOK_SEED") != nil))
    func aSeedTellsItsStory() throws {
        let seed = try #require(environmentValue("RUNBOOK_SEED").flatMap { UInt64($0) })
        #expect(Self.run(seed: seed, tellsStory: true).problems == [])
    }

    @Test func theSameSeedGivesTheSameRun() {
        for seed in UInt64(0)..<50 { #expect(Self.run(seed: seed) == Self.run(seed: seed)) }
    }
}
