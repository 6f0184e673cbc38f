import Testing

@testable import RunbookEdit

/// Small, repeatable randomness.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }
}

/// Whatever the text and the edit: refused, or the second time changes nothing.
@Suite struct IdempotenceTests {
    @Test(arguments: 0..<400) func ofTextEdits(_ seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        let words = [
            "a", "aa", "# a", "b=1", "#b=2", "b=1 ", "", "ü", "# BEGIN runbook m", "# END runbook m", ";a",
        ]
        let ends = ["\n", "\r\n", "\n", "\n"]
        let lineCount = Int.random(in: 0..<6, using: &dice)
        var text = ""
        for _ in 0..<lineCount { text += dice.pick(words) + dice.pick(ends) }
        text += dice.pick(["", "a", "b=1"])
        let patterns = ["a", "^a", "^#?b=", "b=[0-9]", "x*", "$", "^", ".", "[^a]+"]
        let edit: FileEdit.Change =
            switch Int.random(in: 0..<4, using: &dice) {
            case 0: .line(dice.pick(["a", "b=2", "# a"]))
            case 1: .line(dice.pick(["a", "b=2", "#b=2"]), match: dice.pick(patterns))
            case 2: .block(dice.pick(["", "a", "a\nb=1\n", "\n"]), marker: "m")
            default:
                .replace(
                    pattern: dice.pick(patterns), with: dice.pick(["", "a", "b=2", "\\0", "ü"]),
                    count: dice.pick([nil, 1, 2]))
            }
        do {
            _ = try twice(FileEdit(path: "/etc/x", change: edit), text)
        } catch is EditProblem {
            return
        }
    }

    @Test(arguments: 0..<60) func ofXMLEdits(_ seed: Int) throws {
        var dice = Dice(state: UInt64(seed) &+ 7777)
        let text = document(&dice)
        let paths = ["/r/a", "/r/b", "/r/a/c", "/r/b/c/d", "/r/n[@i='1']", "/r/n[@i='9']", "/r/a/b"]
        var edit = StructuredEdit(ensure: [dice.pick(paths)], increment: ["/r/@v"])
        for _ in 0..<3 {
            let path = dice.pick(paths) + dice.pick(["/@x", "/@y", "/@y"])
            if !edit.set.contains(where: { $0.path == path }) {
                edit.set.append(.init(path: path, value: dice.pick(["1", "<&'\">", "two words"])))
            }
        }
        edit.remove = [dice.pick(["/r/a", "/r/n[1]", "/r/@gone", "/r/b/@x", "/r/c"])]
        do {
            let new = try edited(text, edit)
            // Every new element stands on a line of its own, and no mark of the layout is left.
            #expect(!new.utf8.contains { $0 < 0x09 })
        } catch is EditProblem {
            return
        }
    }

    /// Elements in all the ways in which people put them on lines.
    private func document(_ dice: inout Dice) -> String {
        var inner = ""
        for name in ["a", "b", "n", "n", "c"] where Bool.random(using: &dice) {
            inner += dice.pick(["", "\n", "\n  ", "\n\n\t", " "])
            inner += dice.pick([
                "<\(name)/>", "<\(name) i=\"1\"/>", "<\(name) x='1'>\n  </\(name)>",
                "<\(name)><c/></\(name)>",
                "<\(name)>text</\(name)>", "<!-- \(name) -->",
            ])
        }
        return "<?xml version=\"1.0\"?>\n<r v=\"1\">" + inner + dice.pick(["", "\n", "\n\n"]) + "</r>"
            + dice.pick(["", "\n"])
    }
}
