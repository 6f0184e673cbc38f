import RunbookTestSupport
import Testing

/// The program killed at every call that changes something, and the same command typed again.
@Suite(
    .serialized,
    .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)),
    .enabled(if: Strace.isAvailable, Comment(rawValue: Strace.missing)))
struct KillMatrixTests {
    /// With a check, without one, an edit, one on another host, one that fails once.
    static let onBox = """
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
    static let onOther = """
          - id: elsewhere
            name: On the other host
            host: other
            check: test -e DIR/n/elsewhere
            run: echo x >> DIR/n/elsewhere

        """
    static let failsOnce = """
          - id: fails
            name: Fails once
            host: box
            check: test -e DIR/n/fails
            run: |
              echo x >> DIR/tries
              test -e DIR/ready || { touch DIR/ready; exit 3; }
              echo x >> DIR/n/fails
        """
    static let ids = ["checked", "asked", "edited", "elsewhere", "fails"]

    /// - Parameter otherFirst: the thread of the host that is reached first is the one whose sends are counted.
    static func bench(otherFirst: Bool = false) throws -> Bench {
        let text = otherFirst ? onOther + onBox + failsOnce : onBox + onOther + failsOnce
        return try Bench(text, steps: ids, hosts: ["box", "other"])
    }

    private static func points(_ bench: Bench, _ calls: [String]) throws -> [Strace.Point] {
        let file = bench.folder.file("trace")
        _ = try bench.runbook("run", prefix: Strace.prefix(calls, into: file))
        return Strace.points(in: String(decoding: try readFile(file), as: UTF8.self))
    }

    /// Kills a run that begins at `kept` at each of the points of an undisturbed one, then goes on.
    private static func matrix(
        _ bench: Bench, from kept: String, calls: [String], seconds: Int, _ what: String
    ) throws {
        try bench.restore(kept)
        var killed = 0
        let points = try points(bench, calls)
        let tried = try sample(points, seconds: seconds, of: what) { point in
            try bench.restore(kept)
            let result = try bench.runbook(
                "run",
                prefix: Strace.prefix(
                    [point.call], into: "/dev/null", inject: "\(point.call):signal=KILL:when=\(point.number)")
            )
            if result.status == 128 + 9 { killed += 1 }
            let violations =
                bench.violations(result.output, "killed") + (try bench.violationsOfGoingOn())
            #expect(violations == [], "\(what), killed at \(point)")
            #expect(bench.lines("tries").count == 2, "\(what), killed at \(point)")
            #expect(bench.lines("conf") == ["colour=blue"], "\(what), killed at \(point)")
        }
        print("\(what): \(killed) of \(tried) were killed, the others did not come to their point")
        #expect(killed * 10 >= tried * 8)
    }

    private static let minutes = isLong ? 60 : 4

    @Test(.timeLimit(.minutes(minutes)))
    func killedAnywhereARunGoesOnAndNothingHappensTwice() throws {
        let bench = try Self.bench()
        try bench.keep("fresh")
        try Self.matrix(bench, from: "fresh", calls: Strace.effects, seconds: 20, "run")
    }

    @Test(.timeLimit(.minutes(minutes)))
    func killedAnywhereOnTheWayToTheSecondHostNothingHappensTwice() throws {
        let bench = try Self.bench(otherFirst: true)
        try bench.keep("fresh")
        try Self.matrix(
            bench, from: "fresh", calls: ["sendto", "sendmsg"], seconds: 5, "run, other host first")
    }

    /// The run before it was killed when the host had done the second step and the outcome was not yet recorded.
    @Test(.timeLimit(.minutes(minutes)))
    func killedAnywhereAResumeGoesOnAndNothingHappensTwice() throws {
        let bench = try Self.bench()
        let first = try bench.runbook(
            "run",
            prefix: Strace.prefix(
                ["write"], into: "/dev/null", paths: [bench.journal], inject: "write:signal=KILL:when=6"))
        #expect(first.status == 128 + 9)
        #expect(bench.count("asked") == 1)
        try bench.keep("killed")
        try Self.matrix(bench, from: "killed", calls: Strace.effects, seconds: 15, "resume")
    }

    /// The run before it ended at the step that failed.
    @Test(.timeLimit(.minutes(minutes)))
    func killedAnywhereARepeatedStepHappensOnce() throws {
        let bench = try Self.bench()
        #expect(try bench.runbook("run").status == 1)
        try bench.keep("failed")
        try Self.matrix(bench, from: "failed", calls: Strace.effects, seconds: 10, "resume after a failure")
    }

    /// A kill cannot show it, since what was written outlives the process: the trace tells whether it was synced.
    @Test(.timeLimit(.minutes(1)))
    func anIntentIsSyncedBeforeItIsSentAndAnOutcomeBeforeItIsShown() throws {
        let bench = try Bench(
            """
              - id: only
                name: The only one
                host: box
                verify: { none: the test counts }
                run: echo x >> DIR/n/only
            """, steps: ["only"])
        let file = bench.folder.file("trace")
        let result = try bench.runbook(
            "run", prefix: Strace.prefix(["write", "fdatasync", "sendto", "sendmsg"], into: file))
        #expect(result.status == 0)
        var events: [String] = []
        for call in Strace.calls(in: String(decoding: try readFile(file), as: UTF8.self)) {
            let text = call.text.replacing("\\\"", with: "\"")
            switch call.name {
            case "write" where text.contains("/journal.jsonl>"):
                events.append(
                    text.contains(#""kind":"intent""#)
                        ? "intent" : text.contains(#""kind":"outcome""#) ? "outcome" : "record")
            case "write": if text.hasPrefix("write(1<"), text.contains("done ") { events.append("shown") }
            case "fdatasync": events.append("synced")
            default: if events.last != "sent" { events.append("sent") }
            }
        }
        // What is sent before the first intent and after the outcome has no effects.
        let begin = try #require(events.firstIndex(of: "intent")),
            end = try #require(events.lastIndex(of: "shown"))
        #expect(events[begin...end] == ["intent", "synced", "sent", "outcome", "synced", "shown"])
    }
}
