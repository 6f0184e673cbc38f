import RunbookDiagnostics
import RunbookYAML
import Testing

@Suite struct EncodingTests {
    private func heads(_ bytes: [UInt8]) -> [String] {
        parseYAML(SourceText(name: "x", bytes: bytes)).1.map { problem in
            "\(problem.primary.span.range.lowerBound) \(problem.id): \(problem.headline)"
        }
    }

    @Test(
        arguments: [
            ([0x61, 0x3A, 0x20, 0xE9, 0x0A], "3 not-utf8: byte 3 of the file (0xE9) is not UTF-8"),
            ([0x61, 0xC0, 0xAF], "1 not-utf8: byte 1 of the file (0xC0) is not UTF-8"),
            ([0x61, 0xED, 0xA0, 0x80], "1 not-utf8: byte 1 of the file (0xED) is not UTF-8"),
            ([0x61, 0xE2, 0x82], "1 not-utf8: byte 1 of the file (0xE2) is not UTF-8"),
            ([0xFF, 0xFE, 0x61, 0x00], "0 not-utf8: the file is UTF-16LE, not UTF-8"),
            ([0xFE, 0xFF, 0x00, 0x61], "0 not-utf8: the file is UTF-16BE, not UTF-8"),
            ([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "0 not-utf8: the file is UTF-32LE, not UTF-8"),
            ([0, 0, 0xFE, 0xFF, 0, 0, 0, 0x61], "0 not-utf8: the file is UTF-32BE, not UTF-8"),
        ] as [([UInt8], String)])
    func whatIsNotUTF8IsRefused(_ bytes: [UInt8], _ expected: String) {
        #expect(heads(bytes) == [expected])
    }

    @Test(arguments: [
        ("\0", "U+0000 (NUL)"), ("\u{1B}", "U+001B (escape)"), ("\u{7F}", "U+007F (delete)"),
        ("\u{85}", "U+0085 (a control character)"), ("\u{7}", "U+0007 (a control character)"),
        ("\u{FEFF}", "U+FEFF (a byte order mark)"), ("\u{2028}", "U+2028 (a line separator)"),
        ("\u{202E}", "U+202E (a change of writing direction)"),
        ("\u{200B}", "U+200B (an invisible character)"),
        ("\u{FFFE}", "U+FFFE (not a character)"), ("\u{E0041}", "U+E0041 (an invisible character)"),
    ])
    func whatCannotBeSeenIsRefused(_ character: String, _ name: String) {
        #expect(heads(Array("a: \(character)b\n".utf8)) == ["3 control-character: \(name) is in the text"])
        #expect(
            heads(Array("# \(character)\na: b\n".utf8)) == ["2 control-character: \(name) is in the text"])
    }

    @Test(arguments: [
        "\u{FEFF}a: b\nc:\n  - d\n", "a: b\r\nc:\r\n  - d\r\n", "a: b\rc:\r  - d\r", "a: b\nc:\n  - d",
        "---\na: b\nc: [d]\n...\n",
    ])
    func theSameTextInOtherClothesIsTheSameTree(_ text: String) throws {
        let (node, problems) = parseYAML(SourceText(name: "x", text))
        #expect(problems == [])
        #expect(try #require(node).outline == "{a=b c=[d]}")
    }

    @Test func spansAreRightBehindWideTextAndByteOrderMark() throws {
        let filler = (0..<300).map { "k\($0): é漢😀\r\n" }.joined()
        let source = SourceText(name: "x", "\u{FEFF}" + filler + "last: 'wörd'\r\n")
        let entry = try #require(parseYAML(source).0?.entry(for: "last"))
        #expect(entry.key.span.text == "last")
        #expect(entry.value.span.text == "'wörd'")
        #expect(entry.span.start.line == 301)
    }
}
