import FoundationEssentials
import Glibc
import RunbookTestSupport
import Testing

/// A secret on its whole way, with a real sshd: it does its work on the host and is found nowhere else.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct SecretTests {
    static let secret = #"K3y"q'$p&<é>/\w 7"#
    /// Pieces of it and of its forms that are long enough to be no accident.
    static let traces = [
        secret, #"q'\''$p&<"#, "SzN5InEn", "4b337922", "K3y%22q", #"K3y\"q"#, "K3y&quot;", "$p&<é>",
        "y\"q'$p",
    ]

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

    /// A story whose steps write into a folder beside it.
    private func story(key: String) throws -> (Story, TemporaryDirectory) {
        let story = try Story("")
        let data = try TemporaryDirectory("data")
        try data.write("line", "key=old\nother=1\n")
        try story.folder.write("runbooks/small.yaml", Self.runbook.replacing("DATA", with: data.path))
        let site = story.site(["box"]).replacing("hosts:", with: "inputs: { key: \(key) }\nhosts:")
        try story.folder.write("runbooks/small.site.yaml", site)
        return (story, data)
    }

    private func traces(in bytes: [UInt8]) -> [String] {
        Self.traces.filter { bytes.firstRange(of: Array($0.utf8)) != nil }
    }

    /// Every file below a folder that holds a trace, with the trace.
    private func found(below folder: String) throws -> [String] {
        var found: [String] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            guard let bytes = try? readFile("\(folder)/\(name)") else { continue }
            found += traces(in: bytes).map { "\(name): \($0)" }
        }
        return found
    }

    /// What stands in the command lines of all processes, looked at until the program ends.
    private func commandLines(until process: Int32) -> (status: Int32, found: Set<String>) {
        var found: Set<String> = [], status: Int32 = 0
        while unsafe waitpid(process, &status, WNOHANG) == 0 {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            where name.first?.isNumber == true {
                guard let line = try? readFile("/proc/\(name)/cmdline") else { continue }
                found.formUnion(traces(in: line))
            }
            usleep(2000)
        }
        return (status >> 8 & 0xFF, found)
    }

    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func itIsFoundNowhereElse(json: Bool) throws {
        let (story, data) = try story(key: "{ env: THE_KEY }")
        let file = story.folder.file("runbooks/small.yaml")
        let process = try spawn(
            [
                "sh", "-c", "exec \"$@\" > \"$0/out\" 2> \"$0/err\"", story.folder.path, Story.program, "run",
                file,
            ]
                + (json ? ["--json"] : []),
            environment: Story.environment.merging(["THE_KEY": Self.secret]) { $1 })
        let (status, lines) = commandLines(until: process)
        let said = story.lines("err").joined(separator: "\n")
        #expect(status == 1, "\(said)")
        // It was there.
        for name in ["environment", "stdin"] {
            #expect(String(decoding: try readFile(data.file(name)), as: UTF8.self) == Self.secret)
        }
        #expect(String(decoding: try readFile(data.file("file")), as: UTF8.self) == "key=\(Self.secret)")
        #expect(
            String(decoding: try readFile(data.file("line")), as: UTF8.self)
                == "key=\(Self.secret)\nother=1\n")
        // And nowhere else: the command lines of all processes, the state, the host's folder, stdout and stderr.
        #expect(lines == [])
        #expect(try found(below: story.folder.path) == [])
        let whole = story.lines("out").joined(separator: "\n") + said
        #expect(whole.firstRange(of: "***") != nil)
        if !json { #expect(said.firstRange(of: "evidence: ***") != nil, "\(said)") }
        // What the commands read is gone from the host.
        let names = try FileManager.default.subpathsOfDirectory(atPath: story.hostFolder)
        #expect(names.filter { $0.hasSuffix(".in") } == [])
        // A run with another secret: nothing is another step, and one check says what is no longer so.
        let plan = try story.runbook("plan", "FILE")
        #expect(plan.status == 0 && traces(in: Array(plan.output.utf8)) == [])
        #expect(plan.output.firstRange(of: "KEY=***") != nil)
        for command in [["log"], ["status"], ["explain"]] {
            let words = command + [file] + (command == ["explain"] ? ["line"] : [])
            let result = try run([Story.program] + words, environment: Story.environment)
            #expect(traces(in: Array((result.output + result.errors).utf8)) == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func itComesFromAFileOrACommand() throws {
        for key in ["{ file: key }", "{ command: \"cat $KEY_FILE\" }"] {
            let (story, data) = try story(key: key)
            let path = try story.folder.write("runbooks/key", Self.secret + "\n")
            unsafe chmod(path, 0o600)
            let result = try story.runbook("run", "FILE", environment: ["KEY_FILE": path])
            #expect(result.status == 1)
            #expect(String(decoding: try readFile(data.file("stdin")), as: UTF8.self) == Self.secret)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatCannotBeHadIsSaidBeforeAnythingIsSent() throws {
        func said(_ key: String, _ environment: [String: String] = [:]) throws -> String {
            let (story, _) = try story(key: key)
            let path = try story.folder.write("runbooks/key", Self.secret)
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
