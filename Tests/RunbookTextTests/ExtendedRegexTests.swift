import RunbookText
import Testing

@Suite struct ExtendedRegexTests {
    @Test func groupsAreGivenInOrder() throws {
        let regex = try ExtendedRegex("^([a-z]+)=([0-9]+)?(x)?$")
        #expect(regex.firstMatch(in: "port=3260") == ["port=3260", "port", "3260", nil])
        #expect(regex.firstMatch(in: "port 3260") == nil)
        #expect(regex.groupCount == 3)
    }

    @Test func patternsAreJudgedLineByLine() throws {
        let regex = try ExtendedRegex("^Quorum: ([0-9]+) +$")
        let text = "Nodes: 2\nQuorum: 2 \nQuorum: 3 \n"
        #expect(regex.firstMatch(inLinesOf: text) == ["Quorum: 2 ", "2"])
        #expect(try ExtendedRegex("^$").matchesLine(of: "a\n") == false)
        #expect(try ExtendedRegex("^$").matchesLine(of: "a\n\n") == true)
        #expect(try ExtendedRegex("^$").matchesLine(of: "") == false)
    }

    @Test func bytesAreBytes() throws {
        // grep -E under LC_ALL=C: `é` is two characters, and a NUL does not end the line.
        #expect(try ExtendedRegex("^caf..$").firstMatch(in: "café") == ["café"])
        #expect(try ExtendedRegex("b$").firstMatch(in: "a\0b") == ["b"])
    }

    @Test func searchGoesOnInsideALine() throws {
        let regex = try ExtendedRegex("^a|b(c)?")
        let bytes = Array("aabcb".utf8)
        #expect(regex.firstRanges(in: bytes) == [0..<1, nil])
        #expect(regex.firstRanges(in: bytes, from: 1) == [2..<4, 3..<4])
        #expect(regex.firstRanges(in: bytes, from: 4) == [4..<5, nil])
        #expect(regex.firstRanges(in: bytes, from: 5) == nil)
    }

    @Test func theWholeTextMustMatch() throws {
        let regex = try ExtendedRegex("a|ab")
        #expect(regex.matchesWhole("ab"))
        #expect(!regex.matchesWhole("abc"))
        #expect(!regex.matchesWhole("xab"))
        #expect(try ExtendedRegex("x*").matchesWhole(""))
    }

    @Test(arguments: [
        ("(a", "Unmatched ( or \\("), ("[a", "Unmatched [, [^, [:, [., or [="),
    ])
    func brokenPatternsAreRefusedInTheWordsOfTheLibrary(_ pattern: String, _ words: String) {
        #expect { try ExtendedRegex(pattern) } throws: { ($0 as? ExtendedRegex.Failure)?.message == words }
    }

    @Test func patternsHoldNoNUL() {
        #expect {
            try ExtendedRegex("a\0")
        } throws: {
            ($0 as? ExtendedRegex.Failure)?.message == "a pattern cannot hold a NUL"
        }
    }
}
