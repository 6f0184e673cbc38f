import RunbookText
import Testing

@Suite struct VisibleTextTests {
    @Test(arguments: [
        ("plain é 漢", "plain é 漢"), ("\u{1B}[2J", "^[[2J"), ("a\r\nb", "a^M^Jb"), ("\0\u{7F}\t", "^@^?^I"),
        ("\u{9B}31m", "<U+009B>31m"), ("\u{202E}txt", "<U+202E>txt"), ("a\u{200B}b", "a<U+200B>b"),
        ("\u{FEFF}x", "<U+FEFF>x"), ("\u{2028}", "<U+2028>"), ("\u{E0041}", "<U+E0041>"),
        ("☺\u{FE0F}", "☺\u{FE0F}"),
    ])
    func controlsAreShown(_ text: String, _ expected: String) {
        #expect(visible(text).utf8.elementsEqual(expected.utf8))
    }

    @Test func keptControlsStand() {
        #expect(visible("a\tb\n\u{1B}\r", keeping: [.tab, .newline]) == "a\tb\n^[^M")
    }

    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], #"a\xFFb"#), ([0x9B, 0x33], #"\x9B3"#), ([0xC0, 0xAF], #"\xC0\xAF"#),
            ([0xED, 0xA0, 0x80], #"\xED\xA0\x80"#), ([0xE2, 0x82], #"\xE2\x82"#), ([0xE2, 0x82, 0xAC], "€"),
            ([0x1B, 0x5D, 0x07], "^[]^G"), ([], ""),
        ] as [([UInt8], String)])
    func bytesThatAreNotUTF8AreShown(_ bytes: [UInt8], _ expected: String) {
        #expect(visible(bytes: bytes) == expected)
    }

    @Test func everyByteIsHarmless() {
        for byte in UInt8.min...UInt8.max {
            let shown = visible(bytes: [byte])
            #expect(shown.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "byte \(byte) became \(shown)")
        }
    }
}
