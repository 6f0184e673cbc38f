import Glibc
import RunbookTestSupport
import Testing

/// `as` on a host where a user without rights logs in and sudo does the rest.
@Suite(.serialized, .enabled(if: Accounts.isAvailable, Comment(rawValue: Accounts.missing)))
struct OtherUserTests {
    private static let whole = """
        runbook: small
        hosts: { box: {} }
        steps:
          - id: plain
            host: box
            run: id -un
            verify: { none: the output tells }
            outputs: { who: { from: stdout } }
          - id: raised
            host: box
            as: root
            check: test "$(stat -c %U /root/raised-DIR 2>/dev/null)" = root
            run: |
              id -un > /root/raised-DIR
            verify: { run: test "$(id -un)" = root }
        """

    private func story(
        _ text: String, sudoers: [String], site: String = ""
    ) throws -> Story {
        let story = try Story("", accounts: Accounts(sudoers: sudoers))
        let name = story.folder.path.split(separator: "/").last.map(String.init) ?? ""
        try story.folder.write("runbooks/small.yaml", text.replacing("DIR", with: name))
        try story.folder.write("runbooks/small.site.yaml", story.site(["box"]) + site)
        return story
    }

    private func mark(_ story: Story) -> String {
        "/root/raised-" + (story.folder.path.split(separator: "/").last.map(String.init) ?? "")
    }

    /// The run's folders on the server: whose they are, and the attempts that have a claim there.
    private func claims(_ story: Story) throws -> [String] {
        let root = story.server.directory.file("lib/runbook"), home = story.server.directory.file("home")
        let found = try runChecked(
            ["sh", "-c", "find \(root) \(home) -name '*.claim' -printf '%U %f\\n' | sort"])
        return found.split(separator: "\n").map(String.init)
    }

    @Test(.timeLimit(.minutes(1))) func claimsProcessesAndFilesBelongToWhoRunsTheCommand() throws {
        let story = try story(Self.whole, sudoers: ["lena ALL=(ALL) NOPASSWD: ALL"])
        defer { _ = unsafe unlink(mark(story)) }
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(
            result.output.replacing(#/ in [0-9.]+s/#, with: "")
                == "done        plain on box  plain\ndone        raised on box  raised\n")
        #expect(try claims(story) == ["0 raised.box.1+root.claim", "12345 plain.box.1.claim"])
        #expect(String(decoding: try readFile(mark(story)), as: UTF8.self) == "root\n")
        // A finished run asks as that user, too.
        #expect(try story.runbook("run", "FILE").status == 0)
        #expect(try story.runbook("verify", "FILE").status == 0)
    }

    @Test(.timeLimit(.minutes(1))) func everythingOnAHostIsDoneAsItsUser() throws {
        let text = """
            runbook: small
            hosts: { box: {} }
            steps:
              - { id: file, host: box, copy: { path: /root/raised-DIR, content: "a\\n", mode: '600' } }
              - { id: who, host: box, run: test "$(id -un)" = root, verify: { none: it fails else } }
            """
        let story = try story(text, sudoers: ["lena ALL=(ALL) NOPASSWD: ALL"], site: "    as: root\n")
        defer { _ = unsafe unlink(mark(story)) }
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(try claims(story) == ["0 file.box.1.claim", "0 who.box.1.claim"])
    }

    @Test(.timeLimit(.minutes(1))) func aPasswordIsAskedOnceAndStandsInNoCommandLine() throws {
        let story = try story(Self.whole, sudoers: ["lena ALL=(ALL) ALL"])
        defer { _ = unsafe unlink(mark(story)) }
        let watch = try spawn(
            [
                "sh", "-c",
                "while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c tr0ub4dor; done > \"$0\"",
                story.folder.file("seen"),
            ])
        let result = try typed(story, ["tr0ub4dor"])
        kill(watch, SIGKILL)
        waitFor(watch)
        #expect(result.status == 0, "\(result.output)")
        #expect(try claims(story) == ["0 raised.box.1+root.claim", "12345 plain.box.1.claim"])
        let seen = Set(story.lines("seen"))
        // The watch sees its own grep and its own text.
        #expect(seen.allSatisfy { (Int($0) ?? 9) <= 3 } && !seen.isEmpty)
        let journal = try readFile(story.folder.file("state/small@small/journal.jsonl"))
        #expect(String(decoding: journal, as: UTF8.self).firstRange(of: "tr0ub4dor") == nil)
    }

    @Test(.timeLimit(.minutes(1))) func aWrongPasswordIsToldAndNothingIsIssued() throws {
        let story = try story(Self.whole, sudoers: ["lena ALL=(ALL) ALL"])
        let result = try typed(story, ["wrong", "wrong", "wrong"])
        #expect(result.status == 6, "\(result.output)")
        #expect(
            result.output.firstRange(
                of: "root cannot be reached through sudo on box: sudo says: Sorry, try again.") != nil,
            "\(result.output)")
        #expect(try claims(story) == ["12345 plain.box.1.claim"])
    }

    @Test(.timeLimit(.minutes(1))) func withoutATerminalItIsSaidWhatSudoWants() throws {
        let story = try story(Self.whole, sudoers: ["lena ALL=(ALL) ALL"])
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 6, "\(result.errors)")
        #expect(
            result.errors.firstRange(
                of:
                    "root cannot be reached through sudo on box: sudo wants a password, and nobody is there to ask"
            ) != nil, "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func aCommandOfAnotherUserIsFollowedAndStopped() throws {
        let text = """
            runbook: small
            hosts: { box: {} }
            steps:
              - { id: long, host: box, as: root, run: 'touch DIR/began; sleep 300', check: 'false' }
            """
        let story = try story(
            text.replacing("DIR", with: "/var/lib"), sudoers: ["lena ALL=(ALL) NOPASSWD: ALL"])
        let pid = try story.start("run", "FILE")
        for _ in 0..<300 where unsafe access(story.server.directory.file("lib/began"), F_OK) != 0 {
            usleep(50_000)
        }
        kill(pid, SIGKILL)
        waitFor(pid)
        let stopped = try story.runbook("stop", "FILE", "long")
        #expect(stopped.status == 0, "\(stopped.output)\(stopped.errors)")
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        #expect(try claims(story) == ["0 long.box.1+root.claim"])
    }

    /// A run at a terminal, where somebody types these lines when asked for a password.
    private func typed(_ story: Story, _ lines: [String]) throws -> CommandResult {
        return try run(
            ["python3", "-c", Self.typist, "\(lines.count)"] + lines
                + [Story.program, "run", story.folder.file("runbooks/small.yaml")],
            environment: Story.environment)
    }

    /// Answers each question for the password with the next line.
    private static let typist = """
        import os, pty, sys
        count = int(sys.argv[1])
        lines, words = sys.argv[2:2 + count], sys.argv[2 + count:]
        pid, fd = pty.fork()
        if pid == 0:
            os.execvp(words[0], words)
        out, answered = b'', 0
        while True:
            try:
                part = os.read(fd, 4096)
            except OSError:
                break
            if not part:
                break
            out += part
            if out.count(b'Password for sudo') > answered and answered < count:
                os.write(fd, lines[answered].encode() + b'\\n')
                answered += 1
        sys.stdout.buffer.write(out)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
}
