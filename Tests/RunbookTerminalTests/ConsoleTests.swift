import Glibc
import RunbookTestSupport
import Testing

@testable import RunbookTerminal

@Suite(.timeLimit(.minutes(1))) struct ConsoleTests {
    static let term = ["TERM": "xterm"]

    @Test func dataAndTalkGoTheirOwnWays() throws {
        let data = try Pipe()
        let talk = try Pipe()
        let console = Console(data: data.writeEnd, talk: talk.writeEnd, environment: Self.term)
        console.status("working")
        console.print("one")
        console.say("\(.error, "two")")
        console.say()
        console.sayRaw("three\nfour\n")
        console.status(nil)
        #expect(data.content() == "one\n")
        #expect(talk.content() == "two\n\nthree\nfour\n")
        #expect(console.width == 80)
    }

    @Test func statusLineIsDrawnInPlaceAndMadeWayFor() throws {
        let terminal = try PseudoTerminal(columns: 20)
        let console = Console(
            data: terminal.program, talk: terminal.program, color: .never, environment: Self.term)
        console.status("join on slave")
        #expect(terminal.seen() == "\rjoin on slave")
        console.status("join")
        #expect(terminal.seen() == "\rjoin         \rjoin")
        console.status("join")
        #expect(terminal.seen() == "")
        console.say("a line")
        #expect(terminal.seen() == "\r    \ra line\r\n\rjoin")
        console.print("data")
        #expect(terminal.seen() == "\r    \rdata\r\n\rjoin")
        console.status(nil)
        #expect(terminal.seen() == "\r    \r")
        console.say("end")
        #expect(terminal.seen() == "end\r\n")
    }

    @Test(
        arguments: [
            (0, "\rjoin on slave"), (1, ""), (2, "\r…"), (10, "\rjoin on …"), (10_000, "\rjoin on slave"),
        ] as [(UInt16, String)])
    func statusLineFitsAnyWidth(_ columns: UInt16, _ drawn: String) throws {
        let terminal = try PseudoTerminal(columns: columns)
        let console = Console(data: terminal.program, talk: terminal.program, environment: Self.term)
        console.status("join on slave")
        #expect(terminal.seen() == drawn)
    }

    @Test func narrowerTerminalIsNotOverrun() throws {
        let terminal = try PseudoTerminal(columns: 20)
        let console = Console(data: terminal.program, talk: terminal.program, environment: Self.term)
        console.status("0123456789abcdef")
        try terminal.resize(6)
        console.say("x")
        #expect(terminal.seen() == "\r0123456789abcdef\r     \rx\r\n\r0123…")
    }

    @Test(arguments: [["TERM": "dumb"], [:]])
    func dumbTerminalGetsPlainLines(_ environment: [String: String]) throws {
        let terminal = try PseudoTerminal()
        let console = Console(data: terminal.program, talk: terminal.program, environment: environment)
        console.status("working")
        console.say("\(.error, "x")")
        #expect(terminal.seen() == "x\r\n")
    }

    @Test func noColorMeansNoEscapeByteAtAll() throws {
        let terminal = try PseudoTerminal()
        let console = Console(
            data: terminal.program, talk: terminal.program,
            environment: ["TERM": "xterm", "NO_COLOR": "1"])
        console.status("\(.dim, "working")")
        console.say("\(.error, "x")")
        console.print("\(.host, "y")")
        console.status(nil)
        let seen = terminal.seen()
        #expect(seen == "\rworking\r       \rx\r\n\rworking\r       \ry\r\n\rworking\r       \r")
        #expect(!seen.utf8.contains(0x1B))
    }

    @Test func statusLineStaysAwayFromAQuestion() async throws {
        let terminal = try PseudoTerminal()
        let console = Console(
            data: terminal.program, talk: terminal.program, color: .never, environment: Self.term)
        console.status("working")
        await console.withoutStatus { console.status("more") }
        #expect(terminal.seen() == "\rworking\r       \r\rmore")
    }
}

@Suite(.timeLimit(.minutes(1))) struct LineWriterTests {
    /// More than a pipe holds, to a descriptor that does not block: the writer waits for the reader.
    @Test func fullDescriptorIsWaitedFor() async throws {
        let pipe = try Pipe()
        _ = fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK)
        let text = String(repeating: "0123456789abcde\n", count: 40_000)
        let writer = LineWriter(pipe.writeEnd)
        #expect(onOwnThread { writer.write(text) } != nil)
        var read = ""
        while read.utf8.count < text.utf8.count {
            read += pipe.content()
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(read == text)
        #expect(writer.error == nil)
    }

    @Test func linesOfManyThreadsDoNotMix() async throws {
        let pipe = try Pipe()
        let writer = LineWriter(pipe.writeEnd)
        await withTaskGroup(of: Void.self) { group in
            for letter in "abcdefgh" {
                group.addTask { for _ in 0..<20 { writer.writeLine(String(repeating: letter, count: 300)) } }
            }
        }
        let lines = pipe.content().split(separator: "\n")
        #expect(lines.count == 160)
        #expect(lines.allSatisfy { Set($0).count == 1 && $0.count == 300 })
    }

    @Test func outputThatNobodyReadsIsDropped() throws {
        SignalSource.ignoreBrokenPipes()
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        close(ends[0])
        let console = Console(data: ends[1], talk: ends[1], environment: [:])
        console.print("a")
        console.print("b")
        #expect(console.dataError == .closed)
        close(ends[1])
        let gone = LineWriter(ends[1])
        gone.writeLine("c")
        #expect(gone.error == .failed(errno: EBADF))
    }

    @Test func fullDiskIsSaid() throws {
        let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let writer = LineWriter(full)
        writer.writeLine("a")
        #expect(writer.error == .failed(errno: ENOSPC))
    }
}

@Suite struct TerminalSizeTests {
    @Test(arguments: [(0, 80), (1, 1), (20, 20), (10_000, 10_000)] as [(UInt16, Int)])
    func columnsAreThoseOfTheTerminal(_ set: UInt16, _ columns: Int) throws {
        let terminal = try PseudoTerminal(columns: set)
        #expect(TerminalSize.of(terminal.program) == TerminalSize(columns: columns, rows: 24))
        withExtendedLifetime(terminal) {}
    }

    @Test func pipeHasNone() throws {
        let pipe = try Pipe()
        #expect(TerminalSize.of(pipe.writeEnd) == nil)
        #expect(!isTerminal(pipe.writeEnd))
    }
}
