import Testing

@testable import RunbookEdit

@Suite struct LineEditTests {
    /// /etc/default/redhat-cluster-pve as the package brings it.
    static let stockDefault = """
        # this file is sourced by the following init scripts:
        # /etc/init.d/cpglockd
        # /etc/init.d/cman
        # /etc/init.d/rgmanager

        # FENCE_JOIN="yes"

        """
    static let fenceJoin = FileEdit(
        path: "/etc/default/redhat-cluster-pve",
        change: .line(#"FENCE_JOIN="yes""#, match: #"^#?\s*FENCE_JOIN="#))

    @Test func commentedLineGivesWay() throws {
        #expect(
            try twice(Self.fenceJoin, Self.stockDefault) == """
                # this file is sourced by the following init scripts:
                # /etc/init.d/cpglockd
                # /etc/init.d/cman
                # /etc/init.d/rgmanager

                FENCE_JOIN="yes"

                """)
    }

    @Test(arguments: [
        ("", "FENCE_JOIN=\"yes\"\n"),
        ("A=1", "A=1\nFENCE_JOIN=\"yes\"\n"),
        ("A=1\r\n", "A=1\r\nFENCE_JOIN=\"yes\"\r\n"),
        ("FENCE_JOIN=no\nA=1\n", "FENCE_JOIN=\"yes\"\nA=1\n"),
        ("FENCE_JOIN=no\r\nA=1\r\n", "FENCE_JOIN=\"yes\"\r\nA=1\r\n"),
        ("# FENCE_JOIN=\"yes\"\nFENCE_JOIN=no\n", "# FENCE_JOIN=\"yes\"\nFENCE_JOIN=\"yes\"\n"),
        ("FENCE_JOIN=no\nA=1\nFENCE_JOIN=no\n", "FENCE_JOIN=\"yes\"\nA=1\n"),
        ("# FENCE_JOIN=no\nFENCE_JOIN=\"yes\"\n", "# FENCE_JOIN=no\nFENCE_JOIN=\"yes\"\n"),
        ("FENCE_JOIN=\"yes\"", "FENCE_JOIN=\"yes\""),
    ])
    func becomes(_ old: String, _ new: String) throws {
        #expect(try twice(Self.fenceJoin, old) == new)
    }

    @Test(arguments: [
        (
            "FENCE_JOIN=no\nFENCE_JOIN=maybe\n",
            "lines 1 and 2 match `^#?\\s*FENCE_JOIN=` and differ: remove by hand what is wrong, "
                + "or narrow the pattern"
        ),
        (
            "FENCE_JOIN=\"yes\"\nFENCE_JOIN=no\n",
            "the line is there, but line 2 matches `^#?\\s*FENCE_JOIN=` and may contradict it: "
                + "remove by hand what is wrong, or narrow the pattern"
        ),
    ])
    func contradictionIsNotResolvedByGuessing(_ old: String, _ message: String) {
        #expect(problem(Self.fenceJoin, old) == EditProblem(.ambiguous, message))
    }

    @Test func hostsLineIsAppendedOnce() throws {
        let edit = FileEdit(path: "/etc/hosts", change: .line("192.168.0.12 pve2"))
        let old = "127.0.0.1 localhost.localdomain localhost\n192.168.0.11 pve1.lan pve1 pvelocalhost\n"
        #expect(try twice(edit, old) == old + "192.168.0.12 pve2\n")
    }

    @Test func missingFileIsAProblemUnlessItMayBeMade() throws {
        var edit = FileEdit(path: "/etc/x", change: .line("a"))
        #expect(
            problem(edit, nil)
                == EditProblem(
                    .missingFile,
                    "/etc/x is missing: make it first, or let the edit make it with `create: true`"))
        edit.create = true
        #expect(try edit.apply(to: nil) == EditResult(text: "a\n", changed: true))
    }

    @Test(arguments: [
        (FileEdit.Change.line(""), EditProblem.Code.badEdit), (.line("a\nb"), .badEdit),
        (.line("a", match: "("), .badPattern),
    ])
    func isRefused(_ change: FileEdit.Change, _ code: EditProblem.Code) {
        #expect(problem(FileEdit(path: "/etc/x", change: change), "x\n")?.code == code)
    }

    @Test func binaryFileIsRefused() {
        #expect(problem(FileEdit(path: "/bin/x", change: .line("a")), "\u{7F}ELF\0")?.code == .notText)
    }
}

@Suite struct BlockEditTests {
    static func edit(_ text: String, comment: String = "#") -> FileEdit {
        FileEdit(path: "/etc/x", change: .block(text, marker: "two-node", comment: comment))
    }

    @Test(arguments: [
        ("", "# BEGIN runbook two-node\na\nb\n# END runbook two-node\n"),
        ("x", "x\n# BEGIN runbook two-node\na\nb\n# END runbook two-node\n"),
        (
            "x\n# BEGIN runbook two-node\nold\n# END runbook two-node\ny\n",
            "x\n# BEGIN runbook two-node\na\nb\n# END runbook two-node\ny\n"
        ),
        (
            "# BEGIN runbook two-node\n# END runbook two-node",
            "# BEGIN runbook two-node\na\nb\n# END runbook two-node"
        ),
        (
            "# BEGIN runbook other\n# END runbook other\r\n",
            "# BEGIN runbook other\n# END runbook other\r\n# BEGIN runbook two-node\na\nb\n"
                + "# END runbook two-node\n"
        ),
    ])
    func becomes(_ old: String, _ new: String) throws {
        #expect(try twice(Self.edit("a\nb\n"), old) == new)
        #expect(try twice(Self.edit("a\nb"), old) == new)
    }

    @Test func commentSignIsChosen() throws {
        #expect(
            try twice(Self.edit("a", comment: "//"), "x\n")
                == "x\n// BEGIN runbook two-node\na\n// END runbook two-node\n")
    }

    @Test(arguments: [
        "# BEGIN runbook two-node\n", "# END runbook two-node\n",
        "# END runbook two-node\n# BEGIN runbook two-node\n",
        "# BEGIN runbook two-node\n# BEGIN runbook two-node\n# END runbook two-node\n",
    ])
    func tornMarkersAreNotTouched(_ old: String) {
        #expect(problem(Self.edit("a"), old)?.code == .brokenBlock)
    }

    @Test func markerInsideTheTextIsRefused() {
        #expect(problem(Self.edit("a\n# END runbook two-node\nb"), "x\n")?.code == .badEdit)
    }
}

@Suite struct ReplaceEditTests {
    static func edit(_ pattern: String, _ with: String, count: Int? = nil) -> FileEdit {
        FileEdit(path: "/etc/x", change: .replace(pattern: pattern, with: with, count: count))
    }

    @Test(arguments: [
        (edit("^#?Port .*", "Port 2222", count: 1), "#Port 22\nUse yes\n", "Port 2222\nUse yes\n"),
        (edit("^#(Port.*)", "\\1"), "#Port 22\n", "Port 22\n"),
        (edit("pve([0-9]+)\\.lan", "node\\1.\\0x", count: 2), "a", nil),
        (edit("old", "new", count: 2), "old old\n", "new new\n"),
        (edit("old", "new", count: 2), "old\n", nil),
        (edit("old", "new"), "new\n", "new\n"),
        (edit("old", "new"), "else\n", nil),
        (edit(" +$", ""), "a  \r\nb\n", "a\r\nb\n"),
        (edit("a", "aa"), "a\n", nil),
        (edit("ü", "ue"), "Tür ü\n", "Tuer ue\n"),
        (edit("T..r", "gate"), "Tür\n", "gate\n"),
        (edit("T.", "gate"), "Tür\n", nil),
        (edit("x*", "\\0"), "Tür\n", "Tür\n"),
        (edit("(a)|(b)", "<\\1\\2\\9>", count: 1), "xb\n", nil),
        (edit("^(a)?b", "\\1c"), "b\n", "c\n"),
        (edit("a.[b]", "a.[b]*"), "a.[b]*\n", "a.[b]*\n"),
        (edit("\\s+", " "), "a \t b\n", "a b\n"),
        (edit("a", "b\\c"), "a\n", nil),
        (edit("a", "b\\\\c"), "a\n", "b\\c\n"),
        (edit("a", "b\nc"), "a\n", nil),
        (edit("a", "b", count: 0), "a\n", nil),
    ])
    func becomes(_ edit: FileEdit, _ old: String, _ new: String?) throws {
        guard let new else {
            #expect(problem(edit, old) != nil)
            return
        }
        #expect(try twice(edit, old) == new)
    }

    @Test func countThatDiffersIsSaid() {
        #expect(
            problem(Self.edit("old", "new", count: 2), "old\n")
                == EditProblem(
                    .countDiffers, "`old` matches 1 time, expected 2: narrow the pattern or mend the count"))
    }
}
