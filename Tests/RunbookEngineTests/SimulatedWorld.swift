import RunbookEngine
import RunbookModel
import RunbookSupervisor
import RunbookTransport

/// A small generator whose sequence depends only on its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Hosts that are not there: they keep claims, exit statuses and counts of effects as the supervisor does.
///
/// Scripts speak a small language: `do NAME` has the effect NAME and ends with 0, `fail NAME` ends with 1 the
/// first time and has no effect; `is NAME` is the question whether the effect is there.
struct SimulatedWorld {
    struct Attempt {
        enum Claim { case none, fenced, claimed(boot: Int) }
        var claim = Claim.none
        var end: AttemptEnd?
        var isRunning = false
    }

    var boots: [HostID: Int] = [:]
    var attempts: [AttemptID: Attempt] = [:]
    /// How often each effect happened, by `host/NAME`.
    var effects: [String: Int] = [:]
    var failedOnce: Set<String> = []
    /// Requests that left and have not arrived; they may arrive after their sender died.
    var inFlight: [(HostID, AttemptRequest)] = []

    static func end(_ status: Int32) -> AttemptEnd {
        let nothing = CapturedText(head: [], total: 0)
        return AttemptEnd(end: .exited(status), output: nothing, errors: nothing)
    }

    func facts(_ host: HostID) -> HostFacts {
        HostFacts(
            bootID: "boot \(boots[host] ?? 0)", machineID: "machine \(host)", initStart: "1", clock: 0,
            user: "root", userID: 0, nodeName: host.rawValue, folder: .ours)
    }

    func answer(_ question: QuestionRequest, on host: HostID) -> Answer {
        let words = question.script.split(separator: " ")
        guard words.count == 2, words[0] == "is" else { return Answer(.none) }
        let isThere = (effects["\(host)/\(words[1])"] ?? 0) > 0
        return Answer(isThere != question.isNegated ? .yes : .no)
    }

    /// A request arrives: asks, claims, and either starts the command or answers at once.
    mutating func arrive(_ host: HostID, _ request: AttemptRequest) -> AttemptReply {
        var before = AttemptReply.Before()
        before.check = request.check.map { answer($0, on: host) }
        if !before.check.isEmpty, before.check.allSatisfy({ $0.verdict == .yes }) {
            return .notIssued(before)
        }
        if before.check.contains(where: { $0.verdict == .none }) { return .notIssued(before) }
        before.require = request.require.map { answer($0, on: host) }
        if before.require.contains(where: { $0.verdict != .yes }) { return .notIssued(before) }
        switch attempts[request.id, default: Attempt()].claim {
        case .none: break
        case .fenced, .claimed: return .refused(state(of: request.id, on: host))
        }
        attempts[request.id, default: Attempt()].claim = .claimed(boot: boots[host] ?? 0)
        let status = run(request.script, on: host)
        let end = Self.end(status)
        attempts[request.id]?.end = end
        return .ended(before, end, after: request.after.map { answer($0, on: host) })
    }

    private mutating func run(_ script: String, on host: HostID) -> Int32 {
        let words = script.split(separator: " ")
        let name = "\(host)/\(words[1])"
        if words[0] == "fail", failedOnce.insert(name).inserted { return 1 }
        effects[name, default: 0] += 1
        return 0
    }

    func state(of id: AttemptID, on host: HostID) -> AttemptState {
        let attempt = attempts[id] ?? Attempt()
        switch attempt.claim {
        case .none: return .unclaimed
        case .fenced: return .fenced
        case .claimed(let boot):
            if let end = attempt.end { return .ended(end) }
            return boot == (boots[host] ?? 0) ? .vanished : .rebooted
        }
    }

    mutating func fence(_ id: AttemptID, on host: HostID) -> FenceResult {
        if case .none = attempts[id, default: Attempt()].claim {
            attempts[id, default: Attempt()].claim = .fenced
            return .fenced
        }
        return .claimed(state(of: id, on: host))
    }
}
