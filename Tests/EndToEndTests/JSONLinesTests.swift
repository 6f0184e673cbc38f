import FoundationEssentials
import RunbookTestSupport
import Testing

/// What `--json` prints is what `runbook schema` says, judged by another reader.
@Suite(
    .serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)),
    .enabled(if: SchemaJudge.isAvailable, Comment(rawValue: SchemaJudge.missing)))
struct JSONLinesTests {
    private static let text = """
        runbook: small
        hosts: { box: {} }
        inputs: { wanted: { type: boolean, default: false } }
        steps:
          - { id: never, host: box, if: inputs.wanted, run: 'false', check: 'true' }
          - { id: needless, host: box, unless: 'true', run: 'false', check: 'false' }
          - { id: so, host: box, check: 'true', run: 'false' }
          - id: first
            name: Write the word
            host: box
            require: { run: 'false', message: it is late, otherwise: warn }
            check: test -s DIR/first
            env: { WORD: hello }
            stdin: text
            run: echo "$WORD" > DIR/first
            outputs: { size: { run: wc -c < DIR/first, type: integer } }
          - { id: conf, host: box, edit: { path: DIR/conf, line: 'a=${{ steps.first.outputs.size }}' } }
          - id: last
            name: Needs a file
            why: The next one reads it.
            host: box
            verify: { none: it says so }
            run: echo out; echo err >&2; test -e DIR/ready
            on_failure: { show: echo evidence }
            hints: [{ output: out, say: make DIR/ready }]
          - { id: gate, require: test -e DIR/ready, host: box }
        """

    /// Every line of a command, each with the name of its schema.
    private func lines(_ story: Story, _ kind: String, _ arguments: String...) throws -> [(String, String)] {
        let words = arguments.map { $0 == "FILE" ? story.folder.file("runbooks/small.yaml") : $0 }
        let result = try run([Story.program] + words, environment: Story.environment)
        let lines = result.output.split(separator: "\n").map { (kind, String($0)) }
        #expect(!lines.isEmpty, "\(arguments): \(result.errors)")
        return lines
    }

    private func schemas() throws -> [String: String] {
        var schemas: [String: String] = [:]
        for kind in ["events", "plan", "status", "lint"] {
            schemas[kind] = try run([Story.program, "schema", kind], environment: Story.environment).output
        }
        return schemas
    }

    @Test(.timeLimit(.minutes(1)))
    func everyLineIsAsItsSchemaSays() throws {
        let story = try Story("")
        try story.folder.write("runbooks/small.yaml", Self.text.replacing("DIR", with: story.folder.path))
        try story.folder.write("conf", "a=1\n")
        var found = try lines(story, "lint", "lint", "--json", "FILE")
        found += try lines(story, "plan", "plan", "--json", "FILE")
        found += try lines(story, "plan", "plan", "--json", "--ask", "FILE")
        found += try lines(story, "events", "run", "--json", "FILE")
        found += try lines(story, "plan", "plan", "--json", "FILE")
        found += try lines(story, "status", "status", "--json", "FILE")
        try story.folder.write("ready", "")
        found += try lines(story, "events", "run", "--json", "FILE")
        found += try lines(story, "events", "verify", "--json", "FILE")
        found += try lines(story, "status", "status", "--json", "FILE")
        try story.folder.write(
            "runbooks/small.yaml", "runbook: small\nhosts: { a: {} }\nsteps: [{ id: a, hots: a }]\n")
        found += try lines(story, "lint", "lint", "--json", "FILE")
        let schemas = try schemas()
        let taken = Set(try SchemaJudge.taken(found, by: schemas))
        #expect(found.indices.filter { !taken.contains($0) }.map { found[$0].1 } == [])

        // A schema that takes anything would be none: each line spoilt in one place is refused.
        let spoilt = found.flatMap { kind, line in
            [line.dropLast() + #","more":1}"#, line.replacing(#/"(step|runbook|id)":"/#, with: #""$$1":""#)]
                .map {
                    (kind, String($0))
                }
        }
        #expect(try SchemaJudge.taken(spoilt, by: schemas) == [])

        let events = Set(
            found.filter { $0.0 == "events" }.compactMap { $0.1.firstMatch(of: #/"event":"([a-z]+)"/#)?.1 })
        #expect(events.sorted() == ["failed", "file", "issued", "outlook", "settled", "started", "warned"])
    }
}
