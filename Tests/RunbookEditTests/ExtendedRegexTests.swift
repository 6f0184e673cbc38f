import Testing

@testable import RunbookEdit

@Suite struct ExtendedRegexTests {
    static func first(_ pattern: String, in line: String, from offset: Int = 0) throws -> ExtendedRegex.Match?
    {
        try ExtendedRegex(pattern).firstMatch(in: line, from: offset)
    }

    @Test func capturesAreGiven() throws {
        let rest = [String?](repeating: nil, count: 7)
        #expect(
            try Self.first("(a)|(b+)c", in: "xbbc")
                == ExtendedRegex.Match(range: 1..<4, captures: [nil, "bb"] + rest))
        #expect(try Self.first("(a)|(b+)c", in: "") == nil)
    }

    @Test func anchorsAreThoseOfTheLine() throws {
        #expect(try Self.first("^a", in: "aa", from: 1) == nil)
        #expect(try Self.first("^$", in: "")?.range == 0..<0)
    }

    @Test func charactersAreWhole() throws {
        #expect(try Self.first("^.$", in: "ü")?.range == 0..<2)
    }

    @Test func escapedTextMatchesItself() throws {
        let text = #"a.[b]{c}(d)\e*f+g?h^i$j|k"#
        #expect(
            try Self.first("^" + ExtendedRegex.escaping(text) + "$", in: text)?.range == 0..<text.utf8.count)
    }

    @Test func slipIsSaidInWords() {
        #expect(throws: ExtendedRegex.Failure(message: "Unmatched ( or \\(")) {
            _ = try Self.first("(", in: "")
        }
    }
}
