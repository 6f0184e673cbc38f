/// The vote arithmetic of cman (`calculate_quorum` in cman/daemon/commands.c), a pure function.
struct Votes: Equatable, Sendable {
    /// Votes of the nodes that are members in this node's eyes, itself among them.
    var members: [Int]
    /// Votes of the quorum disk; nil while it is not registered and alive on this node.
    var disk: Int?
    var expected: Int
    /// `two_node="1"` in the running configuration, and at most two nodes.
    var isTwoNode = false

    var total: Int { members.reduce(0, +) + (disk ?? 0) }

    var quorum: Int { isTwoNode ? 1 : max((expected + 2) / 2, (total + 2) / 2) }

    var isQuorate: Bool { total >= quorum }

    /// Whether `cman_tool expected -e N` may set N: the quorum that follows must lie between half of the
    /// votes that are there and all of them.
    func mayExpect(_ number: Int) -> Bool {
        let next = Votes(members: members, disk: disk, expected: number, isTwoNode: isTwoNode).quorum
        return next >= total / 2 && next <= total
    }
}
