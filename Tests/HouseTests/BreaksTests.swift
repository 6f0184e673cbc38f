import RunbookTestSupport
import Testing

/// The tables of docs/testing.md and Tests/Breaks.txt say the same.
@Suite struct BreaksTests {
    /// A break of Tests/Breaks.txt.
    struct Break: CustomTestStringConvertible {
        var name: String
        var promise: String
        var file: String
        var change: String
        var testDescription: String { name }
    }

    static func breaks() throws -> [Break] {
        var found: [Break] = []
        var members: [String: String] = [:]
        for line in try Repository.text("Tests/Breaks.txt").split(separator: "\n") where !line.hasPrefix("#")
        {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            let value = String(try #require(parts.last).drop { $0 == " " })
            members[parts[0]] = value
            guard parts[0] == "tests" else { continue }
            found.append(
                Break(
                    name: try #require(members["break"]), promise: try #require(members["promise"]),
                    file: try #require(members["file"]), change: try #require(members["perl"])))
            members = [:]
        }
        return found
    }

    /// The rows of a table of docs/testing.md below its first row, each as its cells.
    static func rows(below first: String) throws -> [[String]] {
        let lines = try Repository.text("docs/testing.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: first[...]))
        return lines[(start + 2)...].prefix { $0.hasPrefix("| ") }.map { line in
            line.dropFirst(2).dropLast(2).split(separator: " | ").map(String.init)
        }
    }

    /// What it breaks is there to be broken: else script/mutate would have nothing to say.
    @Test(arguments: try breaks()) func itChangesItsFile(_ one: Break) throws {
        let path = "\(Repository.root)/\(one.file)"
        let changed = try runChecked(["perl", "-0777", "-pe", one.change, path])
        #expect(try changed != Repository.text(one.file))
    }

    /// Each break has its row, with the test that went red; that the tests are there see `testsNamedAreThere`.
    @Test func theTableHasThemAll() throws {
        let table = try Self.rows(below: "| promise | broken | red |")
        #expect(table.map { Array($0.prefix(2)) } == (try Self.breaks().map { [$0.promise, $0.name] }))
        for row in table { #expect(row.count == 3 && row.last?.hasPrefix("`") == true, "\(row)") }
    }

    @Test func everyPromiseIsBrokenOnce() throws {
        let promises = try Self.rows(below: "| promise | tests |").map { $0[0] }
        #expect(promises.count > 14)
        #expect(try Set(promises) == Set(Self.breaks().map(\.promise)))
    }
}
