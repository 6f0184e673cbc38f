import RunbookDiagnostics
import RunbookYAML
import Testing

@Suite struct ScalarSpanTests {
    /// The offsets of a word in a text.
    private func range(of word: String, in text: String) throws -> Range<Int> {
        let (word, bytes) = (Array(word.utf8), Array(text.utf8))
        let start = try #require(
            bytes.indices.first { bytes[$0...].starts(with: word) }, "\(word) is in \(text)")
        return start..<(start + word.count)
    }

    @Test(arguments: [
        "v: pre ${{ x }} post\n", "v: 'it''s ${{ x }} post'\n",
        "v: \"a\\tb \\u00e9\\\"c ${{ x }} \\\\ post\"\n",
        "v: é漢 ${{ x }} post\n", "v: one\n  two ${{ x }}\n\n  post\n", "v: 'one\n\n  two ${{ x }}\n  post'\n",
        "v: \"one\\\n   two ${{ x }}\n  post\"\n", "v: |\n  one\n    two ${{ x }}\n\n  post\n",
        "v: |2-\n    one ${{ x }}\n  post\n", "v: |  # comment\n\n\n  one\n  two ${{ x }}\n  post\n\n",
        "v: >\n  one\n  two ${{ x }}\n  three\n\n  post\n",
        "v: >-\n  one\n    more\n    two ${{ x }}\n  post\n",
        "v: >\n\n  one\n\n\n  ${{ x }}\n  post\n", "v: |\r\n  one\r\n  two ${{ x }}\r\n  post\r\n",
        "v: >+\n  ${{ x }} a\n   b\n  post\n\n\n", "- v: |\n    # ${{ x }}\n    post\n",
    ])
    func aPartOfAValueIsFoundInTheFile(_ text: String) throws {
        let (node, problems) = parseYAML(SourceText(name: "x", text))
        #expect(problems == [])
        let value = try #require((node?.sequence?.first ?? node)?["v"]?.scalar)
        for word in ["${{ x }}", "post"] {
            #expect(value.span(of: try range(of: word, in: value.text)).text == word)
        }
    }

    @Test func anEscapeAndAFoldAreMarkedAsAWhole() throws {
        let (node, _) = parseYAML(SourceText(name: "x", "v: \"a\\u00e9b\n  c\"\n"))
        let value = try #require(node?["v"]?.scalar)
        #expect(value.text == "aéb c")
        #expect(value.span(of: 1..<3).text == "\\u00e9")
        #expect(value.span(of: 4..<5).text == "\n  ")
        #expect(value.span(of: 5..<6).text == "c")
        #expect(value.span(of: 0..<6).text == "a\\u00e9b\n  c")
        #expect(value.span(of: 2..<2).range.lowerBound == 5)
        #expect(value.span(of: 6..<6).range == 16..<16)
    }

    @Test func aPlaceThatIsNotThereIsTheWholeScalar() throws {
        let (node, _) = parseYAML(SourceText(name: "x", "v: abc\n"))
        let value = try #require(node?["v"]?.scalar)
        #expect(value.span(of: 2..<9).text == "abc")
        #expect(value.span(of: 3..<3).range == 6..<6)
    }

    @Test func everyWordOfARunbookIsFound() throws {
        let (node, problems) = parseYAML(SourceText(name: "x", sampleRunbook))
        #expect(problems == [])
        let scalars = try #require(node).scalars
        #expect(scalars.count > 200)
        for scalar in scalars {
            let bytes = Array(scalar.text.utf8)
            var start = 0
            for end in 0...bytes.count where end == bytes.count || bytes[end] <= 0x20 {
                if end > start {
                    let word = String(decoding: bytes[start..<end], as: UTF8.self)
                    let found = scalar.span(of: start..<end).text
                    let isEscaped = scalar.style.isQuoted && word.contains { "'\"\\".contains($0) }
                    #expect(found == word || isEscaped, "\(word) in \(scalar.span.start)")
                }
                start = end + 1
            }
        }
    }
}
