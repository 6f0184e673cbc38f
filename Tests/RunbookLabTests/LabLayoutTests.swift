import Testing

@testable import RunbookLab

@Suite struct LabLayoutTests {
    private func layout(_ nodes: [(String, String)], nas: String = "10.1.2.20", domain: String = "lan")
        -> LabLayout
    {
        LabLayout(
            domain: domain, nodes: nodes.map { LabLayout.Node(name: $0.0, address: $0.1) }, nasAddress: nas)
    }

    @Test func theTwoNodesAreFine() {
        #expect(LabLayout.twoNodes.problem == nil)
        #expect(LabLayout.twoNodes.gateway == "192.168.0.1")
    }

    @Test(arguments: [
        ([], "a lab has 1 to 16 nodes"),
        ([("a", "10.1.2.3"), ("a", "10.1.2.4")], "two nodes have the same name"),
        ([("a", "10.1.2.3"), ("b", "10.1.2.3")], "two addresses are the same"),
        ([("a", "10.1.2.1")], "two addresses are the same"),
        ([("a b", "10.1.2.3")], "`a b` is not a host name: use letters, digits and hyphens, at most 15"),
        ([("-a", "10.1.2.3")], "`-a` is not a host name: use letters, digits and hyphens, at most 15"),
        ([("a", "10.1.3.3")], "`10.1.3.3` is not an IPv4 address of the network 10.1.2.0/24"),
        ([("a", "10.1.2.300")], "`10.1.2.300` is not an IPv4 address of the network 10.1.2.0/24"),
        ([("a", "10.1.2.3;id")], "`10.1.2.3;id` is not an IPv4 address of the network 10.1.2.0/24"),
    ])
    func whatCannotBeBuiltIsRefused(nodes: [(String, String)], problem: String) {
        #expect(layout(nodes).problem == problem)
    }

    @Test func hardwareAddressesFollowFromAddresses() {
        #expect(hardwareAddress(for: "192.168.0.11") == "02:00:c0:a8:00:0b")
    }

    @Test func aSiteIsWrittenForARunbook() {
        let site = LabSite(
            nodes: [
                LabSite.Node(
                    name: "pve1", address: "192.168.0.11", port: 40001,
                    hostKeys: ["SHA256:one", "SHA256:two"])
            ], identity: "/tmp/lab/id_ed25519", nasAddress: "192.168.0.20")
        let roles = [
            LabSite.Role(
                host: "master", node: "pve1", attributes: [("node", "pve1"), ("ip", "192.168.0.11")]),
            LabSite.Role(host: "spare", node: "pve9", attributes: []),
        ]
        #expect(
            site.yaml(runbook: "two-node", inputs: [("portal", "192.168.0.20")], roles: roles) == """
                # Written by the lab: practice nodes on this machine.
                for: "two-node"
                practice_clock: 1
                inputs:
                  portal: 192.168.0.20
                hosts:
                  master:
                    address: 127.0.0.1
                    port: 40001
                    user: root
                    identity: "/tmp/lab/id_ed25519"
                    host_key: ["SHA256:one", "SHA256:two"]
                    node: "pve1"
                    ip: "192.168.0.11"

                """)
        #expect(LabSite(fields: site.fields) == site)
        #expect(
            site.json
                == #"{"version":1,"identity":"/tmp/lab/id_ed25519","nas":"192.168.0.20","nodes":[{"name":"pve1","#
                + #""address":"192.168.0.11","port":40001,"host_keys":["SHA256:one","SHA256:two"]}]}"# + "\n")
    }

    @Test func renamedPathsAreShownAsPeopleKnowThem() {
        #expect(CommandServer.shownPath("/run/pve/cluster-rw/nodes/pve1/x") == "/etc/pve/nodes/pve1/x")
        #expect(CommandServer.shownPath("/run/pve/private-rw/cluster.conf") == "/etc/pve/cluster.conf")
    }
}
