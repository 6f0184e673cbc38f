import Testing

@testable import RunbookLab

@Suite struct ClusterConfigTests {
    @Test(arguments: [
        ("cluster1", 26777, "239.192.104.2"), ("test34", 6866, "239.192.26.236"),
        ("homelab", 13484, "239.192.52.224"),
    ]) func numberAndMulticastGroupComeFromTheName(_ name: String, _ id: Int, _ address: String) throws {
        let config = try #require(ClusterConfig("<cluster name=\"\(name)\" config_version=\"1\"/>"))
        #expect(config.clusterID == id)
        #expect(config.multicastAddress == address)
    }

    @Test func readsWhatTheDaemonsRead() throws {
        let config = try #require(ClusterConfig(ClusterBed.fullConfig(version: 7)))
        #expect(config.version == 7)
        #expect(config.nodes.map(\.name) == ["pve1", "pve2"])
        #expect(config.expectedAtStart == 3)
        #expect(config.quorumDiskVotes == 1)
        #expect(config.quorumDisk?.slowestRecoveryInMilliseconds == 17_000)
        #expect(config.tokenInMilliseconds == 54_000)
        #expect(config.hasResourceManager && config.hasKeyFile && !config.isTwoNode)
    }

    @Test(
        arguments: [
            ("/cluster/@name", "homelab"), ("/cluster/quorumd/@tko", "10"), ("/cluster/rm", ""),
            ("/cluster/clusternodes/clusternode[2]/@name", "pve2"),
            ("/cluster/clusternodes/clusternode[@name=\"pve1\"]/@nodeid", "1"),
            ("/cluster/fencedevices", nil),
            ("/cluster/cman/@transport", nil), ("/other", nil),
        ] as [(String, String?)]) func answersPaths(_ path: String, _ answer: String?) throws
    {
        let config = try #require(ClusterConfig(ClusterBed.fullConfig(version: 7)))
        #expect(config.query(path) == answer)
    }

    @Test func versionAndNodesChangeAndTheRestStays() throws {
        let text = "<cluster name='x' config_version='9'>\n  <clusternodes>\n  </clusternodes>\n</cluster>\n"
        let config = try #require(ClusterConfig(text))
        let added = config.adding(nodeElement: "<clusternode name=\"a\" nodeid=\"1\"/>")
        #expect(
            added
                == "<cluster name='x' config_version='10'>\n  <clusternodes>\n  <clusternode name=\"a\" nodeid=\"1\"/></clusternodes>\n</cluster>\n"
        )
        let removed = try #require(ClusterConfig(added)?.removing(node: "a"))
        #expect(
            removed == "<cluster name='x' config_version='11'>\n  <clusternodes></clusternodes>\n</cluster>\n"
        )
    }

    @Test(arguments: [
        ("<a>", 1, "Premature end of data in tag a line 1"), ("", 1, "Document is empty"),
        ("<a></b>", 1, "Opening and ending tag mismatch: a line 1 and b"),
        ("<a x=1/>", 1, "AttValue: \" or ' expected"), ("<a x=\"1\" x=\"2\"/>", 1, "Attribute x redefined"),
        ("<a/>\n<b/>", 2, "Extra content at the end of the document"),
    ]) func badXMLIsNamed(_ text: String, _ line: Int, _ problem: String) {
        #expect(throws: XMLError(line: line, text: problem)) { try XMLReader.parse(text) }
    }

    @Test func entitiesAndCommentsAreRead() throws {
        let root = try XMLReader.parse("<!-- c --><a x='&lt;&amp;&quot;'><!-- d --><b/></a>")
        #expect(root["x"] == "<&\"")
        #expect(root.serialized() == "<a x=\"&lt;&amp;&quot;\">\n  <b/>\n</a>\n")
    }

    @Test(arguments: [
        (0, "1970-01-01 00:00:00", "Thu Jan  1 00:00:00 1970"),
        (1_439_376_067, "2015-08-12 10:41:07", "Wed Aug 12 10:41:07 2015"),
        (951_782_400, "2000-02-29 00:00:00", "Tue Feb 29 00:00:00 2000"),
    ]) func datesAreUTC(_ seconds: Int, _ iso: String, _ ctime: String) {
        #expect(LabDate(unixTime: seconds).iso == iso)
        #expect(LabDate(unixTime: seconds).ctime == ctime)
    }
}
