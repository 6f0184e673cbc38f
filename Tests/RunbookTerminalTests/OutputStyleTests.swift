import RunbookTerminal
import Testing

@Suite struct OutputStyleTests {
    @Test(arguments: [
        (ColorChoice.auto, ["TERM": "xterm"], true, true),
        (.auto, ["TERM": "xterm"], false, false),
        (.auto, ["TERM": "dumb"], true, false),
        (.auto, [:], true, false),
        (.auto, ["TERM": "xterm", "NO_COLOR": "1"], true, false),
        (.auto, ["TERM": "xterm", "NO_COLOR": ""], true, true),
        (.always, ["TERM": "dumb", "NO_COLOR": "1"], false, true),
        (.never, ["TERM": "xterm"], true, false),
    ])
    func colorIsDecidedOnce(
        _ choice: ColorChoice, _ environment: [String: String], _ terminal: Bool, _ colors: Bool
    ) {
        #expect(OutputStyle(choice, environment: environment, isTerminal: terminal).usesColor == colors)
    }

    @Test(arguments: OutputStyle.Meaning.allCases)
    func everyMeaningEndsWhatItBegins(_ meaning: OutputStyle.Meaning) {
        let text = OutputStyle(usesColor: true)(meaning, "x")
        #expect(text.hasPrefix("\u{1B}["))
        #expect(text.hasSuffix("mx\u{1B}[0m"))
        #expect(OutputStyle.plain(meaning, "x") == "x")
        #expect(OutputStyle(usesColor: true)(meaning, "") == "")
    }
}

@Suite struct StyledTextTests {
    static let host = "pve\u{1B}]52;c;ZXZpbA==\u{7}1"

    @Test func textOfOthersCannotDriveTheTerminal() {
        let line: StyledText = "\(.error, "failed") on \(.host, Self.host)\u{9B}"
        #expect(line.rendered(.plain) == "failed on pve^[]52;c;ZXZpbA==^G1<U+009B>")
        #expect(
            line.rendered(OutputStyle(usesColor: true))
                == "\u{1B}[1;31mfailed\u{1B}[0m on \u{1B}[34mpve^[]52;c;ZXZpbA==^G1\u{1B}[0m<U+009B>")
    }

    @Test func numbersAndTextsAreInterpolated() {
        let inner: StyledText = "\(.step, "join")"
        #expect(("step \(3): \(inner)" as StyledText).rendered(.plain) == "step 3: join")
        #expect(("a" + StyledText("b", .dim)).parts.map(\.text) == ["a", "b"])
    }

    @Test(arguments: [
        (0, ""), (1, "…"), (2, "a…"), (3, "ab…"), (4, "abc…"), (5, "abc…"), (6, "abc日…"), (7, "abc日本"),
        (10_000, "abc日本"),
    ])
    func isCutByColumns(_ width: Int, _ shown: String) {
        let line: StyledText = "\(.step, "ab")c\(.dim, "日本")"
        #expect(line.width == 7)
        let cut = line.truncated(to: width)
        #expect(cut.rendered(.plain) == shown)
        #expect(cut.width <= width)
    }

    @Test func cutFallsOnTheBorderOfParts() {
        let line: StyledText = "ab\(.dim, "cd")"
        #expect(line.truncated(to: 2).rendered(.plain) == "a…")
        #expect(line.truncated(to: 4) == line)
    }
}
