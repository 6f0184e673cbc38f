import RunbookTestSupport
import Synchronization
import Testing

/// The link between the built program and a real server, cut at many bytes of a run.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct LinkCutTests {
    /// The bytes to cut after: each boundary of what was sent at once, one byte before it and one after it.
    ///
    /// A host that stays away is waited for 40 seconds: few of the cuts are of that kind.
    private static func cuts(_ proxy: CuttingProxy) -> [CuttingProxy.Cut] {
        let all = CuttingProxy.Direction.allCases.flatMap { direction in
            let boundaries = proxy.boundaries(direction)
            return Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] }).sorted().map {
                CuttingProxy.Cut(direction, after: $0, refusesAfter: false)
            }
        }
        let some = all.indices.filter { $0 % 40 == 7 }.map { index in
            CuttingProxy.Cut(all[index].direction, after: all[index].offset, refusesAfter: true)
        }
        return all + some
    }

    @Test(.timeLimit(.minutes(isLong ? 30 : 6)))
    func aLinkCutAnywhereIsTakenUpAndNothingHappensTwice() throws {
        let bench = try CutBench()
        let cuts = Self.cuts(bench.proxy)
        var tally = CutTally()
        try sample(cuts, seconds: 30, of: "cut of the link") { cut in
            let trial = try bench.trial(cut)
            #expect(trial.wrong == [])
            tally.add(trial)
        }
        print("cut of the link: \(tally)")
        #expect(tally.cut * 10 >= tally.tried * 9)
    }

    /// Every byte of a run, by several workers. Until a host has greeted nothing was asked of it: of the cuts before
    /// that, every eighth is followed by the next run, and behind the others nothing may have been sent.
    ///
    /// `RUNBOOK_CUTS=8/3` tries every eighth byte, from the third one on.
    @Test(
        .enabled(
            if: isLong || environmentValue("RUNBOOK_CUTS") != nil,
            "it is run once for a figure: script/test --long"),
        .timeLimit(.minutes(180)))
    func aLinkCutAtEveryByteIsTakenUpAndNothingHappensTwice() async throws {
        let slice = (environmentValue("RUNBOOK_CUTS") ?? "1/0").split(separator: "/").compactMap { Int($0) }
        let (every, first) = try #require(slice.count == 2 && slice[0] > 0 ? (slice[0], slice[1]) : nil)
        let model = try CutBench()
        let all = CuttingProxy.Direction.allCases.flatMap { direction in
            (0...(model.proxy.boundaries(direction).last ?? 0)).map {
                CuttingProxy.Cut(direction, after: $0, refusesAfter: false)
            }
        }
        let sweep = CutSweep(stride(from: first, to: all.count, by: every).map { all[$0] })
        let begin = ContinuousClock.now
        for _ in 0..<CutSweep.workers { startThread { sweep.work() } }
        while !sweep.isOver { try await Task.sleep(for: .milliseconds(100)) }
        let (tally, wrong) = sweep.found
        let seconds = (ContinuousClock.now - begin).components.seconds
        print("cut of the link: \(sweep.cuts.count) of \(all.count) bytes in \(seconds) s: \(tally)")
        #expect(wrong == [])
        #expect(tally.tried == sweep.cuts.count)
        #expect(tally.cut * 10 >= tally.tried * 9)
    }
}

/// A bench whose host is reached through a proxy that cuts, and an undisturbed run of it.
private struct CutBench {
    private static let text = """
          - id: checked
            name: With a check
            host: box
            check: test -e DIR/n/checked
            run: echo x >> DIR/n/checked
          - id: asked
            name: Without a check
            host: box
            verify: { none: the test counts }
            interrupted: ask
            run: echo x >> DIR/n/asked
          - id: edited
            name: An edit
            host: box
            edit: { path: DIR/conf, match: '^colour=', line: colour=blue, validate: 'echo x >> DIR/n/edited; grep -q blue %s' }
        """

    let bench: Bench
    let proxy: CuttingProxy

    init() throws {
        bench = try Bench(Self.text, steps: ["checked", "asked", "edited"])
        proxy = try CuttingProxy(to: bench.servers["box"]?.port ?? 0)
        try bench.writeSite(ports: ["box": proxy.port])
        let result = try bench.runbook("run")
        guard result.status == 0 else { throw SupportError("undisturbed: \(result.output)\(result.errors)") }
    }

    /// Runs from the beginning with the cut, then goes on to the end.
    ///
    /// - Parameter isShort: not after a cut before which the host has not even greeted.
    func trial(_ cut: CuttingProxy.Cut, isShort: Bool = false) throws -> CutTrial {
        try bench.reset()
        proxy.arm(cut)
        let result = try bench.runbook("run")
        var trial = CutTrial(status: result.status, wasCut: proxy.wasCut)
        var wrong = bench.violations(result.output, "with the cut")
        // Taken up at once; or ended because the host is gone, or did not even greet us.
        let isNew = bench.steps.allSatisfy { bench.count($0) == 0 }
        if result.status != 0, !(result.status == 6 && (cut.refusesAfter || isNew)) {
            wrong.append("it ended with \(result.status): \(result.output)\(result.errors)")
        }
        proxy.arm(nil)
        if isShort, result.status == 6, bench.records("host").isEmpty {
            if !isNew || !bench.intended.isEmpty { wrong.append("sent to a host that did not greet") }
        } else {
            trial.wentOn = true
            wrong += try bench.violationsOfGoingOn(tries: 0)
            if bench.lines("conf") != ["colour=blue"] { wrong.append("conf: \(bench.lines("conf"))") }
        }
        trial.wrong = wrong.map { "\(cut): \($0)" }
        return trial
    }
}

private struct CutTrial {
    var status: Int32
    var wasCut: Bool
    var wentOn = false
    var wrong: [String] = []
}

private struct CutTally: CustomStringConvertible {
    var tried = 0, cut = 0, wentOn = 0
    var statuses: [Int32: Int] = [:]

    mutating func add(_ trial: CutTrial) {
        tried += 1
        if trial.wasCut { cut += 1 }
        if trial.wentOn { wentOn += 1 }
        statuses[trial.status, default: 0] += 1
    }

    var description: String {
        let ends = statuses.keys.sorted().map { "\(statuses[$0] ?? 0) ended with \($0)" }
        return "\(tried) tried, \(cut) cut, \(wentOn) gone on with, \(ends.joined(separator: ", "))"
    }
}

/// Cuts that several threads try, each with servers and folders of its own.
private final class CutSweep: Sendable {
    private struct State {
        var next = 0
        var workersEnded = 0
        var tally = CutTally()
        var wrong: [String] = []
    }

    /// More than cores, since a trial waits much.
    static let workers = 4

    let cuts: [CuttingProxy.Cut]
    private let state = Mutex(State())

    init(_ cuts: [CuttingProxy.Cut]) { self.cuts = cuts }

    var isOver: Bool { state.withLock { $0.workersEnded == Self.workers } }
    var found: (CutTally, wrong: [String]) { state.withLock { ($0.tally, $0.wrong) } }

    func work() {
        do {
            let bench = try CutBench()
            while let (number, cut) = next() {
                let trial = try bench.trial(cut, isShort: number % 8 != 0)
                state.withLock { state in
                    state.tally.add(trial)
                    state.wrong += trial.wrong
                }
            }
        } catch {
            state.withLock { $0.wrong.append("\(error)") }
        }
        state.withLock { $0.workersEnded += 1 }
    }

    private func next() -> (Int, CuttingProxy.Cut)? {
        state.withLock { state in
            guard state.next < cuts.count, state.wrong.count <= 20 else { return nil }
            defer { state.next += 1 }
            return (state.next, cuts[state.next])
        }
    }
}
