import RunbookModel
import RunbookSupervisor
import RunbookTransport

@testable import RunbookEngine

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

    /// True once in so many times.
    mutating func hits(_ one: Int) -> Bool { next() % UInt64(one) == 0 }
}

/// Hosts that are not there: they keep claims, exit statuses, files and counts of effects as the supervisor
/// and the hosts do.
///
/// Scripts speak a small language. `do NAME` has the effect NAME and ends with 0. `fail NAME` ends with 1 the
/// first time and `idle NAME` with 0, both without the effect; later they have it. `is NAME` asks whether it is
/// there, `show NAME` prints a value that may follow as a third word. Anything else puts a file in place.
struct SimulatedWorld {
    struct Attempt {
        enum Claim: Equatable { case none, fenced, claimed(boot: Int) }
        var claim = Claim.none
        var end: AttemptEnd?
        /// What goes on: the effect comes now, or came when it began.
        var isRunning = false
        var script: String?
    }

    struct Key: Hashable {
        var host: HostID
        var name: String
    }

    var boots: [HostID: Int] = [:]
    var attempts: [AttemptID: Attempt] = [:]
    /// How often each effect happened.
    var effects: [Key: Int] = [:]
    var began: Set<Key> = []
    var files: [Key: String] = [:]
    /// Requests that left and have not arrived; they may arrive after their sender died.
    var inFlight: [(host: HostID, request: AttemptRequest)] = []
    /// Promises that were broken, as sentences.
    var problems: [String] = []

    static let value = "v1"

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
        guard words.count == 2 else { return Answer(.none) }
        if words[0] == "show" {
            var answer = Answer(.yes)
            answer.output = Self.value + "\n"
            return answer
        }
        let isThere = (effects[Key(host: host, name: String(words[1]))] ?? 0) > 0
        return Answer(isThere != question.isNegated ? .yes : .no)
    }

    func read(_ path: String, on host: HostID) -> HostFile? {
        files[Key(host: host, name: path)].map {
            HostFile(bytes: [UInt8]($0.utf8), mode: 0o644, owner: "0:0", path: path)
        }
    }

    // MARK: - Attempts

    enum Arrival {
        /// The questions before say no, or the claim is taken.
        case answered(AttemptReply)
        case claimed(AttemptReply.Before)
    }

    /// A request arrives: asks and claims. What it runs is begun with `begin` or `finish`.
    mutating func arrive(_ host: HostID, _ request: AttemptRequest) -> Arrival {
        var before = AttemptReply.Before()
        before.unless = request.unless.map { answer($0, on: host) }
        if !before.unless.isEmpty, before.unless.allSatisfy({ $0.verdict == .yes }) {
            return .answered(.notIssued(before))
        }
        before.check = request.check.map { answer($0, on: host) }
        if !before.check.isEmpty, before.check.allSatisfy({ $0.verdict == .yes }) {
            return .answered(.notIssued(before))
        }
        before.require = request.require.map { answer($0, on: host) }
        if before.require.contains(where: { $0.verdict != .yes }) { return .answered(.notIssued(before)) }
        if attempts[request.id, default: Attempt()].claim != .none {
            return .answered(.refused(state(of: request.id, on: host)))
        }
        attempts[request.id] = Attempt(claim: .claimed(boot: boots[host] ?? 0), script: request.script)
        return .claimed(before)
    }

    /// The command runs to its end.
    mutating func finish(_ id: AttemptID, _ request: AttemptRequest, on host: HostID) -> AttemptEnd {
        let status = run(request, on: host)
        let end = Self.end(status)
        attempts[id]?.end = end
        attempts[id]?.isRunning = false
        return end
    }

    /// The effect of a command, and its status.
    mutating func run(_ request: AttemptRequest, on host: HostID) -> Int32 {
        if let input = request.input {
            return put(request.script, String(decoding: input, as: UTF8.self), on: host)
        }
        let words = request.script.split(separator: " ")
        guard words.count >= 2 else { return 127 }
        let key = Key(host: host, name: String(words[1]))
        if words.count == 3, words[2] != Self.value { problems.append("\(request.script): not the value") }
        if words[0] != "do", began.insert(key).inserted { return words[0] == "fail" ? 1 : 0 }
        effects[key, default: 0] += 1
        return 0
    }

    /// What the script of an edit does: nothing when the file is not what was read.
    private mutating func put(_ script: String, _ new: String, on host: HostID) -> Int32 {
        let asked = script.prefix { $0 != "\n" }
        let path = String(asked.dropFirst("path=".count).prefix { $0 != " " })
        let change = FileChange(path: path, old: read(path, on: host), new: [UInt8](new.utf8))
        guard PutScript(change, backup: "").script.prefix(while: { $0 != "\n" }) == asked else { return 75 }
        files[Key(host: host, name: path)] = new
        return 0
    }

    func state(of id: AttemptID, on host: HostID) -> AttemptState {
        let attempt = attempts[id] ?? Attempt()
        switch attempt.claim {
        case .none: return .unclaimed
        case .fenced: return .fenced
        case .claimed(let boot):
            if let end = attempt.end { return .ended(end) }
            if boot != (boots[host] ?? 0) { return .rebooted }
            return attempt.isRunning ? .running : .vanished
        }
    }

    mutating func fence(_ id: AttemptID, on host: HostID) -> FenceResult {
        if attempts[id, default: Attempt()].claim == .none {
            attempts[id, default: Attempt()].claim = .fenced
            return .fenced
        }
        return .claimed(state(of: id, on: host))
    }

    /// The power is cut: what ran is gone, and so may be the claims of this boot, since the host syncs nothing.
    /// What was on the wire does not outlive the host's sockets.
    mutating func reboot(_ host: HostID, losesClaims: Bool) {
        let boot = boots[host] ?? 0
        boots[host] = boot + 1
        inFlight.removeAll { $0.host == host }
        for (id, attempt) in attempts where attempt.claim == .claimed(boot: boot) && id.isOn(host) {
            attempts[id]?.isRunning = false
            if losesClaims { attempts[id] = nil }
        }
    }
}

extension AttemptID {
    func isOn(_ host: HostID) -> Bool { rawValue.split(separator: ".").dropLast().last == host.rawValue[...] }
}
