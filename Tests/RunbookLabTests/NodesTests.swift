import Glibc
import Testing

@testable import RunbookLab

@Suite(.enabled(if: labIsPossible), .serialized, .timeLimit(.minutes(1)))
struct NodesTests {
    @Test func nodesAnswerSSH() throws {
        let lab = try TestLab()
        let answer = lab.ssh("pve1", "uname -n; id -un")
        #expect(answer.output == "pve1\nroot\n")
        #expect(answer.status == 0)
    }
}
