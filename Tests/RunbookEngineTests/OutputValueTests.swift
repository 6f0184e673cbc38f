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
