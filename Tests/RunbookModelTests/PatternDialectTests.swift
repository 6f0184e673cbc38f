import RunbookModel
import RunbookText
import Testing

@Suite struct PatternDialectTests {
    @Test(arguments: [
        "", "^Quorum: [0-9]+ +$", "[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?",
        #"(iqn|eui|naa)\.[A-Za-z0-9.:-]+"#,
        #"^tcp: \[[0-9]+\] x,[0-9]+ y( |$)"#, "[]a]", "[^]a]", "[[:space:]]", "[[:alpha:][.-.]]", "a{2}",
        "a{2,}",
        #"\\ \. \[ \] \( \) \{ \} \* \+ \? \^ \$ \| \/"#, "a|b", "(|a)", "}", "]", "é+",
    ])
    func whatEveryGrepKnowsIsTaken(_ pattern: String) {
        #expect(PatternDialect.problems(in: pattern) == [])
    }

    @Test(arguments: [
        (#"^\d+"#, #"1..<3 `\d` is not known to every grep -> [0-9]"#),
        (#"a\s*b"#, #"1..<3 `\s` is not known to every grep -> [[:space:]]"#),
        (#"\bword"#, #"0..<2 `\b` is not known to every grep"#),
        (#"a\r?$"#, #"1..<3 `\r` is not a POSIX escape -> [[:space:]]"#),
        (#"(a)\1"#, #"3..<5 `\1` is not possible in an extended regular expression"#),
        (#"a\-b"#, #"1..<3 `\-` means nothing in an extended regular expression -> -"#),
        (#"a\"#, "1..<2 a backslash at the end escapes nothing"),
        ("(?=a)b", "0..<2 `(?` (look-around, named groups, flags) is not POSIX"),
        ("(a", "0..<1 this `(` is not closed"),
        ("a)", #"1..<2 this `)` closes nothing -> \)"#),
        ("[a", "0..<1 this `[` is not closed"),
        ("a.*?b", "3..<4 `?` after another quantifier (lazy or possessive) is not POSIX"),
        ("*a", "0..<1 `*` repeats nothing"),
        ("a|+", "2..<3 `+` repeats nothing"),
        ("a{x}", #"1..<2 `{` begins a number of repetitions such as `{2,5}` -> \{"#),
        ("a{3,2}", "1..<6 a number of repetitions goes up to 255, lowest first"),
        ("a{1,999}", "1..<8 a number of repetitions goes up to 255, lowest first"),
        (#"[\d]"#, "1..<3 a backslash is an ordinary character inside `[ ]`"),
        ("a\nb", "1..<2 a pattern matches one line, so it cannot hold a line break"),
        ("[z-a]", "0..<5 the pattern does not compile: Invalid range end"),
    ])
    func whatIsNotPOSIXIsRefusedWithItsRemedy(_ pattern: String, _ expected: String) {
        let shown = PatternDialect.problems(in: pattern).map { problem in
            "\(problem.range) \(problem.message)\(problem.replacement.map { " -> \($0)" } ?? "")"
        }
        #expect(shown == [expected])
    }

    @Test func valuesStandForUnknownText() {
        let text = "^${{ a }}:$"
        #expect(PatternDialect.problems(in: text, values: [1..<9]) == [])
        #expect(
            PatternDialect.problems(in: "${{ a }}+", values: [0..<8]).map(\.message) == [
                "`+` after `${{ }}` would repeat only its last character"
            ])
        #expect(
            PatternDialect.problems(in: "[${{ a }}]", values: [1..<9]).map(\.message) == [
                "`${{ }}` cannot stand inside `[ ]`"
            ])
    }

    @Test(arguments: ["a.b*c", #"\^$|()[]{}+?"#, "/dev/disk/by-path/ip-192.0.2.1:3260", "é ü", ""])
    func escapedTextMatchesItselfOnly(_ text: String) throws {
        let regex = try ExtendedRegex(PatternDialect.escaped(text))
        #expect(regex.matchesWhole(text))
        #expect(!regex.matchesWhole(text + "x"))
        #expect(PatternDialect.problems(in: PatternDialect.escaped(text)) == [])
    }
}
