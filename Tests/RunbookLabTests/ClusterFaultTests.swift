import Testing

@testable import RunbookLab

/// Each fault switch brings the words of the real tools.
@Suite(.timeLimit(.minutes(1))) struct ClusterFaultTests {
    func on(_ bed: ClusterBed, _ name: String, _ value: String = "on") async {
        #expect(await bed.model.setFault(name, to: value))
    }

    /// The last lines of a daemon's log, without their dates: the clock goes on while a command ends.
    func lastWords(of daemon: String, _ count: Int, _ bed: ClusterBed, _ node: String) -> [String] {
        bed.nodes.text(node, "/var/log/cluster/\(daemon).log").split(separator: "\n").suffix(count)
            .map { $0.split(separator: " ", maxSplits: 4).last.map(String.init) ?? "" }
    }

    // MARK: the three failures of the blog

    @Test func withoutMulticastTheJoinWaitsAndCmanTimesOut() async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        await on(bed, "multicast_blocked")
        let join = Task { await bed.run("pve2", "pvecm add pve1") }
        await bed.pass(90)
        let status = await bed.run("pve2", "cman_tool status").out
        #expect(
            status.contains(
                "Nodes: 1\nExpected votes: 2\nTotal votes: 1\nNode votes: 1\nQuorum: 2 Activity blocked\n"))
        let rows = await bed.run("pve2", "cman_tool nodes").out.split(separator: "\n").dropFirst()
        #expect(rows.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == ["1 X", "2 M"])
        #expect(bed.nodes.text("pve2", "/etc/pve/cluster.conf").contains("<clusternode name=\"pve1\""))
        #expect(bed.nodes.view("pve2") == .privateTree(writable: false))
        join.cancel()
        let output = await join.value
        #expect(output.status == 143)
        #expect(
            output.out.hasSuffix(
                "   Waiting for quorum... Timed-out waiting for cluster\n[FAILED]\r\nwaiting for quorum..."))
        #expect(await bed.run("pve2", "service cman status") == .prints("fenced is stopped\n", 1))
        #expect(
            await bed.run("pve2", "pvecm updatecerts")
                == .complains("no quorum - unable to update files", 255))
        await on(bed, "multicast_blocked", "off")
        await bed.pass(4)
        #expect(bed.nodes.view("pve2") == .clusterTree(writable: true))
        #expect(await bed.run("pve2", "service cman status") == .prints("fenced is stopped\n", 1))
        #expect(await bed.run("pve2", "service cman start").status == 0)
        #expect(await bed.run("pve2", "service cman status") == .prints("cluster is running.\n"))
    }

    @Test func unicastNeedsARestartAndThenPassesABlockedSwitch() async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        await on(bed, "multicast_blocked")
        bed.nodes.edit("pve1", "/etc/pve/cluster.conf") {
            $0.replacing("<cman ", with: "<cman transport=\"udpu\" ").replacing(
                "config_version=\"1\"", with: "config_version=\"2\"")
        }
        await bed.pass(2)
        #expect(await bed.run("pve1", "ccs_tool query /cluster/cman/@transport") == .prints("udpu\n"))
        #expect(!(await bed.run("pve1", "cman_tool status").out.contains("255.255.255.255")))
        await bed.run("pve1", "service cman restart")
        await bed.pass(3)
        #expect(
            await bed.run("pve1", "cman_tool status").out.contains("Multicast addresses: 255.255.255.255 \n"))
        #expect(await bed.run("pve2", "pvecm add pve1").status == 0)
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Nodes: 2\n"))
    }

    @Test func aJoinKilledInItsWaitLeavesADeadWebUI() async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        await on(bed, "add_killed_at_quorum_wait", "pve2")
        #expect(await bed.run("pve2", "pvecm add pve1").status == 143)
        await bed.pass(10)
        #expect(bed.nodes.exists("pve2", "/etc/pve/nodes/pve2/qemu-server"))
        #expect(!bed.nodes.exists("pve2", "/etc/pve/local/pve-ssl.pem"))
        #expect(bed.nodes.hasDeadPort("pve2"))
        #expect(
            bed.nodes.text("pve2", "/var/log/syslog").contains(
                "/etc/pve/local/pve-ssl.key: failed to load local private key (key_file or key) at "
                    + "/usr/share/perl5/PVE/HTTPServer.pm line 1634."))
        #expect(await bed.run("pve2", "pvecm updatecerts") == .silent)
        #expect(bed.nodes.exists("pve2", "/etc/pve/local/pve-ssl.pem"))
        #expect(
            await bed.run("pve2", "service pveproxy restart")
                == .prints("Restarting PVE API Proxy Server: pveproxy.\n"))
        #expect(!bed.nodes.hasDeadPort("pve2"))
    }

    // MARK: names, keys, ssh

    @Test func aNameThatLeadsToLoopbackStopsEverything() async {
        let bed = await ClusterBed()
        await on(bed, "hosts_loopback", "pve1")
        let error = "hostname lookup failed - got local IP address (pve1 = 127.0.1.1)"
        #expect(await bed.run("pve1", "pvecm create homelab") == .complains(error, 255))
        await on(bed, "hosts_loopback", "-pve1")
        await bed.run("pve1", "pvecm create homelab")
        await on(bed, "hosts_loopback", "pve1")
        let output = await bed.run("pve1", "service cman restart")
        #expect(output.status == 1)
        #expect(
            output.out.hasSuffix(
                "   Starting cman... Node name resolves to localhost, please check /etc/hosts and assign this node "
                    + "a network IP address\nUnable to get the configuration\n"
                    + "cman_tool: corosync daemon didn't start Check cluster logs for details\n[FAILED]\r\n"))
    }

    @Test func anotherKeyIsNeverHeard() async {
        let bed = await ClusterBed()
        await bed.join()
        await on(bed, "authkey_mismatch", "pve2")
        await bed.run("pve2", "service cman stop remove")
        #expect(
            await bed.run("pve2", "service cman start").out.hasSuffix(
                "Timed-out waiting for cluster\n[FAILED]\r\n"))
        #expect(await bed.run("pve1", "cman_tool nodes").out.contains("   2   X "))
    }

    @Test(arguments: ["ssh_key_missing", "host_key_unknown"]) func aLoginThatFailsStopsTheJoin(
        _ fault: String
    ) async {
        let bed = await ClusterBed()
        await bed.introduce()
        await bed.run("pve1", "pvecm create homelab")
        await bed.pass(3)
        await on(bed, fault, "pve2")
        if fault == "ssh_key_missing" {
            // pvecm makes a key that is missing; the master does not know the new one.
            bed.nodes.edit("pve1", "/etc/pve/priv/authorized_keys") { _ in "" }
        }
        #expect(
            await bed.run("pve2", "pvecm add pve1") == .complains("unable to copy ssh ID: exit code 1", 1))
    }

    // MARK: the quorum disk

    @Test func aTokenThatIsTooShortEndsQdiskd() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await on(bed, "token_default")
        let output = await bed.run("pve1", "service cman reload")
        #expect(output.status == 1)
        #expect(output.out.hasSuffix("   Starting qdiskd... \n[FAILED]\r\n"))
        #expect(
            lastWords(of: "qdiskd", 5, bed, "pve1") == [
                "Quorum disk timings are too slow for configured token timeout",
                " * Totem Token timeout: 10000ms", " * Min. Master recovery time: 17000ms",
                "Please set token timeout to at least 18000ms", "Configuration failed",
            ])
    }

    @Test func aLabelThatIsNotSeenEndsQdiskd() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await on(bed, "qdisk_label_missing", "pve2")
        #expect(await bed.run("pve2", "mkqdisk -f proxmox1_qdisk") == .prints("mkqdisk v3.2.0\n\n", 255))
        #expect(await bed.run("pve2", "service cman reload").status == 1)
        #expect(
            lastWords(of: "qdiskd", 2, bed, "pve2") == [
                "Unable to match label 'proxmox1_qdisk' to any device", "Configuration failed",
            ])
    }

    @Test func theVersionThatIsNotRaised() async {
        let bed = await ClusterBed()
        await bed.join()
        await on(bed, "config_version_not_bumped")
        await bed.activate()
        #expect(await bed.run("pve1", "cman_tool version") == .prints("6.2.0 config 2\n"))
        #expect(
            bed.nodes.text("pve1", "/var/log/syslog").contains(
                "[dcdb] notice: cman_tool version failed with exit code 1"))
    }

    @Test func aSchemaErrorIsNamed() async {
        let bed = await ClusterBed()
        await bed.join()
        await on(bed, "schema_error")
        #expect(
            await bed.run("pve1", "ccs_config_validate")
                == .prints(
                    "tempfile:4: element cman: Relax-NG validity error : Invalid attribute foo for element cman\n"
                        + "Configuration fails to validate\n", 3))
    }

    @Test func dataOnTheLUNIsShown() async {
        let bed = await ClusterBed()
        await on(bed, "lun_has_data")
        await bed.run("pve1", "iscsiadm -m discovery -t st -p 192.168.0.20")
        await bed.run("pve1", "iscsiadm -m node -T \(ClusterBed.iqn) --login")
        #expect(
            await bed.run("pve1", "blkid -p /dev/sdb")
                == .prints("/dev/sdb: TYPE=\"ext4\" USAGE=\"filesystem\" \n"))
    }

    // MARK: fencing and rgmanager

    @Test func missingRmAndCommentedFenceJoin() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        await on(bed, "missing_rm")
        #expect(await bed.run("pve1", "service rgmanager start") == .silent)
        await on(bed, "fence_join_commented")
        await bed.joinFenceDomain()
        #expect(await bed.run("pve1", "fence_tool ls") == .prints("", 1))
    }

    @Test func rgmanagerThatStaysStopsTheStopOfCman() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        await bed.joinFenceDomain()
        await bed.run("pve1", "service rgmanager start")
        await on(bed, "rgmanager_running_at_cman_stop", "pve1")
        #expect(
            await bed.run("pve1", "service rgmanager stop")
                == .prints("Stopping Cluster Service Manager: \(ClusterJoinTests.ok)"))
        #expect(
            await bed.run("pve1", "service cman restart").out.hasSuffix(
                "found dlm lockspace /sys/kernel/dlm/rgmanager\nfence_tool: cannot leave due to active systems\n"
                    + "[FAILED]\r\n"))
    }

    @Test func thePeerDiesWhenANodeJoinsTheDomain() async {
        let bed = await ClusterBed()
        await bed.join()
        await bed.makeQuorumDisk()
        await bed.activate()
        await bed.loadQuorumDisk()
        await on(bed, "second_node_dead_when_joining_fence")
        await bed.run("pve1", "fence_tool join")
        #expect(bed.nodes.poweredNodes == ["off pve2"])
        await bed.crash("pve2")
        await bed.pass(80)
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("victim count  1\n"))
        #expect(await bed.run("pve1", "fence_tool ls").out.contains("wait state    fencing\n"))
    }

    // MARK: the rest

    @Test func aStaleMountIsCuredByUmount() async {
        let bed = await ClusterBed()
        await on(bed, "pmxcfs_mount_stale", "pve1")
        #expect(bed.nodes.view("pve1") == .unmounted)
        #expect(
            await bed.run("pve1", "pvecm status")
                == .complains("pve configuration filesystem not mounted", 255))
        #expect(
            await bed.run("pve1", "service pve-cluster start")
                == .prints(
                    """
                    Starting pve cluster filesystem : pve-clusterfuse: failed to access mountpoint /etc/pve: \
                    Transport endpoint is not connected
                    [main] crit: fuse_mount error: Transport endpoint is not connected
                    [main] notice: exit proxmox configuration filesystem (-1)
                     (warning).

                    """, 1))
        #expect(await bed.run("pve1", "umount -f /etc/pve") == .silent)
        #expect(
            await bed.run("pve1", "service pve-cluster start")
                == .prints("Starting pve cluster filesystem : pve-cluster.\n"))
        #expect(bed.nodes.view("pve1") == .privateTree(writable: true))
    }

    @Test func anyCommandFailsOnce() async {
        let bed = await ClusterBed()
        await on(
            bed, "fail-once", "pve1: pvecm create => 255 unable to get IP for node 'pve1' - node offline?")
        #expect(await bed.run("pve2", "pveversion").status == 0)
        #expect(
            await bed.run("pve1", "pvecm create homelab")
                == .complains("unable to get IP for node 'pve1' - node offline?", 255))
        #expect(bed.effects.count("pvecm create") == 0)
        #expect(await bed.run("pve1", "pvecm create homelab").status == 0)
        #expect(!(await bed.model.setFault("fail-once", to: "nonsense")))
        #expect(!(await bed.model.setFault("no_such_fault", to: "on")))
    }

    @Test func aCutCableIsACrashForTheOther() async {
        let bed = await ClusterBed()
        await bed.join()
        await on(bed, "link_down", "pve2")
        await bed.pass(15)
        for node in ["pve1", "pve2"] {
            #expect(await bed.run(node, "cman_tool status").out.contains("Quorum: 2 Activity blocked\n"))
        }
        await on(bed, "link_down", "-pve2")
        await bed.pass(4)
        #expect(await bed.run("pve1", "cman_tool status").out.contains("Quorum: 2  \n"))
    }
}
