import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct SupervisorReplyTests {
    @Test(arguments: HostShell.allCases)
    func stepThatIsNeededIsAskedIssuedAndAskedAgain(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(
                id: .test("join"), script: "echo joined; touch \(sandbox.folder)/done")
            request.unless = [QuestionRequest(script: "test -e /nowhere")]
            request.check = [QuestionRequest(script: "test -e \(sandbox.folder)/done")]
            request.require = [QuestionRequest(script: "echo fine; echo oh >&2")]
            request.after = [QuestionRequest(script: "test -e \(sandbox.folder)/done")]
            let reply = try await session.attempt(request)

            var before = AttemptReply.Before()
            before.unless = [Answer(.no, .exited(1))]
            before.check = [Answer(.no, .exited(1))]
            before.require = [Answer(.yes, .exited(0), output: "fine\n", errors: "oh\n")]
            #expect(
                reply
                    == .ended(before, AttemptEnd(.exited(0), "joined\n"), after: [Answer(.yes, .exited(0))]))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func nothingIsIssued(shell: HostShell) async throws {
        let yes = QuestionRequest(script: "true")
        let no = QuestionRequest(script: "false")
        let none = QuestionRequest(script: "exit 2")
        let yesAnswer = Answer(.yes, .exited(0))
        let noAnswer = Answer(.no, .exited(1))
        let noneAnswer = Answer(.none, .exited(2), reason: "exit status 2")
        typealias Case = (
            unless: [QuestionRequest], check: [QuestionRequest], require: [QuestionRequest],
            before: [[Answer]]
        )
        let cases: [Case] = [
            ([yes], [no], [yes], [[yesAnswer], [], []]),
            ([no], [yes, yes], [yes], [[noAnswer], [yesAnswer, yesAnswer], []]),
            // No answer: the requirements are asked for what they have to say.
            ([none], [yes], [no], [[noneAnswer], [], [noAnswer]]),
            ([], [yes, none], [yes], [[], [yesAnswer, noneAnswer], [yesAnswer]]),
            // All requirements are asked; one that does not say yes is enough.
            ([], [no], [no, yes], [[], [noAnswer], [noAnswer, yesAnswer]]),
            ([], [], [yes, none], [[], [], [yesAnswer, noneAnswer]]),
        ]
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            for (number, example) in cases.enumerated() {
                var request = AttemptRequest(
                    id: .test("s\(number)"), script: "touch \(sandbox.folder)/issued")
                request.unless = example.unless
                request.check = example.check
                request.require = example.require
                request.after = [yes]
                var before = AttemptReply.Before()
                before.unless = example.before[0]
                before.check = example.before[1]
                before.require = example.before[2]
                #expect(try await session.attempt(request) == .notIssued(before), "case \(number)")
                #expect(try await session.lookUp(request.id) == .unclaimed, "case \(number)")
            }
            try await sandbox.say("test ! -e \(sandbox.folder)/issued")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func secondIssueOfAnAttemptIsRefused(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let script = "echo once >>\(sandbox.folder)/count; echo out"
            let end = AttemptEnd(.exited(0), "out\n")
            #expect(try await session.run(script) == .ended(.init(), end, after: []))
            #expect(try await session.run(script) == .refused(.ended(end)))
            #expect(try await session.fence(.test("step")) == .claimed(.ended(end)))
            #expect(try await sandbox.say("cat \(sandbox.folder)/count") == "once\n")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func fencedAttemptNeverStarts(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            #expect(try await session.lookUp(.test("step")) == .unclaimed)
            #expect(try await session.fence(.test("step")) == .fenced)
            #expect(try await session.fence(.test("step")) == .fenced)
            #expect(try await session.lookUp(.test("step")) == .fenced)
            let reply = try await session.run("touch \(sandbox.folder)/issued")
            #expect(reply == .refused(.fenced))
            try await sandbox.say("test ! -e \(sandbox.folder)/issued")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func fenceAndStartRaceAndExactlyOneWins(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let starter = try await sandbox.greeted("starter")
            let fencer = try await sandbox.greeted("fencer")
            for number in 1...200 {
                let id = AttemptID.test("race\(number)")
                let script = "echo x >>\(sandbox.folder)/work/\(number)"
                async let started = starter.attempt(AttemptRequest(id: id, script: script))
                async let fenced = fencer.fence(id)
                switch (try await started, try await fenced) {
                case (.ended, .claimed): break
                case (.refused(.fenced), .fenced): break
                case (let started, let fenced): Issue.record("\(number): \(started), \(fenced)")
                }
            }
            let counts = try await sandbox.say(
                "cd \(sandbox.folder)/work; a=$(ls | wc -l); b=$(cat /dev/null * | wc -l); echo $((a - b))")
            #expect(counts == "0\n")
            await starter.close()
            await fencer.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func afterQuestionsWaitOnlyWhenTheExitStatusIsRight(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let file = "\(sandbox.folder)/late"
            var question = QuestionRequest(script: "test -e \(file)")
            question.within = .seconds(20)
            question.every = .milliseconds(50)
            var request = AttemptRequest(id: .test("late"), script: "sleep 0.3 && touch \(file) & exit 3")
            request.after = [question]
            request.okExit = [0, 3]
            #expect(
                try await session.attempt(request)
                    == .ended(.init(), AttemptEnd(.exited(3)), after: [Answer(.yes, .exited(0))]))
            request.okExit = [0]
            request.id = .test("never")
            request.script = "rm \(file); exit 3"
            let started = ContinuousClock.now
            #expect(
                try await session.attempt(request)
                    == .ended(.init(), AttemptEnd(.exited(3)), after: [Answer(.no, .exited(1))]))
            #expect(ContinuousClock.now - started < .seconds(19))
            await session.close()
        }
    }
}
