import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// A group of hundreds: the core neither sinks into its own calls nor into a table of all with all.
@Suite struct ManyHostsTests {
    @Test(.timeLimit(.minutes(1)))
    func aWaveOfTwoHundredHostsIsIssuedAndVerifiedTogether() {
        let names = (0..<200).map { "h\($0)" }
        var step = Step("s") { $0.order = .together }
        step.check = [Question("is s")]
        step.hosts = names.map { HostID($0) }
        step.group = step.hosts
        let options = RunOptions(
            operatorName: "ann@desk", siteName: "home", program: "1.0",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        var state = RunState(
            plan: Plan([step], hosts: names), options: options, history: History())
        var waiting = state.start()[...]
        var issued = 0
        var end: RunEnd?
        while let effect = waiting.popFirst() {
            switch effect {
            case .finish(let how): end = how
            case .record, .show, .forget: break
            default:
                if case .attempt = effect { issued += 1 }
                waiting += state.handle(answer(effect, isThere: issued > 0))
            }
        }
        #expect(end == .complete)
        #expect(issued == names.count)
        #expect(state.history.isFinished)
    }

    /// No check holds before anything was issued, and each does once all were.
    private func answer(_ effect: Effect, isThere: Bool) -> Event {
        switch effect {
        case .connect(let host, _):
            let facts = HostFacts(
                bootID: "1", machineID: host.rawValue, initStart: "1", clock: 0, user: "root", userID: 0,
                nodeName: host.rawValue, folder: .ours)
            return .connected(host, facts, hostKey: "key", operatorKey: nil, clockSkew: 0)
        case .inquire(let unit, let inquiries):
            let findings = inquiries.mapValues { inquiry in
                var findings = Findings()
                findings.answers = inquiry.questions.map { _ in Answer(isThere ? .yes : .no) }
                return findings
            }
            return .found(unit, .success(findings))
        case .attempt(let unit, _, let request):
            let after = request.after.map { _ in Answer(.yes) }
            return .attempted(unit, .success(.ended(.init(), AttemptEnd(.exited(0)), after: after)))
        default: return .interrupted
        }
    }
}
