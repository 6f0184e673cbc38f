import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

/// What the next session finds when the one before is gone.
@Suite(.timeLimit(.minutes(10))) struct SupervisorResumeTests {
    private let id = AttemptID.test("step")

    /// Issues a script on a session of its own and drops the session as soon as the script runs.
    private func abandon(_ script: String, in sandbox: Sandbox, timeout: Timeout? = nil) async throws {
        let session = try await sandbox.greeted("first")
        var request = AttemptRequest(id: id, script: "touch \(sandbox.folder)/started\n\(script)")
        if let timeout { request.timeout = timeout }
        let sent = request
        let task = Task { try await session.attempt(sent) }
        try await sandbox.until("[ -e \(sandbox.folder)/started ]")
        await session.close()
        _ = try? await task.value
    }

    @Test(arguments: HostShell.allCases)
    func abandonedCommandIsFollowedToItsEnd(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await abandon(
                "echo before; until [ -e \(sandbox.folder)/go ]; do sleep 0.05; done; echo after; exit 5",
                in: sandbox)
            let session = try await sandbox.greeted("second", isNew: false)
            #expect(try await session.lookUp(id) == .running)
            #expect(try await session.fence(id) == .claimed(.running))
            #expect(try await session.run("echo twice") == .refused(.running))
            async let followed = session.follow(
                id, after: [QuestionRequest(script: "echo $A")], environment: [ShellVariable("A", "x")])
            // A request is answered although another one waits.
            #expect(try await session.lookUp(id) == .running)
            try await sandbox.say("touch \(sandbox.folder)/go")
            let end = AttemptEnd(.exited(5), "before\nafter\n")
            #expect(
                try await followed == .ended(.init(), end, after: [Answer(.yes, .exited(0), output: "x\n")]))
            #expect(try await session.lookUp(id) == .ended(end))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func noisyCommandOutlivesItsReader(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await abandon("seq 1 200000; echo end >&2; echo 'last'", in: sandbox)
            let session = try await sandbox.greeted("second", isNew: false)
            guard case .ended(_, let end, _) = try await session.follow(id, after: [], environment: []) else {
                Issue.record("not ended")
                return
            }
            #expect(end.end == .exited(0))
            #expect(end.output.total == 1_288_900)
            #expect(String(decoding: end.output.tail.suffix(12), as: UTF8.self) == "200000\nlast\n")
            #expect(end.errors == CapturedText("end\n"))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func killedSupervisorAndCommandHaveVanished(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await abandon("sleep 60", in: sandbox)
            // The command's number and its supervisor's, from the claim.
            try await sandbox.say(
                """
                { read -r _ _ _ b _; read -r _ a _; } <\(sandbox.runFolder)/\(id).claim
                echo $a $b >\(sandbox.folder)/pids
                """)
            let session = try await sandbox.greeted("second", isNew: false)
            // The command goes on without its supervisor: still running, but nobody will write its end.
            try await sandbox.say("read a b <\(sandbox.folder)/pids; kill -9 $b")
            #expect(try await session.lookUp(id) == .running)
            try await sandbox.say("read a b <\(sandbox.folder)/pids; kill -9 -$a")
            try await sandbox.until("read a b <\(sandbox.folder)/pids; ! kill -0 $a 2>/dev/null")
            #expect(try await session.lookUp(id) == .vanished)
            #expect(try await session.fence(id) == .claimed(.vanished))
            #expect(try await session.follow(id, after: [], environment: []) == .refused(.vanished))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func recycledProcessNumberIsNotTheCommand(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // Numbers of living processes, with start times that are not theirs.
            let facts = try await session.greet(run: Sandbox.run, isNew: false)
            let boot = "\(facts.bootID)/\(facts.initStart)"
            try await sandbox.say(
                "printf 'start old \(boot) 1 77 .\\npid 1 78 .\\n' >\(sandbox.runFolder)/\(id).claim")
            #expect(try await session.lookUp(id) == .vanished)
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func anotherBootIsTold(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let claim = "\(sandbox.runFolder)/\(id).claim"
            let facts = try await session.greet(run: Sandbox.run, isNew: false)
            // Another boot id, and the same one with another first process: a restarted container.
            for boot in ["11111111-2222-3333-4444-555555555555/24", "\(facts.bootID)/\(facts.initStart)9"] {
                try await sandbox.say("printf 'start old \(boot) 1 2 .\\npid 1 2 .\\n' >\(claim)")
                #expect(try await session.lookUp(id) == .rebooted)
                try await sandbox.say("printf 'end exited 0 .\\n' >>\(claim)")
                #expect(try await session.lookUp(id) == .ended(AttemptEnd(.exited(0))))
            }
            await session.close()
        }
    }

    @Test(
        arguments: HostShell.allCases,
        [
            "", "st", "start old", "start old boot 1 2 .", "abort old bo", "\\000\\000\\000\\000",
            "nonsense\\n",
            "start old BOOT 1 2 .\\nend exited 0\\n", "start old BOOT 1 2 .\\npid 1 2 .\\nend exi",
            "start old BOOT 1 2 .\\npid 1 2 .\\nend exited 0",
        ])
    func tornFileIsNotBelieved(shell: HostShell, text: String) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let facts = try await session.greet(run: Sandbox.run, isNew: false)
            try await sandbox.say(
                "b=\(facts.bootID)/\(facts.initStart); t='\(text)'; case $t in *BOOT*) t=${t%%BOOT*}$b${t#*BOOT};; esac;"
                    + "printf \"$t\" >\(sandbox.runFolder)/\(id).claim")
            #expect(try await session.lookUp(id) == .torn)
            #expect(try await session.fence(id) == .claimed(.torn))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func timeoutStopsTheWholeGroup(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(
                id: id, script: "sleep 60 & echo $! >\(sandbox.folder)/pid; echo started; sleep 60")
            request.timeout = Timeout(after: .seconds(3), then: .stop)
            request.after = [QuestionRequest(script: "kill -0 $(cat \(sandbox.folder)/pid) 2>/dev/null")]
            let end = AttemptEnd(.timedOut, "started\n")
            #expect(
                try await session.attempt(request) == .ended(.init(), end, after: [Answer(.no, .exited(1))]))
            #expect(try await session.lookUp(id) == .ended(end))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func timeoutIsKeptWhenTheClientIsGone(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await abandon(
                "sleep 60", in: sandbox, timeout: Timeout(after: .seconds(4), then: .stop))
            let session = try await sandbox.greeted("second", isNew: false)
            let reply = try await session.follow(id, after: [], environment: [])
            #expect(reply == .ended(.init(), AttemptEnd(.timedOut), after: []))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func timeoutThatLeavesLetsTheCommandGoOn(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(
                id: id, script: "until [ -e \(sandbox.folder)/go ]; do sleep 0.05; done; echo joined")
            request.require = [QuestionRequest(script: "true")]
            request.timeout = Timeout(after: .milliseconds(300), then: .leave)
            var before = AttemptReply.Before()
            before.require = [Answer(.yes, .exited(0))]
            #expect(try await session.attempt(request) == .left(before))
            #expect(try await session.lookUp(id) == .running)
            try await sandbox.say("touch \(sandbox.folder)/go")
            let end = AttemptEnd(.exited(0), "joined\n")
            #expect(
                try await session.follow(id, after: [], environment: []) == .ended(.init(), end, after: []))
            // One that ends in time is answered as any other.
            request.id = .test("quick")
            request.script = "echo quick"
            #expect(
                try await session.attempt(request)
                    == .ended(before, AttemptEnd(.exited(0), "quick\n"), after: []))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func stopEndsTheCommandAndItsRecordSaysSo(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let script = "trap 'echo bye; exit 0' TERM; touch \(sandbox.folder)/started; sleep 60 & wait"
            let request = AttemptRequest(id: id, script: script)
            async let reply = session.attempt(request)
            try await sandbox.until("[ -e \(sandbox.folder)/started ]")
            try await session.stop(id)
            let end = AttemptEnd(.stopped, "bye\n")
            #expect(try await session.lookUp(id) == .ended(end))
            #expect(try await reply == .ended(.init(), end, after: []))
            // Nothing runs: nothing is done.
            try await session.stop(id)
            try await session.stop(.test("other"))
            #expect(try await session.lookUp(.test("other")) == .unclaimed)
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func stopWritesTheEndWhenTheSupervisorIsGone(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await abandon("echo $PPID >\(sandbox.folder)/pid; sleep 60", in: sandbox)
            try await sandbox.until("[ -s \(sandbox.folder)/pid ]")
            try await sandbox.say("kill -9 $(cat \(sandbox.folder)/pid)")
            let session = try await sandbox.greeted("second", isNew: false)
            try await session.stop(id)
            #expect(try await session.lookUp(id) == .ended(AttemptEnd(.stopped)))
            await session.close()
        }
    }

    @Test func stubbornCommandIsKilledAfterTenSeconds() async throws {
        try await Sandbox.with { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(
                id: id, script: "trap '' TERM; touch \(sandbox.folder)/started; while :; do sleep 1; done")
            request.timeout = Timeout(after: .seconds(3), then: .stop)
            let started = ContinuousClock.now
            #expect(try await session.attempt(request) == .ended(.init(), AttemptEnd(.timedOut), after: []))
            #expect(ContinuousClock.now - started >= .seconds(10))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func watchComesBackAfterIdleSeconds(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            #expect(
                try await session.run("true", as: "one") == .ended(.init(), AttemptEnd(.exited(0)), after: [])
            )
            try await sandbox.until("[ ! -s \(sandbox.runFolder)/.nonce-1.dog ]")
            var request = AttemptRequest(id: id, script: "sleep 60")
            request.timeout = Timeout(after: .milliseconds(300), then: .stop)
            #expect(try await session.attempt(request) == .ended(.init(), AttemptEnd(.timedOut), after: []))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func forgottenOutputIsGoneAndTheEndStays(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            #expect(
                try await session.run("echo secret; echo more >&2")
                    == .ended(.init(), AttemptEnd(.exited(0), "secret\n", errors: "more\n"), after: []))
            try await session.forget(id)
            #expect(try await session.lookUp(id) == .ended(AttemptEnd(.exited(0))))
            #expect(try await session.run("echo two", as: "two") != .refused(.unclaimed))
            try await session.forget(.test("two"))
            await session.close()
            try await sandbox.until("! grep -q . \(sandbox.runFolder)/*.out \(sandbox.runFolder)/*.err")
        }
    }
}
