import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// A group of hundreds: the core neither sinks into its own calls nor into a table of all with all.
@Suite struct ManyHostsTests {
    @Test(.timeLimit(.minutes(1)), arguments: [0, 1])
    func aWaveOfTwoHundredHostsIsIssuedAndVerified(_ most: Int) {
        let names = (0..<200).map { "h\($0)" }
        var step = Step("s") { $0.order = .together }
        step.check = [Question("is s")]
        step.hosts = names.map { HostID($0) }
        step.group = step.hosts
        step.maxUnavailable = most
        let options = RunOptions(
            operatorName: "ann@desk", siteName: "home", program: "1.0",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        var state = RunState(
            plan: Plan([step], hosts: names), options: options, history: History())
        var waiting = state.start()[...]
        var (issued, connected, connectedMax) = (0, Set<HostID>(), 0)
        var end: RunEnd?
        while let effect = waiting.popFirst() {
            switch effect {
            case .finish(let how): end = how
            case .record, .show, .forget: break
            case .disconnect(let host): connected.remove(host)
            default:
                if case .attempt = effect { issued += 1 }
                if case .connect(let host, _) = effect { connected.insert(host) }
                connectedMax = max(connectedMax, connected.count)
                waiting += state.handle(answer(effect, isThere: issued > 0))
            }
        }
        #expect(end == .complete)
        #expect(issued == names.count)
        #expect(state.history.isFinished)
        // Of those that are not worked on only some keep their connection.
        #expect(connectedMax <= RunState.idleConnectionsMax + RunOptions.usualWidth)
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
