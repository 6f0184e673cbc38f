import Glibc
import RunbookTestSupport
import Testing

/// `script`, `as` and `wait` against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct ScriptTests {
    private func story(_ text: String, script: String = "") throws -> Story {
        let story = try Story("")
        unsafe mkdir(story.folder.file("runbooks/files"), 0o755)
        try story.folder.write("runbooks/files/demo.sh", script)
        try story.folder.write("runbooks/small.yaml", text.replacing("DIR", with: story.folder.path))
        return story
    }

    @Test(.timeLimit(.minutes(1))) func aScriptIsRunAsItIs() throws {
        let text = """
            runbook: small
            hosts: { box: {} }
            steps:
              - id: demo
                host: box
                script: files/demo.sh
                env: { WORD: "it's ${{ host.id }}", OUT: DIR/out }
                check: test -s DIR/out
              - { id: pause, host: box, wait: 10ms }
            """
        let script = "#!/bin/sh\n# ${{ no.value }}\necho \"$WORD\" '${{ no.value }}' > \"$OUT\"\n"
        let story = try story(text, script: script)
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(story.lines("out") == ["it's box ${{ no.value }}"])
        // Another text is another step.
        try story.folder.write("runbooks/files/demo.sh", script + "true\n")
        #expect(try story.runbook("run", "FILE").status == 3)
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("#!/usr/bin/env python3", "python3"), ("#!/usr/bin/env -S python3 -u", "python3"),
            ("#!/usr/bin/env -Spython3 -u", "python3"), ("#!/usr/bin/env -i A=b perl", "perl"),
            ("#! /opt/bin/ruby -w", "ruby"), ("#!/usr/bin/env -S bash -e", "bash"),
        ])
    func aScriptOfAnotherLanguageIsRefusedBeforeAnythingIsSent(_ line: String, _ program: String) throws {
        let story = try story(
            "runbook: small\nhosts: { box: {} }\nsteps: [{ id: demo, host: box, script: files/demo.sh, check: date }]\n",
            script: "\(line)\nprint(1)\n")
        let result = try story.runbook("run", "FILE")
        #expect(
            result.errors == """
                error: step demo: files/demo.sh wants \(program) and would run under sh
                  hint: say `shell: bash`, or copy the file and run it with `argv`

                """)
        #expect(result.status == 2)
    }

    @Test(.timeLimit(.minutes(1)), .enabled(if: getuid() == 0, "only root becomes another user"))
    func aCommandRunsAsItsUser() throws {
        let story = try story(
            """
            runbook: small
            hosts: { box: {} }
            steps:
              - id: demo
                host: box
                as: nobody
                env: { WORD: "a 'b' $c" }
                stdin: from stdin
                run: |
                  read -r line || true
                  echo "$(id -un) $WORD $line"
                verify: { none: the output tells }
                outputs: { said: { from: stdout } }
              - id: fail
                host: box
                as: nobody
                run: 'false; true'
                verify: { none: it fails }
            """)
        // The user's own folder stands beside the host's, as /var/lib/runbook.users does.
        unsafe chmod(story.folder.path, 0o711)
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 1)
        #expect(
            result.output.replacing(#/ in [0-9.]+s/#, with: "")
                == "done        demo on box  demo\nfailed      fail on box  fail\n")
        let log = try readFile(story.folder.file("state/small@small/journal.jsonl"))
        #expect(String(decoding: log, as: UTF8.self).firstRange(of: #""nobody a 'b' $c from stdin""#) != nil)
    }
}
