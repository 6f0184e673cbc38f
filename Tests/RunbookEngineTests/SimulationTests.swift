import RunbookEngine
import RunbookModel
import Testing

/// The promises as invariants, over schedules drawn from seeds. A failing seed replays: `run(seed:)`.
@Suite struct SimulationTests {
    /// Three to six steps on two hosts, one by one or together, with and without checks and failures.
    static func plan(_ generator: inout SeededGenerator) -> Plan {
        let hosts = [HostID("a"), HostID("b")]
        var runbook = Runbook(name: "simulated")
        for number in 0..<Int.random(in: 3...6, using: &generator) {
            var step = Step(id: StepID("s\(number)"), name: "step \(number)")
            step.hosts = Bool.random(using: &generator) ? hosts : [hosts[number % 2]]
            step.order = Bool.random(using: &generator) ? .oneByOne : .together
            let verb = Int.random(in: 0..<4, using: &generator) == 0 ? "fail" : "do"
            step.action = .run(Script(Template("\(verb) e\(number)")))
            if Int.random(in: 0..<4, using: &generator) != 0 {
                step.check = [Question(.command(CommandQuestion(script: Script(Template("is e\(number)")))))]
            } else {
                step.unproven = "simulated"
                step.interrupted = .ask
            }
            runbook.steps.append(step)
        }
        var site = Site(runbook: "simulated", inputs: [:], hosts: [:])
        for host in hosts { site.hosts[host] = SiteHost(address: host.rawValue) }
        return Plan(runbook: runbook, site: site, runbookDigest: "digest")
    }

    struct Verdict: Equatable {
        var problems: [String] = []
        var processes = 0
        var isComplete = false
    }

    static func run(seed: UInt64, breaking breakage: SimulatedRun.Breakage = .none) -> Verdict {
        var generator = SeededGenerator(seed: seed)
        let plan = plan(&generator)
        var run = SimulatedRun(generator: generator, faultsLeft: 4, plan: plan)
        run.breakage = breakage
        var verdict = Verdict()
        while verdict.processes < 20 {
            verdict.processes += 1
            let end = run.process()
            for (effect, count) in run.world.effects where count > 1 {
                verdict.problems.append("\(effect) happened \(count) times")
            }
            for unit in run.shownDone where (run.world.effects[effectName(unit)] ?? 0) != 1 {
                verdict.problems.append("\(unit) was shown done and its effect is not there once")
            }
            if !verdict.problems.isEmpty { return verdict }
            switch end {
            case .complete:
                verdict.isComplete = true
                return verdict
            case .undecided: return verdict  // a person is asked: always allowed
            case nil, .failed, .unreachable: continue
            default:
                verdict.problems.append("ended with \(String(describing: end))")
                return verdict
            }
        }
        verdict.problems.append("20 processes were not enough")
        return verdict
    }

    private static func effectName(_ unit: Unit) -> String {
        "\(unit.host?.rawValue ?? "-")/e\(unit.step.rawValue.dropFirst())"
    }

    @Test(.timeLimit(.minutes(1)))
    func noEffectHappensTwiceAndNothingIsShownDoneThatDidNotHappen() {
        var complete = 0
        for seed in UInt64(0)..<1000 {
            let verdict = Self.run(seed: seed)
            #expect(verdict.problems == [], "seed \(seed)")
            if verdict.isComplete { complete += 1 }
        }
        // Most schedules end well; if none did, the invariants would hold for nothing.
        #expect(complete > 500, "only \(complete) of 1000 schedules came to the end")
    }

    @Test(arguments: [SimulatedRun.Breakage.recordsAfterActing, .takesLostForDone])
    func aBrokenPromiseIsFound(_ breakage: SimulatedRun.Breakage) {
        let found = (UInt64(0)..<3000).contains { !Self.run(seed: $0, breaking: breakage).problems.isEmpty }
        #expect(found)
    }

    @Test func theSameSeedGivesTheSameRun() {
        for seed in UInt64(0)..<50 { #expect(Self.run(seed: seed) == Self.run(seed: seed)) }
    }
}
