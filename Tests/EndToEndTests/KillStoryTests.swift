import Glibc
import RunbookTestSupport
import Testing

/// `kill -9` of `runbook run` at moments drawn from a seed, and the same command again each time.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct KillStoryTests {
    /// Moments of one build of the cluster.
    static let kills = 30

    @Test(.timeLimit(.minutes(10)), arguments: isLong ? Array(1...8) : [2015])
    func killedAtThirtyMomentsTheClusterIsTheSame(seed: UInt64) throws {
        var random = SplitMix(seed: environmentValue("RUNBOOK_SEED").flatMap { UInt64($0) } ?? seed)
        print("kill story, RUNBOOK_SEED=\(random.state)")
        let story = try LabStory(LabStory.withGuest)
        var killed = 0, moments: [String] = []
        while killed < Self.kills {
            // Some records further, then a moment that knows nothing of records.
            let records = UInt64.random(in: 0...6, using: &random)
            let pause = UInt32.random(in: 0...40_000, using: &random)
            let before = story.recordCount
            let process = try story.start(writingTo: "said")
            let isRunning = story.waits(process, forRecords: before + Int(records))
            usleep(pause)
            if isRunning { kill(process, SIGKILL) }
            let status = waitFor(process)
            moments.append("\(story.recordCount)")
            let said = String(decoding: try readFile(story.folder.file("said")), as: UTF8.self)
            try #require(
                status == 128 + SIGKILL || status == 0,
                "seed \(seed), after \(moments): ended with \(status): \(said)")
            if status == 0 { break }
            killed += 1
        }
        print("killed \(killed) times, with records: \(moments.joined(separator: " "))")
        #expect(killed == Self.kills)
        let last = try story.events()
        #expect(last.status == 0, "seed \(seed): \(last.errors)")
        #expect(try story.onceOnly() == LabStory.once)
        let differences = try LabState(story).differences(from: try LabState.clean.get().state)
        #expect(differences == [])
        #expect(try story.effects() == LabState.clean.get().effects)
        #expect(
            try story.program("log", story.runbook, "--site", story.site, "--state", story.state, "--verify")
                .status == 0)
    }
}

extension LabStory {
    /// How many records the journal has.
    var recordCount: Int {
        ((try? readFile(journal)) ?? []).count { $0 == UInt8(ascii: "\n") }
    }

    /// Waits until the journal has so many records; false when the process ended before.
    func waits(_ process: Int32, forRecords count: Int) -> Bool {
        for _ in 0..<40_000 {
            if recordCount >= count { return true }
            var info = unsafe siginfo_t()
            // Without taking the status from who waits for it later.
            unsafe waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
            if unsafe info.si_signo == SIGCHLD { return false }
            usleep(1000)
        }
        return true
    }
}

/// Numbers from a seed.
struct SplitMix: RandomNumberGenerator {
    private(set) var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
