import Glibc
import RunbookTestSupport
import Testing

/// `max_unavailable` as a person sees it: what is shown, what the report says, and that the same command goes on.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct LeftOutStoryTests {
    private struct Three {
        let story: Story
        let refusing: SSHDServer

        init() throws {
            story = try Story("", hosts: ["a", "b", "c"])
            refusing = try SSHDServer(options: ["SetEnv RUNBOOK_DIR=\(story.hostFolder)"])
            refusing.stop()
            let lines =
                story.site(["a", "c"])
                + "  b: { address: 127.0.0.1, port: \(refusing.port), user: \(refusing.user), identity: '\(refusing.userKey)', host_key: '\(refusing.fingerprints[0])' }\n"
            try story.folder.write("runbooks/small.site.yaml", lines)
            try story.folder.write(
                "runbooks/small.yaml",
                """
                runbook: small
                hosts: { a: {}, b: {}, c: {} }
                groups: { fleet: [a, b, c] }
                env: { HOST: '${{ host.id }}' }
                steps:
                  - id: one
                    name: On all but one
                    hosts: fleet
                    order: batch
                    batch: 2
                    max_unavailable: 1
                    check: test -e DIR/one-$HOST
                    run: touch DIR/one-$HOST
                  - id: two
                    name: On all
                    hosts: fleet
                    check: test -e DIR/two-$HOST
                    run: touch DIR/two-$HOST
                """.replacing("DIR", with: story.folder.path))
        }

        func steady(_ text: String) -> String {
            text.replacing(story.folder.path, with: "DIR").replacing("\(refusing.port)", with: "PORT")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func theReportListsWhatWasLeftOutAndTheSameCommandGoesOn() throws {
        let three = try Three()
        let first = try three.story.runbook("run", "FILE")
        #expect(first.status == 1)
        // Two hosts side by side: which is shown first is not said.
        #expect(
            three.steady(first.output).split(separator: "\n").sorted() == [
                "done        one on a  On all but one", "done        one on c  On all but one",
                "left out    one on b  b at 127.0.0.1, port PORT, refused the connection",
            ])
        #expect(
            three.steady(first.errors) == """
                small, 6 steps, state in DIR/state/small@small

                left out: 1 host, with all steps from there on:
                  b  at one  b at 127.0.0.1, port PORT, refused the connection
                two was not begun: it needs all of its hosts

                2 of 6 steps done
                mend what was left out and type the same command; what is done is not done again:
                  runbook run DIR/runbooks/small.yaml

                """)
        #expect(
            three.steady(try three.story.runbook("status", "FILE").output) == """
                  done        one on a
                  failed      one on b  b at 127.0.0.1, port PORT, refused the connection
                  done        one on c
                  to do       two on a
                  to do       two on b
                  to do       two on c

                """)
        let json = try three.story.runbook("run", "FILE", "--json")
        #expect(json.status == 1)
        #expect(
            three.steady(json.output).split(separator: "\n").filter { $0.contains("left-out") } == [
                #"{"event":"left-out","host":"b","reason":"b at 127.0.0.1, port PORT, refused the connection","step":"one"}"#
            ])
        try three.refusing.start()
        let second = try three.story.runbook("run", "FILE")
        #expect(second.status == 0)
        #expect(
            three.steady(second.output) == """
                  done                  one on a
                  will run again        one on b  b at 127.0.0.1, port PORT, refused the connection
                  done                  one on c
                  will run              two on a
                  will run              two on b
                  will run              two on c
                done        one on b  On all but one
                done        two on a  On all
                done        two on b  On all
                done        two on c  On all

                """)
    }

    @Test func thePlanAndTheExplanationSayHowManyAtATime() throws {
        let three = try Three()
        let plan = three.steady(try three.story.runbook("plan", "FILE").output)
        #expect(
            plan.split(separator: "\n").filter { $0.hasPrefix("one") || $0.hasPrefix("two") } == [
                "one  On all but one  (2 at a time, goes on without up to 1)", "two  On all",
            ])
        let explained = three.steady(try three.story.runbook("explain", "FILE", "one").output)
        #expect(
            explained.split(separator: "\n").prefix(4).dropFirst(2) == [
                "  where: on a, b and c, 2 at a time, each by itself",
                "         it goes on without up to 1 of them; a host that is left out has none of the steps after it either, until the next run",
            ])
    }

    @Test func aWidthThatIsNoNumberOfHostsIsRefused() throws {
        let three = try Three()
        let result = try three.story.runbook("run", "FILE", "--width", "0")
        #expect(result.status == 64)
        #expect(result.errors.split(separator: "\n").first == "Error: --width takes a number from 1 to 1000")
    }
}
