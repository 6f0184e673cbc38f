import Glibc
import RunbookTestSupport
import Testing

/// `during` against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct DuringTests {
    private static let runbook = """
        runbook: small
        hosts: { a: {}, b: {} }
        groups: { pair: [a, b] }
        steps:
          - id: long
            host: a
            check: test -e DIR/done
            run: |
              touch DIR/started
              while ! test -e DIR/go; do sleep 0.05; done
              touch DIR/done
            during: { host: peer, run: 'echo x >> DIR/asked; test ! -e DIR/bad', every: 100ms, grace: GRACE, message: it went bad }
        """

    private func story(grace: String) throws -> Story {
        let story = try Story("", hosts: ["a", "b"])
        try story.folder.write(
            "runbooks/small.yaml",
            Self.runbook.replacing("DIR", with: story.folder.path).replacing("GRACE", with: grace))
        return story
    }

    private func log(_ story: Story) throws -> [String] {
        try story.runbook("log", "FILE").output.split(separator: "\n").map(String.init)
            .compactMap { line in
                line.firstRange(of: "while it ran: ").map { String(line[$0.upperBound...]) }
            }
    }

    /// Waits until it was asked so often.
    private func waits(_ story: Story, asked count: Int) {
        for _ in 0..<1000 where story.lines("asked").count < count { usleep(10_000) }
    }

    @Test(.timeLimit(.minutes(1))) func itIsAskedWhileTheCommandRuns() throws {
        let story = try story(grace: "0s")
        let process = try story.start("run", "FILE")
        #expect(story.waits(for: "started"))
        waits(story, asked: 5)
        try story.folder.write("go", "")
        #expect(waitFor(process) == 0)
        #expect(try log(story) == ["asked"])
        #expect(story.lines("asked").count >= 5)
    }

    @Test(.timeLimit(.minutes(1))) func aNoFailsTheStepAndItsCommandGoesOn() throws {
        let story = try story(grace: "0s")
        let process = try story.start("run", "FILE", errorsIn: "errors")
        #expect(story.waits(for: "started"))
        try story.folder.write("bad", "")
        waits(story, asked: story.lines("asked").count + 2)
        _ = unsafe unlink(story.folder.file("bad"))
        waits(story, asked: story.lines("asked").count + 1)
        try story.folder.write("go", "")
        #expect(waitFor(process) == 1)
        #expect(story.waits(for: "done"))
        let errors = String(decoding: try readFile(story.folder.file("errors")), as: UTF8.self)
        #expect(errors.contains("while it ran, it went bad"), "\(errors)")
        #expect(try log(story) == ["asked", "no: it went bad", "broken: it went bad"])
        // The state is there: it is accepted when the same command is typed again.
        #expect(try story.runbook("run", "FILE").status == 0)
    }

    @Test(.timeLimit(.minutes(1))) func whatWasSeenBeforeTheProcessWasKilledCounts() throws {
        let story = try story(grace: "0s")
        let process = try story.start("run", "FILE")
        #expect(story.waits(for: "started"))
        try story.folder.write("bad", "")
        var isSeen = false
        for _ in 0..<1000 where !isSeen {
            usleep(10_000)
            isSeen = try log(story).last == "broken: it went bad"
        }
        #expect(isSeen)
        kill(process, SIGKILL)
        waitFor(process)
        _ = unsafe unlink(story.folder.file("bad"))
        try story.folder.write("go", "")
        #expect(story.waits(for: "done"))
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.errors.contains("while it ran, it went bad"), "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func aGapIsSaid() throws {
        let story = try story(grace: "5s")
        let process = try story.start("run", "FILE")
        #expect(story.waits(for: "started"))
        waits(story, asked: 3)
        kill(process, SIGKILL)
        waitFor(process)
        try story.folder.write("go", "")
        #expect(story.waits(for: "done"))
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.errors.contains("nobody asked while no run was there and its command ran")
                || result.output.contains("nobody asked while no run was there and its command ran"),
            "\(result.errors)\(result.output)")
    }
}
