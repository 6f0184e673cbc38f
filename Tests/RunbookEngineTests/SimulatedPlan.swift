import RunbookModel

@testable import RunbookEngine

/// Runbooks drawn from a seed: three to six steps on two or four hosts, of every kind that the core treats
/// differently.
struct SimulatedPlan {
    let plan: Plan
    /// Steps that may be issued again without harm.
    private(set) var repeatable: Set<StepID> = []
    /// Whether a run without faults ends in one process.
    private(set) var endsAtOnce = true

    /// How many hosts are worked on at a time.
    let width: Int
    private let hosts: [HostID]

    init(_ generator: inout SeededGenerator) {
        hosts = (generator.hits(3) ? ["a", "b", "c", "d"] : ["a", "b"]).map { HostID($0) }
        width = generator.hits(3) ? 1 + Int(generator.next() % 3) : 20
        var runbook = Runbook(name: "simulated")
        var effects: [(step: StepID, name: String, hosts: [HostID])] = []
        let count = 3 + Int(generator.next() % 4)
        for number in 0..<count {
            var step = Step(id: StepID("s\(number)"), name: "step \(number)")
            step.hosts = generator.hits(2) ? hosts : [hosts[number % hosts.count]]
            step.group = hosts
            step.order = [.oneByOne, .together, .batch][Int(generator.next() % 3)]
            step.batch = 1 + Int(generator.next() % UInt64(hosts.count))
            if step.hosts.count > 1, generator.hits(3) {
                step.maxUnavailable = 1 + Int(generator.next() % UInt64(hosts.count - 1))
            }
            if generator.hits(6) {
                var edit = EditAction(
                    path: Template("/etc/f\(number)"), change: .line(Template("line \(number)"), match: nil))
                edit.mayCreate = true
                step.action = .edit(edit)
                step.interrupted = generator.hits(2) ? .ask : .check
            } else {
                let name = "e\(number)"
                Self.fill(&step, name, hosts, &generator)
                if case .run(let script) = step.action, script.text.source.hasPrefix("fail"),
                    step.retry == nil
                {
                    endsAtOnce = false
                }
                if step.interrupted == .rerun { repeatable.insert(step.id) }
                if let other = effects.randomElement(using: &generator), generator.hits(3) {
                    var question = Question("is \(other.name)")
                    question.place = .hosts(other.hosts)
                    step.require.append(question)
                }
                if generator.hits(4) { step.outputs = [Output("value", run: "show \(name)")] }
                effects.append((step.id, name, step.hosts))
            }
            if step.timeout.then == .leave { endsAtOnce = false }
            runbook.steps.append(step)
        }
        Self.useOutputs(&runbook)
        var site = Site(runbook: "simulated", inputs: [:], hosts: [:])
        for host in hosts { site.hosts[host] = SiteHost(address: host.rawValue) }
        plan = Plan(runbook: runbook, site: site, runbookDigest: "digest")
    }

    /// A command with what proves it.
    private static func fill(
        _ step: inout Step, _ name: String, _ hosts: [HostID], _ generator: inout SeededGenerator
    ) {
        let there = Question("is \(name)")
        var verb = "do"
        switch generator.next() % 8 {
        case 0, 1, 2: step.check = [there]
        case 3:
            step.check = [there]
            verb = generator.hits(2) ? "fail" : "idle"
            step.retry = Retry(times: .fixed(3), delay: .seconds(1))
        case 4:
            step.check = [there]
            verb = "fail"
        case 5:
            // Not wanted when it is there; nothing lasting proves it.
            step.unless = [there]
            step.verify = [there]
            step.interrupted = .ask
        case 6:
            step.unproven = "simulated"
            step.interrupted = generator.hits(3) ? .rerun : .ask
        default:
            step.check = [there]
            step.timeout = TimeLimit(after: .seconds(1), then: .leave)
        }
        if generator.hits(4), !step.check.isEmpty {
            // Asked on another host than the one that acts: such a question travels alone.
            step.require = [Question("show \(name)", on: hosts.count == 2 ? .peer : .peers)]
        }
        step.action = .run(Script(Template("\(verb) \(name)")))
    }

    /// Every command behind a step with an output, on the same hosts, says its value.
    private static func useOutputs(_ runbook: inout Runbook) {
        for (index, source) in runbook.steps.enumerated() where !source.outputs.isEmpty {
            for later in runbook.steps.indices.dropFirst(index + 1)
            where Set(runbook.steps[later].hosts).isSubset(of: source.hosts) {
                guard case .run(let script) = runbook.steps[later].action, script.text.parts.count == 1 else {
                    continue
                }
                let value = Expression.reference(.output(source.id, on: nil, "value"))
                runbook.steps[later].action = .run(
                    Script(Template(parts: script.text.parts + [.text(" "), .value(value)])))
            }
        }
    }
}
