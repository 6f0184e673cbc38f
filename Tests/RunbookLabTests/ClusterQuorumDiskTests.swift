import Testing

@testable import RunbookLab

@Suite(.timeLimit(.minutes(1))) struct ClusterQuorumDiskTests {
    static let validated = """
        Config interface set to:
        Configuration stored in temporary file
        Updating relaxng schema
        Validating..
        Configuration validates
        Validation completed

        """

    @Test func validationNamesTheLineThatDoesNotFit() async {
        let bed = await ClusterBed()
        await bed.join()
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in ClusterBed.fullConfig(version: 3) }
        let good = await bed.run("pve1", "ccs_config_validate -v -f /etc/pve/cluster.conf.new")
        #expect(good.status == 0 && good.out.hasPrefix("Creating temporary file: /tmp/tmp."))
        #expect(good.out.split(separator: "\n", maxSplits: 1)[1] == Self.validated)
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") {
            $0.replacing("<cman ", with: "<cman foo=\"1\" ")
        }
        #expect(
            await bed.run("pve1", "ccs_config_validate -f /etc/pve/cluster.conf.new")
                == .prints(
                    "tempfile:3: element cman: Relax-NG validity error : Invalid attribute foo for element cman\n"
                        + "Configuration fails to validate\n", 3))
        #expect(
            await bed.run("pve1", "pvesh create /cluster/ha/changes")
                == .complains("config validation failed: unknown error", 255))
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { $0.replacing("</cluster>", with: "") }
        #expect(
            await bed.run("pve1", "ccs_config_validate -f /etc/pve/cluster.conf.new")
                == .prints(
                    "tempfile:12: parser error : Premature end of data in tag cluster line 2\n", 1))
    }

    @Test func activationReachesBothNodesButStartsNoQdiskd() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in ClusterBed.fullConfig(version: 3) }
        #expect(
            await bed.run("pve1", "pvesh create /cluster/ha/changes")
                == Output(status: 0, out: "", err: "200 OK\n"))
        await bed.pass(3)
        for node in ["pve1", "pve2"] {
            #expect(await bed.run(node, "cman_tool version") == .prints("6.2.0 config 3\n"))
            #expect(
                await bed.run(node, "ccs_tool query /cluster/quorumd/@label") == .prints("proxmox1_qdisk\n"))
            let status = await bed.run(node, "cman_tool status").out
            #expect(
                status.contains("Nodes: 2\nExpected votes: 3\nTotal votes: 2\nNode votes: 1\nQuorum: 2  \n"))
            #expect(await bed.run(node, "service cman status") == .prints("qdiskd is stopped\n", 1))
        }
        #expect(!bed.nodes.exists("pve1", "/etc/pve/cluster.conf.new"))
        #expect(bed.nodes.text("pve1", "/etc/pve/cluster.conf.old").contains("config_version=\"2\""))
        #expect(
            await bed.run("pve1", "pvesh create /cluster/ha/changes")
                == .complains("config validation failed: unknown error", 255))
        #expect(bed.effects.count("activate") == 1)
    }

    @Test func aRenameByHandActivatesToo() async throws {
        let bed = await ClusterBed()
        await bed.join()
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in ClusterBed.fullConfig(version: 3) }
        try bed.nodes.rename("pve1", "/etc/pve/cluster.conf.new", to: "/etc/pve/cluster.conf")
        await bed.model.renamed("pve1", to: "/etc/pve/cluster.conf")
        #expect(await bed.run("pve2", "cman_tool version") == .prints("6.2.0 config 3\n"))
    }

    @Test func anUnraisedVersionIsCopiedAndNotLoaded() async {
        let bed = await ClusterBed()
        await bed.join()
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in ClusterBed.fullConfig(version: 2) }
        #expect(
            await bed.run("pve1", "pvesh create /cluster/ha/changes")
                == Output(status: 0, out: "", err: "200 OK\n"))
        #expect(
            await bed.run("pve1", "ccs_tool query /cluster/quorumd/@label")
                == .complains("Query failed: Invalid argument", 1))
        #expect(bed.nodes.text("pve2", "/etc/cluster/cluster.conf") == ClusterBed.fullConfig(version: 2))
        #expect(
            await bed.run("pve1", "cman_tool version -r -S")
                == .complains("cman_tool: Not reloading, config version older or equal the running config", 1)
        )
        #expect(await bed.run("pve1", "cman_tool version") == .prints("6.2.0 config 2\n"))
    }

    @Test func reloadOneByOneKeepsTheOtherQuorateAndEndsWithThreeVotes() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        let ok = ClusterJoinTests.ok
        let stopped = [
            "Stopping dlm_controld", "Stopping fenced", "Stopping qdiskd", "Stopping cman",
        ].map { "   \($0)... \(ok)" }.joined()
        let output = await bed.run("pve1", "service cman reload")
        #expect(
            output
                == .prints(
                    "Stopping cluster: \n" + stopped + "   Waiting for corosync to shutdown:\(ok)"
                        + "   Unloading kernel modules... \(ok)   Unmounting configfs... \(ok)"
                        + ClusterJoinTests.started(disk: true)))
        await bed.pass(3)
        #expect(await bed.run("pve2", "cman_tool status").out.contains("Quorum: 2  \n"))
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Quorum device votes: 1\n"))
        await bed.run("pve2", "service cman reload")
        await bed.pass(5)
        for node in ["pve1", "pve2"] {
            let status = await bed.run(node, "pvecm status").out
            #expect(
                status.contains(
                    """
                    Nodes: 2
                    Expected votes: 3
                    Quorum device votes: 1
                    Total votes: 3
                    Node votes: 1
                    Quorum: 2 \u{20}
                    Active subsystems: 6
                    Flags:\u{20}
                    Ports Bound: 0 178 \u{20}

                    """))
        }
        let device = String((ClusterDiskTests.byID + "-part1").prefix(40))
        let (seen, times) = await bed.runTelling("pve1", "clustat")
        let told = times.map { now in
            Output.prints(
                """
                Cluster Status for homelab @ \(now)
                Member Status: Quorate

                 Member Name                             ID   Status
                 ------ ----                             ---- ------
                 pve1                                        1 Online, Local
                 pve2                                        2 Online
                 \(device)    0 Online, Quorum Disk


                """)
        }
        #expect(told.contains(seen), "\(seen)")
    }

    @Test func whileOneRestartsTheOtherStaysQuorate() async {
        let bed = await ClusterBed()
        await bed.join()
        #expect(await bed.run("pve1", "service cman stop remove").status == 0)
        #expect(
            await bed.run("pve2", "cman_tool status").out.contains(
                "Nodes: 1\nExpected votes: 1\nTotal votes: 1\nNode votes: 1\nQuorum: 1  \n"))
        #expect(
            await bed.run("pve1", "cman_tool status")
                == .complains("cman_tool: Cannot open connection to cman, is it running ?", 1))
    }

    @Test func aPlainStopBlocksTheOther() async {
        let bed = await ClusterBed()
        await bed.join()
        #expect(await bed.run("pve1", "service cman stop").status == 0)
        #expect(await bed.run("pve2", "cman_tool status").out.contains("Quorum: 2 Activity blocked\n"))
        #expect(await bed.run("pve2", "clustat -Q") == .prints("", 1))
    }

    @Test func withTheDiskOneNodeIsEnough() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        await bed.crash("pve2")
        await bed.pass(70)
        let status = await bed.run("pve1", "cman_tool status").out
        #expect(status.contains("Nodes: 1\nExpected votes: 3\nQuorum device votes: 1\nTotal votes: 2\n"))
        #expect(status.contains("Quorum: 2  \n"))
        await bed.boot("pve2")
        await bed.pass(60)
        for node in ["pve1", "pve2"] {
            #expect(await bed.run(node, "cman_tool status").out.contains("Total votes: 3\n"))
        }
    }

    @Test func aNodeThatBootsWithoutTheNASStopsAtQdiskd() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        #expect(await bed.model.setFault("iscsi_refused", to: "on"))
        await bed.crash("pve2")
        await bed.boot("pve2")
        await bed.pass(60)
        #expect(await bed.run("pve2", "service cman status") == .prints("qdiskd is stopped\n", 1))
        #expect(
            bed.nodes.text("pve2", "/var/log/cluster/qdiskd.log").contains(
                "Unable to match label 'proxmox1_qdisk' to any device"))
        #expect(await bed.run("pve2", "fence_tool ls") == .prints("", 1))
    }
}
