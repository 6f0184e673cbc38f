import FoundationEssentials
import RunbookTestSupport
import Testing

/// Every form of a secret, printed by commands on a host, and the secret in files that a plan compares.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct SecretFormStoryTests {
    private static let printing = """
        runbook: small
        hosts: { box: {} }
        inputs:
          key: { type: string, secret: true, title: The key }
        steps:
          - id: whole
            host: box
            check: { run: 'cat DATA/forms; cat DATA/forms >&2; test -e DATA/done' }
            run: |
              cat DATA/forms
              cat DATA/forms >&2
              touch DATA/done
          - id: pieces
            host: box
            verify: { none: it only prints }
            run: |
              n=0
              while [ "$n" -lt COUNT ]; do
                dd if=DATA/forms bs=37 skip="$n" count=1 2>/dev/null
                n=$((n + 1))
                sleep 0.005
              done
          - id: fail
            host: box
            require: { run: cat DATA/forms, none: '^never$' }
            run: |
              tail -n 60 DATA/forms
              tail -n 40 DATA/forms >&2
              exit 1
            verify: { none: it fails }
            on_failure: { show: head -n 40 DATA/forms }
            hints: [{ output: printf, say: it is in the output }]
        """

    /// Each form whole, and split over lines in both ways; UTF-16 in both byte orders.
    private static let forms: [UInt8] = {
        var bytes: [UInt8] = []
        for (name, core) in SecretForms.cores {
            bytes += Array("\(name): ".utf8) + core + Array("\n".utf8)
            for end in ["\n", "\r\n"] {
                bytes += Array("\(name), in lines: ".utf8)
                for start in stride(from: 0, to: core.count, by: 7) {
                    bytes += core[start..<min(start + 7, core.count)] + Array(end.utf8)
                }
            }
        }
        for isBig in [true, false] { bytes += SecretForms.utf16(" \(SecretForms.secret)\n", isBig: isBig) }
        return bytes
    }()

    private enum Sink: CaseIterable { case plain, json, terminal }

    @Test(.timeLimit(.minutes(1)), arguments: Sink.allCases)
    private func noFormReachesTheStateOrAnOutput(sink: Sink) throws {
        let count = (Self.forms.count + 36) / 37
        let secret = try SecretStory(
            Self.printing.replacing("COUNT", with: String(count)), key: "{ env: THE_KEY }")
        try writeFile(secret.data.file("forms"), Self.forms)
        #expect(SecretStory.traces(in: Self.forms).count > 40, "they are there to be found")
        let terminal = sink == .terminal ? try PseudoTerminal(columns: 60) : nil
        let run = try secret.watched(
            ["run", secret.file] + (sink == .json ? ["--json"] : []), on: terminal)
        let said = run.seen + (sink == .terminal ? "" : secret.story.lines("err").joined(separator: "\n"))
        #expect(run.status == 1, "\(said)")
        #expect(said.firstRange(of: "it is in the output") != nil, "\(said)")
        #expect(SecretStory.traces(in: Array(run.seen.utf8)) == [])
        #expect(run.commandLines == [])
        #expect(try secret.traces() == [])
        // All the rest of what was printed is kept.
        let journal = String(
            decoding: try readFile(secret.story.folder.file("state/small@small/journal.jsonl")), as: UTF8.self
        )
        #expect(journal.components(separatedBy: "base64: ***").count - 1 == 3, "\(journal)")
    }

    // MARK: - Plans

    private static let files = """
        runbook: small
        hosts: { box: {} }
        inputs:
          key: { type: string, secret: true, title: The key }
        steps:
          - id: run
            host: box
            env: { KEY: '${{ inputs.key }}' }
            stdin: '${{ inputs.key }}'
            check: { run: 'cat DATA/made; test -s DATA/made' }
            run: tr a a > DATA/made
          - id: new
            host: box
            copy: { path: DATA/new, content: 'key=${{ inputs.key }}' }
          - id: changed
            host: box
            edit: { path: DATA/changed, line: 'key=${{ inputs.key }}', match: '^key=' }
          - id: left
            host: box
            edit: { path: DATA/left, line: last }
          - id: gone
            host: box
            copy: { path: DATA/gone, content: "nothing\\n" }
        """

    private static let shownPlan = #"""
        run
          would run       on box  `cat DATA/made; test -s DATA/made` on box said no
            | tr a a > DATA/made
            reads from stdin: "***"
        new
          would run       on box  DATA/new is not as this step leaves it
            --- DATA/new
            +++ DATA/new
            @@ -0,0 +1 @@
            +key=***
            \ No newline at end of file
            writes DATA/new (7 bytes)
        changed
          would run       on box  DATA/changed is not as this step leaves it
            --- DATA/changed
            +++ DATA/changed
            @@ -1,3 +1,3 @@
             a
            -key=old
            +key=***
             b
            edits DATA/changed: line `key=***` in place of what matches `^key=`
        left
          would run       on box  DATA/left is not as this step leaves it
            --- DATA/left
            +++ DATA/left
            @@ -1 +1,2 @@
             key=***
            +last
            edits DATA/left: line `last`
        gone
          would run       on box  DATA/gone is not as this step leaves it
            --- DATA/gone
            +++ DATA/gone
            @@ -1,2 +1 @@
            -password: '***'
            -***
            +nothing
            writes DATA/gone (8 bytes)

        """#

    private static let savedPlan = #"""
        {"detail":"`cat DATA/made; test -s DATA/made` on box said no","host":"box","name":"run","outlook":"would run","stdin":"***","step":"run","text":"tr a a > DATA/made"}
        {"changes":["--- DATA/new\n+++ DATA/new\n@@ -0,0 +1 @@\n+key=***\n\\ No newline at end of file\n"],"detail":"DATA/new is not as this step leaves it","does":"writes DATA/new (7 bytes)","host":"box","name":"new","outlook":"would run","step":"new"}
        {"changes":["--- DATA/changed\n+++ DATA/changed\n@@ -1,3 +1,3 @@\n a\n-key=old\n+key=***\n b\n"],"detail":"DATA/changed is not as this step leaves it","does":"edits DATA/changed: line `key=***` in place of what matches `^key=`","host":"box","name":"changed","outlook":"would run","step":"changed"}
        {"changes":["--- DATA/left\n+++ DATA/left\n@@ -1 +1,2 @@\n key=***\n+last\n"],"detail":"DATA/left is not as this step leaves it","does":"edits DATA/left: line `last`","host":"box","name":"left","outlook":"would run","step":"left"}
        {"changes":["--- DATA/gone\n+++ DATA/gone\n@@ -1,2 +1 @@\n-password: '***'\n-***\n+nothing\n"],"detail":"DATA/gone is not as this step leaves it","does":"writes DATA/gone (8 bytes)","host":"box","name":"gone","outlook":"would run","step":"gone"}

        """#

    /// The secret is to be written, stands beside what is changed, and is to be written over.
    @Test(.timeLimit(.minutes(1)))
    func aSavedPlanAndItsDifferencesShowNone() throws {
        let secret = try SecretStory(Self.files, key: "{ env: THE_KEY }")
        try secret.data.write("changed", "a\nkey=old\nb\n")
        try secret.data.write("left", "key=\(SecretForms.secret)\n")
        try secret.data.write("gone", "password: '\(SecretForms.secret)'\nSzN5InEnJHAmPMOpPi9cdyA3\n")
        let path = secret.story.folder.file("plan.jsonl")
        let plan = try secret.watched(["plan", secret.file, "--ask", "--save", path])
        #expect(plan.status == 0, "\(secret.story.lines("err"))")
        #expect(plan.commandLines == [])
        #expect(try secret.traces() == [])
        let shown = String(decoding: try readFile(secret.story.folder.file("out")), as: UTF8.self)
        #expect(secret.steady(shown) == Self.shownPlan)
        let saved = String(decoding: try readFile(path), as: UTF8.self).drop { $0 != "\n" }.dropFirst()
        #expect(secret.steady(String(saved)) == Self.savedPlan)

        let run = try secret.watched(["run", "--plan", path, secret.file])
        #expect(run.status == 0, "\(secret.story.lines("err"))")
        #expect(run.commandLines == [])
        // A file as it was is kept for `undo` in the run's folder on the host, which only its user can read.
        let places = Set(try secret.traces().compactMap { $0.split(separator: ":").first })
        #expect(
            places.compactMap { $0.split(separator: "/").last }.sorted() == [
                "gone.box.0.before.1", "left.box.0.before.1",
            ])
        #expect(try secret.text("made") == SecretForms.secret)
        #expect(try secret.text("left") == "key=\(SecretForms.secret)\nlast\n")
        #expect(try secret.text("gone") == "nothing\n")
    }
}
