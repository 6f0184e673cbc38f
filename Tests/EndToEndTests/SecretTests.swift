import FoundationEssentials
import Glibc
import RunbookTestSupport
import Testing

/// A secret on its whole way, with a real sshd: it does its work on the host and is found nowhere else.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct SecretTests {
    static let runbook = #"""
        runbook: small
        hosts: { box: {} }
        inputs:
          key: { type: string, secret: true, title: The key }
        steps:
          - id: environment
            host: box
            env: { KEY: '${{ inputs.key }}' }
            check: { run: 'printf %s "$KEY" | cmp -s - DATA/environment', no_exit: [1, 2] }
            run: |
              printf '%s\n' "$KEY"
              printf '%s' "$KEY" | base64 >&2
              printf '%s' "$KEY" > DATA/environment
              sleep 0.3
          - id: stdin
            host: box
            stdin: '${{ inputs.key }}'
            run: sleep 0.3; cat > DATA/stdin
            verify: { run: cat DATA/stdin, match: . }
          - id: file
            host: box
            copy: { path: DATA/file, content: 'key=${{ inputs.key }}', mode: '0600' }
          - id: line
            host: box
            edit: { path: DATA/line, line: 'key=${{ inputs.key }}', match: '^key=' }
          - id: fail
            host: box
            env: { KEY: '${{ inputs.key }}' }
            require: { run: 'echo "$KEY"', none: '^never$' }
            run: |
              echo "$KEY" | od -An -tx1 | tr -d ' \n' >&2
              echo "$KEY" "$KEY" >&2
              exit 1
            verify: { none: it fails }
            on_failure: { show: 'echo "evidence: $KEY"; cat DATA/line' }
            hints: [{ output: K3y, say: it is in the output }]
        """#

    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func itIsFoundNowhereElse(json: Bool) throws {
        let secret = try secretStory(key: "{ env: THE_KEY }")
        let run = try secret.watched(["run", secret.file] + (json ? ["--json"] : []))
        let said = secret.story.lines("err").joined(separator: "\n")
        #expect(run.status == 1, "\(said)")
        // It was there.
        #expect(try secret.text("environment") == SecretForms.secret)
        #expect(try secret.text("stdin") == SecretForms.secret)
        #expect(try secret.text("file") == "key=\(SecretForms.secret)")
        #expect(try secret.text("line") == "key=\(SecretForms.secret)\nother=1\n")
        // And nowhere else: the command lines of all processes, the state, the host's folder, stdout and stderr.
        #expect(run.commandLines == [])
        #expect(try secret.traces() == [])
        let whole = secret.story.lines("out").joined(separator: "\n") + said
        #expect(whole.firstRange(of: "***") != nil)
        if !json { #expect(said.firstRange(of: "evidence: ***") != nil, "\(said)") }
        // What the commands read is gone from the host.
        let names = try FileManager.default.subpathsOfDirectory(atPath: secret.story.hostFolder)
        #expect(names.filter { $0.hasSuffix(".in") } == [])
    }

    /// A run with another secret: nothing is another step, and what looks at a run or ahead of it shows none.
    @Test(.timeLimit(.minutes(1)))
    func whatLooksAtARunShowsNone() throws {
        let secret = try secretStory(key: "{ env: THE_KEY }")
        #expect(try secret.watched(["run", secret.file]).status == 1)
        let plan = try secret.story.runbook("plan", "FILE")
        #expect(plan.status == 0)
        #expect(plan.output.firstRange(of: "KEY=***") != nil)
        let steps = ["environment", "line"]
        let looks =
            steps.map { ["explain", secret.file, $0] } + [
                ["plan", secret.file], ["plan", secret.file, "--json"],
                ["plan", secret.file, "--ask", "--json"], ["log", secret.file], ["status", secret.file],
                ["status", secret.file, "--json"], ["verify", secret.file],
                ["verify", secret.file, "--json"],
            ]
        for look in looks {
            let result = try secret.watched(look)
            #expect(!secret.story.lines("out").isEmpty, "\(look): \(secret.story.lines("err"))")
            #expect(try secret.traces() == [], "\(look)")
            #expect(result.commandLines == [], "\(look)")
        }
    }

    private func secretStory(key: String) throws -> SecretStory {
        let secret = try SecretStory(Self.runbook, key: key)
        try secret.data.write("line", "key=old\nother=1\n")
        return secret
    }

    @Test(.timeLimit(.minutes(1)))
    func itComesFromAFileOrACommand() throws {
        for key in ["{ file: key }", "{ command: \"cat $KEY_FILE\" }"] {
            let secret = try secretStory(key: key)
            let path = try secret.story.folder.write("runbooks/key", SecretForms.secret + "\n")
            unsafe chmod(path, 0o600)
            let result = try secret.story.runbook("run", "FILE", environment: ["KEY_FILE": path])
            #expect(result.status == 1)
            #expect(try secret.text("stdin") == SecretForms.secret)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatCannotBeHadIsSaidBeforeAnythingIsSent() throws {
        func said(_ key: String, _ environment: [String: String] = [:]) throws -> String {
            let story = try secretStory(key: key).story
            let path = try story.folder.write("runbooks/key", SecretForms.secret)
            unsafe chmod(path, 0o644)
            let result = try story.runbook("run", "FILE", environment: environment)
            #expect(unsafe access(story.hostFolder, F_OK) != 0)
            let lines = result.errors.split(separator: "\n").dropFirst()
            return "\(result.status)\n" + steady(lines.joined(separator: "\n"), story)
        }
        let end = "nothing was connected, nothing was sent"
        #expect(
            try said("prompt") == """
                3
                error: the secret key: nobody is there to type it
                  hint: say in the site file where it comes from: `{ env: NAME }`, `{ file: PATH }` or `{ command: … }`
                \(end)
                """)
        #expect(
            try said("{ env: THE_KEY }")
                == "2\nerror: the secret key: the variable THE_KEY is not set\n\(end)")
        #expect(
            try said("{ env: THE_KEY }", ["THE_KEY": "short"]) == """
                2
                error: the secret key: it has 5 bytes
                  hint: one of fewer than 6 cannot be hidden: it would hide ordinary words
                \(end)
                """)
        #expect(
            try said("{ env: THE_KEY }", ["THE_KEY": "require"]) == """
                2
                error: the secret key: it stands in DIR/runbooks/small.yaml
                  hint: choose another one: that file is kept and copied
                \(end)
                """)
        #expect(
            try said("{ file: key }") == """
                2
                error: the secret key: others can read or change DIR/runbooks/key
                  hint: chmod 600 DIR/runbooks/key
                \(end)
                """)
        #expect(
            try said("{ command: \"echo no >&2; false\" }")
                == "2\nerror: the secret key: its command failed: no^J\n\(end)")
    }
}
