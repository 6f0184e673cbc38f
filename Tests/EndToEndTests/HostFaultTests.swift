import Glibc
import RunbookTestSupport
import Testing

/// What happens to the server and to the processes on the host while a step runs.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct HostFaultTests {
    private static let slow = """
          - id: slow
            name: Take a while
            host: box
            verify: { none: the test counts }
            interrupted: ask
            run: |
              touch DIR/ready
              sleep 3
              echo x >> DIR/n/slow
          - id: next
            name: The one after it
            host: box
            check: test -e DIR/n/next
            run: echo x >> DIR/n/next
        """

    /// A run under way, with its output in the file `output`.
    private func underWay(_ text: String = slow) throws -> (Bench, Int32) {
        let bench = try Bench(text, steps: ["slow", "next"])
        let output = unsafe open(bench.folder.file("output"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(output) }
        let process = try bench.start("run", stdout: output, stderr: output)
        #expect(bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 })
        return (bench, process)
    }

    private func output(_ bench: Bench) -> String { bench.lines("output").joined(separator: "\n") }

    /// The second word of the claim's line that begins with `kind`: a process of the host.
    private func process(_ kind: String, _ position: Int, _ bench: Bench) throws -> Int32 {
        let text = try bench.shell("cat host-box/*/slow.box.1.claim")
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(kind) ") }
        let words = line?.split(separator: " ") ?? []
        return try #require(words.indices.contains(position) ? Int32(words[position]) : nil, "\(text)")
    }

    @Test(.timeLimit(.minutes(1)))
    func aKilledSessionIsTakenUpAgain() throws {
        let (bench, process) = try underWay()
        bench.servers["box"]?.signalConnections(SIGKILL)
        #expect(waitFor(process) == 0, "\(output(bench))")
        #expect(bench.count("slow") == 1)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func aServerThatIsAwayForSomeSecondsIsWaitedFor() throws {
        let (bench, process) = try underWay()
        bench.servers["box"]?.signalConnections(SIGKILL)
        bench.servers["box"]?.stop()
        usleep(5_000_000)
        try bench.servers["box"]?.start()
        let status = waitFor(process)
        #expect(status == 0, "\(output(bench))")
        #expect(bench.count("slow") == 1)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    /// The shell that would have written the end is gone; the command goes on and its end is seen by nobody.
    @Test(.timeLimit(.minutes(1)))
    func aKilledSupervisorLeavesTheStepInDoubt() throws {
        let (bench, process) = try underWay()
        kill(try self.process("start", 3, bench), SIGKILL)
        #expect(waitFor(process) == 3, "\(output(bench))")
        #expect(bench.waits { bench.count("slow") == 1 })
        try expectDoubtUntilAPersonSays("--done", bench)
        #expect(bench.count("slow") == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func aKilledSupervisorAndCommandLeaveTheStepInDoubt() throws {
        let (bench, process) = try underWay()
        let command = try self.process("pid", 1, bench)
        kill(try self.process("start", 3, bench), SIGKILL)
        kill(-command, SIGKILL)
        #expect(waitFor(process) == 3, "\(output(bench))")
        #expect(bench.count("slow") == 0)
        try expectDoubtUntilAPersonSays("--not-done", bench)
        #expect(bench.count("slow") == 1)
    }

    /// It is not issued again by typing `run`, and is once a person has said so.
    private func expectDoubtUntilAPersonSays(_ word: String, _ bench: Bench) throws {
        let before = bench.count("slow")
        for _ in 0..<2 {
            #expect(try bench.runbook("run").status == 3)
            #expect(bench.count("slow") == before)
            #expect(bench.count("next") == 0)
        }
        let status = try bench.runbook("status")
        #expect(status.output.hasPrefix("  in doubt    slow on box"), "\(status.output)")
        let file = bench.folder.file("runbooks/small.yaml")
        let resolved = try run(
            [Story.program, "resolve", file, "slow", word, "--why", "the test looked"],
            environment: Story.environment)
        #expect(resolved.status == 0, "\(resolved.errors)")
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    /// A check that answers settles the doubt without a person.
    @Test(.timeLimit(.minutes(1)))
    func aCheckSettlesTheDoubt() throws {
        let (bench, process) = try underWay(
            Self.slow.replacing("verify: { none: the test counts }", with: "check: test -e DIR/n/slow")
                .replacing("    interrupted: ask\n", with: ""))
        kill(try self.process("start", 3, bench), SIGKILL)
        waitFor(process)
        #expect(bench.waits { bench.count("slow") == 1 })
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func aKilledCommandHasFailed() throws {
        let (bench, process) = try underWay()
        kill(-(try self.process("pid", 1, bench)), SIGKILL)
        #expect(waitFor(process) == 1, "\(output(bench))")
        let status = try bench.runbook("status")
        #expect(
            status.output == """
                  failed      slow on box  ended by signal 9
                  to do       next on box

                """)
        #expect(bench.count("slow") == 0)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }
}
