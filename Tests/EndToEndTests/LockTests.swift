import Glibc
import RunbookTestSupport
import Testing

/// One process a run, one run a host.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct LockTests {
    private static let slow = """
          - id: slow
            name: Take a while
            host: box
            verify: { none: the test counts }
            interrupted: ask
            run: |
              touch DIR/ready
              sleep 2
              echo x >> DIR/n/slow
          - id: next
            name: The one after it
            host: box
            check: test -e DIR/n/next
            run: echo x >> DIR/n/next
        """

    private func slowBench() throws -> Bench { try Bench(Self.slow, steps: ["slow", "next"]) }

    private func isUnderWay(_ bench: Bench) -> Bool {
        bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 }
    }

    @Test(.timeLimit(.minutes(isLong ? 30 : 2)))
    func oneOfTwoProcessesHasTheRun() throws {
        let bench = try Bench(
            """
              - id: once
                name: Once
                host: box
                verify: { none: the test counts }
                interrupted: ask
                run: echo x >> DIR/n/once
            """, steps: ["once"])
        var refused = 0
        try sample(Array(1...500), seconds: 8, of: "two processes at once") { round in
            try bench.reset()
            let processes = [try bench.start("run"), try bench.start("run")]
            let statuses = processes.map { waitFor($0) }.sorted()
            // Both may do it one after the other: then the second one only asks.
            #expect(statuses == [0, 5] || statuses == [0, 0], "round \(round)")
            if statuses == [0, 5] { refused += 1 }
            #expect(bench.count("once") == 1, "round \(round)")
            #expect(try bench.runbook("status").output == "  done        once on box\n", "round \(round)")
        }
        print("two processes at once: \(refused) were refused")
        #expect(refused > 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func aKilledHolderLeavesNoLock() throws {
        let bench = try slowBench()
        let process = try bench.start("run")
        #expect(isUnderWay(bench))
        kill(process, SIGKILL)
        waitFor(process)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func aStoppedHolderKeepsItsLockAndIsNamed() throws {
        let bench = try slowBench()
        let process = try bench.start("run")
        #expect(isUnderWay(bench))
        kill(process, SIGSTOP)
        let second = try bench.runbook("run")
        kill(process, SIGCONT)
        #expect(second.status == 5)
        #expect(second.output == "")
        #expect(
            second.errors.split(separator: "\n").map { $0.replacing(bench.folder.path, with: "DIR") }.suffix(
                3)
                == [
                    "nothing was connected, nothing was sent", "when it is free type the same command:",
                    "  runbook run DIR/runbooks/small.yaml",
                ])
        #expect(second.errors.firstRange(of: ", process \(process), since ") != nil, "\(second.errors)")
        #expect(waitFor(process) == 0)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    /// What is done to the folder of a run under way.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "rm state/small@small/lock", "mv state/small@small state/away",
            "mv state/small@small/journal.jsonl state/small@small/journal.away",
            "cp state/small@small/journal.jsonl new; mv new state/small@small/journal.jsonl",
        ])
    func aFolderThatIsChangedUnderTheRunStopsIt(change: String) throws {
        let bench = try slowBench()
        let errors = unsafe open(bench.folder.file("errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let process = try bench.start("run", stderr: errors)
        close(errors)
        #expect(isUnderWay(bench))
        try bench.shell(change)
        #expect(waitFor(process) == 4)
        // The step under way comes to its end, and the next one is not begun.
        #expect(bench.waits { bench.count("slow") == 1 })
        #expect(bench.count("next") == 0)
        #expect(
            bench.lines("errors").last?.hasSuffix("  runbook run \(bench.folder.path)/runbooks/small.yaml")
                == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func aHostIsHeldByTheRunThatIsOpen() throws {
        let bench = try slowBench()
        let text = String(decoding: try readFile(bench.folder.file("runbooks/small.yaml")), as: UTF8.self)
        let site = String(
            decoding: try readFile(bench.folder.file("runbooks/small.site.yaml")), as: UTF8.self)
        try bench.folder.write(
            "runbooks/other.yaml", text.replacing("runbook: small", with: "runbook: other"))
        try bench.folder.write("runbooks/other.site.yaml", site.replacing("for: small", with: "for: other"))
        let process = try bench.start("run")
        #expect(isUnderWay(bench))
        kill(process, SIGKILL)
        waitFor(process)
        let other = try run(
            [Story.program, "run", bench.folder.file("runbooks/other.yaml")], environment: Story.environment)
        #expect(other.status == 5)
        #expect(
            other.errors.firstRange(of: "box is held by another run: small (small-") != nil,
            "\(other.errors)")
        // Finished, it gives the host free.
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
        #expect(bench.count("slow") == 1)
        let free = try run(
            [Story.program, "run", bench.folder.file("runbooks/other.yaml")], environment: Story.environment)
        #expect(free.status == 0)
    }

    @Test(.timeLimit(.minutes(isLong ? 10 : 1)))
    func statusOpensAtEveryMomentOfARun() throws {
        let bench = try KillMatrixTests.bench()
        var looks = 0
        for _ in 0..<(isLong ? 50 : 5) {
            try bench.reset()
            let process = try bench.start("run")
            var ended: Int32 = 0
            var status: Int32 = 0
            while ended == 0 {
                for command in [["status"], ["log", "--verify"]] {
                    let look = try run(
                        [Story.program] + command + [bench.folder.file("runbooks/small.yaml")],
                        environment: Story.environment)
                    #expect(look.status == 0, "\(look.errors)")
                    for step in bench.shownDone(look.output) { #expect(bench.count(step) == 1) }
                    looks += 1
                }
                ended = unsafe waitpid(process, &status, WNOHANG)
            }
        }
        print("status during a run: \(looks) looks")
        #expect(looks > 10)
    }
}
