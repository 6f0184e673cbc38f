import RunbookTestSupport
import Testing

/// `runbook plan --save` and `run --plan`, and `status` whole, against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct SavedPlanTests {
    private static let text = """
        runbook: small
        hosts: { box: {} }
        inputs: { word: { type: string, default: hello } }
        steps:
          - id: first
            name: Write the word
            check: test -s DIR/first
            run: echo ${{ inputs.word }} > DIR/first
          - id: second
            name: Needs a file
            check: test -e DIR/second
            run: test -e DIR/ready && touch DIR/second
          - { id: third, require: test -e DIR/second }
        """

    private func story() throws -> Story {
        let story = try Story("")
        try story.folder.write("runbooks/small.yaml", Self.text.replacing("DIR", with: story.folder.path))
        return story
    }

    private func plan(_ story: Story) throws -> String {
        let path = story.folder.file("plan.jsonl")
        let result = try story.runbook("plan", "--ask", "--save", path, "FILE")
        #expect(result.status == 0, "\(result.errors)")
        return path
    }

    private func refusal(_ story: Story, _ what: String) -> String {
        """
        error: the plan in DIR/plan.jsonl is not for this any more: \(what) has changed since
        nothing was connected, nothing was sent
        look at what would happen now, then run that:
          runbook plan DIR/runbooks/small.yaml --save DIR/plan.jsonl

        """
    }

    @Test(.timeLimit(.minutes(1)))
    func aRunGoesAsItsPlanSaid() throws {
        let story = try story()
        try story.folder.write("ready", "")
        let path = try plan(story)
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 0)
        #expect(
            steady(result.errors, story) == """
                small, 3 steps, state in DIR/state/small@small
                done: 3 of 3 steps done
                all 3 steps of which the plan told something went as it said

                """)
    }

    @Test(.timeLimit(.minutes(1)))
    func whatWentOtherwiseIsListed() throws {
        let story = try story()
        try story.folder.write("ready", "")
        let path = try plan(story)
        // Somebody does by hand what the plan says would be done.
        try story.folder.write("second", "")
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 0)
        #expect(
            steady(result.errors, story) == """
                small, 3 steps, state in DIR/state/small@small
                done: 3 of 3 steps done
                not as planned: 1 of 3 steps
                  second on box: the plan said would run, it came was so

                """)
    }

    @Test(.timeLimit(.minutes(1)))
    func aPlanOfAnotherTextIsRefused() throws {
        let story = try story()
        let path = try plan(story)
        let text = String(decoding: try readFile(story.folder.file("runbooks/small.yaml")), as: UTF8.self)
        try story.folder.write("runbooks/small.yaml", text + "# one more line\n")
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 3)
        #expect(steady(result.errors, story) == refusal(story, "the text of the runbook"))
        #expect(story.lines("first") == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func aPlanOfAnotherValueIsRefused() throws {
        let story = try story()
        let path = try plan(story)
        let result = try story.runbook("run", "--set", "word=bye", "--plan", path, "FILE")
        #expect(result.status == 3)
        #expect(
            steady(result.errors, story).hasPrefix(
                "error: the plan in DIR/plan.jsonl is not for this any more: a value of the site file or of --set "
            ))
    }

    /// Another user, another key, another way in: it is not what was planned.
    @Test(.timeLimit(.minutes(1)), arguments: ["as: root", "legacy_ssh: true", "identity: /elsewhere"])
    func aPlanOfAnotherWayToAHostIsRefused(change: String) throws {
        let story = try story()
        let path = try plan(story)
        let name = String(change.prefix { $0 != ":" })
        let site = String(
            decoding: try readFile(story.folder.file("runbooks/small.site.yaml")), as: UTF8.self)
        var lines = site.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("    \(name):") }
        let address = try #require(lines.firstIndex { $0.hasPrefix("    address:") })
        lines.insert("    \(change)", at: address)
        try story.folder.write("runbooks/small.site.yaml", lines.joined(separator: "\n") + "\n")
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 3)
        #expect(
            steady(result.errors, story).hasPrefix(
                "error: the plan in DIR/plan.jsonl is not for this any more: a value of the site file or of --set "
            ), "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1)))
    func aPlanOfAnEarlierStateIsRefused() throws {
        let story = try story()
        let path = try plan(story)
        #expect(try story.runbook("run", "FILE").status == 1)
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 3)
        #expect(steady(result.errors, story) == refusal(story, "the state of the run"))
    }

    @Test(.timeLimit(.minutes(1)))
    func whatIsNoPlanIsRefused() throws {
        let story = try story()
        let path = try story.folder.write("other", "{}\n")
        let result = try story.runbook("run", "--plan", path, "FILE")
        #expect(result.status == 64)
        #expect(
            steady(result.errors, story)
                == "error: DIR/other is no plan that `runbook plan --save` has written\n")
    }

    // MARK: - status

    @Test(.timeLimit(.minutes(1)))
    func statusSaysWhereItStands() throws {
        let story = try story()
        let nothing = try story.runbook("status", "FILE")
        #expect(nothing.output == "")
        #expect(steady(nothing.errors, story) == "there is no run of small in DIR/state yet\n")
        #expect(try story.runbook("run", "FILE").status == 1)
        let stopped = try story.runbook("status", "FILE")
        #expect(
            stopped.output == """
                  done        first on box
                  failed      second on box  exit status 1
                  to do       third on box

                """)
        #expect(
            steady(stopped.errors, story) == "small, state in DIR/state/small@small\n1 of 3 steps done\n")
        #expect(
            steady(try story.runbook("status", "--json", "FILE").output, story) == """
                {"done":1,"folder":"DIR/state/small@small","runbook":"small","state":"open","steps":3}
                {"host":"box","name":"Write the word","standing":"done","step":"first"}
                {"detail":"exit status 1","host":"box","name":"Needs a file","standing":"failed","step":"second"}
                {"host":"box","name":"third","standing":"to do","step":"third"}

                """)
        try story.folder.write("ready", "")
        #expect(try story.runbook("run", "FILE").status == 0)
        let finished = try story.runbook("status", "FILE")
        #expect(
            finished.output == """
                  done        first on box
                  done        second on box
                  proven      third on box

                """)
        #expect(
            steady(finished.errors, story)
                == "small, state in DIR/state/small@small\nfinished: 3 of 3 steps done\n")
        #expect(
            try story.runbook("status", "--json", "FILE").output.contains("\"state\":\"finished\""))
    }
}
