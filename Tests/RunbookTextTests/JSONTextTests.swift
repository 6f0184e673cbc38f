import RunbookText
import Testing

@Suite struct JSONTextTests {
    @Test(arguments: [
        ("plain é", #""plain é""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\t\r\0\u{7F}", #""\n\t\r\u0000\u007F""#),
        ("\u{202E}", #""\u202E""#), ("\u{E0041}", #""\uDB40\uDC41""#), ("\r\n", #""\r\n""#), ("", #""""#),
    ])
    func textsBecomeStrings(_ text: String, _ expected: String) {
        #expect(jsonQuoted(text) == expected)
    }
}
