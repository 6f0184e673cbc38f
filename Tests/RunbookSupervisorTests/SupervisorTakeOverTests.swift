import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

/// A person takes a host from the run that holds it.
@Suite(.timeLimit(.minutes(10))) struct SupervisorTakeOverTests {
    static let other = RunID(rawValue: "other-run")
    static let mine = LockHolder(run: Sandbox.run, who: "root@desk", since: "10:04", runbook: "two-node")
    static let theirs = LockHolder(run: other, who: "eve@couch", since: "11:00", runbook: "small")
    /// As the run is told from which the host was taken.
    static let taker = LockHolder(
        run: other, who: "eve@couch", since: "11:00", runbook: "small", tookOver: true)

    /// Both sessions have greeted, and the sandbox's run has the host.
    ///
    /// - Parameter preparation: what is done in the sandbox's folder before.
    private func held(
        _ shell: HostShell, after preparation: String = ":",
        _ body: (Sandbox, SupervisedSession, SupervisedSession) async throws -> Void
    ) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await sandbox.say("cd \(sandbox.folder)\n\(preparation)")
            let old = try await sandbox.greeted()
            let new = sandbox.session("other")
            _ = try await new.greet(run: Self.other, isNew: true)
            #expect(try await old.takeLock(Self.mine) == .taken)
            try await body(sandbox, old, new)
            await old.close()
            await new.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func theRunThatHadTheHostStartsNothingMore(shell: HostShell) async throws {
        try await held(shell) { sandbox, old, new in
            #expect(
                try await old.run("echo one", as: "one")
                    == .ended(.init(), AttemptEnd(.exited(0), "one\n"), after: []))
            #expect(try await new.takeOver(from: Sandbox.run, by: Self.theirs) == .taken)
            // The session that was open all the time, and one that comes back.
            #expect(try await old.run("touch \(sandbox.folder)/two", as: "two") == .takenOver(by: Self.taker))
            let again = try await sandbox.greeted("again", isNew: false)
            #expect(try await again.takeLock(Self.mine) == .held(by: Self.taker))
            #expect(
                try await again.run("touch \(sandbox.folder)/two", as: "two") == .takenOver(by: Self.taker))
            #expect(try await again.lookUp(.test("two")) == .unclaimed)
            await again.close()
            #expect(try await sandbox.say("ls \(sandbox.folder)") == "bin\nruns\nwork\n")
            #expect(try await new.takeLock(Self.theirs) == .taken)
        }
    }

    /// The fence stands when the taker is gone, and falls by a person's word only.
    @Test(arguments: HostShell.allCases)
    func theHostIsTakenBackByAWordOnly(shell: HostShell) async throws {
        try await held(shell) { sandbox, old, new in
            #expect(try await new.takeOver(from: Sandbox.run, by: Self.theirs) == .taken)
            #expect(
                try await new.run("echo theirs")
                    == .ended(.init(), AttemptEnd(.exited(0), "theirs\n"), after: []))
            try await new.releaseLock()
            #expect(try await old.takeLock(Self.mine) == .held(by: Self.taker))
            #expect(try await old.takeOver(from: Self.other, by: Self.mine) == .taken)
            #expect(try await old.takeLock(Self.mine) == .taken)
            #expect(
                try await old.run("echo mine") == .ended(.init(), AttemptEnd(.exited(0), "mine\n"), after: [])
            )
            // Nobody held it: the taker's run was left alone.
            try await old.releaseLock()
            #expect(try await new.takeLock(Self.theirs) == .taken)
            #expect(
                try await new.run("echo on", as: "on")
                    == .ended(.init(), AttemptEnd(.exited(0), "on\n"), after: []))
        }
    }

    @Test(arguments: HostShell.allCases)
    func nothingIsTakenWhileACommandRuns(shell: HostShell) async throws {
        try await held(shell) { sandbox, old, new in
            var request = AttemptRequest(id: .test("left"), script: "sleep 30")
            request.timeout = Timeout(after: .milliseconds(100), then: .leave)
            #expect(try await old.attempt(request) == .left(.init()))
            #expect(try await new.takeOver(from: Sandbox.run, by: Self.theirs) == .busy([.test("left")]))
            #expect(try await new.takeLock(Self.theirs) == .held(by: Self.mine))
            // It can be looked after, and starts nothing more.
            #expect(try await old.run("echo more", as: "more") == .takenOver(by: Self.taker))
            try await old.stop(.test("left"))
            #expect(try await new.takeOver(from: Sandbox.run, by: Self.theirs) == .taken)
            #expect(try await new.takeLock(Self.theirs) == .taken)
        }
    }

    /// Its fence is not seen in another user's folder: the run that acts as one keeps the host.
    @Test(arguments: HostShell.allCases)
    func nothingIsTakenFromARunThatActsAsAnotherUser(shell: HostShell) async throws {
        try await held(shell) { sandbox, old, new in
            let mark = QuestionRequest(script: ": >\"$RUNBOOK_FOLDER\"/as-lena")
            let marked = try await old.ask([mark], environment: [])
            #expect(marked.map(\.verdict) == [.yes])
            let refusal =
                "on master: that run acts here as lena, too, and what it does as another user cannot be fenced: end it where "
                + "it was begun (runbook abandon), or stop it and take its folder "
                + "\(sandbox.folder)/runs/\(Sandbox.run) away by hand"
            await #expect(throws: TransportErrorText(refusal)) {
                try await caught {
                    _ = try await new.takeOver(from: Sandbox.run, by: Self.theirs)
                }
            }
            #expect(try await new.takeLock(Self.theirs) == .held(by: Self.mine))
        }
    }

    @Test(arguments: HostShell.allCases)
    func onlyTheRunThatIsNamedLosesTheHost(shell: HostShell) async throws {
        try await held(shell) { sandbox, old, new in
            let third = RunID(rawValue: "third-run")
            #expect(try await new.takeOver(from: third, by: Self.theirs) == .held(by: Self.mine))
            #expect(
                try await new.takeOver(from: RunID(rawValue: ""), by: Self.theirs) == .held(by: Self.mine))
            #expect(try await old.run("true") == .ended(.init(), AttemptEnd(.exited(0)), after: []))
            await #expect(throws: TransportErrorText("../x cannot be the name of a file on the host")) {
                try await caught {
                    _ = try await new.takeOver(from: RunID(rawValue: "../x"), by: Self.theirs)
                }
            }
            // A lock that nobody can read is nobody's.
            try await sandbox.say("printf 'two-node-1a2b\\nroot@de' >\(sandbox.folder)/runs/lock")
            #expect(try await new.takeOver(from: RunID(rawValue: ""), by: Self.theirs) == .taken)
            #expect(try await new.takeLock(Self.theirs) == .taken)
        }
    }

    /// The whole take-over falls between the first look for the fence and the claim: `rm`, which takes the input's name
    /// away there, waits for it.
    @Test(arguments: HostShell.allCases)
    func theFenceIsLookedForBehindTheClaimAsWell(shell: HostShell) async throws {
        let slowRemoval = """
            rm -f bin/rm
            cat >bin/rm <<'END'
            #!/bin/sh
            cd "${0%/*}/.."
            if mv armed reached 2>/dev/null; then
                until [ -e go ]; do sleep 0.02; done
            fi
            exec /bin/rm "$@"
            END
            chmod 755 bin/rm
            """
        try await held(shell, after: slowRemoval) { sandbox, old, new in
            let folder = sandbox.folder
            try await sandbox.say("touch \(folder)/armed")
            var request = AttemptRequest(id: .test("step"), script: "cat >\(folder)/ran")
            request.input = Array("x".utf8)
            async let start = old.attempt(request)
            try await sandbox.until("[ -e \(folder)/reached ]")
            #expect(try await new.takeOver(from: Sandbox.run, by: Self.theirs) == .taken)
            try await sandbox.say("touch \(folder)/go")
            #expect(try await start == .takenOver(by: Self.taker))
            #expect(try await old.lookUp(request.id) == .ended(AttemptEnd(.stopped)))
            #expect(try await sandbox.say("cd \(folder); [ ! -e ran ] || cat ran") == "")
        }
    }

    /// Of a start and a take-over that meet, one sees the other: never does a command run behind the fence.
    @Test(arguments: HostShell.allCases, 0..<5)
    func ofAStartAndATakeOverOneSeesTheOther(shell: HostShell, round: Int) async throws {
        try await held(shell) { sandbox, old, new in
            async let start = old.run("sleep 0.3; echo ran >>\(sandbox.folder)/ran")
            async let take = new.takeOver(from: Sandbox.run, by: Self.theirs)
            let (ended, taken) = try await (start, take)
            let ran = try await sandbox.say(
                "cd \(sandbox.folder); [ ! -e ran ] || { cat ran; [ ran -ot \(sandbox.runFolder)/taken ] || echo behind; }"
            )
            switch (ended, taken) {
            case (.ended, .busy): #expect(ran == "ran\nbehind\n")
            case (.ended, .taken): #expect(ran == "ran\n")
            case (.takenOver, .taken), (.takenOver, .busy): #expect(ran == "")
            default: Issue.record("\(ended), \(taken)")
            }
        }
    }
}
