import RunbookDiagnostics
import RunbookYAML
import Testing

@Suite struct YAMLTreeTests {
    private func tree(_ text: String) throws -> YAMLNode {
        let (node, problems) = parseYAML(SourceText(name: "x", text))
        #expect(problems == [])
        return try #require(node)
    }

    @Test(arguments: [
        ("a: 1\nb: [x, 'y', \"z\"]\nc: { d: e }\n", "{a=1 b=[x <y> <z>] c={d=e}}"),
        ("- a\n- - b\n  - c\n- d: e\n  f: g\n", "[a [b c] {d=e f=g}]"),
        (
            "on: no\nv: 1.10\nid: 0123\nt: 1:30\ny: yes\nn: ~\ne:\n",
            "{on=no v=1.10 id=0123 t=1:30 y=yes n=~ e=}"
        ),
        ("a: |\n  one\n   two\n\nb: >-\n  one\n  two\n", "{a=<one\n two\n> b=<one two>}"),
        ("a: one\n  two\n", "{a=one two}"),
        ("a: b #c\n", "{a=b}"),
        ("a: b#c\n", "{a=b#c}"),
        ("run: f=/etc/x.$$; touch \"$f\" && rm \"$f\"\n", "{run=f=/etc/x.$$; touch \"$f\" && rm \"$f\"}"),
        ("? a\n: b\n", "{a=b}"),
        ("hello\n", "hello"),
        ("[]\n", "[]"),
        ("{}\n", "{}"),
        ("a: ''\n", "{a=<>}"),
        ("a: \"x\\ty\\u00e9\\\n  z\"\n", "{a=<x\tyéz>}"),
        ("1: a\n'2': b\n", "{1=a 2=b}"),
        ("message: ${{ host.node }} has no quorum\n", "{message=${{ host.node }} has no quorum}"),
    ])
    func aScalarKeepsItsOwnText(_ text: String, _ expected: String) throws {
        #expect(try tree(text).outline == expected)
    }

    @Test func accessorsAnswerOnlyTheirKind() throws {
        let root = try tree("a: x\nb: [1]\nc: { d: ~ }\ne:\nf: '~'\n")
        #expect(root.mapping?.map(\.name) == ["a", "b", "c", "e", "f"])
        #expect(root["a"]?.text == "x")
        #expect(root["b"]?.sequence?.map(\.text) == ["1"])
        #expect(root["b"]?.text == nil && root["b"]?.mapping == nil && root["a"]?.sequence == nil)
        #expect(root["zzz"] == nil && root["a"]?["b"] == nil)
        #expect(root["c"]?["d"]?.isMissing == true && root["e"]?.isMissing == true)
        #expect(root["f"]?.isMissing == false && root["a"]?.isMissing == false)
        #expect(
            root.mapping?.map(\.value.kindInWords) == ["a text", "a list", "a mapping", "nothing", "a text"])
    }

    @Test func everyNodeHasItsPlace() throws {
        let text = """
            steps:
              - id: join   # comment
                run: |
                  one
                  two
                env: { A: 'x', B: [1, 2] }

              - id: last
            end: here

            """
        let root = try tree(text)
        let steps = try #require(root.entry(for: "steps"))
        #expect(steps.key.span.text == "steps")
        let items = try #require(steps.value.sequence)
        #expect(
            items[0].span.text == """
                id: join   # comment
                    run: |
                      one
                      two
                    env: { A: 'x', B: [1, 2] }
                """)
        #expect(items[0].entry(for: "id")?.span.text == "id: join")
        #expect(items[0]["env"]?.span.text == "{ A: 'x', B: [1, 2] }")
        #expect(items[0]["env"]?["B"]?.sequence?[1].span.text == "2")
        #expect(items[1].span.text == "id: last")
        #expect(
            root["end"]?.span.start
                == SourcePlace(line: 9, column: 6, offset: root["end"]?.span.range.lowerBound ?? 0))
    }

    @Test func aMissingValueIsBehindItsColon() throws {
        let root = try tree("a:\nb: x\n")
        #expect(root["a"]?.span.range == 2..<2)
    }
}
