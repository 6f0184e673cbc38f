import RunbookEngine
import RunbookModel

/// What is broken in a rehearsal of crashes.
enum Fault: String, CaseIterable, Sendable {
    /// The engine's process is killed (SIGKILL).
    case kill
    /// Every SSH connection to the step's host is cut.
    case cut
    /// The step's host is started again.
    case reboot
    /// The step's command is killed in the middle (SIGKILL to its process group).
    case die
    /// A command of the step fails before it has any effect.
    case fail
}

/// The moments of a step at which it can be broken, in order.
enum Boundary: String, CaseIterable, Sendable {
    /// Its questions were asked; nothing is recorded of it.
    case asked
    /// The intent is on disk; the request has not left.
    case intended
    /// The host has claimed it; its command runs.
    case sent
    /// Its command ended on the host; the reply is lost or not recorded.
    case ended
    /// The outcome is on disk.
    case recorded
}

/// One fault at one moment of one step on one host.
struct Strike: Hashable, Sendable {
    var fault: Fault
    var boundary: Boundary
    var unit: Unit

    /// `kill:sent:join@slave`
    var text: String { "\(fault.rawValue):\(boundary.rawValue):\(unit.text)" }

    /// `join on slave, kill sent`
    var words: String { "\(unit), \(fault.rawValue) \(boundary.rawValue)" }

    init(_ fault: Fault, _ boundary: Boundary, _ unit: Unit) {
        self.fault = fault
        self.boundary = boundary
        self.unit = unit
    }

    init?(text: String) {
        let parts = text.split(separator: ":", maxSplits: 2).map(String.init)
        guard parts.count == 3, let fault = Fault(rawValue: parts[0]),
            let boundary = Boundary(rawValue: parts[1])
        else { return nil }
        self.init(fault, boundary, Unit(text: parts[2]))
    }
}

extension Unit {
    /// `join@slave`, `proof`
    var text: String { host.map { "\(step.rawValue)@\($0.rawValue)" } ?? step.rawValue }

    init(text: String) {
        let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
        self.init(StepID(parts.first ?? ""), parts.count > 1 ? HostID(parts[1]) : nil)
    }
}

extension Entry {
    /// The unit that an entry is about, where it is about one.
    var struckUnit: Unit? {
        switch self {
        case .intent(let intent): intent.unit
        case .outcome(let outcome): outcome.unit
        case .settled(let settlement): settlement.unit
        case .output(let unit, _, _): unit
        case .inDoubt(_, let unit, _): unit
        case .watched(let record): record.unit
        case .began, .wentOn, .host, .takeOver, .fenced, .word, .finished, .abandoned: nil
        }
    }

    /// Whether the unit is over with it.
    var endsUnit: Bool {
        switch self {
        case .outcome, .settled: true
        default: false
        }
    }
}
