import Glibc
import RunbookTestSupport
import Testing

/// Every documented exit status, reached by the built program.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct ExitStatusTests {
    /// One way to an exit status: what is changed before the run, and how it is begun.
    struct Way: Sendable, CustomTestStringConvertible {
        let status: Int32
        let testDescription: String
        var step = "check: test -e DIR/n/only\n    run: echo x >> DIR/n/only"
        var before = ":"
        var arguments: [String] = []
    }

    static let ways = [
        Way(status: 0, testDescription: "all done"),
        Way(status: 1, testDescription: "a command fails", step: "verify: { none: x }\n    run: exit 9"),
        Way(status: 1, testDescription: "a precheck says no", step: "require: { run: 'false', message: no }"),
        Way(
            status: 2, testDescription: "an unknown key",
            before: "sed -i 's/title/tilte/' runbooks/small.yaml"),
        Way(status: 2, testDescription: "no such runbook", before: "rm runbooks/small.yaml"),
        Way(
            status: 3, testDescription: "a check has no answer",
            step: "check: exit 2\n    run: echo x >> DIR/n/only"),
        Way(
            status: 4, testDescription: "a journal of a later program",
            before:
                "mkdir -m 700 state state/small@small; echo '{\"v\":2,\"seq\":1}' >state/small@small/journal.jsonl"
        ),
        Way(
            status: 6, testDescription: "nobody listens",
            before: "sed -i 's/port: .*/port: 1/' runbooks/small.site.yaml"),
        Way(
            status: 7, testDescription: "another host key",
            before: "sed -i 's/SHA256:..../SHA256:AAAA/' runbooks/small.site.yaml"),
        Way(status: 64, testDescription: "an unknown option", arguments: ["--no-such-option"]),
        Way(
            status: 64, testDescription: "a word is missing and nobody can be asked",
            step: "check: test -e DIR/n/only\n    destroys: /dev/sdz\n    run: echo x >> DIR/n/only"),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: ways)
    func everyStatusIsReached(way: Way) throws {
        let bench = try Bench(
            "  - id: only\n    name: The only one\n    host: box\n    \(way.step)", steps: ["only"])
        try bench.shell(way.before)
        let result = try run(
            [Story.program, "run"] + way.arguments + [bench.folder.file("runbooks/small.yaml")],
            environment: Story.environment)
        #expect(result.status == way.status, "\(result.output)\(result.errors)")
        #expect(bench.count("only") == (way.status == 0 ? 1 : 0))
        // A failure says what it is on stderr; stdout is for what is known of steps.
        #expect(!result.errors.isEmpty)
    }
}
