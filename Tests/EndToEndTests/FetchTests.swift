import Glibc
import RunbookTestSupport
import Testing

/// `fetch` against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct FetchTests {
    private static let runbook = """
        runbook: small
        hosts: { a: {}, b: {} }
        groups: { both: [a, b] }
        steps:
          - { id: bring, hosts: both, fetch: { path: DIR/backup, to: kept/here } }
          - { id: change, host: a, check: test -e DIR/changed, run: 'echo more >> DIR/backup; touch DIR/changed' }
        """

    /// Every byte there is, and what a shell, a terminal or a text tool would change.
    private static let bytes = Array("first\r\nsecond\n\n".utf8) + (0...255).map { UInt8($0) } + [0, 10, 10]

    private func story() throws -> Story {
        let story = try Story("", hosts: ["a", "b"])
        try story.folder.write(
            "runbooks/small.yaml", Self.runbook.replacing("DIR", with: story.folder.path))
        try writeFile(story.folder.file("backup"), Self.bytes)
        return story
    }

    private func kept(_ story: Story, _ host: String, _ suffix: String = "") -> String {
        story.folder.file("kept/here/small@small/\(host)\(story.folder.path)/backup\(suffix)")
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(.timeLimit(.minutes(1))) func itIsHereByteForByteAndOnlyItsOwnerReadsIt() throws {
        let story = try story()
        let planned = try story.runbook("plan", "FILE")
        #expect(
            planned.output.contains(
                "brings \(story.folder.path)/backup to this machine: kept/here/small@small/a\(story.folder.path)/backup"
            ), "\(planned.output)")
        let first = try story.runbook("run", "FILE")
        #expect(first.status == 0, "\(first.errors)")
        for host in ["a", "b"] {
            #expect(try readFile(kept(story, host)) == Self.bytes)
            #expect(mode(kept(story, host)) == 0o600)
        }
        #expect(mode(story.folder.file("kept/here")) == 0o700)
        let settled = first.output.split(separator: "\n").filter { !$0.hasPrefix("  ") }
        #expect(
            settled.prefix(2) == [
                "fetched     bring on a  bring (\(kept(story, "a")), \(Self.bytes.count) bytes)",
                "fetched     bring on b  bring (\(kept(story, "b")), \(Self.bytes.count) bytes)",
            ])
        // The file on the host has changed since: what was brought is what counts.
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 0, "\(second.errors)")
        #expect(try readFile(kept(story, "a")) == Self.bytes)
    }

    @Test(.timeLimit(.minutes(1))) func nothingThatIsHereIsLost() throws {
        let story = try story()
        #expect(try story.runbook("run", "FILE").status == 0)
        try writeFile(story.folder.file("backup"), [1, 2, 3])
        #expect(try story.runbook("run", "FILE", "--new").status == 0)
        #expect(try readFile(kept(story, "a")) == [1, 2, 3])
        #expect(try readFile(kept(story, "a", ".1")) == Self.bytes)
        try writeFile(story.folder.file("backup"), [4])
        #expect(try story.runbook("run", "FILE", "--new").status == 0)
        #expect(try readFile(kept(story, "a")) == [4])
        #expect(try readFile(kept(story, "a", ".1")) == Self.bytes)
        #expect(try readFile(kept(story, "a", ".2")) == [1, 2, 3])
        // The same once more: nothing new is kept.
        #expect(try story.runbook("run", "FILE", "--new").status == 0)
        #expect(unsafe access(kept(story, "a", ".3"), F_OK) != 0)
        // Gone, or another: the run says so, and a person decides.
        _ = unsafe unlink(kept(story, "b"))
        let gone = try story.runbook("run", "FILE")
        #expect(gone.status == 3)
        #expect(try story.runbook("run", "FILE", "--redo", "bring").status == 0)
        #expect(try readFile(kept(story, "b")) == [4])
    }

    @Test(.timeLimit(.minutes(1))) func noLinkLeadsOut() throws {
        let story = try story()
        let outside = story.folder.file("outside")
        unsafe mkdir(outside, 0o755)
        unsafe mkdir(story.folder.file("kept"), 0o755)
        unsafe symlink(outside, story.folder.file("kept/here"))
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1)
        #expect(result.errors.contains("kept/here"), "\(result.errors)")
        #expect(try run(["ls", outside]).output == "")
        _ = unsafe unlink(story.folder.file("kept/here"))
        // Neither is a link taken for the file.
        let place = kept(story, "a")
        _ = try runChecked(["mkdir", "-p", String(place.dropLast("/backup".count))])
        try story.folder.write("outside/file", "mine\n")
        unsafe symlink("\(outside)/file", place)
        #expect(try story.runbook("run", "FILE").status == 1)
        #expect(story.lines("outside/file") == ["mine"])
    }

    @Test(.timeLimit(.minutes(1))) func aFileThatIsTooLongIsRefusedByItsLength() throws {
        let story = try story()
        _ = unsafe truncate(story.folder.file("backup"), (32 << 20) + 1)
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1)
        #expect(result.errors.contains("33554432"), "\(result.errors)")
        #expect(unsafe access(kept(story, "a"), F_OK) != 0)
        _ = unsafe truncate(story.folder.file("backup"), 32 << 20)
        #expect(try story.runbook("run", "FILE", "--until", "change").status == 0)
        #expect(try readFile(kept(story, "a")).count == 32 << 20)
    }
}
