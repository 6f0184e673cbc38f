import Testing

@testable import RunbookLab

@Suite(.timeLimit(.minutes(1))) struct ClusterFenceTests {
    static let ok = ClusterJoinTests.ok

    /// Both nodes with three votes, cman not restarted for FENCE_JOIN yet.
    func bedWithDisk() async -> ClusterBed {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        return bed
    }

    @Test func rgmanagerSaysOKAndDiesOutsideTheFenceDomain() async {
        let bed = await bedWithDisk()
        #expect(await bed.run("pve1", "fence_tool ls") == .prints("", 1))
        #expect(
            await bed.run("pve1", "service rgmanager start")
                == .prints("Starting Cluster Service Manager: \(Self.ok)"))
        await bed.pass(3)
        #expect(await bed.run("pve1", "service rgmanager status") == .prints("rgmanager is stopped\n", 1))
        #expect(
            bed.nodes.text("pve1", "/var/log/cluster/dlm_controld.log").contains(
                "dlm_join_lockspace no fence domain"))
        #expect(bed.nodes.text("pve1", "/var/log/cluster/rgmanager.log").contains("Locks not working!"))
    }

    @Test func rgmanagerIsSilentWithoutItsElementOrWithoutCman() async {
        let bed = await ClusterBed()
        #expect(await bed.run("pve1", "service rgmanager start") == .silent)
        await bed.join()
        #expect(await bed.run("pve1", "service rgmanager start") == .silent)
        #expect(await bed.run("pve1", "service rgmanager status") == .prints("rgmanager is stopped\n", 1))
        #expect(await bed.run("pve1", "ccs_tool query /cluster/rm").status == 1)
        #expect(bed.effects.count("rgmanager start") == 0)
    }

    @Test func bothInTheFenceDomainAndRgmanagerBesideBoth() async {
        let bed = await bedWithDisk()
        await bed.joinFenceDomain()
        for node in ["pve1", "pve2"] {
            #expect(await bed.run(node, "fence_tool join") == .silent)
            #expect(
                await bed.run(node, "fence_tool ls")
                    == .prints(
                        """
                        fence domain
                        member count  2
                        victim count  0
                        victim now    0
                        master nodeid 1
                        wait state    none
                        members       1 2\u{20}


                        """))
        }
        for node in ["pve1", "pve2"] { #expect(await bed.run(node, "service rgmanager restart").status == 0) }
        await bed.pass(12)
        for node in ["pve1", "pve2"] { #expect(await bed.run(node, "service rgmanager status").status == 0) }
        let device = String((ClusterDiskTests.byID + "-part1").prefix(40))
        let (seen, times) = await bed.runTelling("pve2", "clustat")
        let told = times.map { now in
            Output.prints(
                """
                Cluster Status for homelab @ \(now)
                Member Status: Quorate

                 Member Name                             ID   Status
                 ------ ----                             ---- ------
                 pve1                                        1 Online, rgmanager
                 pve2                                        2 Online, Local, rgmanager
                 \(device)    0 Online, Quorum Disk


                """)
        }
        #expect(told.contains(seen), "\(seen)")
        let status = await bed.run("pve1", "cman_tool status").out
        #expect(status.contains("Active subsystems: 7\nFlags: \nPorts Bound: 0 177 178  \n"))
        #expect(
            await bed.run("pve1", "service cman stop")
                == .prints(
                    "Stopping cluster: \n   Leaving fence domain... found dlm lockspace /sys/kernel/dlm/rgmanager\n"
                        + "fence_tool: cannot leave due to active systems\n[FAILED]\r\n", 1))
        #expect(
            await bed.run("pve1", "fence_tool leave")
                == .complains("fence_tool: cannot leave due to active systems", 1))
    }

    @Test func aRestartWithFenceJoinSaysSo() async {
        let bed = await bedWithDisk()
        bed.nodes.edit("pve1", "/etc/default/redhat-cluster-pve") {
            $0.replacing("# FENCE_JOIN", with: "FENCE_JOIN")
        }
        let output = await bed.run("pve1", "service cman restart")
        #expect(output.status == 0)
        #expect(output.out.hasPrefix("Stopping cluster: \n   Leaving fence domain... \(Self.ok)"))
        #expect(output.out.hasSuffix(ClusterJoinTests.started(disk: true, fence: true)))
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("member count  1\n"))
    }

    @Test func aDomainJoinedByHandHoldsFencedAtStop() async {
        let bed = await bedWithDisk()
        await bed.run("pve1", "fence_tool join")
        await bed.pass(3)
        let output = await bed.run("pve1", "service cman stop")
        #expect(
            output
                == .prints(
                    "Stopping cluster: \n   Stopping dlm_controld... \(Self.ok)   Stopping fenced... \n[FAILED]\r\n",
                    1))
    }

    @Test func anAbsentPeerBecomesAVictimUntilItIsBack() async {
        let bed = await bedWithDisk()
        await bed.joinFenceDomain()
        await bed.crash("pve2")
        await bed.pass(70)
        let waiting = await bed.run("pve1", "fence_tool ls").out
        #expect(
            waiting.contains("victim count  1\nvictim now    2\nmaster nodeid 1\nwait state    fencing\n"))
        #expect(
            bed.nodes.text("pve1", "/var/log/cluster/fenced.log").contains(
                "fence pve2 dev 0.0 agent none result: error no method"))
        await bed.boot("pve2")
        await bed.pass(60)
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("member count  2\nvictim count  0\n"))
    }

    @Test func manualAcknowledgementNeedsTheWholeWord() async {
        let bed = await bedWithDisk()
        await bed.joinFenceDomain()
        await bed.crash("pve2")
        await bed.pass(70)
        let question = """
            About to override fencing for pve2.
            Improper use of this command can cause severe file system damage.

            Continue [NO/absolutely]?\u{20}
            """
        #expect(
            await bed.run("pve1", "fence_ack_manual pve2", stdin: "yes\n")
                == .prints(question + "Aborted.\n", 1))
        #expect(
            await bed.run("pve1", "fence_ack_manual pve2", stdin: "absolutely\n")
                == .prints(question + "Done\n"))
        await bed.pass(3)
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("victim count  0\n"))
    }

    @Test func withoutCmanTheToolsSaySo() async {
        let bed = await ClusterBed()
        #expect(
            await bed.run("pve1", "fence_tool join") == .complains("fence_tool: can't connect to cman", 1))
        #expect(
            await bed.run("pve1", "clustat")
                == .complains("Could not connect to CMAN: No such file or directory", 1))
        #expect(
            await bed.run("pve1", "ccs_tool query /cluster/rm") == .complains("Unable to connect to ccs", 1))
    }

    @Test func aRebootComesBackByItself() async {
        let bed = await bedWithDisk()
        await bed.joinFenceDomain()
        for node in ["pve1", "pve2"] { await bed.run(node, "service rgmanager start") }
        await bed.pass(5)
        #expect(await bed.run("pve2", "reboot") == .silent)
        await bed.pass(10)
        #expect(bed.nodes.poweredNodes == ["reboot pve2"])
        await bed.crash("pve2")
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Quorum: 2  \n"))
        await bed.boot("pve2")
        await bed.pass(60)
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("member count  2\nvictim count  0\n"))
        #expect(await bed.run("pve2", "service rgmanager status").status == 0)
    }
}
