import RunbookModel
import RunbookSupervisor
import RunbookTransport

// The verb: the intent is recorded, then the attempt is sent.
extension RunState {
    /// Everything before it said yes: the verb, or what stands in its place.
    mutating func act(_ unit: Unit) {
        let step = step(unit)
        switch step.action {
        case .ask(let ask):
            prompt(
                unit, .answer, Prompt(kind: .answer(ask.choices), text: context(unit).saying(ask.question)))
        case .manual(let text):
            if options.saysYesToAll {
                askAfter(unit)
            } else {
                prompt(unit, .done, Prompt(kind: .done, text: context(unit).saying(text)))
            }
        case nil:
            if step.verify.isEmpty && step.check.isEmpty {
                readOutputs(unit, how: Settlement.How.proven.rawValue)
            } else {
                askAfter(unit)
            }
        default:
            guard waves[wave].isTogether else {
                withHosts(Set([unit.host].compactMap { $0 }), of: unit, .issue)
                return
            }
            active[unit]?.stage = .waitingToIssue
            letGo(unit.host)
            advance()
        }
    }

    /// The questions were asked, the word was said: sends the verb.
    mutating func sendVerb(_ unit: Unit) {
        if case .fetch = step(unit).action { return bring(unit) }
        do throws(EngineProblem) {
            var acting = active[unit]?.acting
            if acting == nil { acting = try context(unit).acting(on: active[unit]?.files ?? [:]) }
            guard let acting else { preconditionFailure("\(unit) has no verb") }
            active[unit]?.acting = acting
            try issue(unit, request(for: unit, acting))
        } catch {
            failWithProblem(unit, error)
        }
    }

    private mutating func prompt(_ unit: Unit, _ purpose: Stage.PromptPurpose, _ prompt: Prompt) {
        active[unit]?.stage = .prompting(purpose)
        effects.append(.prompt(unit, prompt))
    }

    mutating func issue(_ unit: Unit, _ request: AttemptRequest) throws(EngineProblem) {
        guard mayIssue(unit) else {
            standDown(unit)
            return
        }
        guard let host = unit.host, let facts = connected[host] else {
            preconditionFailure("\(unit) is issued without a host")
        }
        guard let acting = active[unit]?.acting else { preconditionFailure("\(unit) was not worked out") }
        for (path, difference) in acting.differences(hiding: plan.redactor) {
            show(.fileChange(unit, path: path, difference: difference))
        }
        active[unit]?.attempt = request.id
        active[unit]?.issues += 1
        active[unit]?.stage = .attempting
        record(
            .intent(
                Intent(
                    unit: unit, attempt: request.id, acts: acting.acts, bootID: facts.boot,
                    text: String((acting.note ?? acting.script).prefix(4096)))))
        show(.issued(unit, request.id))
        effects.append(.attempt(unit, host, request))
        startWatch(unit, request.id, isResumed: false)
    }

    /// The attempt with the questions after it that are asked on the same host; those before it were asked.
    private func request(for unit: Unit, _ acting: Acting) throws(EngineProblem) -> AttemptRequest {
        guard let host = unit.host else { preconditionFailure("\(unit) has no host") }
        let step = step(unit)
        let number = (history.issues[unit] ?? 0) + 1
        var request = AttemptRequest(
            id: AttemptID(
                step: unit.step, host: host, number: number, user: context(unit).worker(on: host)),
            script: acting.script)
        request.script = try context(unit).guarded(acting.script, request.id)
        request.shell = acting.shell
        request.environment = try context(unit).environment(on: host)
        request.input = acting.input
        request.staged = acting.staged
        request.okExit = step.okExit
        request.timeout = Timeout(
            after: plan.scaled(try context(unit).time(step.timeout.after, on: host), floor: .seconds(10)),
            then: step.timeout.then)
        for question in ownQuestionsAfter(unit) {
            request.after.append(try context(unit).request(for: question, on: host, waits: true))
        }
        return request
    }

    /// Everything of a step in one request: check, require, run and verify on one host, in one round trip.
    ///
    /// nil when a question needs another host or the engine, when a person must be asked first, when a file
    /// must be read first, or when other units take part.
    mutating func singleRequest(for unit: Unit) throws(EngineProblem) -> AttemptRequest? {
        let step = step(unit)
        switch step.action {
        case .run, .argv, .script, .trustKeys: break
        default: return nil
        }
        guard let host = unit.host, !waves[wave].isTogether, step.during.isEmpty,
            try word(of: unit) == nil
        else { return nil }
        let context = context(unit)
        let before = step.unless + context.lastingQuestions() + step.require
        guard before.allSatisfy({ $0.isOwnCommand }) else { return nil }
        guard let acting = try context.acting(on: [:]) else { return nil }
        active[unit]?.acting = acting
        var request = try request(for: unit, acting)
        for question in step.unless {
            request.unless.append(try context.request(for: question, on: host, waits: false))
        }
        for question in context.lastingQuestions() {
            request.check.append(try context.request(for: question, on: host, waits: false))
        }
        for question in step.require {
            request.require.append(try context.request(for: question, on: host, waits: true))
        }
        return request
    }

    /// The questions after the verb that travel with it, in order; none when the wave goes together, since
    /// then all hosts are asked when all have ended.
    func ownQuestionsAfter(_ unit: Unit) -> [Question] {
        // What is true before the host goes down, or before the guard is disarmed, proves nothing.
        guard !waves[wave].isTogether, !step(unit).isReboot, step(unit).guardTime == nil else {
            return []
        }
        return (context(unit).lastingQuestions() + step(unit).verify).filter(\.isOwnCommand)
    }
}

extension Question {
    /// Asked on the step's own host by a command, and a plain no counts.
    var isOwnCommand: Bool {
        guard case .command = subject else { return false }
        return place == nil && !onlyWarns
    }
}
