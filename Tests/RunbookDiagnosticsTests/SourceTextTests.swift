import RunbookDiagnostics
import Testing

@Suite struct SourceTextTests {
    @Test func linesEndInAllThreeWays() {
        let source = SourceText(name: "x", "one\ntwo\r\nthree\rfour")
        #expect(source.lineCount == 4)
        #expect((1...4).map { source.text(in: source.range(ofLine: $0)) } == ["one", "two", "three", "four"])
        #expect([0, 3, 4, 8, 9, 14, 15, 99].map(source.lineNumber) == [1, 1, 2, 2, 3, 3, 4, 4])
    }

    @Test func aColumnIsAScalar() {
        let source = SourceText(name: "x", "é漢e\u{301}x\n")
        #expect(source.place(at: 8) == SourcePlace(line: 1, column: 5, offset: 8))
        #expect(source.offset(line: 0, column: 4) == 8)
        #expect(source.offset(line: 0, column: 40) == 9)
        #expect(source.offset(line: 7, column: 0) == 10)
    }

    @Test(arguments: [("a: [1, 2\n\n", 8), ("", 0), ("\n\n", 0), ("a", 1), ("a\n# x\n  ", 5)])
    func theEndIsBehindTheLastTextOfTheFile(_ text: String, _ expected: Int) {
        let source = SourceText(name: "x", text)
        #expect(source.place(at: text.utf8.count).offset == expected)
        #expect(source.place(at: text.utf8.count + 5).offset == expected)
    }

    @Test func bytesThatAreNotTextHaveAPlaceToo() {
        let source = SourceText(name: "x", bytes: [0x61, 0xFF, 0xFE, 0x62])
        #expect(source.place(at: 3) == SourcePlace(line: 1, column: 4, offset: 3))
    }

    @Test func spansArePulledIntoTheText() {
        let source = SourceText(name: "x", "abc")
        #expect(source.span(1..<9).range == 1..<3)
        #expect(source.span(at: 9).range == 3..<3)
        #expect(source.span(0..<1).through(source.span(2..<3)).text == "abc")
    }
}
