import Glibc
import RunbookTestSupport
import Testing

/// Taking a run back, with the built program against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct UndoTests {
    private func story() throws -> Story {
        let story = try Story("")
        let text = """
            runbook: small
            hosts: { box: { title: this machine } }
            steps:
              - id: config
                name: Set a line
                host: box
                edit: { path: DIR/config, line: answer=42 }
                undo: automatic
              - id: new-file
                name: Make a file
                host: box
                copy: { content: hello, path: DIR/made }
                undo: automatic
              - id: counted
                name: Count
                host: box
                check: test -e DIR/counted
                run: touch DIR/counted
                undo: { run: rm DIR/counted }
              - id: forever
                name: Cannot be taken back
                host: box
                irreversible: it is done
                check: test -e DIR/forever
                run: touch DIR/forever
            """
        try story.folder.write("runbooks/small.yaml", text.replacing("DIR", with: story.folder.path))
        try story.folder.write("config", "first=1\n")
        return story
    }

    private func content(_ story: Story, _ name: String) -> String? {
        (try? readFile(story.folder.file(name))).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatRanIsTakenBackInReverseAndCanBeBuiltAgain() throws {
        let story = try story()
        let run = try story.runbook("run", "FILE", "--yes", "forever=yes")
        #expect(run.status == 0, "\(run.errors)")
        #expect(content(story, "config") == "first=1\nanswer=42\n")

        let undo = try story.runbook("undo", "FILE", "--yes")
        #expect(undo.status == 0, "\(undo.errors)")
        #expect(
            steady(undo.output, story) == """
                  will take back counted on box
                  will take back new-file on box
                  will take back config on box
                done        undo-counted-box on box  Take back: Count
                done        undo-new-file-box on box  Take back: Make a file
                done        undo-config-box on box  Take back: Set a line

                """)
        #expect(undo.errors.hasPrefix("stays: forever on box cannot be taken back: it is done\n"))
        #expect(content(story, "config") == "first=1\n")
        #expect(content(story, "made") == nil)
        #expect(content(story, "counted") == nil)

        let again = try story.runbook("run", "FILE")
        #expect(again.status == 0, "\(again.errors)")
        #expect(content(story, "config") == "first=1\nanswer=42\n")
        #expect(content(story, "made") == "hello")
    }

    @Test(.timeLimit(.minutes(1)))
    func aFileThatSomebodyChangedSinceIsLeftAlone() throws {
        let story = try story()
        #expect(try story.runbook("run", "FILE", "--yes", "forever=yes").status == 0)
        try story.folder.write("config", "first=1\nanswer=42\nmine=too\n")
        let undo = try story.runbook("undo", "FILE", "--yes")
        #expect(undo.status == 1)
        #expect(content(story, "config") == "first=1\nanswer=42\nmine=too\n")
        #expect(content(story, "made") == nil)
        // Mended by hand, the same command goes on with what is left.
        try story.folder.write("config", "first=1\nanswer=42\n")
        #expect(try story.runbook("undo", "FILE", "--yes").status == 0)
        #expect(content(story, "config") == "first=1\n")
    }
}
