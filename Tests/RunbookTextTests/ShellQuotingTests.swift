import RunbookText
import Testing

@Suite struct ShellQuotingTests {
    @Test(arguments: [
        ("plain", "plain"), ("/etc/pve/cluster.conf", "/etc/pve/cluster.conf"), ("", "''"), ("a b", "'a b'"),
        ("it's", #"'it'\''s'"#), ("$(id)", "'$(id)'"), ("A=b", "'A=b'"), ("~root", "'~root'"), ("*", "'*'"),
        ("if", "'if'"), ("two\nlines", "'two\nlines'"), ("é", "'é'"), ("-rf", "-rf"),
        ("'\u{301}x", "''\\''\u{301}x'"),
    ])
    func oneWordOfTheShell(_ text: String, _ expected: String) {
        #expect(shellQuoted(text).utf8.elementsEqual(expected.utf8))
    }

    @Test(arguments: [
        ("plain", "plain"), ("a b", "'a b'"), ("one\ntwo three", #"one"$nl"'two three'"#), ("\n", #""$nl""#),
        ("\n\nx", #""$nl""$nl"x"#), ("x\r\ny", "'x\r'\"$nl\"y"), ("", "''"),
    ])
    func newlinesBecomeAnExpansion(_ text: String, _ expected: String) {
        #expect(shellQuotedOnOneLine(text) == expected)
    }

    @Test func nulIsRefused() {
        #expect(shellQuotedOnOneLine("a\0b") == nil)
    }
}
