import RunbookModel
import RunbookSupervisor

@testable import RunbookEngine

// Short words for plans, steps and replies of the tests.

extension Plan {
    /// A plan on the hosts a and b, which are a group.
    init(_ steps: Step..., inputs: [String: Value] = [:]) { self.init(steps, inputs: inputs) }

    init(_ steps: [Step], inputs: [String: Value] = [:], hosts: [String] = ["a", "b"]) {
        var runbook = Runbook(name: "test")
        runbook.hosts = hosts.map { HostDeclaration(id: HostID($0)) }
        runbook.groups = [Group(name: "nodes", members: runbook.hosts.map(\.id))]
        runbook.steps = steps
        var site = Site(runbook: "test", inputs: inputs, hosts: [:])
        for host in runbook.hosts { site.hosts[host.id] = SiteHost(address: "10.0.0.1") }
        self.init(runbook: runbook, site: site, runbookDigest: "digest")
    }
}

extension Step {
    /// A step that runs `do ID` on some of the hosts a and b.
    init(
        _ id: String, on hosts: String..., run script: String? = nil,
        _ change: (inout Step) -> Void = { _ in }
    ) {
        self.init(id: StepID(id), name: "Step \(id)")
        self.hosts = (hosts.isEmpty ? ["a"] : hosts).map { HostID($0) }
        group = [HostID("a"), HostID("b")]
        action = .run(Script(Template(script ?? "do \(id)")))
        change(&self)
    }
}

extension Question {
    init(_ script: String, on place: Place? = nil, within: TimeSetting? = nil) {
        self.init(.command(CommandQuestion(script: Script(Template(script)))))
        self.place = place
        self.within = within
    }

    static func that(_ expression: Expression) -> Question { Question(.expression(expression)) }
}

extension Output {
    init(_ name: String, run script: String) {
        self.init(name: name, source: .command(Script(Template(script))))
    }
}

extension AttemptEnd {
    init(_ end: ProcessEnd, output: String = "", errors: String = "") {
        self.init(
            end: end, output: CapturedText(head: [UInt8](output.utf8), total: output.utf8.count),
            errors: CapturedText(head: [UInt8](errors.utf8), total: errors.utf8.count))
    }
}

extension Turn.Reply {
    /// The command ran: what the questions before and after it said, and how it ended.
    static func ended(
        _ end: ProcessEnd = .exited(0), check: [Answer.Verdict] = [], require: [Answer.Verdict] = [],
        after: [Answer.Verdict] = [], output: String = ""
    ) -> Turn.Reply {
        var before = AttemptReply.Before()
        before.check = check.map { Answer($0) }
        before.require = require.map { Answer($0) }
        return .attempt(
            .ended(before, AttemptEnd(end, output: output), after: after.map { Answer($0) }))
    }

    static func notIssued(
        unless: [Answer.Verdict] = [], check: [Answer.Verdict] = [], require: [Answer.Verdict] = []
    ) -> Turn.Reply {
        var before = AttemptReply.Before()
        before.unless = unless.map { Answer($0) }
        before.check = check.map { Answer($0) }
        before.require = require.map { Answer($0) }
        return .attempt(.notIssued(before))
    }

    static func answers(_ verdicts: Answer.Verdict...) -> Turn.Reply { .answers(verdicts) }
}

extension Unit {
    init(_ step: String, _ host: String?) { self.init(StepID(step), host.map { HostID($0) }) }
}

extension AttemptID {
    init(_ text: String) { self.init(rawValue: text) }
}

/// Entries of an earlier process.
enum Earlier {
    static let began = Entry.began(
        Began(
            run: RunID(rawValue: "run-1"), runbook: "test", version: nil, site: "home",
            runbookDigest: "digest",
            operator: "ann@desk", time: "then", program: "1.0"))

    static func host(_ name: String, boot: String = "1") -> Entry {
        .host(
            HostRecord(
                host: HostID(name), address: "10.0.0.1", hostKey: "key", machineID: "machine \(name)",
                bootID: "boot \(boot)", initStart: "1", node: name))
    }

    static func intent(_ step: String, _ host: String, _ number: Int = 1, acts: String = "") -> Entry {
        .intent(
            Intent(
                unit: Unit(step, host), attempt: AttemptID("\(step).\(host).\(number)"), acts: acts,
                bootID: "boot 1/1", text: "do \(step)"))
    }

    static func outcome(
        _ step: String, _ host: String, _ number: Int = 1, end: ProcessEnd = .exited(0), isDone: Bool = true,
        acts: String = "", output: String = ""
    ) -> Entry {
        .outcome(
            Outcome(
                unit: Unit(step, host), attempt: AttemptID("\(step).\(host).\(number)"), end: end,
                isDone: isDone,
                reason: isDone ? "" : "it failed", acts: acts, output: output, errors: "", time: "then"))
    }

    static func settled(_ step: String, _ host: String?, _ how: Settlement.How, acts: String = "") -> Entry {
        .settled(Settlement(unit: Unit(step, host), how: how, reason: "", acts: acts, time: "then"))
    }
}
