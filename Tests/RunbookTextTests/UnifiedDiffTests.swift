import RunbookText
import Testing

@Suite struct UnifiedDiffTests {
    private func diff(_ old: String, _ new: String) -> String {
        UnifiedDiff(from: old, to: new).text(oldName: "a", newName: "b")
    }

    @Test func equalTextsHaveNoDifference() {
        #expect(UnifiedDiff(from: "a\nb\n", to: "a\nb\n").isEmpty)
        #expect(diff("", "") == "")
    }

    @Test func changesStandBetweenThreeLinesOfContext() {
        let old = (1...12).map { "line \($0)\n" }.joined()
        let new = old.replacing("line 6\n", with: "line six\nline 6b\n")
        #expect(
            diff(old, new) == """
                --- a
                +++ b
                @@ -3,7 +3,8 @@
                 line 3
                 line 4
                 line 5
                -line 6
                +line six
                +line 6b
                 line 7
                 line 8
                 line 9

                """)
    }

    @Test func farChangesAreHunksOfTheirOwn() {
        let old = (1...20).map { "\($0)\n" }.joined()
        let new = "0\n" + old.replacing("18\n", with: "")
        #expect(
            UnifiedDiff(from: old, to: new).hunks.map(\.header) == ["@@ -1,3 +1,4 @@", "@@ -15,6 +16,5 @@"])
    }

    @Test func anEmptySideIsNamedAsDiffNamesIt() {
        #expect(diff("", "x\n") == "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n")
        #expect(diff("x\n", "") == "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n")
    }

    @Test func aMissingLastNewlineIsAChange() {
        #expect(
            diff("x", "x\n") == "--- a\n+++ b\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n")
    }

    @Test func aCarriageReturnIsAChange() {
        #expect(diff("x\r\n", "x\n") == "--- a\n+++ b\n@@ -1 +1 @@\n-x\r\n+x\n")
    }

    @Test func textsWithoutACommonLineAreReplacedAsAWhole() {
        let old = (0..<5000).map { "a\($0)\n" }.joined()
        let new = (0..<5000).map { "b\($0)\n" }.joined()
        let hunk = UnifiedDiff(from: old, to: new).hunks[0]
        #expect(hunk.header == "@@ -1,5000 +1,5000 @@")
        #expect(hunk.lines.prefix(5000).allSatisfy { $0.change == .removed })
    }
}
