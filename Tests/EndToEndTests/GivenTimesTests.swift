import RunbookTestSupport
import Testing

/// Times and numbers that the site file gives, against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct GivenTimesTests {
    private static let runbook = """
        runbook: small
        inputs: { patience: { type: duration }, tries: { type: integer } }
        hosts: { box: {} }
        steps:
          - id: tried
            check: test -e DIR/done
            run: |
              echo tried >> DIR/log
              if [ "$(wc -l < DIR/log)" -ge 3 ]; then touch DIR/done; fi
            retry: { times: '${{ inputs.tries }}', delay: '${{ inputs.patience }}' }
          - id: seen
            verify: { run: 'echo asked >> DIR/asked; test "$(wc -l < DIR/asked)" -ge 2', within: '${{ inputs.patience }}', every: 50ms }
        """

    @Test(.timeLimit(.minutes(1))) func theyHoldForTheRunAndAreShownInThePlan() throws {
        let story = try Story("")
        try story.folder.write(
            "runbooks/small.yaml", Self.runbook.replacing("DIR", with: story.folder.path))
        let site = story.site(["box"])
        try story.folder.write("runbooks/small.site.yaml", site + "inputs: { patience: 1s, tries: 3 }\n")
        let told = try story.runbook("explain", "FILE", "tried")
        #expect(
            told.output.split(separator: "\n").contains(
                "  after a clear no of its check it is sent again, 1s later, 3 times in all"), "\(told)")
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.errors)\(result.output)")
        #expect(story.lines("log") == ["tried", "tried", "tried"])
        #expect(story.lines("asked").count == 2)
    }

    @Test(.timeLimit(.minutes(1))) func oneThatCannotBeUsedIsRefusedBeforeAnyConnection() throws {
        let story = try Story("")
        try story.folder.write(
            "runbooks/small.yaml", Self.runbook.replacing("DIR", with: story.folder.path))
        let site = story.site(["box"])
        try story.folder.write("runbooks/small.site.yaml", site + "inputs: { patience: 1s, tries: 1 }\n")
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 2)
        #expect(
            result.errors.split(separator: "\n").first
                == "error[out-of-range]: step `tried` takes a number from 2 to 100 here")
    }
}
