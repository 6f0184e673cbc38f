import RunbookText
import Testing

@Suite struct WordingTests {
    @Test(arguments: [
        ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("a\tb", 6), ("👍", 2), ("ﾃｽﾄ", 3), ("テスト", 6), ("", 0),
    ])
    func columnsAreThoseOfTheTerminal(_ text: String, _ expected: Int) {
        #expect(columns(of: text) == expected)
    }

    @Test func paddingAndCuttingGoByColumns() {
        #expect(padded("漢", to: 4) == "漢  ")
        #expect(padded("7", to: 3, on: .left) == "  7")
        #expect(padded("long", to: 2) == "long")
        #expect(truncated("漢字漢字", to: 4) == "漢…")
        #expect(truncated("abcdef", to: 4) == "abc…")
        #expect(truncated("abcd", to: 4) == "abcd")
        #expect(truncated("abcd", to: 0) == "")
    }

    @Test(arguments: [("check", "chekc", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0)])
    func distanceCountsEdits(_ first: String, _ second: String, _ expected: Int) {
        #expect(editDistance(first, second) == expected)
    }

    @Test(
        arguments: [
            ("chekc", "check"), ("Verfy", "verify"), ("zzz", nil), ("NO", "no"), ("xo", nil), ("", nil),
        ] as [(String, String?)])
    func theNearestNameIsSuggested(_ name: String, _ expected: String?) {
        #expect(closest(to: name, among: ["no", "check", "verify", "require"]) == expected)
    }

    @Test func listsAndCountsReadAsEnglish() {
        #expect(englishList([], "or") == "")
        #expect(englishList(["a"], "or") == "a")
        #expect(englishList(["a", "b"], "or") == "a or b")
        #expect(englishList(["a", "b", "c"], "and") == "a, b and c")
        #expect(counted(1, "step") == "1 step")
        #expect(counted(0, "step") == "0 steps")
        #expect(counted(2, "reply", "replies") == "2 replies")
    }

    @Test(
        arguments: [
            ("90s", .seconds(90)), ("3m", .seconds(180)), ("1h30m", .seconds(5400)),
            ("500ms", .milliseconds(500)),
            ("1s500ms", .milliseconds(1500)), ("0s", .zero), ("", nil), ("90", nil), ("1m1h", nil),
            ("1m1m", nil),
            ("m", nil), ("-1s", nil), ("1.5s", nil), ("1 s", nil), ("1000000000s", nil), ("1S", nil),
            ("5y", nil),
        ] as [(String, Duration?)])
    func durationsAreRead(_ text: String, _ expected: Duration?) {
        #expect(DurationText.parse(text) == expected)
    }

    @Test(
        arguments: [
            (.zero, "0s"), (.milliseconds(40), "40ms"), (.milliseconds(400), "0.4s"),
            (.milliseconds(2530), "2.5s"),
            (.seconds(2), "2s"), (.seconds(45), "45s"), (.seconds(90), "1m 30s"), (.seconds(7500), "2h 5m"),
            (.seconds(7205), "2h"), (.seconds(273_600), "3d 4h"), (.seconds(-90), "-1m 30s"),
        ] as [(Duration, String)])
    func durationsAreWritten(_ duration: Duration, _ expected: String) {
        #expect(DurationText.text(duration) == expected)
    }
}
