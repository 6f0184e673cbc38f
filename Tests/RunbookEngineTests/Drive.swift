import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookTransport

@testable import RunbookEngine

/// What the core is expected to want, as a line, and what it is told.
struct Turn {
    var wanted: String
    var event: Reply

    init(_ wanted: String, _ event: Reply) {
        self.wanted = wanted
        self.event = event
    }

    enum Reply {
        case connected(boot: String = "1", folder: HostFacts.Folder = .ours, machine: String? = nil)
        case unreachable(TransportError.Code = .unreachable)
        case locked
        /// The answers in the order in which the line shows the questions, over all hosts.
        case answers(
            [Answer.Verdict], files: [String: String] = [:], outputs: [String] = [],
            here: [String: String] = [:])
        case watched([Answer.Verdict], at: Int, lost: [String] = [])
        case kept(older: String? = nil)
        case notKept(String)
        case attempt(AttemptReply)
        case state(AttemptState)
        case fence(FenceResult)
        case said(String?)
        case waited
        case failed(TransportError.Code, host: String)
        /// Any event, instead of the one that the effect waits for.
        case other(Event)
    }
}

/// Drives the pure core with answers that a test said, in order. What it wants beyond that is a problem, and
/// so is what the test said and it did not want.
struct Drive {
    var end: RunEnd?
    /// What it wanted, in order, as lines.
    var wanted: [String] = []
    /// What it recorded, in order, as short lines; `entries` has the whole of them.
    var records: [String] = []
    var entries: [Entry] = []
    /// The records, and what a host was told to forget, in order.
    var kept: [String] = []
    var shown: [RunEvent] = []
    var problem: String?
    var history: History

    init(
        _ plan: Plan, after earlier: [Entry] = [], _ turns: [Turn],
        options change: (inout RunOptions) -> Void = { _ in }
    ) {
        var options = RunOptions(
            operatorName: "ann@desk", siteName: "home", program: "1.0",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        change(&options)
        var state = RunState(plan: plan, options: options, history: History(earlier))
        history = state.history
        var pending: [Effect] = []
        var rest = turns[...]
        take(state.start(), &pending)
        while end == nil, problem == nil {
            guard !pending.isEmpty else {
                problem = "it waits for nothing and has not ended"
                break
            }
            guard let turn = rest.popFirst(),
                let place = pending.firstIndex(where: { $0.line == turn.wanted })
            else {
                problem = "it wants \(pending.map(\.line)); the test did not say that"
                break
            }
            wanted.append(turn.wanted)
            let effect = pending[place]
            if case .other = turn.event {} else { pending.remove(at: place) }
            take(state.handle(effect.event(turn.event)), &pending)
        }
        if problem == nil, let turn = rest.first { problem = "it never wanted: \(turn.wanted)" }
        history = state.history
    }

    private mutating func take(_ effects: [Effect], _ pending: inout [Effect]) {
        for effect in effects {
            switch effect {
            case .record(let entry):
                entries.append(entry)
                records.append(entry.line)
                kept.append(entry.line)
            case .show(let event): shown.append(event)
            case .finish(let how): if end == nil { end = how }
            case .forget, .disconnect: kept.append(effect.line)
            default: pending.append(effect)
            }
        }
    }

    /// The failures that were shown.
    var failures: [Failure] {
        shown.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
    }

    var warnings: [String] {
        shown.compactMap { if case .warned(let unit, let text) = $0 { "\(unit): \(text)" } else { nil } }
    }

    /// How each unit was shown settled.
    var settled: [String] {
        shown.compactMap { event in
            guard case .settled(let unit, _, let how, _) = event else { return nil }
            return "\(unit): \(how)"
        }
    }

    var outlook: [String] {
        shown.flatMap { event in
            guard case .outlook(let lines) = event else { return [String]() }
            return lines.map { line in
                "\(line.unit): \(line.verdict.rawValue)\(line.detail.isEmpty ? "" : " (\(line.detail))")"
            }
        }
    }
}

extension QuestionRequest {
    /// The script, with what changes how it is asked.
    var line: String {
        (isNegated ? "not " : "") + script.trimmingPrefix("export ") + (within == nil ? "" : " within")
    }
}

extension Effect {
    /// The effect as a line: `attempt s.a.1 do x check[is x] after[is x]`.
    var line: String {
        switch self {
        case .connect(let host, let pause):
            pause == .zero ? "connect \(host)" : "connect \(host) after \(pause)"
        case .inquire(let unit, let inquiries):
            "ask \(unit?.description ?? "all"):"
                + inquiries.sorted { $0.key < $1.key }.map { host, inquiry in
                    let parts =
                        inquiry.questions.map(\.line) + inquiry.reads.map { "read \($0)" }
                        + inquiry.looks.map { "look \($0.path)" }
                        + (inquiry.reconnects ? ["login"] : [])
                    return " \(host)[\(parts.joined(separator: "; "))]"
                }.joined()
        case .attempt(_, _, let request):
            "attempt \(request.id) `\(request.script)`"
                + list("unless", request.unless) + list("check", request.check)
                + list("require", request.require) + list("after", request.after)
        case .lookUp(_, _, let id): "look up \(id)"
        case .fence(_, _, let id): "fence \(id)"
        case .follow(_, _, let id, let after, _): "follow \(id)\(list("after", after))"
        case .prompt(let unit, let prompt): "prompt \(unit) \(prompt.kind)"
        case .watch(let unit, _, let inquiries, let pause):
            "watch \(unit)"
                + inquiries.sorted { $0.key < $1.key }.map { host, inquiry in
                    " \(host)[\(inquiry.questions.map(\.line).joined(separator: "; "))]"
                }.joined() + (pause == .zero ? "" : " after \(pause)")
        case .keep(let unit, let place, let bytes):
            "keep \(unit) \(place.path) `\(String(decoding: bytes, as: UTF8.self))`"
        case .wait(let unit, let pause, _): "wait \(unit) \(pause)"
        case .forget(_, let id): "forget \(id)"
        case .disconnect(let host): "disconnect \(host)"
        case .record, .show, .finish: "\(self)"
        }
    }

    private func list(_ name: String, _ questions: [QuestionRequest]) -> String {
        questions.isEmpty ? "" : " \(name)[\(questions.map(\.line).joined(separator: "; "))]"
    }

    /// The event that answers this effect.
    fileprivate func event(_ reply: Turn.Reply) -> Event {
        switch (self, reply) {
        case (_, .other(let event)): return event
        case (.connect(let host, _), .connected(let boot, let folder, let machine)):
            let facts = HostFacts(
                bootID: "boot \(boot)", machineID: machine ?? "machine \(host)", initStart: "1", clock: 0,
                user: "root", userID: 0, nodeName: host.rawValue, folder: folder)
            return .connected(host, facts, hostKey: "key", operatorKey: "ssh-rsa AAAA op", clockSkew: 0)
        case (.connect(let host, _), .unreachable(let code)):
            return .unreachable(host, TransportError(code, host: host, "no way to \(host)"))
        case (.connect(let host, _), .locked):
            return .locked(
                host, LockHolder(run: RunID(rawValue: "other"), who: "bob", since: "then", runbook: "x"))
        case (.inquire(let unit, let inquiries), .answers(let verdicts, let files, let outputs, let here)):
            return .found(unit, .success(findings(inquiries, verdicts, files, outputs, here)))
        case (.inquire(let unit, _), .failed(let code, let host)):
            return .found(unit, .failure(TransportError(code, host: HostID(host), "cut")))
        case (.attempt(let unit, _, _), .attempt(let reply)),
            (.follow(let unit, _, _, _, _), .attempt(let reply)):
            return .attempted(unit, .success(reply))
        case (.attempt(let unit, _, _), .failed(let code, let host)),
            (.follow(let unit, _, _, _, _), .failed(let code, let host)):
            return .attempted(unit, .failure(TransportError(code, host: HostID(host), "cut")))
        case (.lookUp(let unit, _, _), .state(let state)): return .lookedUp(unit, .success(state))
        case (.lookUp(let unit, _, _), .failed(let code, let host)):
            return .lookedUp(unit, .failure(TransportError(code, host: HostID(host), "cut")))
        case (.fence(let unit, _, _), .fence(let result)): return .fenced(unit, .success(result))
        case (.fence(let unit, _, _), .failed(let code, let host)):
            return .fenced(unit, .failure(TransportError(code, host: HostID(host), "cut")))
        case (.prompt(let unit, _), .said(let text)): return .said(unit, text)
        case (.watch(let unit, let attempt, let inquiries, _), .watched(let verdicts, let time, let lost)):
            let found = findings(inquiries, verdicts, [:], [], [:]).filter { !lost.contains($0.key.rawValue) }
            return .watched(
                unit, attempt, at: .seconds(time), found, lost: lost.map { HostID($0) })
        case (.keep(let unit, let place, _), .kept(let older)):
            return .kept(unit, .success(KeptFile(path: place.path, older: older)))
        case (.keep(let unit, _, _), .notKept(let message)):
            return .kept(unit, .failure(EngineProblem(message)))
        case (.wait(let unit, _, let timer), .waited): return .waited(unit, timer: timer)
        default: fatalError("\(reply) is no answer to \(line)")
        }
    }

    private func findings(
        _ inquiries: [HostID: Inquiry], _ verdicts: [Answer.Verdict], _ files: [String: String],
        _ outputs: [String], _ here: [String: String]
    ) -> [HostID: Findings] {
        var (verdicts, outputs) = (verdicts[...], outputs[...])
        var all: [HostID: Findings] = [:]
        for (host, inquiry) in inquiries.sorted(by: { $0.key < $1.key }) {
            var findings = Findings()
            for _ in inquiry.questions {
                var answer = Answer(verdicts.popFirst() ?? .none)
                answer.output = outputs.popFirst() ?? ""
                findings.answers.append(answer)
            }
            for path in inquiry.reads {
                findings.files[path] = .some(
                    files[path].map {
                        HostFile(bytes: [UInt8]($0.utf8), mode: 0o644, owner: "0:0", path: path)
                    })
            }
            for place in inquiry.looks {
                findings.fetched[place] =
                    here[place.path].map { .there(digest: sha256([UInt8]($0.utf8)).hex) } ?? .missing
            }
            if inquiry.reconnects { findings.login = Answer(verdicts.popFirst() ?? .none) }
            all[host] = findings
        }
        return all
    }
}

extension Entry {
    /// The entry in short.
    var line: String {
        switch self {
        case .began: "began"
        case .wentOn: "went on"
        case .host(let record): "host \(record.host) \(record.bootID)"
        case .intent(let intent): "intent \(intent.attempt)"
        case .watched(let record):
            "watched \(record.attempt) \(record.what.rawValue) \(record.reason)".trimmedEnd
        case .outcome(let outcome):
            "outcome \(outcome.attempt) \(outcome.end.text) \(outcome.isDone ? "done" : "not done")"
        case .fenced(let attempt): "fenced \(attempt)"
        case .inDoubt(let attempt, _, let why): "in doubt \(attempt): \(why)"
        case .settled(let settlement): "settled \(settlement.unit) \(settlement.how.rawValue)"
        case .output(let unit, let name, let value): "output \(unit) \(name)=\(value.text)"
        case .word(let word): "word \(word.unit) \(word.kind.rawValue)"
        case .takeOver(let word): "take over \(word.host) from \(word.from)"
        case .finished: "finished"
        case .abandoned: "abandoned"
        }
    }
}
