import Glibc
import RunbookTestSupport
import Testing

/// Two operators, each with a state folder, and one host.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct TakeOverTests {
    /// Commands of the second operator.
    private static func second(_ bench: Bench) -> [String: String] {
        ["USER": "second", "RUNBOOK_STATE": bench.folder.file("tmp/second")]
    }

    /// The words of a command that the program printed at its end.
    private static func command(_ result: CommandResult) -> [String] {
        let line = result.errors.split(separator: "\n").last { $0.hasPrefix("  runbook unlock ") } ?? ""
        return line.split(separator: " ").dropFirst().map { $0 == "'TEXT'" ? "gone" : String($0) }
    }

    private static func type(_ words: [String], _ variables: [String: String]) throws -> CommandResult {
        try run([Story.program] + words, environment: Story.environment.merging(variables) { $1 })
    }

    /// What a person reads, with what differs from run to run taken out.
    private static func steady(_ text: String, _ bench: Bench) -> [String] {
        text.replacing(bench.folder.path, with: "DIR").replacing(#/small-[0-9a-z]+/#, with: "RUN")
            .replacing(#/(tester|second)@[^ ,;:]+/#) { "\($0.1)@desk" }
            .replacing(#/[0-9]{4}-[0-9]{2}-[0-9]{2}T?[0-9: ]*Z?/#, with: "THEN ")
            .split(separator: "\n").map { String($0) }
    }

    @Test(.timeLimit(.minutes(1)))
    func aHostIsTakenFromAnOperatorWhoIsGone() throws {
        let bench = try Bench(
            """
              - id: slow
                name: Take a while
                host: box
                check: test -e DIR/n/slow
                run: |
                  touch DIR/ready
                  sleep 2
                  echo x >> DIR/n/slow
              - id: next
                name: The one after it
                host: box
                check: test -e DIR/n/next
                run: echo x >> DIR/n/next
            """, steps: ["slow", "next"])
        let process = try bench.start("run")
        #expect(bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 })
        kill(process, SIGKILL)
        waitFor(process)

        let second = Self.second(bench)
        let refused = try bench.runbook("run", environment: second)
        #expect(refused.status == 5)
        #expect(
            Self.steady(refused.errors, bench) == [
                "small, 2 steps, state in DIR/tmp/second/small@small",
                "error: box is held by another run: small (RUN), tester@desk, since THEN ",
                "0 of 2 steps done; nothing was sent to box",
                "when that run is finished or abandoned, type:", "  runbook run DIR/runbooks/small.yaml",
                "to take box over, so that nothing more of that run is started there, type:",
                "  runbook unlock DIR/runbooks/small.yaml --host box --from RUN --why 'TEXT'",
            ])
        let unlock = Self.command(refused)
        let busy = try Self.type(unlock, second)
        #expect(busy.status == 5)
        #expect(
            Self.steady(busy.errors, bench) == [
                "error: box is not taken over: of small (RUN), tester@desk, since THEN , still running: slow.box.1",
                "that run can start nothing more there; when this has ended type the same command again",
            ])
        #expect(bench.waits { bench.count("slow") == 1 })
        #expect(bench.waits { (try? Self.type(unlock, second))?.status == 0 })
        #expect(try bench.runbook("run", environment: second).status == 0)
        #expect([bench.count("slow"), bench.count("next")] == [1, 1])
        let log = try bench.runbook("log", environment: second)
        #expect(
            Self.steady(log.output, bench).contains {
                $0.hasSuffix("box is to be taken from RUN of tester@desk by second@desk: gone")
            })

        // The first one comes back, and only his word lets him in.
        let lost = try bench.runbook("run")
        #expect(lost.status == 5)
        #expect(
            Self.steady(lost.errors, bench).suffix(4) == [
                "error: box was taken from this run by another run: small (RUN), second@desk, since THEN ",
                "0 of 2 steps done; nothing more was started on box",
                "to take box over, so that nothing more of that run is started there, type:",
                "  runbook unlock DIR/runbooks/small.yaml --host box --from RUN --why 'TEXT'",
            ])
        #expect(try Self.type(Self.command(lost), [:]).status == 0)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    /// K08: the run that loses the host is alive, and its next request is on the host already.
    @Test(.timeLimit(.minutes(1)))
    func aRunUnderWayStartsNothingBehindTheFence() throws {
        let bench = try Bench(
            """
              - id: gated
                name: Behind a gate
                host: box
                require: { run: test -e DIR/ready, within: 60s }
                check: test -e DIR/n/gated
                run: echo x >> DIR/n/gated
            """, steps: ["gated"])
        let process = try bench.start("run")
        #expect(bench.waits { bench.intended == ["gated"] })
        let second = Self.second(bench)
        let refused = try bench.runbook("run", environment: second)
        #expect(refused.status == 5)
        let taken = try Self.type(Self.command(refused), second)
        #expect(taken.status == 0)
        #expect(
            Self.steady(taken.errors, bench) == [
                "box is taken over; small (RUN), tester@desk, since THEN  can start nothing more there. To go on, type:",
                "  runbook run DIR/runbooks/small.yaml",
            ])
        try bench.shell("touch ready")
        #expect(waitFor(process) == 5)
        #expect(bench.count("gated") == 0)
        #expect(try bench.runbook("run", environment: second).status == 0)
        #expect(bench.count("gated") == 1)
        #expect(try bench.runbook("run").status == 5)
        #expect(bench.count("gated") == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func onlyWhatIsMeantIsTaken() throws {
        let bench = try Bench(
            """
              - id: once
                name: Once
                host: box
                check: test -e DIR/n/once
                require: { run: test -e DIR/ready, message: not ready }
                run: echo x >> DIR/n/once
            """, steps: ["once"])
        #expect(try bench.runbook("unlock", "--why", "x").status == 64)
        #expect(try bench.runbook("run").status == 1)
        let own = try bench.runbook("unlock", "--why", "x")
        #expect(own.status == 0)
        #expect(own.errors == "box is this run's: there is nothing to take over\n")
        let second = Self.second(bench)
        #expect(try bench.runbook("run", environment: second).status == 5)
        let wrong = try bench.runbook("unlock", "--from", "other", "--why", "x", environment: second)
        #expect(wrong.status == 5)
        #expect(
            Self.steady(wrong.errors, bench) == [
                "error: box is held by small (RUN), tester@desk, since THEN : nothing was taken",
                "if that is the one to be taken from, type:",
                "  runbook unlock DIR/runbooks/small.yaml --host box --from RUN --why 'TEXT'",
            ])
        #expect(try bench.runbook("unlock", "--host", "bux", "--why", "x", environment: second).status == 64)
        try bench.shell("touch ready")
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }
}
