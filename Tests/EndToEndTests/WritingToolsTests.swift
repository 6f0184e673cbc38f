import Glibc
import RunbookTestSupport
import Testing

/// `runbook fmt` and `runbook schema`.
@Suite(.timeLimit(.minutes(1))) struct WritingToolsTests {
    static let messy = "runbook:  small\nhosts: {a: {}}\nsteps:\n- id: one # first\n  require: date\n"
    static let neat = "runbook: small\nhosts: { a: {} }\nsteps:\n  - id: one # first\n    require: date\n"

    @Test func checkShowsWhatWouldChangeAndWritesNothing() throws {
        let desk = try Desk(Self.messy)
        let result = try desk.runbook("fmt", "--check", "FILE")
        #expect(
            result.output == """
                --- DIR/runbooks/small.yaml
                +++ DIR/runbooks/small.yaml
                @@ -1,5 +1,5 @@
                -runbook:  small
                -hosts: {a: {}}
                +runbook: small
                +hosts: { a: {} }
                 steps:
                -- id: one # first
                -  require: date
                +  - id: one # first
                +    require: date

                """)
        #expect(result.status == 1)
        #expect(try desk.text("runbooks/small.yaml") == Self.messy)
    }

    @Test func theFileIsWrittenAndKeepsItsMode() throws {
        let desk = try Desk(Self.messy)
        let path = desk.folder.file("runbooks/small.yaml")
        unsafe chmod(path, 0o640)
        #expect(try desk.runbook("fmt", "FILE").errors == "laid out: DIR/runbooks/small.yaml\n")
        #expect(try desk.text("runbooks/small.yaml") == Self.neat)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        let again = try desk.runbook("fmt", "--check", "FILE")
        #expect(again == CommandResult(status: 0, output: "", errors: ""))
    }

    @Test func aRunbookWithAnErrorIsLeft() throws {
        let desk = try Desk("runbook:  small\nsteps: 1\n")
        #expect(try desk.runbook("fmt", "FILE").status == 2)
        #expect(try desk.text("runbooks/small.yaml") == "runbook:  small\nsteps: 1\n")
    }

    @Test(arguments: [
        (
            ["stauts"],
            "error: there is no command runbook stauts; did you mean status?\n  runbook --help lists them\n"
        ),
        (
            ["lab", "dwon", "x"],
            "error: there is no command runbook lab dwon; did you mean down?\n  runbook lab --help lists them\n"
        ),
        (["xyzzy", "FILE"], "error: there is no command runbook xyzzy\n  runbook --help lists them\n"),
    ])
    func aSlipInACommandIsAnsweredWithTheNearest(_ words: [String], _ errors: String) throws {
        let result = try Desk(Self.neat).run(words)
        #expect(result == CommandResult(status: 64, output: "", errors: errors))
    }

    @Test func aSlipInAnOptionIsAnsweredWithTheNearest() throws {
        let result = try Desk(Self.neat).runbook("plan", "--jsn", "FILE")
        #expect(result.status == 64)
        #expect(
            result.errors.split(separator: "\n").first
                == "Error: Unknown option '--jsn'. Did you mean '--json'?")
    }

    @Test func theSchemaIsJSON() throws {
        let desk = try Desk(Self.neat)
        let first =
            "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"a site file\",\n"
        #expect(try desk.runbook("schema", "site").output.hasPrefix(first))
    }
}
