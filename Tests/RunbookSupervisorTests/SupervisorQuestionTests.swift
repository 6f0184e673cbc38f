import RunbookModel
import RunbookSupervisor
import Testing

@Suite(.timeLimit(.minutes(10))) struct SupervisorQuestionTests {
    struct Example: Sendable {
        var script: String
        var match: [String] = []
        var none: [String] = []
        var noExit: Set<Int32> = [1]
        var isNegated = false
        var answer: Answer
    }

    static let examples: [Example] = [
        Example(script: "true", answer: Answer(.yes, .exited(0))),
        Example(script: "false", answer: Answer(.no, .exited(1))),
        Example(script: "exit 21", answer: Answer(.none, .exited(21), reason: "exit status 21")),
        Example(script: "exit 21", noExit: [2, 21], answer: Answer(.no, .exited(21))),
        Example(
            script: "exit 1", noExit: [2, 21], answer: Answer(.none, .exited(1), reason: "exit status 1")),
        Example(script: "kill -9 $$", answer: Answer(.none, .signalled(9), reason: "ended by signal 9")),
        Example(script: "true", isNegated: true, answer: Answer(.no, .exited(0))),
        Example(script: "false", isNegated: true, answer: Answer(.yes, .exited(1))),
        Example(
            script: "exit 3", isNegated: true, answer: Answer(.none, .exited(3), reason: "exit status 3")),
        Example(
            script: "echo 'Quorum: 2  '; echo x", match: ["^Quorum: [0-9]+ +$", "^x$"],
            answer: Answer(.yes, .exited(0), output: "Quorum: 2  \nx\n")),
        Example(
            script: "echo ab; echo cd", match: ["b", "^bc"],
            answer: Answer(.no, .exited(0), output: "ab\ncd\n", reason: "pattern 2 was not found")),
        Example(
            script: "echo ab", match: ["a"], none: ["x", "b$"],
            answer: Answer(.no, .exited(0), output: "ab\n", reason: "pattern 2 of `none` was found")),
        Example(
            script: "printf '%s\\n' -e", match: ["-e"], none: ["y"],
            answer: Answer(.yes, .exited(0), output: "-e\n")),
        Example(
            script: "echo a", match: ["a{2,1}"],
            answer: Answer(.none, .exited(0), output: "a\n", reason: "pattern 1 cannot be used by grep")),
        Example(
            script: "printf 'é'", match: ["^..$"], answer: Answer(.yes, .exited(0), output: "é")),
        // Patterns are not asked of a command that failed.
        Example(
            script: "echo a; exit 4", match: ["a"],
            answer: Answer(.none, .exited(4), output: "a\n", reason: "exit status 4")),
        Example(script: "x=$(exit 5); echo on", answer: Answer(.none, .exited(5), reason: "exit status 5")),
    ]

    @Test(arguments: HostShell.allCases)
    func questionsAreJudgedThreefold(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            for example in Self.examples where shell != .busybox || example.script != "printf 'é'" {
                var question = QuestionRequest(script: example.script)
                question.match = example.match
                question.none = example.none
                question.noExit = example.noExit
                question.isNegated = example.isNegated
                let answers = try await session.ask([question], environment: [])
                #expect(answers == [example.answer])
            }
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func missingCommandIsNoAnswer(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var answers = try await session.ask([QuestionRequest(script: "no-such-tool")], environment: [])
            answers[0].errors = ""
            #expect(answers == [Answer(.none, .exited(127), reason: "exit status 127")])
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func answersCarryTheEndOfLongOutput(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let question = QuestionRequest(script: "seq 1 3000; echo $A >&2")
            let answers = try await session.ask([question], environment: [ShellVariable("A", "b")])
            let all = (1...3000).map { "\($0)\n" }.joined()
            #expect(answers == [Answer(.yes, .exited(0), output: String(all.suffix(4096)), errors: "b\n")])
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func questionThatHangsIsEndedWithItsChildren(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var question = QuestionRequest(script: "sleep 60 & echo $! >\(sandbox.folder)/pid; sleep 60")
            question.timeout = .seconds(3)
            let quick = QuestionRequest(script: "echo next")
            let answers = try await session.ask([question, quick], environment: [])
            #expect(
                answers == [
                    Answer(.none, .timedOut, reason: "timed out after 3s"),
                    Answer(.yes, .exited(0), output: "next\n"),
                ])
            try await sandbox.until("! kill -0 $(cat \(sandbox.folder)/pid) 2>/dev/null")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func withinAsksUntilYes(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // No, then no answer, then yes.
            var question = QuestionRequest(
                script: "n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) >n; exit $((2 - n))")
            question.script = "cd \(sandbox.folder); " + question.script
            question.noExit = [2]
            question.within = .seconds(30)
            question.every = .milliseconds(20)
            #expect(try await session.ask([question], environment: []) == [Answer(.yes, .exited(0))])
            #expect(try await sandbox.say("cat \(sandbox.folder)/n") == "3\n")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func lastAnswerCountsWhenWithinIsOver(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var question = QuestionRequest(script: "echo no; exit 1")
            question.within = .milliseconds(300)
            question.every = .milliseconds(100)
            let started = ContinuousClock.now
            #expect(
                try await session.ask([question], environment: [])
                    == [Answer(.no, .exited(1), output: "no\n")])
            // The host counts in hundredths of a second.
            #expect(ContinuousClock.now - started >= .milliseconds(290))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func yesThatDoesNotHoldIsNoYes(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // Yes once, then no: started, and dead a second later.
            var question = QuestionRequest(script: "mkdir \(sandbox.folder)/up")
            question.hold = .milliseconds(50)
            var answers = try await session.ask([question], environment: [])
            answers[0].errors = ""
            #expect(answers == [Answer(.no, .exited(1))])
            question.script = "true"
            #expect(try await session.ask([question], environment: []) == [Answer(.yes, .exited(0))])
            await session.close()
        }
    }
}
