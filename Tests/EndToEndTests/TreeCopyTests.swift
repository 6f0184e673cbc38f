import Glibc
import RunbookTestSupport
import Testing

/// `copy` of folders and long files against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct TreeCopyTests {
    private static let runbook = """
        runbook: small
        hosts: { box: {} }
        steps:
          - { id: app, host: box, copy: { from: files/app/, path: DIR/there }, undo: automatic }
        """

    private func story(_ text: String = runbook, options: [String] = []) throws -> Story {
        let story = try Story("", options: options)
        try story.folder.write("runbooks/small.yaml", text.replacing("DIR", with: story.folder.path))
        let script = """
            mkdir -p "$1/runbooks/files/app/bin" "$1/runbooks/files/app/leer"
            cd "$1/runbooks/files/app"
            printf 'port 1\\n' >app.conf
            head -c 300000 /dev/urandom >'bin/run me'
            chmod 755 'bin/run me'
            ln -s bin/run\\ me start
            """
        try runChecked(["sh", "-ec", script, "sh", story.folder.path])
        return story
    }

    private func same(_ story: Story) throws {
        let here = story.folder.file("runbooks/files/app"), there = story.folder.file("there")
        #expect(try run(["diff", "-r", "--no-dereference", here, there]).output == "")
    }

    private func steadier(_ text: String, _ story: Story) -> String {
        steady(text, story).replacing(#/ in [0-9.]+s/#, with: "").replacing(story.server.user, with: "USER")
    }

    @Test(.timeLimit(.minutes(1))) func aTreeIsPlannedCopiedFoundAndTakenBack() throws {
        let story = try story()
        let planned = try story.runbook("plan", "FILE", "--ask")
        #expect(planned.status == 0, "\(planned.errors)")
        let listed = [
            "+ DIR/there/ (new)", "+ DIR/there/app.conf (new, 7 bytes)", "+ DIR/there/bin/ (new)",
            "+ DIR/there/bin/run me (new, 300000 bytes)", "+ DIR/there/leer/ (new)",
            "+ DIR/there/start -> bin/run me (new)",
        ]
        let lines = steady(planned.output, story).split(separator: "\n")
            .map { String($0.drop { $0 == " " }) }
        #expect(lines.filter { $0.hasPrefix("+ ") } == listed, "\(planned.output)")
        #expect(
            lines.contains {
                $0.hasSuffix("writes DIR/there from files/app/ (2 files, 2 folders, 1 link, 300007 bytes)")
            },
            "\(planned.output)")
        #expect(unsafe access(story.folder.file("there"), F_OK) != 0)

        let first = try story.runbook("run", "FILE")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        try same(story)
        let again = try story.runbook("run", "FILE", "--new")
        #expect(again.status == 0, "\(again.errors)")
        #expect(steadier(again.output, story) == "was so      app on box  app\n")
        try writeFile(story.folder.file("there/app.conf"), Array("port 2\n".utf8))
        let verified = try story.runbook("verify", "FILE")
        #expect(verified.status == 1, "\(verified.output)\(verified.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func whatWasCopiedIsTakenBack() throws {
        let story = try story()
        try runChecked(["mkdir", story.folder.file("there")])
        try writeFile(story.folder.file("there/app.conf"), Array("port 0\n".utf8))
        #expect(try story.runbook("run", "FILE").status == 0)
        try same(story)
        let undone = try story.runbook("undo", "FILE", "--yes")
        #expect(undone.status == 0, "\(undone.output)\(undone.errors)")
        #expect(try runChecked(["ls", "-A", story.folder.file("there")]) == "app.conf\n")
        #expect(try readFile(story.folder.file("there/app.conf")) == Array("port 0\n".utf8))
    }

    /// A host that opens one channel only, and a folder that cannot be copied.
    @Test(.timeLimit(.minutes(1))) func aHostOfOneChannelGetsItAsWell() throws {
        let story = try story(options: ["MaxSessions 1"])
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        try same(story)
    }

    @Test(.timeLimit(.minutes(1))) func whatCannotBeCopiedIsRefusedBeforeAnythingIsSent() throws {
        let cases = [
            ("ln -s /etc/passwd out", "the link files/app/out leads out of the folder, to /etc/passwd"),
            ("ln -s ../../up bin/up", "the link files/app/bin/up leads out of the folder, to ../../up"),
            ("mkfifo pipe", "files/app/pipe is neither a file nor a folder nor a link"),
            ("touch \"$(printf 'a\\033b')\"", "the name a^[b in files/app cannot be copied"),
        ]
        for (command, message) in cases {
            let story = try story()
            try runChecked([
                "sh", "-ec", "cd \"$1\"; \(command)", "sh", story.folder.file("runbooks/files/app"),
            ])
            let result = try story.runbook("run", "FILE")
            #expect(result.status == 2)
            #expect(result.errors.split(separator: "\n").first == "error: step app: \(message)")
            #expect(unsafe access(story.hostFolder, F_OK) != 0)
        }
        let story = try story(Self.runbook.replacing("files/app/", with: "files/app"))
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 2)
        #expect(
            result.errors == """
                error: step app: files/app is a folder
                  hint: write `files/app/` to copy it with all that is in it

                """)
    }

    private static let long = """
        runbook: small
        hosts: { box: {} }
        steps:
          - { id: image, host: box, copy: { from: files/image, path: DIR/image, mode: '0600' } }
        """

    /// A file longer than any bound of memory: killed in the middle of sending, the next run sends the rest.
    @Test(.timeLimit(.minutes(3))) func aLongFileIsSentOnceAlsoWhenTheRunIsKilled() throws {
        let story = try story(Self.long)
        let image = story.folder.file("runbooks/files/image")
        try runChecked(["sh", "-c", "head -c 201326592 /dev/urandom >\"$1\"", "sh", image])
        let proxy = try CuttingProxy(to: story.server.port)
        try story.folder.write("runbooks/small.site.yaml", story.site(["box"], port: proxy.port))
        let pid = try story.start("run", "FILE")
        let part = "\(story.hostFolder)"
        var arrived = 0
        for _ in 0..<3000 where arrived < 20 << 20 {
            usleep(5000)
            let said = try run(["sh", "-c", "cat \"$1\"/*/*.staged 2>/dev/null | wc -c", "sh", part])
            arrived = Int(said.output.filter(\.isNumber)) ?? 0
        }
        kill(pid, SIGKILL)
        waitFor(pid)
        #expect(arrived >= 20 << 20 && arrived < 201_326_592)
        #expect(unsafe access(story.folder.file("image"), F_OK) != 0)

        proxy.arm(nil)
        let measured = try run(
            [
                "/usr/bin/python3", "-c", Self.peak, Story.program, "run",
                story.folder.file("runbooks/small.yaml"),
            ],
            environment: Story.environment)
        #expect(measured.status == 0, "\(measured.output)\(measured.errors)")
        let words = measured.output.split(separator: "\n").last?.split(separator: " ") ?? []
        let peak = words.first.flatMap { Int($0) } ?? .max
        #expect(peak < 64 << 10, "KiB of memory: \(peak)")
        #expect(try run(["cmp", image, story.folder.file("image")]).status == 0)
        #expect(try runChecked(["stat", "-c", "%a", story.folder.file("image")]) == "600\n")
        // What was there of it is not sent again.
        let sent = proxy.boundaries(.toServer).last ?? .max
        #expect(sent < 201_326_592 - arrived + (4 << 20), "\(arrived) had arrived, \(sent) were sent")
        #expect(try story.runbook("run", "FILE", "--new").output.hasPrefix("was so "))
    }

    /// Runs a command and says last how many KiB of memory it had at most.
    private static let peak = """
        import resource, subprocess, sys
        status = subprocess.call(sys.argv[1:])
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        sys.exit(status)
        """
}
