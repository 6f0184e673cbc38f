package import RunbookModel
import RunbookSupervisor
package import RunbookText

/// Everything about a run that does not change while it goes on.
package struct Plan: Sendable {
    package var runbook: Runbook
    package var site: Site
    package var schedule: Schedule
    /// The bytes of the files that `copy` steps name, by the path in the runbook.
    package var materials: [String: [UInt8]]
    /// The folders that `copy` steps name, and the files that are too long to be kept in memory.
    package var trees: [String: LocalTree] = [:]
    /// SHA-256 of the runbook's text, in hex.
    package var runbookDigest: String
    /// Outputs that are known from elsewhere: of the run that an undo takes back.
    package var givenOutputs: [Unit: [String: Value]] = [:]
    /// What the site file is called: part of the name of a run.
    package var siteName = ""
    /// Hides the secrets of the site in all that hosts say.
    package var redactor = Redactor()

    package init(runbook: Runbook, site: Site, materials: [String: [UInt8]] = [:], runbookDigest: String) {
        self.runbook = runbook
        self.site = site
        self.schedule = Schedule(runbook)
        self.materials = materials
        self.runbookDigest = runbookDigest
    }

    /// The pause between two askings inside `within`, unless a question says otherwise.
    static let pollPause = Duration.seconds(1)

    /// A time of the runbook in the hosts' time, but never shorter than `floor`, which is what this machine's
    /// own work may take.
    func scaled(_ duration: Duration, floor: Duration) -> Duration {
        let factor = site.clockFactor
        return factor == 1 ? duration : max(duration / factor, min(duration, floor))
    }
}

/// One unit, with all that is known when it is looked at: works out its texts, questions and requests.
package struct UnitContext: Sendable {
    private(set) var plan: Plan
    let unit: Unit
    let step: Step
    let outputs: [Unit: [String: Value]]
    let facts: [HostID: [String: Value]]
    /// The public key that opened the door to each host.
    let operatorKeys: [HostID: String]

    init(
        plan: Plan, unit: Unit, outputs: [Unit: [String: Value]], facts: [HostID: [String: Value]] = [:],
        operatorKeys: [HostID: String] = [:]
    ) {
        self.plan = plan
        self.unit = unit
        self.step = plan.schedule.step(of: unit)
        self.outputs = outputs
        self.facts = facts
        self.operatorKeys = operatorKeys
    }

    /// The same with each secret replaced by its name: for what is remembered, such as the hash of what acts.
    var masked: UnitContext {
        guard !plan.site.secrets.isEmpty else { return self }
        var context = self
        for name in plan.site.secrets.keys { context.plan.site.inputs[name] = .string("secret \(name)") }
        return context
    }

    /// The scope of names on a host: the step's own, or the one that a question is asked on.
    func scope(on host: HostID?) -> Scope {
        let outputs = plan.givenOutputs.merging(outputs) { $1 }
        var scope = Scope(
            inputs: plan.site.inputs, hosts: plan.site.hosts, host: host, peer: host.flatMap(peer(of:)),
            environment: plan.runbook.environment + step.environment,
            outputs: { step, host, name in
                outputs[Unit(step, host)]?[name] ?? outputs[Unit(step, nil)]?[name]
            })
        scope.facts = facts
        return scope
    }

    /// The other host of a group of two.
    func peer(of host: HostID) -> HostID? {
        let groups = [step.group] + plan.runbook.groups.map(\.members)
        for group in groups where group.count == 2 && group.contains(host) {
            return group.first { $0 != host }
        }
        return nil
    }

    /// The hosts that a place stands for; none given: the unit's own.
    func hosts(of place: Place?) throws(EngineProblem) -> [HostID] {
        switch place {
        case .host(let host): return [host]
        case .hosts(let hosts): return hosts
        case .peer:
            guard let host = unit.host, let peer = peer(of: host) else {
                throw EngineProblem("\(unit) has no peer")
            }
            return [peer]
        case .peers: return step.group.filter { $0 != unit.host }
        case nil:
            guard let host = unit.host else { throw EngineProblem("step \(step.id) names no host to ask") }
            return [host]
        }
    }

    /// The other hosts that must be connected before the question can be worked out: it speaks of what is known
    /// only of a host that was asked.
    func hostsNamed(in question: Question) -> Set<HostID> {
        let expressions: [Expression] =
            switch question.subject {
            case .expression(let expression): [expression]
            case .command(let command):
                ([command.script.text] + command.match + command.none).flatMap(\.expressions)
            case .reconnect: []
            }
        var hosts: Set<HostID> = []
        for reference in expressions.flatMap(\.references) {
            switch reference {
            case .hostAttribute(let host, let name) where Scope.askedAttributes.contains(name):
                hosts.insert(host)
            case .peer(let name) where Scope.askedAttributes.contains(name):
                if let peer = unit.host.flatMap(peer(of:)) { hosts.insert(peer) }
            default: break
            }
        }
        return hosts
    }

    func text(
        _ template: Template, on host: HostID? = nil, fit: Template.Fit = .plain
    ) throws(EngineProblem) -> String {
        do throws(EvaluationError) {
            return try template.text(in: scope(on: host ?? unit.host), fit: fit)
        } catch {
            throw EngineProblem(error.description)
        }
    }

    /// The text for people: what has no value stands as it is written.
    func saying(_ template: Template, on host: HostID? = nil) -> String {
        (try? template.text(in: scope(on: host ?? unit.host))) ?? template.source
    }

    /// How long, on this host or another.
    func time(_ setting: TimeSetting, on host: HostID? = nil) throws(EngineProblem) -> Duration {
        do throws(EvaluationError) {
            return try setting.duration(in: scope(on: host ?? unit.host))
        } catch {
            throw EngineProblem(error.description)
        }
    }

    func count(_ setting: CountSetting) throws(EngineProblem) -> Int {
        do throws(EvaluationError) {
            return try setting.number(in: scope(on: unit.host))
        } catch {
            throw EngineProblem(error.description)
        }
    }

    /// How long, for people: what has no value stands as it is written.
    func saying(_ setting: TimeSetting) -> String {
        (try? time(setting))?.forPeople ?? setting.source
    }

    func environment(on host: HostID) throws(EngineProblem) -> [ShellVariable] {
        do throws(EvaluationError) {
            return try scope(on: host).environmentTexts().map { ShellVariable($0.name, $0.text) }
        } catch {
            throw EngineProblem(error.description)
        }
    }

    func value(_ expression: Expression) throws(EngineProblem) -> Value {
        do throws(EvaluationError) {
            return try expression.evaluate(in: scope(on: unit.host))
        } catch {
            throw EngineProblem(error.description)
        }
    }

    func answer(_ expression: Expression, isNegated: Bool) throws(EngineProblem) -> Answer {
        Answer(try value(expression).isTrue != isNegated ? .yes : .no)
    }

    func request(
        for question: Question, on host: HostID, waits: Bool
    ) throws(EngineProblem) -> QuestionRequest {
        guard case .command(let command) = question.subject else {
            preconditionFailure("only a command is sent to a host")
        }
        var request = try self.request(for: command, on: host)
        request.isNegated = question.isNegated
        request.timeout = try time(question.timeout, on: host)
        if waits {
            if let within = question.within {
                request.within = plan.scaled(try time(within, on: host), floor: .seconds(5))
            }
            let every = try question.every.map { (every) throws(EngineProblem) in try time(every, on: host) }
            request.every = plan.scaled(every ?? Plan.pollPause, floor: .milliseconds(100))
            if let hold = question.hold {
                request.hold = plan.scaled(try time(hold, on: host), floor: .milliseconds(200))
            }
        }
        return request
    }

    /// The user that the step's commands and questions run as on a host, where that is another than everything else.
    func worker(on host: HostID) -> String? {
        guard let user = step.runAs, user != plan.site.hosts[host]?.worker else { return nil }
        return user
    }

    func request(for command: CommandQuestion, on host: HostID) throws(EngineProblem) -> QuestionRequest {
        var request = QuestionRequest(script: try text(command.script.text, on: host, fit: .shell))
        request.shell = command.script.shell
        request.runAs = worker(on: host)
        for pattern in command.match { request.match.append(try text(pattern, on: host, fit: .pattern)) }
        for pattern in command.none { request.none.append(try text(pattern, on: host, fit: .pattern)) }
        request.noExit = command.noExit
        return request
    }

    /// What a person is told of an answer that is not yes.
    func message(for answer: Answer, to question: Question, on host: HostID?) -> String {
        let asked = saying(of: question, on: host)
        let place = host.map { " on \($0)" } ?? ""
        if answer.verdict == .none {
            let reason = answer.reason.isEmpty ? "" : ": \(answer.reason)"
            return "no answer from `\(asked)`\(place)\(reason)"
        }
        if let message = question.message { return saying(message, on: host) }
        let reason = answer.reason.isEmpty ? "" : " (\(answer.reason))"
        return question.isNegated
            ? "`\(asked)`\(place) must say no\(reason)" : "`\(asked)`\(place) said no\(reason)"
    }

    private func saying(of question: Question, on host: HostID?) -> String {
        switch question.subject {
        case .command(let command):
            let lines = saying(command.script.text, on: host).split(separator: "\n")
            return lines.count > 1 ? "\(lines[0]) …" : lines.first.map(String.init) ?? ""
        case .expression(let expression): return expression.source
        case .reconnect: return "a new login"
        }
    }
}
