import Testing

@testable import RunbookLab

@Suite(.timeLimit(.minutes(1))) struct ClusterJoinTests {
    static let ok = "[  OK  ]\r\n"

    static func started(disk: Bool = false, fence: Bool = false) -> String {
        var text = "Starting cluster: \n"
        for line in [
            "Checking if cluster has been disabled at boot", "Checking Network Manager", "Global setup",
            "Loading kernel modules", "Mounting configfs", "Starting cman",
        ] { text += "   \(line)... \(ok)" }
        if disk { text += "   Starting qdiskd... \(ok)" }
        for line in [
            "Waiting for quorum", "Starting fenced", "Starting dlm_controld", "Tuning DLM kernel config",
            "Unfencing self",
        ] { text += "   \(line)... \(ok)" }
        if fence { text += "   Joining fence domain... \(ok)" }
        return text
    }

    @Test func createPrintsWhatTheRealOneDid() async {
        let bed = await ClusterBed()
        let output = await bed.run("pve1", "pvecm create homelab")
        #expect(
            output
                == .prints(
                    "Restarting pve cluster filesystem: pve-cluster[dcdb] notice: wrote new cluster config "
                        + "'/etc/cluster/cluster.conf'\n.\n" + Self.started()))
        #expect(bed.nodes.view("pve1") == .clusterTree(writable: false))
        await bed.pass(2)
        #expect(bed.nodes.view("pve1") == .clusterTree(writable: true))
        #expect(
            bed.nodes.text("pve1", "/etc/pve/cluster.conf") == """
                <?xml version="1.0"?>
                <cluster name="homelab" config_version="1">

                  <cman keyfile="/var/lib/pve-cluster/corosync.authkey">
                  </cman>

                  <clusternodes>
                  <clusternode name="pve1" votes="1" nodeid="1"/>
                  </clusternodes>

                </cluster>

                """)
        #expect(
            bed.nodes.text("pve1", "/etc/cluster/cluster.conf")
                == bed.nodes.text("pve1", "/etc/pve/cluster.conf"))
        let status = bed.nodes.status("pve1", "/var/lib/pve-cluster/corosync.authkey")
        #expect(status?.size == 128 && status?.mode == 0o400)
        #expect(
            await bed.run("pve1", "cman_tool status")
                == .prints(
                    """
                    Version: 6.2.0
                    Config Version: 1
                    Cluster Name: homelab
                    Cluster Id: 13484
                    Cluster Member: Yes
                    Cluster Generation: 4
                    Membership state: Cluster-Member
                    Nodes: 1
                    Expected votes: 1
                    Total votes: 1
                    Node votes: 1
                    Quorum: 1 \u{20}
                    Active subsystems: 5
                    Flags:\u{20}
                    Ports Bound: 0 \u{20}
                    Node name: pve1
                    Node ID: 1
                    Multicast addresses: 239.192.52.224\u{20}
                    Node addresses: 192.168.0.11\u{20}

                    """))
        #expect(
            await bed.run("pve1", "pvecm create other")
                == .complains("cluster config '/etc/pve/cluster.conf' already exists", 255))
        #expect(bed.effects.count("pvecm create") == 1)
    }

    @Test func createRefusesANameThatPvecmWouldNotTake() async {
        let bed = await ClusterBed()
        let usage = "pvecm create <clustername> [OPTIONS]"
        #expect(
            await bed.run("pve1", "pvecm create sixteencharacter")
                == .complains(
                    "400 Parameter verification failed.\nclustername: value may only be 15 characters long\n"
                        + usage,
                    255))
        #expect(
            await bed.run("pve1", "pvecm create home_lab")
                == .complains(
                    "400 Parameter verification failed.\nclustername: value does not look like a valid node name\n"
                        + usage, 255))
        #expect(bed.effects.count("pvecm create") == 0)
    }

    @Test func addPrintsWhatTheRealOneDid() async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        #expect(
            await bed.run("pve2", "pvecm add pve1")
                == .prints(
                    """
                    copy corosync auth key
                    stopping pve-cluster service
                    Stopping pve cluster filesystem: pve-cluster.
                    backup old database
                    Starting pve cluster filesystem : pve-cluster.

                    """ + Self.started() + """
                        waiting for quorum...OK
                        generating node certificates
                        merge known_hosts file
                        restart services
                        Restarting PVE Daemon: pvedaemon.
                        Restarting PVE API Proxy Server: pveproxy.
                        successfully added node 'pve2' to cluster.

                        """))
        await bed.pass(3)
        for node in ["pve1", "pve2"] {
            let lines = await bed.run(node, "pvecm nodes").out.split(separator: "\n").map {
                $0.split(separator: " ")
            }
            #expect(lines.dropFirst().map { "\($0[0]) \($0[1]) \($0[5])" } == ["1 M pve1", "2 M pve2"])
            #expect(bed.nodes.view(node) == .clusterTree(writable: true))
            #expect(bed.nodes.text(node, "/etc/pve/local/pve-ssl.pem") == "cert of \(node)\n")
            #expect(await bed.run(node, "service cman status") == .prints("cluster is running.\n"))
            #expect(await bed.run(node, "cman_tool version") == .prints("6.2.0 config 2\n"))
        }
        #expect(
            bed.nodes.text("pve2", "/etc/cluster/cluster.conf").contains(
                """
                  <clusternode name="pve1" votes="1" nodeid="1"/>
                  <clusternode name="pve2" votes="1" nodeid="2"/></clusternodes>

                """))
        #expect(
            await bed.run("pve2", "pvecm add pve1") == .complains("authentication key already exists", 255))
        #expect(bed.effects.count("pvecm add") == 1)
    }

    @Test func addNeedsAWayIn() async {
        let bed = await ClusterBed()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        bed.nodes.edit("pve2", "/etc/hosts") { $0 + "192.168.0.11 pve1\n" }
        #expect(
            await bed.run("pve2", "pvecm add pve1") == .complains("unable to copy ssh ID: exit code 1", 1))
        #expect(!bed.nodes.exists("pve2", "/var/lib/pve-cluster/corosync.authkey"))
    }

    @Test func addRefusesGuestsAndLeftovers() async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        #expect(await bed.model.setFault("guests_on_slave", to: "pve2"))
        #expect(
            await bed.run("pve2", "pvecm add pve1")
                == .complains("this host already contains virtual machines - please remove the first", 255))
        #expect(await bed.model.setFault("guests_on_slave", to: "-pve2"))
        bed.nodes.edit("pve2", "/etc/cluster/x") { $0 }
        try? bed.nodes.write("pve2", "/var/lib/pve-cluster/corosync.authkey", text: "old")
        #expect(
            await bed.run("pve2", "pvecm add pve1") == .complains("authentication key already exists", 255))
    }

    @Test func aCrashedPeerIsMissedAfterTheTokenAndBlocksTheOther() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.crash("pve2")
        await bed.pass(5)
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Total votes: 2\n"))
        await bed.pass(8)
        let status = await bed.run("pve1", "cman_tool status").out
        #expect(
            status.contains(
                "Nodes: 1\nExpected votes: 2\nTotal votes: 1\nNode votes: 1\nQuorum: 2 Activity blocked\n"))
        #expect(bed.nodes.view("pve1") == .clusterTree(writable: false))
        #expect(await bed.run("pve1", "pvecm expected 1") == .silent)
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Quorum: 1  \n"))
    }

    @Test func delnodeTakesTheNodeOutOfTheFile() async {
        let bed = await ClusterBed()
        await bed.join()
        #expect(await bed.run("pve2", "service cman stop remove").status == 0)
        await bed.pass(2)
        #expect(await bed.run("pve1", "pvecm delnode pve2") == .silent)
        #expect(!bed.nodes.text("pve1", "/etc/cluster/cluster.conf").contains("pve2"))
        #expect(await bed.run("pve1", "cman_tool version") == .prints("6.2.0 config 3\n"))
    }
}
