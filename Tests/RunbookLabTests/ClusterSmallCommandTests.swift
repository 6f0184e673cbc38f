import Testing

@testable import RunbookLab

@Suite(.timeLimit(.minutes(1))) struct ClusterSmallCommandTests {
    @Test func versions() async {
        let bed = await ClusterBed()
        #expect(
            await bed.run("pve1", "pveversion")
                == .prints("pve-manager/3.4-6/102d4547 (running kernel: 2.6.32-39-pve)\n"))
        #expect(await bed.run("pve1", "pveversion -v").out.split(separator: "\n").count == 25)
        #expect(await bed.run("pve1", "pveversion -x") == .complains("USAGE: pveversion [--verbose]", 255))
        #expect(await bed.run("pve1", "uname -r") == .prints("2.6.32-39-pve\n"))
        #expect(await bed.run("pve2", "uname -n") == .prints("pve2\n"))
        #expect(await bed.run("pve2", "uname") == .prints("Linux\n"))
    }

    @Test(arguments: [
        "cman_tool kill -n pve2", "iscsiadm -m iface", "mkqdisk -x", "pvesh get /nodes", "qm start 100",
        "lsblk --json", "udevadm info", "fence_tool dump", "service cman start join",
    ]) func whatIsNotModelledIsRefusedAloud(_ command: String) async {
        let bed = await ClusterBed()
        let words = command.split(separator: " ")
        #expect(
            await bed.run("pve1", command)
                == .complains(
                    "lab: \(words[0]): '\(words.dropFirst().joined(separator: " "))' is not modelled", 70))
    }

    @Test func unknownServicesAndUsages() async {
        let bed = await ClusterBed()
        #expect(
            await bed.run("pve1", "service nosuch start") == .complains("nosuch: unrecognized service", 1))
        #expect(
            await bed.run("pve1", "service pveproxy status")
                == .complains("Usage: /etc/init.d/pveproxy {start|stop|restart|reload|force-reload}", 1))
        #expect(await bed.run("pve1", "cman start") == .silent)
        #expect(await bed.run("pve1", "pvecm frob") == .complains("ERROR: unknown command 'frob'", 255))
        #expect(
            await bed.run("pve1", "cman_tool wait -q -t 5")
                == .complains("cman_tool: Cannot open connection to cman, is it running ?", 1))
    }

    @Test func waitingForQuorumTimesOutWithTwo() async {
        let bed = await ClusterBed()
        await bed.join()
        #expect(await bed.run("pve1", "cman_tool wait -q -t 5") == .silent)
        await bed.run("pve2", "service cman stop")
        #expect(
            await bed.run("pve1", "cman_tool wait -q -t 5") == .complains("Timed-out waiting for cluster", 2))
    }

    @Test func ompingTellsUnicastFromMulticast() async {
        let bed = await ClusterBed()
        await bed.introduce()
        #expect(await bed.model.setFault("multicast_blocked", to: "on"))
        let command = "omping -c 10 -i 1 -F -q 192.168.0.11 192.168.0.12"
        async let other = bed.run("pve2", command)
        let output = await bed.run("pve1", command)
        _ = await other
        #expect(
            output
                == .prints(
                    """
                    192.168.0.12 : waiting for response msg
                    192.168.0.12 :   unicast, xmt/rcv/%loss = 10/10/0%, min/avg/max/std-dev = 0.089/0.183/0.904/0.076
                    192.168.0.12 : multicast, xmt/rcv/%loss = 10/0/100%, min/avg/max/std-dev = 0.000/0.000/0.000/0.000

                    """))
    }

    @Test func aGuestMovesToThePeer() async {
        var profile = LabProfile.pve34TwoNodes
        profile.guests = [LabProfile.Guest(id: 100, node: "pve1", name: "web", isRunning: true)]
        let bed = await ClusterBed(profile)
        await bed.join()
        #expect(await bed.run("pve1", "qm status 100") == .prints("status: running\n"))
        #expect(
            await bed.run("pve1", "qm migrate 100 pve2")
                == .complains("cant migrate running VM without --online", 255))
        #expect(
            await bed.run("pve1", "qm migrate 100 pve1 -online 1") == .complains("target is local node.", 255)
        )
        #expect(await bed.run("pve1", "qm migrate 100 pve2 -online 1").status == 0)
        #expect(await bed.run("pve2", "qm status 100") == .prints("status: running\n"))
        #expect(bed.nodes.exists("pve2", "/etc/pve/nodes/pve2/qemu-server/100.conf"))
        #expect(bed.effects.count("migrate 100") == 1)
    }

    @Test func aManagedGuestNeedsRgmanager() async {
        var profile = LabProfile.pve34TwoNodes
        profile.guests = [LabProfile.Guest(id: 100, node: "pve1", name: "web", isRunning: true)]
        let bed = await ClusterBed(profile)
        await bed.join()
        #expect(
            await bed.run("pve1", "pvesh create /cluster/ha/groups -vmid 100 -autostart 1")
                == Output(status: 0, out: "", err: "200 OK\n"))
        #expect(
            bed.nodes.text("pve1", "/etc/pve/cluster.conf.new") == """
                <?xml version="1.0"?>
                <cluster config_version="3" name="homelab">
                  <cman keyfile="/var/lib/pve-cluster/corosync.authkey"/>
                  <clusternodes>
                    <clusternode name="pve1" nodeid="1" votes="1"/>
                    <clusternode name="pve2" nodeid="2" votes="1"/>
                  </clusternodes>
                  <rm>
                    <pvevm autostart="1" vmid="100"/>
                  </rm>
                </cluster>

                """)
        await bed.run("pve1", "pvesh create /cluster/ha/changes")
        #expect(
            await bed.run("pve1", "qm migrate 100 pve2 -online 1")
                == Output(
                    status: 255,
                    out: "Executing HA migrate for VM 100 to node pve2\n"
                        + "Trying to migrate pvevm:100 to pve2...Could not connect to resource group manager\n",
                    err: "command 'clusvcadm -M pvevm:100 -m pve2' failed: exit code 1\n"))
    }

    @Test func revertTakesThePendingFileAway() async {
        let bed = await ClusterBed()
        await bed.join()
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in ClusterBed.fullConfig(version: 3) }
        #expect(
            await bed.run("pve1", "pvesh delete /cluster/ha/changes")
                == Output(status: 0, out: "", err: "200 OK\n"))
        #expect(
            await bed.run("pve1", "pvesh delete /cluster/ha/changes")
                == .complains("unlink failed - No such file or directory", 2))
    }

    @Test func aSnapshotBringsStateAndTimeBack() async {
        let bed = await ClusterBed()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        let before = await bed.run("pve1", "cman_tool status")
        let saved = await bed.model.saveState()
        await bed.run("pve1", "service cman stop")
        await bed.pass(50)
        #expect(await bed.run("pve1", "cman_tool status").status == 1)
        await bed.model.restoreState(saved)
        #expect(await bed.run("pve1", "cman_tool status") == before)
        #expect(bed.nodes.view("pve1") == .clusterTree(writable: true))
    }

    @Test func effectsAreLinesOfJSON() {
        let effect = LabEffect(node: "pve1", name: "mkqdisk -c", command: "mkqdisk -c \"x\"", at: 1.5)
        #expect(
            effect.jsonLine
                == "{\"at\":1.5,\"node\":\"pve1\",\"effect\":\"mkqdisk -c\",\"command\":\"mkqdisk -c \\\"x\\\"\"}\n"
        )
    }
}
