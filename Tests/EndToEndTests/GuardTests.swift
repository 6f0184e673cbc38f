import Glibc
import RunbookTestSupport
import Testing

/// A step that can cut the operator off, against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct GuardTests {
    private func story(_ step: String) throws -> Story {
        let story = try Story("")
        let text = "runbook: small\nhosts: { box: {} }\nsteps:\n" + step
        try story.folder.write(
            "runbooks/small.yaml",
            text.replacing("CONF", with: story.server.directory.file("sshd_config"))
                .replacing("DIR", with: story.folder.path))
        return story
    }

    private func has(_ story: Story, _ name: String) -> Bool {
        unsafe access(story.folder.file(name), F_OK) == 0
    }

    @Test(.timeLimit(.minutes(2))) func aBrokenServerIsMendedByTheGuardAndTheStepHasFailed() async throws {
        let story = try story(
            """
              - id: harden
                host: box
                guard: reconnect 3s
                run: |
                  cp CONF DIR/good
                  echo 'NoSuchKeyword yes' >> CONF
                  touch DIR/broken
                  while [ ! -e DIR/restarted ]; do sleep 0.1; done
                check: grep -q NoSuchKeyword CONF
                undo: { run: 'cp DIR/good CONF && /usr/sbin/sshd -f CONF -o PidFile=DIR/pid' }

            """)
        defer {
            if let pid = story.lines("pid").first.flatMap({ Int32($0) }) { kill(pid, SIGKILL) }
        }
        let server = story.server, folder = story.folder
        // sshd is restarted with what the step wrote, which it does not take.
        let restart = Task.detached {
            for _ in 0..<600 where unsafe access(folder.file("broken"), F_OK) != 0 { usleep(50_000) }
            server.stop()
            // It waits for the port, which the guard's own sshd opens in the end.
            try? server.start()
            try folder.write("restarted", "")
        }
        let result = try story.runbook("run", "FILE")
        _ = try await restart.value
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        #expect(
            result.errors.firstRange(
                of: "the guard took the change back: no new connection to box came within 3s") != nil,
            "\(result.errors)")
        #expect(
            try readFile(story.folder.file("good")) == readFile(server.directory.file("sshd_config")))
        let log = try readFile(story.folder.file("state/small@small/journal.jsonl"))
        #expect(
            String(decoding: log, as: UTF8.self).firstRange(of: "the guard took the change back") != nil)
    }

    @Test(.timeLimit(.minutes(1))) func aNewConnectionDisarmsTheGuard() async throws {
        let story = try story(
            """
              - id: harden
                host: box
                guard: reconnect 2s
                run: touch DIR/changed
                check: test -e DIR/changed
                undo: { run: 'rm DIR/changed; touch DIR/undone' }

            """)
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        // The run has logged in a second time, and what was armed is not any more when its time is over.
        let logins = story.server.logText.split(whereSeparator: \.isNewline).count {
            $0.hasPrefix("Accepted publickey")
        }
        #expect(logins == 2)
        try await Task.sleep(for: .seconds(3))
        #expect(has(story, "changed") && !has(story, "undone"))
    }

    @Test(.timeLimit(.minutes(2))) func aKilledRunLeavesTheGuardArmedAndTheNextOneTellsThatItFired()
        async throws
    {
        let story = try story(
            """
              - id: harden
                host: box
                guard: reconnect 2s
                run: touch DIR/changed; sleep 1
                check: test -e DIR/changed
                undo: { run: 'rm DIR/changed; touch DIR/undone' }

            """)
        let pid = try story.start("run", "FILE")
        for _ in 0..<300 where !has(story, "changed") { usleep(20_000) }
        kill(pid, SIGKILL)
        waitFor(pid)
        for _ in 0..<300 where !has(story, "undone") { usleep(20_000) }
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        #expect(
            result.errors.firstRange(
                of: "the guard took the change back: no new connection to box came within 2s") != nil,
            "\(result.errors)")
        #expect(!has(story, "changed"))
    }
}
