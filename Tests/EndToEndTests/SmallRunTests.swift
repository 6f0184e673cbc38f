import Glibc
import RunbookTestSupport
import Testing

/// The built program against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct SmallRunTests {
    static let three = """
        runbook: small
        hosts:
          box: { title: this machine }
        steps:
          - id: first
            name: Write the first line
            host: box
            check: grep -qx first DIR/log
            run: echo first >> DIR/log
          - id: second
            name: Needs a file
            host: box
            why: It shows how a run stops.
            check: grep -qx second DIR/log
            run: |
              test -e DIR/ready || { echo "DIR/ready is missing" >&2; exit 3; }
              echo second >> DIR/log
            hints:
              - { output: is missing, say: touch DIR/ready }
          - id: third
            name: Write the third line
            host: box
            check: grep -qx third DIR/log
            run: echo third >> DIR/log
        """

    private func story(_ text: String) throws -> Story {
        let story = try Story("")
        // grep says 2, which is no answer, for a file that is not there.
        try story.folder.write("log", "")
        try story.folder.write("runbooks/small.yaml", text.replacing("DIR", with: story.folder.path))
        return story
    }

    @Test(.timeLimit(.minutes(1)))
    func itStopsAtTheFailedStepAndTheSameCommandGoesOn() throws {
        let story = try story(Self.three)
        let first = try story.runbook("run", "FILE")
        #expect(first.status == 1)
        #expect(
            steady(first.output, story) == """
                done        first on box  Write the first line
                failed      second on box  Needs a file

                """)
        #expect(
            steady(first.errors, story) == """
                small, 3 steps, state in DIR/state/small@small

                failed: second on box: Needs a file
                  exit status 3
                  its last errors:
                    | DIR/ready is missing
                  why this step: It shows how a run stops.
                  hint: touch DIR/ready

                1 of 3 steps done; not begun: 1 step after it
                mend it and type the same command:
                  runbook run DIR/runbooks/small.yaml

                """)
        try story.folder.write("ready", "")
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 0)
        #expect(
            steady(second.output, story) == """
                  done                  first on box
                  will run again        second on box  exit status 3
                  will run              third on box
                done        second on box  Needs a file
                done        third on box  Write the third line

                """)
        #expect(story.lines("log") == ["first", "second", "third"])
        let third = try story.runbook("run", "FILE")
        #expect(third.status == 0)
        #expect(
            steady(third.output, story) == """
                  done                  first on box
                  done                  second on box
                  done                  third on box

                """)
        #expect(story.lines("log") == ["first", "second", "third"])
    }

    @Test(.timeLimit(.minutes(1)))
    func aKilledRunFollowsItsCommandAndDoesNotSendItAgain() throws {
        let story = try story(
            """
            runbook: small
            hosts: { box: { title: this machine } }
            steps:
              - id: slow
                name: Take a while
                host: box
                verify: { none: the test looks }
                interrupted: ask
                run: |
                  touch DIR/started
                  sleep 2
                  echo once >> DIR/log
            """)
        let process = try story.start("run", "FILE")
        #expect(story.waits(for: "started"))
        kill(process, SIGKILL)
        #expect(waitFor(process) == 128 + SIGKILL)
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 0)
        #expect(
            steady(second.output, story) == """
                  in doubt              slow on box  it was sent; the host is asked
                follows     slow on box  started earlier as slow.box.1, still running
                done        slow on box  Take a while in \(time(in: second.output))

                """)
        #expect(story.lines("log") == ["once"])
    }

    /// The time that a line of the output ends with.
    private func time(in output: String) -> String {
        output.split(separator: "\n").last.flatMap { $0.split(separator: " ").last }.map(String.init) ?? ""
    }

    @Test(.timeLimit(.minutes(1)))
    func theFirstInterruptDetachesWithinTwoSeconds() throws {
        let story = try story(
            """
            runbook: small
            hosts: { box: { title: this machine } }
            steps:
              - id: slow
                name: Take a while
                host: box
                verify: { none: the test looks }
                run: |
                  touch DIR/started
                  sleep 3
                  echo once >> DIR/log
            """)
        let process = try story.start("run", "FILE", errorsIn: "errors")
        #expect(story.waits(for: "started"))
        let clock = ContinuousClock()
        let taken = clock.measure {
            kill(process, SIGINT)
            #expect(waitFor(process) == 130)
        }
        #expect(taken < .seconds(2))
        let errors = String(decoding: try readFile(story.folder.file("errors")), as: UTF8.self)
        #expect(
            steady(errors, story) == """
                small, 1 step, state in DIR/state/small@small
                interrupted: slow goes on on box
                  to follow it:  runbook run DIR/runbooks/small.yaml
                  to stop it:    runbook stop DIR/runbooks/small.yaml slow --host box
                0 of 1 step done

                """)
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 0)
        #expect(story.lines("log") == ["once"])
    }

    @Test(.timeLimit(.minutes(1)))
    func aSecondProcessFindsTheRunLocked() throws {
        let story = try story(
            """
            runbook: small
            hosts: { box: { title: this machine } }
            steps:
              - { id: slow, name: Take a while, host: box, verify: { none: test }, run: touch DIR/started; sleep 2 }
            """)
        let process = try story.start("run", "FILE")
        #expect(story.waits(for: "started"))
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 5)
        #expect(waitFor(process) == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func badInputEndsWithItsExitStatusAndNothingIsSent() throws {
        let story = try story(Self.three)
        let good = try readFile(story.folder.file("runbooks/small.yaml"))
        // A wrong key.
        let text = String(decoding: good, as: UTF8.self).replacing("why:", with: "wy:")
        try story.folder.write("runbooks/small.yaml", text)
        #expect(try story.runbook("run", "FILE").status == 2)
        try story.folder.write("runbooks/small.yaml", String(decoding: good, as: UTF8.self))
        // No host of that name in the site file.
        try story.folder.write("runbooks/small.site.yaml", story.site(["bxo"]))
        #expect(try story.runbook("run", "FILE").status == 2)
        // Nobody listens there.
        let free = try freePort()
        try story.folder.write("runbooks/small.site.yaml", story.site(["box"], port: free))
        #expect(try story.runbook("run", "FILE").status == 6)
        // Another host key than the one that is pinned.
        let wrong = "SHA256:" + String(repeating: "A", count: 43)
        try story.folder.write("runbooks/small.site.yaml", story.site(["box"], hostKey: wrong))
        let changed = try story.runbook("run", "FILE")
        #expect(changed.status == 7, "\(changed.errors)")
        #expect(story.lines("log") == [])
        #expect(unsafe access(story.hostFolder, F_OK) != 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func anEditedFinishedStepStopsTheRunUntilAPersonDecides() throws {
        let story = try story(Self.three)
        try story.folder.write("ready", "")
        #expect(try story.runbook("run", "FILE").status == 0)
        let text = String(decoding: try readFile(story.folder.file("runbooks/small.yaml")), as: UTF8.self)
        try story.folder.write(
            "runbooks/small.yaml", text.replacing("run: echo first >>", with: "run: echo  first >>"))
        let edited = try story.runbook("run", "FILE")
        #expect(edited.status == 3)
        #expect(
            steady(edited.output, story) == """
                  edited since it ran   first on box
                  done                  second on box
                  done                  third on box

                """)
        #expect(try story.runbook("run", "FILE", "--keep", "first").status == 0)
        #expect(story.lines("log") == ["first", "second", "third"])
    }
}
