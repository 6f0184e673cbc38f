import RunbookModel
import Testing

@testable import RunbookEngine

/// What an output makes of a text.
@Suite struct OutputValueTests {
    private func value(_ text: String, _ change: (inout Output) -> Void) throws -> Value {
        var output = Output(name: "o", source: .stdout)
        change(&output)
        let plan = Plan(Step("s"))
        return try output.value(of: text, UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:]))
    }

    static let json = #"{"a":{"b":[1,{"c":"x y"},true,null,1.5]},"d":"é\n","-e":{"f":[]}}"#

    @Test(arguments: [
        (".a.b[0]", "1"), (".a.b[1].c", "x y"), (".a.b[2]", "true"), (".a.b[3]", ""), (".a.b[4]", "1.5"),
        (".d", "é\n"), (".a.b[1]", #"{"c":"x y"}"#), (".-e", #"{"f":[]}"#),
    ])
    func aMemberOfJSONIsRead(_ path: String, _ text: String) throws {
        #expect(try value(Self.json + "\n") { $0.json = path } == .string(text))
    }

    @Test func aListAndTheWholeAreRead() throws {
        #expect(try value("[[1,2],[3]]") { $0.json = ".[0][1]" } == .string("2"))
        #expect(try value(#"{"b":1,"a":2}"#) { $0.json = "." } == .string(#"{"a":2,"b":1}"#))
        #expect(
            try value(#"{"n":12}"#) {
                $0.json = ".n"
                $0.type = .integer
            } == .integer(12))
    }

    @Test(arguments: [
        ("12345678901234567890123", "12345678901234567890123"), ("-0.10", "-0.10"), ("1E+400", "1E+400"),
        ("9223372036854775808", "9223372036854775808"), ("[1.0,20]", "[1.0,20]"),
        (#""\u00e9\ud83d\ude00\/\t""#, "é😀/\t"), (#"{"b":[],"a":{"c":null}}"#, #"{"a":{"c":null},"b":[]}"#),
    ])
    func whatIsReadIsAsItIsWritten(_ written: String, _ text: String) throws {
        #expect(try value(#"{ "n" : \#(written) }"#) { $0.json = ".n" } == .string(text))
    }

    @Test(arguments: [
        "01", "1.", ".5", "+1", "1e", "tru", "\"\t\"", #""\x""#, #""\ud83d""#, #""\ude00""#, "[1,]", "[1 2]",
        "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "1 2", "\"a", "", "[", String(repeating: "[", count: 1000),
    ])
    func whatIsNoJSONIsNotRead(_ text: String) {
        #expect(JSONReader.read(text).map(\.text) == nil)
    }

    /// Of a long text only the end comes from the host: neither its lines nor its first match are known.
    @Test(arguments: [0, 1, 2, 3])
    func ofALongTextNothingIsTaken(_ form: Int) throws {
        func read(_ length: Int) throws -> Value {
            let text = "[\"" + String(repeating: "x", count: length - 4) + "\"]"
            #expect(text.utf8.count == length)
            return try value(text) {
                $0.line = form == 1 ? 1 : nil
                $0.regex = form == 2 ? Template("x") : nil
                $0.json = form == 3 ? ".[0]" : nil
            }
        }
        _ = try read(4091)
        let error = #expect(throws: EngineProblem.self) { _ = try read(4092) }
        #expect(
            error?.message == """
                output o: the command printed 4 KiB or more, of which only the end is known; let it print less, for \
                instance with `grep`, `sed -n` or `jq`
                """)
    }

    @Test(arguments: [
        ("{", ".a", "output o: the text is not JSON"), ("{}", ".a", "output o: the JSON has no member .a"),
        ("[1]", ".[1]", "output o: the JSON has no member .[1]"),
        ("1", ".a.b", "output o: the JSON has no member .a.b"),
    ])
    func whatIsNotThereIsSaid(_ text: String, _ path: String, _ message: String) {
        let error = #expect(throws: EngineProblem.self) { try value(text) { $0.json = path } }
        #expect(error?.message == message)
    }

    @Test func aLineAndAPatternAreRead() throws {
        #expect(try value("one\ntwo\n") { $0.line = 2 } == .string("two"))
        #expect(try value("a 1\nb 22\n") { $0.regex = Template("^b ([0-9]+)$") } == .string("22"))
    }
}
