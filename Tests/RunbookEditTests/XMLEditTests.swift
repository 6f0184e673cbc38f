import Testing

@testable import RunbookEdit

@Suite struct XMLEditTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let old: String
        let edit: StructuredEdit
        let new: String

        init(_ description: String, _ old: String, _ edit: StructuredEdit, _ new: String) {
            testDescription = description
            self.old = old
            self.edit = edit
            self.new = new
        }
    }

    static func set(_ path: String, _ value: String) -> StructuredEdit {
        StructuredEdit(set: [.init(path: path, value: value)])
    }

    @Test(arguments: [
        Case("no line ends", "<a><b/></a>", StructuredEdit(ensure: ["/a/c"]), "<a><b/>\n  <c/>\n</a>\n"),
        Case("empty element gets a child", "<a/>\n", StructuredEdit(ensure: ["/a/b"]), "<a>\n  <b/>\n</a>\n"),
        Case(
            "several levels at once", "<a/>\n", set("/a/b/c/@d", "1"),
            "<a>\n  <b>\n    <c d=\"1\"/>\n  </b>\n</a>\n"),
        Case(
            "element with white space only", "<a>\n  <b x=\"1\">\n  </b>\n</a>\n",
            StructuredEdit(ensure: ["/a/b/c"]),
            "<a>\n  <b x=\"1\">\n    <c/>\n  </b>\n</a>\n"),
        Case(
            "two in one parent", "<a>\n\t<b/>\n</a>\n", StructuredEdit(ensure: ["/a/c", "/a/d"]),
            "<a>\n\t<b/>\n\t<c/>\n\t<d/>\n</a>\n"),
        Case(
            "two in one line", "<a><b/></a>\n", StructuredEdit(ensure: ["/a/c", "/a/d"]),
            "<a><b/>\n  <c/>\n  <d/>\n</a>\n"),
        Case(
            "behind a comment", "<a>\n  <b/>\n  <!-- end -->\n</a>\n", StructuredEdit(ensure: ["/a/c"]),
            "<a>\n  <b/>\n  <!-- end -->\n  <c/>\n</a>\n"),
        Case(
            "chosen by attribute", "<a>\n  <n i=\"1\"/>\n  <n i=\"2\" v=\"x\"/>\n</a>\n",
            set("/a/n[@i='2']/@v", "y"),
            "<a>\n  <n i=\"1\"/>\n  <n i=\"2\" v=\"y\"/>\n</a>\n"),
        Case(
            "made by attribute", "<a>\n  <n i=\"1\"/>\n</a>\n", set("/a/n[@i='2']/@v", "y"),
            "<a>\n  <n i=\"1\"/>\n  <n i=\"2\" v=\"y\"/>\n</a>\n"),
        Case(
            "chosen by number", "<a><n/><n/></a>\n", set("/a/n[2]/@v", "y"), "<a><n/><n v=\"y\"/></a>\n"),
        Case(
            "text", "<a>\n  <b/>\n</a>\n", set("/a/b", "1 < 2 & 3"), "<a>\n  <b>1 &lt; 2 &amp; 3</b>\n</a>\n"),
        Case("text replaced", "<a><b>old</b></a>\n", set("/a/b", "new"), "<a><b>new</b></a>\n"),
        Case("text removed", "<a><b>old</b></a>\n", set("/a/b", ""), "<a><b></b></a>\n"),
        Case("new element with text", "<a>\n</a>\n", set("/a/b", "x"), "<a>\n  <b>x</b>\n</a>\n"),
        Case(
            "value with quotes", "<a/>\n", set("/a/@b", "it's \"so\" & <so>"),
            "<a b=\"it&apos;s &quot;so&quot; &amp; &lt;so&gt;\"/>\n"),
        Case(
            "same value in other words", "<a b='x &#38; y'/>\n", set("/a/@b", "x & y"), "<a b='x &#38; y'/>\n"
        ),
        Case("single quotes stay", "<a b='1' c='2'/>\n", set("/a/@c", "3"), "<a b='1' c='3'/>\n"),
        Case(
            "attribute of an element with children", "<a>\n  <b/>\n</a>\n", set("/a/@c", "1"),
            "<a c=\"1\">\n  <b/>\n</a>\n"),
        Case(
            "element removed", "<a>\n  <b/>\n  <c/>\n</a>\n", StructuredEdit(remove: ["/a/b"]),
            "<a>\n  <c/>\n</a>\n"),
        Case(
            "last element removed", "<a>\n  <b/>\n  <c>\n  </c>\n</a>\n", StructuredEdit(remove: ["/a/c"]),
            "<a>\n  <b/>\n</a>\n"),
        Case(
            "one of several removed", "<a>\n  <n i=\"1\"/>\n  <n i=\"2\"/></a>\n",
            StructuredEdit(remove: ["/a/n[@i='2']"]), "<a>\n  <n i=\"1\"/>\n</a>\n"),
        Case("last attribute removed", "<a b=\"1\"/>\n", StructuredEdit(remove: ["/a/@b"]), "<a/>\n"),
        Case("nothing to remove", "<a>\n</a>", StructuredEdit(remove: ["/a/@b", "/a/x/y"]), "<a>\n</a>"),
        Case(
            "line ends of Windows", "<a>\r\n  <b/>\r\n</a>\r\n", set("/a/b/@c", "1"),
            "<a>\r\n  <b c=\"1\"/>\r\n</a>\r\n"),
    ])
    func isEditedSo(_ example: Case) throws {
        #expect(try edited(example.old, example.edit, path: "/etc/x.xml") == example.new)
    }

    @Test func missingFileIsMadeWithItsOutermostElement() throws {
        #expect(
            try edited(nil, Self.set("/a/b/@c", "1"), path: "/etc/x.xml", create: true)
                == "<a>\n  <b c=\"1\"/>\n</a>\n")
    }

    @Test(arguments: [
        ("<a><b></a>\n", set("/a/@c", "1"), EditProblem.Code.unreadable),
        ("<a/>\n", set("/z/@c", "1"), .badPath),
        ("<a><n/><n/></a>\n", set("/a/n/@c", "1"), .ambiguous),
        ("<a><n/><n/></a>\n", StructuredEdit(remove: ["/a/n"]), .ambiguous),
        ("<a><n i='1'/><n i='1'/></a>\n", set("/a/n[@i='1']/@c", "1"), .ambiguous),
        ("<a><n/></a>\n", set("/a/n[2]/@c", "1"), .notFound),
        ("<a><b/></a>\n", set("/a", "text"), .badEdit),
        ("<a/>\n", StructuredEdit(ensure: ["/a/@b"]), .badEdit),
        ("<a/>\n", StructuredEdit(remove: ["/a"]), .badEdit),
        ("<a/>\n", StructuredEdit(increment: ["/a/@v"]), .badEdit),
        ("<a/>\n", StructuredEdit(ensure: ["/a/b"], increment: ["/a/@v"]), .notFound),
        ("<a v='x'/>\n", StructuredEdit(ensure: ["/a/b"], increment: ["/a/@v"]), .notNumber),
        (
            "<a v='9223372036854775807'/>\n", StructuredEdit(ensure: ["/a/b"], increment: ["/a/@v"]),
            .notNumber
        ),
        ("<a/>\n", StructuredEdit(ensure: ["/a/b"], remove: ["/a/b"]), .badEdit),
        ("<a/>\n", StructuredEdit(ensure: ["/a/b/c"], remove: ["/a/b"]), .badEdit),
        ("<a/>\n", StructuredEdit(ensure: ["/a/b", "/a/b"]), .badEdit),
        ("<a/>\n", set("/a/@b", "bell \u{7}"), .badEdit),
        ("<a>\u{1}</a>\n", set("/a/@b", "1"), .unreadable),
        ("<a/>\n", set("cluster/@b", "1"), .badPath),
        ("<a/>\n", set("/a/@b/c", "1"), .badPath),
        ("<a/>\n", set("/a/b[0]", "1"), .badPath),
        ("<a/>\n", set("/a/b[@c=1]", "1"), .badPath),
        ("<a/>\n", set("/a/b|/c", "1"), .badPath),
        ("<a/>\n", set("/@b", "1"), .badPath),
    ])
    func isRefused(_ text: String, _ edit: StructuredEdit, _ code: EditProblem.Code) {
        #expect(problem(FileEdit(path: "/etc/x.xml", change: .structured(edit)), text)?.code == code)
    }

    @Test func messagesAreShortAndNameThePath() {
        let edit = FileEdit(path: "/etc/x.xml", change: .structured(Self.set("/a/n/@c", "1")))
        #expect(
            problem(edit, "<a><n/><n/></a>")?.description
                == "/a/n/@c: there are 2 elements `n`: say which, as in `n[2]` or `n[@name='value']`")
        #expect(
            problem(edit, "<a>\n<n>\n</a>\n")?.description
                == "line 4: the file cannot be read as XML: look for a slip there or above")
    }
}
