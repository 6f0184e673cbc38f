import ArgumentParser
import FoundationEssentials
import RunbookEngine
import RunbookLab
import RunbookModel
import RunbookSupervisor
import RunbookTerminal
import RunbookTransport
import Synchronization

/// One process's part of a run on practice nodes, as a rehearsal of crashes starts it. Not for people.
///
/// It can strike: kill itself, cut a link, restart a node. So it refuses every host that is not a node of a lab
/// that runs in `--dir`. On stdout it tells the rehearsal what happens, a line each: `wave N` (and waits for a
/// line on stdin), `struck STRIKE`, `end REASON` or, when nothing was issued, `refused REASON`; everything else is on stderr.
struct PracticeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "practice-run", abstract: "Part of `rehearse --crash`.", shouldDisplay: false)

    @Argument var file: String
    @Option(help: "The lab's folder.") var dir: String
    @Option(help: "FAULT:BOUNDARY:STEP@HOST.") var at: [String] = []
    @Option(help: "Stop before STEP@HOST.") var until: String?
    @Flag(help: "Wait before each wave.") var watch = false
    @Flag(help: "Ask every check at the end.") var asks = false
    @Flag(help: "Do not ask finished steps first.") var trust = false

    func run() async throws {
        let talk = Console(data: 2, talk: 2, environment: ["NO_COLOR": "1"])
        let line = Console(environment: ["NO_COLOR": "1"])
        let arguments = try RunbookArguments.parse([
            file, "--site", "\(dir)/\(RunbookPaths.stem(of: file)).site.yaml", "--state", "\(dir)/state",
        ])
        let loaded = try arguments.load(talk)
        let lab = LabProcess(folder: dir)
        guard let nodes = nodes(of: loaded.plan, in: lab) else {
            talk.say(
                "\(.error, "error"): these hosts are not the practice nodes of a lab that runs in \(dir)")
            throw ExitStatus.usage.code
        }
        let strikes = try at.map { text in
            guard let strike = Strike(text: text) else { throw ValidationError("not a strike: \(text)") }
            return strike
        }
        let striker = Striker(strikes, lab: lab, nodes: nodes) { line.printRaw("struck \($0.text)") }
        var session = RunSession(
            loaded: loaded, console: talk, command: "runbook run \(arguments.target)",
            target: arguments.target)
        session.saysYesToAll = true
        session.asksAtEnd = asks
        session.trustsFinished = trust
        if let until {
            let unit = Unit(text: until)
            session.until = unit.step.rawValue
            session.untilHost = unit.host?.rawValue
        }
        session.seams.log = { StrikingLog(inner: $0, striker: striker) }
        session.seams.source = { StrikingSource(inner: $0, striker: striker) }
        session.seams.ended = { end, failures in
            let isRefused = !failures.isEmpty && failures.allSatisfy(\.nothingIssued)
            line.printRaw("\(isRefused || end.isShutOut ? "refused" : "end") \(end.oneLine(failures))")
        }
        if watch {
            let schedule = loaded.plan.schedule
            session.seams.view = { WaveView(inner: $0, schedule: schedule, line: line) }
        }
        throw try await session.run().code
    }

    /// Which node plays which host; nil unless the lab runs and every host is one of its nodes.
    private func nodes(of plan: Plan, in lab: LabProcess) -> [HostID: String]? {
        guard lab.isRunning, let site = try? lab.site() else { return nil }
        var nodes: [HostID: String] = [:]
        for (host, target) in plan.site.hosts {
            guard target.address == "127.0.0.1",
                let node = site.nodes.first(where: { Int($0.port) == Int(target.port) })
            else { return nil }
            nodes[host] = node.name
        }
        return nodes
    }
}

/// Lets the rehearsal look at the nodes, and take a snapshot, before each wave. Nothing is under way then.
private final class WaveView: RunView {
    private let inner: any RunView
    private let schedule: Schedule
    private let line: Console
    private let seen = Mutex(-1)

    init(inner: any RunView, schedule: Schedule, line: Console) {
        self.inner = inner
        self.schedule = schedule
        self.line = line
    }

    func show(_ event: RunEvent) async {
        if case .started(let unit, _) = event,
            let wave = schedule.waves.firstIndex(where: { $0.units.contains(unit) }),
            seen.withLock({ seen in
                defer { seen = wave }
                return seen != wave
            })
        {
            line.printRaw("wave \(wave)")
            // The whole process is to stand still until the rehearsal has looked.
            _ = readLine()
        }
        await inner.show(event)
    }
}

extension RunEnd {
    /// A host does not let the operator in. A command that was killed may have left it so: on a Proxmox node the
    /// keys are gone while pve-cluster is stopped, and only somebody at its console can start it.
    fileprivate var isShutOut: Bool {
        if case .unreachable(let error) = self { error.code == .authenticationFailed } else { false }
    }

    /// Why the run is over, on one line.
    fileprivate func oneLine(_ failures: [Failure]) -> String {
        let text: String =
            switch self {
            case .complete: "complete"
            case .paused: "paused"
            case .failed(let unit):
                "\(unit) failed: " + failures.flatMap(\.reasons).joined(separator: "; ")
            case .incomplete: "hosts were left out: " + failures.flatMap(\.reasons).joined(separator: "; ")
            case .undecided(let unit, let reason): "\(unit.map { "\($0): " } ?? "")\(reason)"
            case .unreachable(let error): error.message
            case .locked(let host, let holder): "\(host) is locked by \(holder.run.rawValue)"
            case .journal(let message): message
            case .interrupted: "interrupted"
            }
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
