import RunbookModel
import RunbookSupervisor
import RunbookText
import RunbookTransport

/// The checks of all finished units, asked in one go per host, of so many hosts at a time.
struct Survey: Sendable, Equatable {
    /// After the last wave; else before the first.
    var isFinal: Bool
    var rounds: [Unit: Round] = [:]
    /// Where each unit's answers begin in the findings of a host.
    var offsets: [Unit: [HostID: Int]] = [:]
    var inquiries: [HostID: Inquiry] = [:]
    var findings: [HostID: Findings] = [:]
    /// Hosts that have not had their turn.
    var toMeet: [HostID] = []
    /// Of the hosts whose turn it is: those without a connection; the others wait until all have one.
    var missing: Set<HostID> = []
    /// The hosts whose turn it is, until they have answered.
    var asked: Set<HostID> = []
    var isSent = false
    /// Units whose questions could not be worked out, and why. Tried again when all hosts are there, since
    /// what is known of a host may stand in them.
    var problems: [Unit: String] = [:]
    /// Hosts that could not be connected, and why: when planning ahead, and where the run goes on without some.
    var unreachable: [HostID: String] = [:]
}

extension RunState {
    mutating func startSurvey(isFinal: Bool) {
        var survey = Survey(isFinal: isFinal)
        for unit in plan.schedule.units {
            guard isSurveyed(unit) else { continue }
            do throws(EngineProblem) {
                try add(unit, to: &survey)
            } catch {
                survey.problems[unit] = error.message
            }
        }
        let hosts = survey.problems.keys.reduce(into: Set(survey.inquiries.keys)) { hosts, unit in
            hosts.formUnion((try? hostsAsked(by: unit)) ?? [])
            if let host = unit.host { hosts.insert(host) }
        }
        survey.toMeet = hosts.sorted()
        turnToNext(survey)
    }

    /// The next hosts have their turn: as many as may be worked on at a time.
    private mutating func turnToNext(_ survey: Survey) {
        var survey = survey
        var next = Array(survey.toMeet.prefix(options.width))
        survey.toMeet.removeFirst(next.count)
        if next.isEmpty {
            // What could only be worked out when all hosts had been met is asked of them once more.
            next = Array(
                survey.inquiries.keys.filter { survey.rest(of: $0) != nil }.sorted().prefix(options.width))
        }
        guard !next.isEmpty else {
            judge(survey, survey.findings)
            return
        }
        survey.asked = Set(next)
        survey.missing = survey.asked.filter { connected[$0] == nil }
        survey.isSent = false
        phase = .surveying(survey)
        if survey.missing.isEmpty {
            sendSurvey(survey)
        } else {
            for host in survey.missing.sorted() { effects.append(.connect(host, after: .zero)) }
        }
    }

    /// The finished units; when only asking, all but the ones that are not needed.
    private func isSurveyed(_ unit: Unit) -> Bool {
        switch history.standing(of: unit) {
        case .done(_, .kept): options.onlyAsks
        case .done: true
        case .skipped: false
        case .issued, .inDoubt: options.onlyAsks && !options.plansAhead
        case .pending, .failed: options.plansAhead ? whyNotAsked(unit) == nil : options.onlyAsks
        }
    }

    private func add(_ unit: Unit, to survey: inout Survey) throws(EngineProblem) {
        try survey.add(
            unit, context(unit), withProofs: options.onlyAsks,
            isFinished: history.standing(of: unit).isFinished,
            asksUnless: options.plansAhead && !history.standing(of: unit).isFinished)
    }

    /// A host has a connection, or will have none.
    mutating func goOn(_ survey: Survey, with host: HostID) {
        var survey = survey
        survey.missing.remove(host)
        phase = .surveying(survey)
        if !survey.isSent {
            if survey.missing.isEmpty { sendSurvey(survey) }
        } else if survey.unreachable[host] != nil {
            settle(host, of: survey)
        } else if let rest = survey.rest(of: host) {
            effects.append(.inquire(nil, [host: rest]))
        }
    }

    private mutating func sendSurvey(_ survey: Survey) {
        var survey = survey
        if survey.toMeet.isEmpty { workOutProblems(&survey) }
        survey.isSent = true
        var inquiries: [HostID: Inquiry] = [:]
        for host in survey.asked { inquiries[host] = survey.rest(of: host) }
        survey.asked = Set(inquiries.keys)
        guard !inquiries.isEmpty else {
            turnToNext(survey)
            return
        }
        phase = .surveying(survey)
        effects.append(.inquire(nil, inquiries))
    }

    /// All hosts have been met: what is known only of a host that was asked is known now.
    private func workOutProblems(_ survey: inout Survey) {
        for unit in survey.problems.keys.sorted(by: { $0.description < $1.description }) {
            do throws(EngineProblem) {
                try add(unit, to: &survey)
                survey.problems[unit] = nil
            } catch {
                survey.problems[unit] = error.message
            }
        }
    }

    mutating func surveyed(_ result: Result<[HostID: Findings], TransportError>) {
        guard case .surveying(var survey) = phase else { return }
        switch result {
        case .failure(let error): askAgain(survey, after: error)
        case .success(let findings):
            for (host, found) in findings {
                answered(host)
                survey.keep(found, of: host)
            }
            phase = .surveying(survey)
            for host in findings.keys.sorted() {
                guard case .surveying(let survey) = phase else { return }
                settle(host, of: survey)
            }
        }
    }

    /// A host has answered, or will not.
    private mutating func settle(_ host: HostID, of survey: Survey) {
        var survey = survey
        survey.asked.remove(host)
        phase = .surveying(survey)
        letGo(host)
        if survey.asked.isEmpty { turnToNext(survey) }
    }

    /// Questions have no effects: after a lost link the host's are asked again.
    private mutating func askAgain(_ survey: Survey, after error: TransportError) {
        guard error.code == .lost, let pause = pauseAfterLoss(of: error.host) else {
            cutOff(error.host, error)
            return
        }
        connected[error.host] = nil
        show(.reconnecting(error.host, error.message))
        effects.append(.connect(error.host, after: pause))
    }

    /// Whether the run may go on although a host's finished steps cannot be asked: each of them would have gone on
    /// without it, and nobody else's check is asked there.
    func mayDoWithout(_ host: HostID, _ survey: Survey) -> Bool {
        let units = survey.rounds.filter { $0.value.hosts.contains(host) }.keys
        guard !options.onlyAsks, !units.isEmpty else { return false }
        return units.allSatisfy { unit in
            let step = step(unit)
            let others = step.hosts.count { leftOut[$0] != nil && $0 != host }
            return unit.host == host && others < step.maxUnavailable
        }
    }

    private mutating func judge(_ survey: Survey, _ findings: [HostID: Findings]) {
        var lines: [OutlookLine] = []
        var doubts: [(unit: Unit, sentence: String)] = []
        for unit in plan.schedule.units {
            let line = outlook(unit, survey, findings)
            lines.append(line)
            switch line.verdict {
            case .cannotTell
            where unit.host.map({ survey.unreachable[$0] != nil }) ?? false && !options.onlyAsks:
                break
            case .edited, .noLongerTrue, .cannotTell:
                doubts.append((unit, sentence(for: line)))
            default: break
            }
        }
        if !survey.isFinal || options.onlyAsks { show(.outlook(lines)) }
        guard !options.plansAhead else {
            concludePlanning(survey, findings)
            return
        }
        guard !options.onlyAsks else {
            conclude(asking: lines)
            return
        }
        let edited = doubts.first { doubt in lines.contains { $0.unit == doubt.unit && $0.verdict == .edited }
        }
        if let first = edited ?? (isDisturbed && !survey.isFinal ? nil : doubts.first) {
            finish(.undecided(first.unit, first.sentence))
            return
        }
        for doubt in doubts {
            show(.note("\(doubt.sentence). The failed step may be the cause: it is asked again at the end."))
        }
        if survey.isFinal, leftOut.isEmpty {
            record(.finished(time: options.time()))
            finish(.complete)
        } else if survey.isFinal {
            finish(.incomplete(before: nil))
        } else {
            phase = .inWaves
            startWave()
        }
    }

    /// The end of a run that only asks.
    private mutating func conclude(asking lines: [OutlookLine]) {
        if let line = lines.first(where: { $0.verdict == .cannotTell }) {
            finish(.undecided(nil, sentence(for: line)))
        } else if let line = lines.first(where: { $0.verdict == .noLongerTrue }) {
            finish(.failed(line.unit))
        } else {
            finish(.complete)
        }
    }

    private func sentence(for line: OutlookLine) -> String {
        let detail = line.detail.isEmpty ? "" : ": \(line.detail)"
        return
            "\(line.unit) is \(line.verdict == .cannotTell ? "done, but cannot be told now" : line.verdict.rawValue)\(detail)"
    }

    func outlook(_ unit: Unit, _ survey: Survey, _ findings: [HostID: Findings]) -> OutlookLine {
        let step = step(unit)
        var line = OutlookLine(unit: unit, name: step.name, verdict: .willRun, detail: "")
        if options.plansAhead, !history.standing(of: unit).isFinished {
            return prospect(unit, survey, findings)
        }
        if options.onlyAsks, !options.plansAhead {
            line.verdict = .notAsked
            if let problem = survey.problems[unit], !history.standing(of: unit).isFinished {
                // What an earlier step is to find out, perhaps.
                line.detail = problem
                return line
            }
            guard let verdict = survey.verdict(of: unit, findings, context(unit)) else { return line }
            line.verdict =
                [.yes: .holds, .no: .noLongerTrue, .none: .cannotTell][verdict.verdict] ?? .notAsked
            line.detail = verdict.messages.joined(separator: "; ")
            return line
        }
        switch history.standing(of: unit) {
        case .pending: line.verdict = step.action == nil ? .goesOn : .willRun
        case .issued: (line.verdict, line.detail) = (.inDoubt, "it was sent; the host is asked")
        case .inDoubt(_, _, let why): (line.verdict, line.detail) = (.inDoubt, why)
        case .failed(_, let reason, _): (line.verdict, line.detail) = (.willRunAgain, reason)
        case .skipped(let why): (line.verdict, line.detail) = (.skipped, why)
        case .done(let acts, let how):
            line.verdict = OutlookLine.Verdict(rawValue: how.rawValue) ?? .done
            if isEdited(unit, acts: acts) {
                (line.verdict, line.detail) = (.edited, "")
            } else if how != .kept, let verdict = survey.verdict(of: unit, findings, context(unit)),
                verdict.verdict != .yes
            {
                line.verdict = verdict.verdict == .no ? .noLongerTrue : .cannotTell
                line.detail = verdict.messages.joined(separator: "; ")
            }
        }
        return line
    }

    /// Whether what acts is another than what ran. A step that never acted on a host is never edited.
    private func isEdited(_ unit: Unit, acts: String) -> Bool {
        guard !acts.isEmpty, let now = try? context(unit).actsHash() else { return false }
        return now != acts
    }
}

extension Survey {
    /// What a host has not answered yet; nil: nothing.
    func rest(of host: HostID) -> Inquiry? {
        guard unreachable[host] == nil, var inquiry = inquiries[host] else { return nil }
        if let found = findings[host] {
            inquiry.questions.removeFirst(min(found.answers.count, inquiry.questions.count))
            inquiry.reads.removeAll { found.files[$0] != nil }
            inquiry.looks.removeAll { found.fetched[$0] != nil }
            inquiry.surveys = inquiry.surveys.filter { found.files[$0.key] == nil }
            if found.login != nil { inquiry.reconnects = false }
        }
        return inquiry.isEmpty ? nil : inquiry
    }

    /// Keeps what a host said. What it did not say is not asked once more.
    mutating func keep(_ found: Findings, of host: HostID) {
        var all = findings[host] ?? Findings()
        all.answers += found.answers
        while all.answers.count < inquiries[host]?.questions.count ?? 0 { all.answers.append(.notAsked) }
        all.files.merge(found.files) { $1 }
        all.fetched.merge(found.fetched) { $1 }
        all.login = found.login ?? all.login
        findings[host] = all
    }

    /// Adds a finished unit's check: its questions, and the files that an edit or a copy made.
    /// - Parameters:
    ///   - withProofs: also what a step without a verb proves; of any other step `verify` speaks of its attempt.
    ///   - isFinished: of a fetch: only what is here counts.
    ///   - asksUnless: asks `unless` also of a step that has nothing else to ask.
    mutating func add(
        _ unit: Unit, _ context: UnitContext, withProofs: Bool, isFinished: Bool, asksUnless: Bool
    ) throws(EngineProblem) {
        var round = Round()
        if withProofs, context.step.action == nil {
            try round.add(context.step.verify, as: .check, waits: false, in: context)
        }
        try round.add(context.lastingQuestions(), as: .check, waits: false, in: context)
        try round.readFiles(of: context, isFetched: isFinished)
        guard !round.isEmpty || (asksUnless && !context.step.unless.isEmpty) else { return }
        // What is not needed any more need not be so any more.
        try round.add(context.step.unless, as: .unless, waits: false, in: context)
        rounds[unit] = round
        for (host, inquiry) in round.inquiries {
            var whole = inquiries[host] ?? Inquiry()
            offsets[unit, default: [:]][host] = whole.questions.count
            // One environment serves a whole request, so a step's own is put into its questions.
            whole.questions += inquiry.questions.map { question in
                var question = question
                question.script = inquiry.environment.asAssignments + question.script
                return question
            }
            whole.reads += inquiry.reads.filter { !whole.reads.contains($0) }
            whole.looks += inquiry.looks.filter { !whole.looks.contains($0) }
            whole.lengthMax = max(whole.lengthMax, inquiry.lengthMax)
            whole.surveys.merge(inquiry.surveys) { $1 }
            whole.reconnects = whole.reconnects || inquiry.reconnects
            inquiries[host] = whole
        }
    }

    func verdict(of unit: Unit, _ findings: [HostID: Findings], _ context: UnitContext) -> ListVerdict? {
        if let problem = problems[unit] { return .unanswered(problem) }
        guard let round = rounds[unit] else { return nil }
        if let lost = round.hosts.sorted().compactMap({ unreachable[$0] }).first { return .unanswered(lost) }
        let mine = findingsOfOne(unit, round, findings)
        if round.verdict(of: .unless, mine, context)?.verdict == .yes { return ListVerdict() }
        let files = unit.host.flatMap { host in
            context.fetchedVerdict(
                mine[host], comparesWithHost: round.inquiries[host]?.reads.isEmpty == false)
                ?? context.filesVerdict(mine[host]?.files ?? [:])
        }
        return round.verdict(of: .check, mine, context).merged(with: files)
    }

    /// The part of the findings that answers one unit's round.
    func findingsOfOne(
        _ unit: Unit, _ round: Round, _ findings: [HostID: Findings]
    ) -> [HostID: Findings] {
        var mine: [HostID: Findings] = [:]
        for host in round.hosts {
            var part = findings[host] ?? Findings()
            let first = offsets[unit]?[host] ?? 0
            let count = round.inquiries[host]?.questions.count ?? 0
            part.answers = Array(part.answers.dropFirst(first).prefix(count))
            mine[host] = part
        }
        return mine
    }
}

extension UnitContext {
    /// What must still be so when the last step is done.
    func lastingQuestions() -> [Question] {
        guard case .trustKeys(let trust) = step.action else { return step.check }
        return step.check + [Self.trustKeysCheck(trust)]
    }

    /// Whether the files are as the step leaves them; nil when it writes none.
    func filesVerdict(_ files: [String: HostFile?]) -> ListVerdict? {
        do throws(EngineProblem) {
            guard let acting = try acting(on: files), acting.isInPlace != nil else { return nil }
            var verdict = ListVerdict()
            for (path, _) in acting.differences(hiding: plan.redactor) {
                verdict.verdict = .no
                verdict.messages.append("\(path) is not as this step leaves it")
            }
            return verdict
        } catch {
            return .unanswered(error.message)
        }
    }
}

extension [ShellVariable] {
    /// Assignments in front of a script, so that questions of several steps fit in one request.
    var asAssignments: String {
        map { "export \($0.name)=\(shellQuoted($0.value))\n" }.joined()
    }
}
