import Testing

@testable import RunbookLab

@Suite struct ClusterVotesTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var votes: Votes
        var total: Int
        var quorum: Int
        var isQuorate: Bool
        var testDescription: String { name }

        init(
            _ name: String, _ members: [Int], disk: Int? = nil, expected: Int, twoNode: Bool = false,
            total: Int, quorum: Int, _ isQuorate: Bool
        ) {
            self.name = name
            votes = Votes(members: members, disk: disk, expected: expected, isTwoNode: twoNode)
            self.total = total
            self.quorum = quorum
            self.isQuorate = isQuorate
        }
    }

    static let cases = [
        Case("one node, created", [1], expected: 1, total: 1, quorum: 1, true),
        Case("two nodes, both up", [1, 1], expected: 2, total: 2, quorum: 2, true),
        Case("two nodes, one crashed", [1], expected: 2, total: 1, quorum: 2, false),
        Case("three expected, both up, no disk yet", [1, 1], expected: 3, total: 2, quorum: 2, true),
        Case("then one crashes", [1], expected: 3, total: 1, quorum: 2, false),
        Case("both up and the disk", [1, 1], disk: 1, expected: 3, total: 3, quorum: 2, true),
        Case("one up and the disk", [1], disk: 1, expected: 3, total: 2, quorum: 2, true),
        Case("one up, no disk", [1], expected: 3, total: 1, quorum: 2, false),
        Case("peer left with remove, no disk", [1], expected: 1, total: 1, quorum: 1, true),
        Case("peer left with remove, disk", [1], disk: 1, expected: 1, total: 2, quorum: 2, true),
        Case("two_node, one up", [1], expected: 1, twoNode: true, total: 1, quorum: 1, true),
        Case(
            "nine votes of a bigger cluster", [1, 1, 1, 1, 1], disk: 4, expected: 9, total: 9, quorum: 5, true
        ),
    ]

    @Test(arguments: cases) func arithmeticOfCman(_ example: Case) {
        #expect(example.votes.total == example.total)
        #expect(example.votes.quorum == example.quorum)
        #expect(example.votes.isQuorate == example.isQuorate)
    }

    @Test func expectedVotesMustLeaveAQuorumThatIsPossible() {
        let lone = Votes(members: [1], disk: nil, expected: 2)
        #expect([1, 2, 3].map(lone.mayExpect) == [true, false, false])
    }
}
