import Testing

@testable import RunbookEdit

@Suite struct ClusterConfTests {
    @Test func transportIsSetAndTheVersionRaised() throws {
        #expect(
            try edited(ClusterConf.created, ClusterConf.unicast) == """
                <?xml version="1.0"?>
                <cluster name="pvecluster" config_version="2">

                  <cman keyfile="/var/lib/pve-cluster/corosync.authkey" transport="udpu">
                  </cman>

                  <clusternodes>
                  <clusternode name="pve1" votes="1" nodeid="1"/>
                  </clusternodes>

                </cluster>

                """)
    }

    @Test func quorumDiskIsPutIntoTheFileOfTwoNodes() throws {
        #expect(
            try edited(ClusterConf.joined, ClusterConf.quorumDisk) == """
                <?xml version="1.0"?>
                <cluster name="pvecluster" config_version="4">

                  <cman keyfile="/var/lib/pve-cluster/corosync.authkey" transport="udpu" expected_votes="3">
                  </cman>

                  <clusternodes>
                  <clusternode name="pve1" votes="1" nodeid="1"/>
                  <clusternode name="pve2" votes="1" nodeid="2"/></clusternodes>
                  <quorumd votes="1" label="proxmox1_qdisk" interval="1" tko="10" allow_kill="0"/>
                  <totem token="54000"/>
                  <rm/>

                </cluster>

                """)
    }

    @Test func versionStaysWhenNothingElseChanges() throws {
        let done = try edited(ClusterConf.joined, ClusterConf.quorumDisk)
        let again = FileEdit(path: ClusterConf.path + ".new", change: .structured(ClusterConf.quorumDisk))
        #expect(try again.apply(to: done) == EditResult(text: done, changed: false))
    }

    @Test func oneMissingPieceRaisesTheVersionOnce() throws {
        let done = try edited(ClusterConf.joined, ClusterConf.quorumDisk)
        let torn = done.replacing("  <rm/>\n", with: "")
        #expect(torn != done)
        #expect(
            try edited(torn, ClusterConf.quorumDisk)
                == done.replacing("config_version=\"4\"", with: "config_version=\"5\""))
    }

    /// A file that a person has tidied, with comments and single quotes, keeps all of that.
    @Test func commentsAndHabitsOfAPersonStay() throws {
        let text = """
            <?xml version='1.0'?>
            <!-- kept by hand -->
            <cluster name='lab' config_version="41">
                <cman two_node="1"   expected_votes="1"/> <!-- both -->
                <clusternodes>
                    <clusternode name="pve1" votes="1" nodeid="1"><fence/></clusternode>
                </clusternodes>
                <rm>
                    <pvevm autostart="1" vmid="100"/>
                </rm>
            </cluster>

            """
        #expect(
            try edited(text, ClusterConf.quorumDisk) == """
                <?xml version='1.0'?>
                <!-- kept by hand -->
                <cluster name='lab' config_version="42">
                    <cman   expected_votes="3"/> <!-- both -->
                    <clusternodes>
                        <clusternode name="pve1" votes="1" nodeid="1"><fence/></clusternode>
                    </clusternodes>
                    <rm>
                        <pvevm autostart="1" vmid="100"/>
                    </rm>
                    <quorumd votes="1" label="proxmox1_qdisk" interval="1" tko="10" allow_kill="0"/>
                    <totem token="54000"/>
                </cluster>

                """)
    }

    @Test func valuesReadBackAsTheyWereSet() throws {
        let text = try edited(ClusterConf.joined, ClusterConf.quorumDisk)
        let tree = try AugeasTree.reading(text, lens: EditLens.xml)
        for setting in ClusterConf.quorumDisk.set {
            let path = setting.path.replacing("@", with: "#attribute/")
            #expect(tree.value(at: AugeasTree.root + path) == setting.value)
        }
        #expect(tree.value(at: AugeasTree.root + "/cluster/rm") == "#empty")
        #expect(tree.value(at: AugeasTree.root + "/cluster/cman/#attribute/two_node") == nil)
        #expect(tree.value(at: AugeasTree.root + "/cluster/#attribute/config_version") == "4")
    }
}
