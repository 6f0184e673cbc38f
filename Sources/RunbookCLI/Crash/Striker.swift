import Glibc
import RunbookEngine
import RunbookLab
import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Synchronization

/// Breaks what it was told to break, each strike once: for real, on the practice nodes or on this process.
///
/// It stands between the engine and its journal and between the engine and its hosts, where it sees the moments
/// pass by.
final class Striker: Sendable {
    private let open: Mutex<[Strike]>
    let lab: LabProcess
    /// The nodes that play the runbook's hosts, by host.
    private let nodes: [HostID: String]
    /// Told of a strike before it strikes.
    private let told: @Sendable (Strike) -> Void

    init(
        _ strikes: [Strike], lab: LabProcess, nodes: [HostID: String],
        told: @escaping @Sendable (Strike) -> Void
    ) {
        open = Mutex(strikes)
        self.lab = lab
        self.nodes = nodes
        self.told = told
    }

    func awaits(_ boundary: Boundary, ofAttempt id: AttemptID) -> Strike? {
        open.withLock { open in
            open.first { strike in
                guard strike.boundary == boundary, let host = strike.unit.host else { return false }
                return id.stem == AttemptID(step: strike.unit.step, host: host, number: 0).stem
            }
        }
    }

    func node(_ host: HostID?) -> String? { host.flatMap { nodes[$0] } }

    /// Strikes if that was awaited; whether the connection to the host is gone with it.
    @discardableResult
    func strike(_ boundary: Boundary, _ unit: Unit, attempt: AttemptID? = nil, run: RunID? = nil) -> Bool {
        let found = open.withLock { open -> Strike? in
            guard let index = open.firstIndex(where: { $0.boundary == boundary && $0.unit == unit }) else {
                return nil
            }
            return open.remove(at: index)
        }
        guard let found else { return false }
        told(found)
        guard found.fault != .kill else {
            kill(getpid(), SIGKILL)
            // The signal is on its way; nothing more may happen here.
            while true { pause() }
        }
        guard let node = node(unit.host) else { return false }
        do throws(LabFailure) {
            switch found.fault {
            case .cut: try lab.cutLogins(node)
            case .reboot: try lab.reboot(node)
            case .die: try killCommand(attempt, run, on: node)
            case .kill, .fail: break
            }
        } catch {
            // Without the fault the cell would look as if it had been withstood.
            preconditionFailure("the lab does not strike: \(error.message)")
        }
        return found.fault == .cut || found.fault == .reboot
    }

    private func killCommand(_ attempt: AttemptID?, _ run: RunID?, on node: String) throws(LabFailure) {
        guard let attempt, let run, let pid = commandOf(attempt, run, on: node) else { return }
        _ = try lab.shell(node: node, command: ["kill", "-KILL", "--", "-\(pid)"])
    }

    /// The process group of an attempt's command, once the host has claimed it and started it.
    func commandOf(_ attempt: AttemptID, _ run: RunID, on node: String) -> Int? {
        let claim = lab.claim(attempt.rawValue, run: run.rawValue, on: node) ?? ""
        let line = claim.split(separator: "\n").first { $0.hasPrefix("pid ") && $0.hasSuffix(" .") }
        return line.flatMap { Int($0.split(separator: " ")[1]) }
    }
}

extension AttemptID {
    /// The id without its number: the same for every attempt of a unit.
    var stem: Substring { rawValue[..<(rawValue.lastIndex(of: ".") ?? rawValue.endIndex)] }
}

/// The journal, with strikes before and after what is written.
struct StrikingLog: EntryLog {
    let inner: any EntryLog
    let striker: Striker

    func append(_ entry: Entry) async throws(EntryLogProblem) {
        if let unit = entry.struckUnit { striker.strike(.asked, unit) }
        try await inner.append(entry)
        if case .intent(let intent) = entry { striker.strike(.intended, intent.unit) }
        if let unit = entry.struckUnit, entry.endsUnit { striker.strike(.recorded, unit) }
    }
}

/// The hosts, with strikes while an attempt runs and when it has ended.
struct StrikingSource: SessionSource {
    let inner: any SessionSource
    let striker: Striker

    func open(_ host: HostID, _ target: SiteHost, run: RunID) async throws(TransportError) -> OpenSession {
        var open = try await inner.open(host, target, run: run)
        open.session = StrikingSession(open.session, host: host, run: run, striker: striker)
        return open
    }

    func probe(_ host: HostID, _ target: SiteHost) async throws(TransportError) {
        try await inner.probe(host, target)
    }
}
