import Glibc
import RunbookTestSupport
import Testing

/// The rehearsal of the two-node runbook, as somebody sees it who has just cloned the repository.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct RehearsalTests {
    /// What a clean rehearsal prints of its steps, without what the edits change.
    static let steps = """
        proven      preflight on master  Look before anything is changed
        proven      preflight on slave  Look before anything is changed
        proven      slave-is-empty on slave  Look whether the slave may join
        proven      about-the-nodes on master  Read what is compared between the nodes
        proven      about-the-nodes on slave  Read what is compared between the nodes
        proven      alike-and-apart on master  Same version, different initiator names
        done        backup on master  Keep what both nodes have now
        done        backup on slave  Keep what both nodes have now
        done        hosts-file on master  Write each other's name into /etc/hosts
        done        hosts-file on slave  Write each other's name into /etc/hosts
        was so      ssh-trust/keys on master  Root may log in from each node to the other: keys
        was so      ssh-trust/keys on slave  Root may log in from each node to the other: keys
        done        ssh-trust/files on master  Root may log in from each node to the other
        done        ssh-trust/files on slave  Root may log in from each node to the other
        proven      way-in on master  Your own way in outlives the join
        done        create on master  Create the cluster on the master
        was so      cman-runs on master  cman runs on the master
        proven      writable on master  Wait until /etc/pve can be written
        done        udpu on master  Set the transport to unicast, before anybody joins
        done        udpu-restart on master  Restart cman on the master, so that unicast is used
        skipped     multicast-test on master  Send multicast both ways for ten seconds (inputs.transport == 'multicast' is false)
        skipped     multicast-test on slave  Send multicast both ways for ten seconds (inputs.transport == 'multicast' is false)
        done        join on slave  Let the slave join
        was so      hear-each-other on master  Each node sees both as members
        was so      hear-each-other on slave  Each node sees both as members
        was so      certificates on master  Each node has its web certificate
        was so      certificates on slave  Each node has its web certificate
        was so      web-ui on master  The web UI answers with TLS
        was so      web-ui on slave  The web UI answers with TLS
        proven      ssh-after-join on master  Root, and you, can still log in
        proven      ssh-after-join on slave  Root, and you, can still log in
        done        iscsi-discover on master  Find the iSCSI target
        done        iscsi-discover on slave  Find the iSCSI target
        done        iscsi-login on master  Log in to the target
        done        iscsi-login on slave  Log in to the target
        done        iscsi-automatic on master  Log in at every boot
        done        iscsi-automatic on slave  Log in at every boot
        proven      the-disk on master  Read which disk each node sees
        proven      the-disk on slave  Read which disk each node sees
        proven      same-disk on master  Both see one and the same disk of at least 10 MB
        done        partition on master  Make one partition on the LUN
        done        mkqdisk on master  Write the quorum disk label
        was so      slave-sees on master  Both nodes see the partition and the label
        done        slave-sees on slave  Both nodes see the partition and the label
        done        cluster-conf on master  Put the quorum disk into cluster.conf.new
        done        activate on master  Activate the configuration (the button on Datacenter, HA)
        done        rgmanager-stop on master  Stop rgmanager on both nodes
        done        rgmanager-stop on slave  Stop rgmanager on both nodes
        done        load-config on master  Reload cman, master before slave
        done        load-config on slave  Reload cman, master before slave
        proven      clustat on master  clustat shows the quorum disk
        proven      clustat on slave  clustat shows the quorum disk
        done        fence-join/default on master  FENCE_JOIN="yes"
        done        fence-join/cman-restart on master  Restart cman
        was so      fence-join/fence-tool on master  fence_tool join
        done        fence-join/pve-cluster on master  Restart pve-cluster
        done        fence-join/default on slave  FENCE_JOIN="yes"
        done        fence-join/cman-restart on slave  Restart cman
        was so      fence-join/fence-tool on slave  fence_tool join
        done        fence-join/pve-cluster on slave  Restart pve-cluster
        done        rgmanager on master  Start rgmanager on both nodes
        done        rgmanager on slave  Start rgmanager on both nodes
        proven      proof on master  One node plus the disk would stay quorate
        proven      proof on slave  One node plus the disk would stay quorate
        skipped     migrate on master  Migrate the guest to the slave (inputs.guest is false)
        """

    static let clustat = """
        Cluster Status for homelab @ TIME
        Member Status: Quorate

         Member Name                             ID   Status
         ------ ----                             ---- ------
         pve1                                        1 Online, Local, rgmanager
         pve2                                        2 Online, rgmanager
         /dev/disk/by-id/scsi-36589cfc000000b7a3f    0 Online, Quorum Disk
        """

    /// The lines about steps, in a fixed order where a wave goes together and without the time that they took.
    static func stepLines(_ output: String) -> [String] {
        let words = ["proven", "done", "was so", "skipped", "failed", "warning", "in doubt", "follows"]
        return output.split(separator: "\n").map(String.init)
            .filter { line in words.contains { line.hasPrefix($0 + " ") } }
            .map { $0.replacing(#/ in [0-9.]+s$/#, with: "") }
    }

    /// From the first to the last line of `clustat`, without the time of day.
    static func clustat(in output: String) -> String {
        guard let start = output.firstRange(of: "Cluster Status for") else { return "" }
        return String(output[start.lowerBound...])
            .replacing(#/ @ .*/#, with: " @ TIME").trimmedEnd
    }

    private func check(_ result: CommandResult, took: Duration) {
        #expect(result.status == 0, "\(result.errors)")
        // Units of a wave that goes together end in either order.
        #expect(
            Self.stepLines(result.output).sorted()
                == Self.steps.split(separator: "\n").map(String.init).sorted())
        #expect(Self.clustat(in: result.output) == Self.clustat)
        print("a clean rehearsal took \(took)")
        // The figure is for a quiet machine; beside other tests only what cannot be right is refused.
        #expect(took < .seconds(isLong ? 15 : 60))
    }

    @Test(.timeLimit(.minutes(3)))
    func aCleanRehearsalShowsBothNodesAndTheQuorumDisk() throws {
        let folder = try TemporaryDirectory("rehearsal")
        let clock = ContinuousClock(), begin = clock.now
        let result = try run(
            ["timeout", "-k", "5", "120", Story.program, "rehearse", "\(LabStory.runbooks)/two-node.yaml"],
            environment: Story.environment.merging(["TMPDIR": folder.path]) { $1 })
        check(result, took: clock.now - begin)
        #expect(try runChecked(["ls", "-A", folder.path]) == "", "it leaves nothing behind")
    }

    /// The same as an ordinary user, with a home of his own and nothing else.
    @Test(
        .timeLimit(.minutes(3)),
        .enabled(if: getuid() == 0, "the tests run as an ordinary user: so did the rehearsal before this one")
    )
    func anOrdinaryUserRehearses() throws {
        let folder = try TemporaryDirectory("user")
        let home = folder.file("home"), programs = folder.file("bin")
        try runChecked(["mkdir", "-p", home, programs, folder.file("runbooks")])
        let built = Story.program.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        for name in ["runbook", "runbook-node", "libRunbookNode.so"] {
            try runChecked(["cp", "--reflink=auto", "\(built)/\(name)", programs])
        }
        for name in ["two-node.yaml", "two-node.lab.yaml"] {
            try runChecked(["cp", "\(LabStory.runbooks)/\(name)", folder.file("runbooks")])
        }
        try runChecked(["chmod", "-R", "a+rX", folder.path])
        try runChecked(["chown", "65534:65534", home])
        let clock = ContinuousClock(), begin = clock.now
        let result = try run(
            [
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "timeout", "-k", "5", "120",
                "\(programs)/runbook", "rehearse", folder.file("runbooks/two-node.yaml"),
            ],
            environment: Story.environment.merging(["HOME": home, "TMPDIR": home]) { $1 })
        check(result, took: clock.now - begin)
        #expect(try runChecked(["ls", "-A", home]) == "", "it leaves nothing behind")
    }

    /// A run against a lab that stays; then the same command once more.
    @Test(.timeLimit(.minutes(3)))
    func aSecondRunChangesNothingAndSaysSoForEveryStep() throws {
        let story = try LabStory()
        let first = try story.run()
        #expect(first.status == 0, "\(first.errors)")
        #expect(try story.onceOnly() == LabStory.once)
        let effects = try story.effects(), files = try Self.files(story)

        let second = try story.run()
        #expect(second.status == 0, "\(second.errors)")
        // The words are those of the first run: done, was so, proven, skipped.
        let units = Self.steps.split(separator: "\n").map { line -> String in
            let word = line.prefix(12).replacing(#/ +$/#, with: ""), rest = line.dropFirst(12)
            let unit = rest.split(separator: "  ")[0]
            let detail = line.firstMatch(of: #/\((.* is false)\)$/#).map { "  \($0.1)" } ?? ""
            return "  \(word)\(String(repeating: " ", count: 21 - word.count)) \(unit)\(detail)"
        }
        #expect(second.output.split(separator: "\n").map(String.init) == units)
        #expect(
            story.steady(second.errors) == """
                two-node 1.0.0, 65 steps, state in DIR/lab/state/two-node@two-node
                note: these are practice nodes; what waits is shortened
                done: 65 of 65 steps done

                """)
        #expect(try story.effects() == effects)
        #expect(try Self.files(story) == files)
    }

    /// Every file of both nodes that a run may change, by its content and the time of its last change.
    static func files(_ story: LabStory) throws -> String {
        try ["pve1", "pve2"].map { node in
            try story.shell(
                node,
                """
                find /etc /root /var/lib/pve-cluster /etc/pve/ -type f ! -name '.*' -printf '%p %T@ %s\\n' | sort
                """
            ).output
        }.joined()
    }
}

extension String {
    var trimmedEnd: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
