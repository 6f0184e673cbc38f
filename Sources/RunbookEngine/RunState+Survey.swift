import RunbookModel
import RunbookSupervisor
import RunbookText
import RunbookTransport

/// The checks of all finished units, asked in one go per host.
struct Survey: Sendable, Equatable {
    /// After the last wave; else before the first.
    var isFinal: Bool
    var rounds: [Unit: Round] = [:]
    /// Where each unit's answers begin in the findings of a host.
    var offsets: [Unit: [HostID: Int]] = [:]
    var inquiries: [HostID: Inquiry] = [:]
    var missing: Set<HostID> = []
}

extension RunState {
    mutating func startSurvey(isFinal: Bool) {
        var survey = Survey(isFinal: isFinal)
        for unit in plan.schedule.units {
            guard isSurveyed(history.standing(of: unit)) else { continue }
            do throws(EngineProblem) {
                try survey.add(unit, context(unit))
            } catch {
                survey.rounds[unit] = nil
            }
        }
        survey.missing = Set(survey.inquiries.keys).filter { connected[$0] == nil }
        phase = .surveying(survey)
        if survey.missing.isEmpty {
            sendSurvey(survey)
        } else {
            for host in survey.missing.sorted() { effects.append(.connect(host, after: .zero)) }
        }
    }

    /// The finished units; when only asking, all but the ones that are not needed.
    private func isSurveyed(_ standing: History.Standing) -> Bool {
        switch standing {
        case .done(_, .kept): options.onlyAsks
        case .done: true
        case .skipped: false
        case .pending, .issued, .inDoubt, .failed: options.onlyAsks
        }
    }

    mutating func goOn(_ survey: Survey, with host: HostID) {
        var survey = survey
        survey.missing.remove(host)
        phase = .surveying(survey)
        if survey.missing.isEmpty { sendSurvey(survey) }
    }

    private mutating func sendSurvey(_ survey: Survey) {
        guard !survey.inquiries.isEmpty else {
            judge(survey, [:])
            return
        }
        effects.append(.inquire(nil, survey.inquiries))
    }

    mutating func surveyed(_ result: Result<[HostID: Findings], TransportError>) {
        guard case .surveying(let survey) = phase else { return }
        switch result {
        case .failure(let error): finish(.unreachable(error))
        case .success(let findings): judge(survey, findings)
        }
    }

    private mutating func judge(_ survey: Survey, _ findings: [HostID: Findings]) {
        var lines: [OutlookLine] = []
        var doubts: [(unit: Unit, sentence: String)] = []
        for unit in plan.schedule.units {
            let line = outlook(unit, survey, findings)
            lines.append(line)
            switch line.verdict {
            case .edited, .noLongerTrue, .cannotTell:
                doubts.append((unit, sentence(for: line)))
            default: break
            }
        }
        if !survey.isFinal || options.onlyAsks { show(.outlook(lines)) }
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
        if survey.isFinal {
            record(.finished(time: options.time()))
            finish(.complete)
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

    private func outlook(_ unit: Unit, _ survey: Survey, _ findings: [HostID: Findings]) -> OutlookLine {
        let step = step(unit)
        var line = OutlookLine(unit: unit, name: step.name, verdict: .willRun, detail: "")
        if options.onlyAsks {
            line.verdict = .notAsked
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
            guard how != .kept else { break }
            if isEdited(unit, acts: acts) {
                (line.verdict, line.detail) = (.edited, "")
            } else if let verdict = survey.verdict(of: unit, findings, context(unit)), verdict.verdict != .yes
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
    /// Adds a finished unit's check: its questions, and the files that an edit or a copy made.
    mutating func add(_ unit: Unit, _ context: UnitContext) throws(EngineProblem) {
        var round = Round()
        try round.add(context.lastingQuestions(), as: .check, waits: false, in: context)
        if let host = unit.host { round.read(try context.filesToRead(), on: host) }
        guard !round.isEmpty else { return }
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
            whole.reconnects = whole.reconnects || inquiry.reconnects
            inquiries[host] = whole
        }
    }

    func verdict(of unit: Unit, _ findings: [HostID: Findings], _ context: UnitContext) -> ListVerdict? {
        guard let round = rounds[unit] else { return nil }
        var mine: [HostID: Findings] = [:]
        for host in round.hosts {
            var part = findings[host] ?? Findings()
            let first = offsets[unit]?[host] ?? 0
            let count = round.inquiries[host]?.questions.count ?? 0
            part.answers = Array(part.answers.dropFirst(first).prefix(count))
            mine[host] = part
        }
        var verdict = round.verdict(of: .check, mine, context) ?? ListVerdict()
        if let host = unit.host, let file = context.fileThatChanged(mine[host]?.files ?? [:]) {
            verdict.verdict = verdict.verdict == .none ? .none : .no
            verdict.messages.append(file)
        }
        return verdict
    }
}

extension UnitContext {
    /// What must still be so when the last step is done.
    func lastingQuestions() -> [Question] {
        guard case .trustKeys(let trust) = step.action else { return step.check }
        return step.check + [Self.trustKeysCheck(trust)]
    }

    /// Says which file is not as the step left it; nil when all are, or the step writes none.
    func fileThatChanged(_ files: [String: HostFile?]) -> String? {
        guard let acting = try? acting(on: files) else { return nil }
        return acting.changes.first(where: \.isNeeded).map { "\($0.path) is not as this step leaves it" }
    }
}

extension [ShellVariable] {
    /// Assignments in front of a script, so that questions of several steps fit in one request.
    var asAssignments: String {
        map { "export \($0.name)=\(shellQuoted($0.value))\n" }.joined()
    }
}
