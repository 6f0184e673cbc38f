import Testing

@testable import RunbookSupervisor

@Suite struct FrameParserTests {
    private static let stream = Array(
        "banner\n\nRB1 n 1 3 out 3\na\n\0RB1 n 1 0 done\nRB1 other 1 0 done\nRB1 n 2 0 state ended\n".utf8)
    private static let frames = [
        Frame(tag: 1, words: ["out", "3"], payload: [97, 10, 0]), Frame(tag: 1, words: ["done"]),
        Frame(tag: 2, words: ["state", "ended"]),
    ]

    @Test func framesDoNotDependOnHowTheBytesArrive() throws {
        for size in 1...Self.stream.count {
            var parser = FrameParser(nonce: "n")
            var found: [Frame] = []
            var rest = Self.stream[...]
            while !rest.isEmpty {
                parser.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                while let frame = try parser.next() { found.append(frame) }
            }
            #expect(found == Self.frames, "pieces of \(size)")
        }
    }

    @Test func streamCutAnywhereGivesOnlyWholeFrames() throws {
        for length in 0..<Self.stream.count {
            var parser = FrameParser(nonce: "n")
            parser.feed(Array(Self.stream.prefix(length)))
            var found: [Frame] = []
            while let frame = try parser.next() { found.append(frame) }
            #expect(Self.frames.starts(with: found) && found.count < Self.frames.count, "cut at \(length)")
        }
    }

    @Test(
        arguments: [
            "RB1 n 1 x out", "RB1 n 1 -1 out", "RB1 n 1 3", "RB1 n", "RB2 n 1 0 done", "RB1 nn 1 0 done",
            "RB1 m 1 0 done",
            " RB1 n 1 0 done",
        ])
    func lineThatIsNoHeaderIsSkipped(line: String) throws {
        var parser = FrameParser(nonce: "n")
        parser.feed(Array("\(line)\nRB1 n 7 0 done\n".utf8))
        #expect(try parser.next() == Frame(tag: 7, words: ["done"]))
        #expect(parser.noise == Array("\(line)\n".utf8))
    }

    @Test func limitsHold() throws {
        var parser = FrameParser(nonce: "n")
        parser.feed([UInt8](repeating: 120, count: FrameParser.noiseLimit))
        #expect(try parser.next() == nil)
        parser.feed([120])
        #expect(throws: FrameParser.Problem.notAShell) { try parser.next() }

        parser = FrameParser(nonce: "n")
        parser.feed(Array("RB1 n 1 \(FrameParser.payloadLimit + 1) file\n".utf8))
        #expect(throws: FrameParser.Problem.frameTooLong) { try parser.next() }
    }

    @Test func requestIsOneLine() throws {
        var line = RequestLine(tag: 3)
        try line.setEnvironment([ShellVariable("A", "x\ny"), ShellVariable("B", "it's")])
        var question = QuestionRequest(script: "a\nb")
        question.match = ["^x$"]
        question.none = ["y"]
        question.noExit = [21, 2]
        question.within = .milliseconds(1500)
        question.every = .zero
        try line.begin("check", [question])
        try line.begin("require", [])
        #expect(
            line.text(nonce: "n")
                == #"""
                rb 3; rb_env='A='\''x'"$nl"'y'\'' B='\''it'\''\'\'''\''s'\'' '; rb_p check; \#
                rb_q sh 0 150 1 0 3000 '2 21' 1 a"$nl"b '^x$' y; rb_z # n

                """#)
    }
}
