import RunbookTestSupport
import Testing

/// A runbook for any number of nodes, and one that runs again, against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct OpenGroupTests {
    private static let runbook = """
        runbook: small
        runs: again
        groups: { nodes: { min: 2, inputs: { node: { type: hostname } } } }
        hosts: {}
        steps:
          - id: greet
            hosts: nodes
            run: echo ${{ host.node }} of NODES >> DIR/log
            verify: { none: it only writes a line }
          - id: names
            hosts: nodes
            for_each: peers
            edit: { path: 'DIR/${{ host.id }}', line: '${{ item.node }}', match: '^${{ item.node }}$', create: true }
        """

    private func story(_ hosts: [String]) throws -> Story {
        let story = try Story("", hosts: hosts)
        try story.folder.write(
            "runbooks/small.yaml",
            Self.runbook.replacing("DIR", with: story.folder.path).replacing(" of NODES", with: ""))
        var site = story.site(hosts)
        for host in hosts {
            site = site.replacing("  \(host):\n", with: "  \(host):\n    node: \(host)-node\n")
        }
        try story.folder.write(
            "runbooks/small.site.yaml", site + "groups: { nodes: [\(hosts.joined(separator: ", "))] }\n")
        return story
    }

    @Test(.timeLimit(.minutes(1))) func theSiteFileSaysWhichAndHowMany() throws {
        let story = try story(["north", "east", "south"])
        let result = try story.runbook("run", "FILE")
        #expect(result.status == 0, "\(result.errors)")
        #expect(story.lines("log") == ["north-node", "east-node", "south-node"])
        #expect(story.lines("north") == ["east-node", "south-node"])
        #expect(story.lines("east") == ["north-node", "south-node"])
        #expect(story.lines("south") == ["north-node", "east-node"])
        try story.folder.write("runbooks/small.site.yaml", story.site(["a"]) + "groups: { nodes: [a] }\n")
        let few = try story.runbook("run", "FILE")
        #expect(few.status == 2)
        #expect(
            few.errors.split(separator: "\n").first == "error[out-of-range]: the group `nodes` has 1 member")
    }

    @Test(.timeLimit(.minutes(1))) func aFinishedRunIsFollowedByTheNextAndAnOpenOneIsGoneOnWith() throws {
        let story = try story(["a", "b"])
        #expect(try story.runbook("run", "FILE", "--until", "names/b").status == 0)
        // Not finished: it is gone on with.
        #expect(try story.runbook("run", "FILE").status == 0)
        #expect(story.lines("log") == ["a-node", "b-node"])
        let planned = try story.runbook("plan", "FILE")
        #expect(planned.output.contains("greet"), "\(planned.output)")
        let again = try story.runbook("run", "FILE")
        #expect(again.status == 0, "\(again.errors)")
        #expect(story.lines("log") == ["a-node", "b-node", "a-node", "b-node"])
        #expect(
            again.errors.split(separator: "\n").first
                == "the last run is finished, and this runbook runs again: this is the next one")
        let kept = try run(["ls", story.folder.file("state")]).output.split(separator: "\n")
        #expect(kept.count == 2 && kept.filter { $0.hasPrefix("small@small.before-") }.count == 1, "\(kept)")
        // A word about a step is about the run that is finished.
        #expect(try story.runbook("run", "FILE", "--redo", "greet").status == 0)
        #expect(story.lines("log").count == 6)
        #expect(try run(["ls", story.folder.file("state")]).output.split(separator: "\n").count == 2)
    }

    @Test(.timeLimit(.minutes(1))) func initAsksForTheMembersFirst() throws {
        let story = try story(["a", "b"])
        let missing = try story.runbook("init", "FILE", "--force")
        #expect(missing.status == 2)
        #expect(
            missing.errors
                == "error: the hosts of the group `nodes` are missing (2 to 64 hosts), and there is no terminal to ask at: --group nodes=one,two\n"
        )
        let few = try story.runbook("init", "FILE", "--force", "--group", "nodes=one")
        #expect(few.errors == "error: nodes: the group `nodes` has 1 member\n")
        var words = ["init", "FILE", "--force", "--group", "nodes=one,two"]
        for host in ["one", "two"] {
            words += ["--host", "\(host).address=192.0.2.1", "--host", "\(host).node=\(host)-node"]
        }
        let file = story.folder.file("runbooks/small.yaml")
        let written = try run(
            [Story.program] + words.map { $0 == "FILE" ? file : $0 }, environment: Story.environment)
        #expect(written.status == 0, "\(written.errors)")
        #expect(story.lines("runbooks/small.site.yaml").contains("  nodes: [one, two]"))
        #expect(try story.runbook("plan", "FILE").status == 0)
    }
}

/// The same on practice nodes.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct OpenGroupRehearsalTests {
    @Test(.timeLimit(.minutes(2))) func asManyNodesAsMayBeStandForThem() throws {
        let folder = try TemporaryDirectory("open")
        let file = try folder.write(
            "many.yaml",
            """
            runbook: many
            hosts: {}
            groups: { nodes: { min: 2, inputs: { node: { type: hostname } } } }
            steps:
              - { id: name, hosts: nodes, require: { run: uname -n, match: '^${{ host.node }}$' } }
              - { id: keep, hosts: nodes, fetch: { path: /etc/hostname } }
              - id: names
                hosts: nodes
                for_each: peers
                edit: { path: /root/peers, line: '${{ item.node }}', match: '^${{ item.node }}$', create: true }
              - id: slow
                hosts: nodes
                check: test -e /root/done
                run: sleep 1; touch /root/done
                during: { hosts: peers, run: test -e /root/peers, every: 200ms }
            """)
        let result = try run([Story.program, "rehearse", file], environment: Story.environment)
        #expect(result.status == 0, "\(result.errors)\(result.output)")
    }
}
