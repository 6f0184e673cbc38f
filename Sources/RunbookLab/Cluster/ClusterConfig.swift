/// What the daemons read from cluster.conf. Defaults are those of cman 3.2 (cman/daemon/cmanconfig.c) and
/// qdiskd (cman/qdisk/main.c).
struct ClusterConfig: Equatable, Sendable {
    struct Node: Equatable, Sendable {
        var name: String
        var id: Int
        var votes: Int
    }

    struct QuorumDisk: Equatable, Sendable {
        var label: String?
        var device: String?
        var votes: Int?
        var interval: Int
        var tko: Int

        /// Least totem token that qdiskd accepts is above this: interval x (master_wait + upgrade_wait +
        /// tko), where master_wait = tko / 2 and upgrade_wait = tko / 5 (17000 ms for 1 and 10).
        var slowestRecoveryInMilliseconds: Int { interval * (tko / 2 + tko / 5 + tko) * 1000 }
    }

    /// The text it was read from, as pmxcfs would copy it.
    var text: String
    var root: XMLElement
    var name: String
    var version: Int
    var nodes: [Node]
    var expectedVotes: Int?
    var isTwoNode: Bool
    var transport: String
    var hasKeyFile: Bool
    var tokenInMilliseconds: Int
    var quorumDisk: QuorumDisk?

    /// Nil when the text is not XML or has no cluster element, a version or a name.
    init?(_ text: String) {
        guard let root = try? XMLReader.parse(text), root.name == "cluster", let name = root["name"],
            let version = root["config_version"].flatMap({ Int($0) })
        else { return nil }
        self.text = text
        self.root = root
        self.name = name
        self.version = version
        nodes = (root.child("clusternodes")?.children(named: "clusternode") ?? []).compactMap { element in
            guard let name = element["name"], let id = element["nodeid"].flatMap({ Int($0) }) else {
                return nil
            }
            return Node(name: name, id: id, votes: element["votes"].flatMap { Int($0) } ?? 1)
        }
        let cman = root.child("cman")
        expectedVotes = cman?["expected_votes"].flatMap { Int($0) }
        isTwoNode = cman?["two_node"] == "1"
        transport = cman?["transport"] ?? "udp"
        hasKeyFile = cman?["keyfile"] != nil
        tokenInMilliseconds = root.child("totem")?["token"].flatMap { Int($0) } ?? 10_000
        quorumDisk = root.child("quorumd").map { element in
            QuorumDisk(
                label: element["label"], device: element["device"],
                votes: element["votes"].flatMap { Int($0) },
                interval: element["interval"].flatMap { Int($0) } ?? 1,
                tko: element["tko"].flatMap { Int($0) } ?? 10)
        }
    }

    func node(named name: String) -> Node? { nodes.first { $0.name == name } }

    func node(id: Int) -> Node? { nodes.first { $0.id == id } }

    /// Votes of all nodes: what cman expects when the file does not say.
    var sumOfVotes: Int { nodes.reduce(0) { $0 + $1.votes } }

    /// Expected votes of a cman that starts with this file.
    var expectedAtStart: Int { isTwoNode ? 1 : expectedVotes ?? sumOfVotes }

    /// The disk's votes; unsaid, they are one less than the nodes.
    var quorumDiskVotes: Int { quorumDisk.map { $0.votes ?? max(1, nodes.count - 1) } ?? 0 }

    var hasResourceManager: Bool { root.child("rm") != nil }

    /// The 16-bit number that cman makes of the name: v = 2v + c for each byte.
    var clusterID: Int { name.utf8.reduce(0) { (2 * $0 + Int($1)) & 0xFFFF } }

    /// The multicast group that cman makes of the cluster's number.
    var multicastAddress: String { "239.192.\(clusterID >> 8).\(clusterID % 255)" }

    /// The values that a path such as `/cluster/cman/@transport` or `/cluster/rm` selects; nil when nothing
    /// is there. An element's value is the empty text.
    func query(_ path: String) -> String? {
        var steps = path.split(separator: "/").map(String.init)
        guard !steps.isEmpty, steps.removeFirst() == root.name else { return nil }
        var element = root
        for step in steps {
            if step.hasPrefix("@") { return element[String(step.dropFirst())] }
            guard let next = select(step, in: element) else { return nil }
            element = next
        }
        return ""
    }

    /// A step with the predicates that ccs understands: `clusternode[2]`, `clusternode[@name="pve1"]`.
    private func select(_ step: String, in element: XMLElement) -> XMLElement? {
        guard let bracket = step.firstIndex(of: "["), step.hasSuffix("]") else {
            return element.child(step)
        }
        let found = element.children(named: String(step[..<bracket]))
        let inner = step[step.index(after: bracket)...].dropLast()
        if let position = Int(inner) {
            return found.indices.contains(position - 1) ? found[position - 1] : nil
        }
        guard inner.hasPrefix("@"), let equals = inner.firstIndex(of: "=") else { return nil }
        let key = String(inner.dropFirst().prefix(upTo: equals))
        let value = inner[inner.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
        return found.first { $0[key] == String(value) }
    }
}
