import RunbookTestSupport
import Testing

/// The first screen of `docs/language.md` and the smaller shipped runbooks, rehearsed as a person would.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct ShippedRehearsalTests {
    private func rehearse(_ file: String, _ more: [String] = [], in folder: TemporaryDirectory) throws
        -> CommandResult
    {
        try run(
            ["timeout", "-k", "5", "150", Story.program, "rehearse", file] + more,
            environment: Story.environment.merging(["TMPDIR": folder.path]) { $1 })
    }

    /// What it says on stderr, without the folder of the lab.
    private func talk(_ result: CommandResult, _ folder: TemporaryDirectory) -> String {
        result.errors.replacing(folder.path, with: "DIR")
            .replacing(#/runbook-rehearsal-[0-9]+/#, with: "rehearsal")
    }

    private func steps(_ result: CommandResult) -> String {
        RehearsalTests.stepLines(result.output).joined(separator: "\n")
    }

    /// The first block of the page, as a reader would copy it.
    private func firstScreen() throws -> String {
        let page = String(decoding: try readFile("\(LabStory.runbooks)/../docs/language.md"), as: UTF8.self)
        let fence = "```yaml runbook\n"
        let start = try #require(page.firstRange(of: fence)?.upperBound)
        let end = try #require(page[start...].firstRange(of: "```")?.lowerBound)
        return String(page[start..<end])
    }

    @Test(.timeLimit(.minutes(2)))
    func theFirstScreenIsRehearsedOnPlainNodes() throws {
        let folder = try TemporaryDirectory("first-screen")
        let file = try folder.write("hello.yaml", try firstScreen())
        let lint = try run([Story.program, "lint", file], environment: Story.environment)
        #expect(lint.status == 0)
        #expect(lint.errors == "\(file): 3 steps, no errors\n")
        let result = try rehearse(file, in: folder)
        #expect(result.status == 0)
        #expect(
            result.output.replacing(#/ in [0-9.]+s/#, with: "") == """
                done        keep on web  Keep the file as it was
                          --- /etc/hosts
                          +++ /etc/hosts
                          @@ -9,3 +9,4 @@
                           ff02::1 ip6-allnodes
                           ff02::2 ip6-allrouters
                           ff02::3 ip6-allhosts
                          +192.168.0.20 nas
                done        name on web  Write the name into /etc/hosts
                proven      found on web  See that the name leads to the NAS

                """)
        #expect(
            talk(result, folder) == """
                This is a simulation; docs/lab-facts.md says what it models and what it does not.
                The nodes are plain: nothing of a product is on them, no package manager works.
                hello, 3 steps, state in DIR/rehearsal/state/hello@hello
                done: 3 of 3 steps done

                """)
    }

    @Test(.timeLimit(.minutes(2)))
    func aValueThatCannotBeMadeUpIsAskedFor() throws {
        let folder = try TemporaryDirectory("no-lab")
        let file = try folder.write(
            "a.yaml",
            """
            runbook: a
            hosts: { web: {} }
            inputs: { iqn: { type: string, pattern: 'iqn\\..+' } }
            steps: [{ id: one, require: 'test -n ${{ inputs.iqn }}' }]

            """)
        let result = try rehearse(file, in: folder)
        #expect(result.status == 2)
        #expect(
            talk(result, folder) == """
                error: DIR/a.lab.yaml: there is no lab for this runbook, and no value can be made up for `iqn`, which \
                must match iqn\\..+: describe the lab there

                """)
    }

    @Test(.timeLimit(.minutes(2)))
    func theCertificateIsMadeAnewAndServed() throws {
        let folder = try TemporaryDirectory("certificate")
        let result = try rehearse("\(LabStory.runbooks)/web-certificate.yaml", in: folder)
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            steps(result) == """
                proven      look on node  Look before anything is changed
                done        keep on node  Keep the certificate that is there, and its key
                done        make on node  Make a new key and a new certificate
                done        serve on node  Let the web server read it
                """)
    }

    /// What undo puts back is the old pair, and the web server shows it.
    @Test(.timeLimit(.minutes(2)))
    func theOldCertificateIsPutBack() throws {
        let folder = try TemporaryDirectory("certificate")
        let runbook = "\(LabStory.runbooks)/web-certificate.yaml", lab = folder.file("lab")
        #expect(try rehearse(runbook, ["--dir", lab], in: folder).status == 0)
        defer {
            _ = try? run([Story.program, "lab", "down", "--dir", lab], environment: Story.environment)
        }
        let undone = try run(
            [
                Story.program, "undo", runbook, "--site", "\(lab)/web-certificate.site.yaml", "--state",
                "\(lab)/state", "--to", "make", "--yes",
            ], environment: Story.environment)
        #expect(undone.status == 0, "\(undone.output)\(undone.errors)")
        let same = try run(
            [
                Story.program, "lab", "shell", "pve1", "--dir", lab, "--", "cmp",
                "/root/web-certificate.first/pve-ssl.pem", "/etc/pve/nodes/pve1/pve-ssl.pem",
            ], environment: Story.environment)
        #expect(same.status == 0, "\(same.output)\(same.errors)")
    }

    @Test(.timeLimit(.minutes(4)))
    func bothNodesAreRebootedAndTheClusterStaysWhole() throws {
        let folder = try TemporaryDirectory("rolling")
        let result = try rehearse("\(LabStory.runbooks)/rolling-reboot.yaml", in: folder)
        #expect(result.status == 0, "\(result.errors)")
        // Units of a wave that goes together end in either order.
        var lines = steps(result).split(separator: "\n").map(String.init)
        lines.swapAt(0, lines[0].hasPrefix("proven      whole on second") ? 1 : 0)
        lines.swapAt(
            lines.count - 1,
            lines[lines.count - 1].hasPrefix("proven      end on first") ? lines.count - 2 : lines.count - 1)
        #expect(
            lines.joined(separator: "\n") == """
                proven      whole on first  The cluster is whole before anything is done
                proven      whole on second  The cluster is whole before anything is done
                proven      roll/guests on first  See which guests go down with the node
                proven      roll/carried on first  The other node carries the cluster
                done        roll/hand-over on first  Stop rgmanager, which hands its services to the other node
                done        roll/reboot on first  Reboot
                proven      roll/guests on second  See which guests go down with the node
                proven      roll/carried on second  The other node carries the cluster
                done        roll/hand-over on second  Stop rgmanager, which hands its services to the other node
                done        roll/reboot on second  Reboot
                proven      end on first  The cluster is whole again
                proven      end on second  The cluster is whole again
                """)
    }

    /// A node that the other does not hear is no node to lean on: nothing is rebooted.
    @Test(.timeLimit(.minutes(4)))
    func withALinkDownNothingIsRebooted() throws {
        let folder = try TemporaryDirectory("rolling")
        let result = try rehearse(
            "\(LabStory.runbooks)/rolling-reboot.yaml",
            ["--fault", "link_down=pve2", "--dir", folder.file("lab")],
            in: folder)
        _ = try? run(
            [Story.program, "lab", "down", "--dir", folder.file("lab")], environment: Story.environment)
        #expect(result.status == 1, "\(result.errors)")
        let lines = steps(result).split(separator: "\n")
        // How soon a node is missed is up to its clock: at the gate, or just before the first node.
        #expect(lines.last?.hasPrefix("failed      ") == true)
        #expect(!lines.contains { $0.contains(" roll/reboot ") || $0.contains(" roll/hand-over ") })
    }
}
