import Glibc
import RunbookTestSupport
import Testing

@testable import RunbookTerminal

@Suite(.timeLimit(.minutes(1))) struct PrompterTests {
    let terminal: PseudoTerminal
    let prompter: Prompter

    init() throws {
        terminal = try PseudoTerminal()
        prompter = try #require(Prompter(terminal: terminal.program, owned: false))
    }

    @Test(arguments: [("yes\n", "yes"), ("\n", ""), ("Tür \t\n", "Tür \t"), ("x\ny\n", "x")])
    func lineIsTheAnswer(_ typed: String, _ answer: String) async throws {
        terminal.type(typed)
        #expect(await prompter.ask("Go on? ") == answer)
        #expect(terminal.seen().contains("Go on? "))
    }

    @Test(arguments: [("\u{4}", nil), ("half\u{4}\u{4}", "half")])
    func endOfInputIsNoAnswer(_ typed: String, _ answer: String?) async {
        terminal.type(typed)
        #expect(await prompter.ask("Go on? ") == answer)
    }

    @Test func questionCannotDriveTheTerminal() async {
        terminal.type("\n")
        #expect(await terminal.seen(until: "\r\n") == "\r\n")
        _ = await prompter.ask("Erase \("\u{1B}[2Jdisk")? ")
        #expect(terminal.seen() == "Erase ^[[2Jdisk? ")
    }

    @Test func explainingLinesStandAboveTheQuestion() async {
        terminal.type("\n")
        #expect(await terminal.seen(until: "\r\n") == "\r\n")
        _ = await prompter.ask("Go on? ", below: ["The disk", "\("is\nempty").", ""])
        #expect(terminal.seen() == "The disk\r\nis^Jempty.\r\n\r\nGo on? ")
    }

    @Test func secretIsNotShown() async {
        async let answer = prompter.askSecret("Password: ")
        #expect(await terminal.waits(forEcho: false))
        terminal.type("hunter2\n")
        #expect(await answer == "hunter2")
        #expect(await terminal.seen(until: "\r\n") == "Password: \r\n")
        #expect(terminal.echoes)
    }

    @Test func cancelEndsTheQuestionAndRestoresEcho() async {
        async let answer = prompter.askSecret("Password: ")
        #expect(await terminal.waits(forEcho: false))
        prompter.cancel()
        #expect(await answer == nil)
        #expect(terminal.echoes)
        #expect(await prompter.ask("Go on? ") == nil)
    }

    @Test func cancelledTaskAsksNoMore() async {
        let task = Task { [prompter] in await prompter.askSecret("Password: ") }
        #expect(await terminal.waits(forEcho: false))
        task.cancel()
        #expect(await task.value == nil)
        #expect(terminal.echoes)
    }

    @Test func hookRestoresEchoWhileTheQuestionStands() async {
        async let answer = prompter.askSecret("Password: ")
        #expect(await terminal.waits(forEcho: false))
        prompter.restoreEcho()
        #expect(terminal.echoes)
        terminal.type("x\n")
        #expect(await answer == "x")
        #expect(terminal.echoes)
    }

    @Test func pipeIsNobodyToAsk() throws {
        let pipe = try Pipe()
        #expect(Prompter(terminal: pipe.readEnd, owned: false) == nil)
    }

    @Test func twoQuestionsComeOneAfterTheOther() async {
        async let first = prompter.ask("A? ")
        async let second = prompter.ask("B? ")
        _ = await terminal.seen(until: "? ")
        terminal.type("1\n")
        _ = await terminal.seen(until: "? ")
        terminal.type("2\n")
        #expect(await Set([first, second]) == ["1", "2"])
    }
}
