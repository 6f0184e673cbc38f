import Glibc
import RunbookTestSupport
import Testing

/// Signals, closed and full outputs, odd surroundings.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct InterruptTests {
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

    private static let quick = """
          - id: first
            name: First
            host: box
            check: test -e DIR/n/first
            run: echo x >> DIR/n/first
          - id: second
            name: Second
            host: box
            verify: { none: the test counts }
            run: echo x >> DIR/n/second
        """

    private func quickBench() throws -> Bench { try Bench(Self.quick, steps: ["first", "second"]) }

    @Test(.timeLimit(.minutes(1)), arguments: [SIGINT, SIGTERM, SIGHUP])
    func theFirstSignalDetachesAndTheNextRunFollows(signal: Int32) throws {
        let bench = try Bench(Self.slow, steps: ["slow", "next"])
        let errors = unsafe open(bench.folder.file("errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let process = try bench.start("run", stderr: errors)
        close(errors)
        #expect(bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 })
        let taken = ContinuousClock().measure {
            kill(process, signal)
            #expect(waitFor(process) == 130)
        }
        #expect(taken < .seconds(2))
        let text = bench.lines("errors").joined(separator: "\n").replacing(bench.folder.path, with: "DIR")
        #expect(
            text == """
                small, 2 steps, state in DIR/state/small@small
                interrupted: slow goes on on box
                  to follow it:  runbook run DIR/runbooks/small.yaml
                  to stop it:    runbook stop DIR/runbooks/small.yaml slow --host box
                0 of 2 steps done
                """)
        #expect(bench.count("slow") == 0)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func theSecondSignalEndsAtOnceAndTheJournalIsWhole() throws {
        let bench = try Bench(Self.slow, steps: ["slow", "next"])
        let process = try bench.start("run")
        #expect(bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 })
        kill(process, SIGINT)
        kill(process, SIGTERM)
        #expect(waitFor(process) == 130)
        #expect(try bench.runbook("log", "--verify").status == 0)
        #expect(try bench.violationsOfGoingOn(tries: 0) == [])
    }

    /// Outputs that take nothing: the run goes on, its journal is right, and the status says that not all was shown.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (">/dev/full", 1), ("2>/dev/full", 0), (">/dev/full 2>&1", 1), ("<&-", 0), (">&-", 1),
            ("2>&-", 0),
            ("<&- >&- 2>&-", 1), ("| true", 1),
        ] as [(String, Int32)])
    func anOutputThatTakesNothingStopsNoRun(redirection: String, status: Int32) throws {
        let bench = try quickBench()
        let result = try run(
            [
                "bash", "-c", "\"$0\" run \"$1\" \(redirection); exit ${PIPESTATUS[0]}", Story.program,
                bench.folder.file("runbooks/small.yaml"),
            ], environment: Story.environment)
        #expect(result.status == status, "\(result.output)\(result.errors)")
        #expect(bench.steps.map { bench.count($0) } == [1, 1])
        let text = String(decoding: try readFile(bench.journal), as: UTF8.self)
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix(#"{"v":1,"seq":"#) }, "\(text)")
        #expect(try bench.runbook("log", "--verify").status == 0)
        #expect(
            try bench.runbook("status").output == "  done        first on box\n  done        second on box\n")
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [("1", "xterm"), ("", "dumb")])
    func aTerminalThatWantsNoColourGetsNoEscapeBytes(noColour: String, term: String) throws {
        let bench = try quickBench()
        let result = try run(
            [
                "script", "-qec", "'\(Story.program)' run '\(bench.folder.file("runbooks/small.yaml"))'",
                "/dev/null",
            ], environment: Story.environment.merging(["NO_COLOR": noColour, "TERM": term]) { $1 })
        #expect(result.status == 0, "\(result.output)")
        #expect(
            bench.shownDone(result.output.replacing("\r\n", with: "\n").replacing("\r", with: "\n")) == [
                "first", "second",
            ],
            "\(result.output)")
        #expect(!result.output.utf8.contains(0x1B))
    }

    @Test(.timeLimit(.minutes(1)))
    func theLocaleChangesNoByte() throws {
        let bench = try KillMatrixTests.bench()
        var seen: Set<String> = []
        for locale in ["C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "none", ""] {
            try bench.reset()
            let result = try bench.runbook(
                "run", environment: ["LC_ALL": locale, "LANG": locale, "LANGUAGE": locale])
            #expect(result.status == 1)
            seen.insert(result.output + result.errors)
        }
        #expect(seen.count == 1, "\(seen)")
    }

    /// Private from the first moment, whatever the umask is.
    @Test(.timeLimit(.minutes(1)), arguments: ["000", "077", "777"])
    func theStateIsPrivateWhateverTheUmaskIs(umask: String) throws {
        let bench = try KillMatrixTests.bench()
        let result = try bench.runbook("run", prefix: ["sh", "-c", "umask \(umask); exec \"$@\"", "sh"])
        #expect(result.status == 1, "\(result.errors)")
        // The folder of all runs is the user's own affair where it was there before; here it was made.
        let modes = try bench.shell("find state host-box host-other -printf '%y %m\\n' | sort -u")
        #expect(modes == "d 700\nf 600\n")
        #expect(try bench.violationsOfGoingOn() == [])
    }

    /// What is done to the state folder; each is refused, and nothing is sent.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "chmod 777 state", "chmod 770 state/small@small",
            "mv state/small@small away; ln -s ../away state/small@small",
            "mv state/small@small/journal.jsonl away; ln -s ../../away state/small@small/journal.jsonl",
            "rm state/small@small/journal.jsonl; mkfifo state/small@small/journal.jsonl",
            "ln state/small@small/journal.jsonl second-name",
            "chown 65534 state/small@small",
        ])
    func aStateFolderThatOthersMayChangeIsRefused(change: String) throws {
        guard getuid() == 0 || !change.hasPrefix("chown") else { return }
        let bench = try Bench(
            Self.quick.replacing("check: test -e DIR/n/first", with: "check: test -e DIR/ready"),
            steps: ["first", "second"])
        // The first step fails on its check, so that there is a run to go on with.
        #expect(try bench.runbook("run").status == 1)
        try bench.shell(change)
        let before = try bench.shell("cat n/* | wc -l")
        let result = try bench.runbook("run")
        #expect(result.status == 4, "\(result.errors)")
        #expect(result.errors.replacing(bench.folder.path, with: "DIR").firstRange(of: "DIR/state") != nil)
        #expect(try bench.shell("cat n/* | wc -l") == before)
    }
}
