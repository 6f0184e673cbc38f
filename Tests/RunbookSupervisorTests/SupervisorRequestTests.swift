import RunbookModel
import RunbookTransport
import Testing

@testable import RunbookSupervisor

/// What a damaged or foreign stream can do, and cannot.
@Suite(.timeLimit(.minutes(10))) struct SupervisorRequestTests {
    private func command(_ sandbox: Sandbox, nonce: String = "raw") -> String {
        SupervisorScript.command(run: Sandbox.run, nonce: nonce, options: sandbox.options)
    }

    /// Sends bytes to a supervisor of its own and gives what it says until it ends.
    private func send(_ bytes: [UInt8], to sandbox: Sandbox) async throws -> String {
        let connection = sandbox.connect()
        let channel = try await connection.open(command(sandbox))
        try await channel.write(bytes)
        try await channel.endInput()
        var said: [UInt8] = []
        while true {
            switch try await channel.next() {
            case .output(let bytes): said += bytes
            case .errors: break
            case .ended:
                await connection.close()
                return String(decoding: said, as: UTF8.self)
            }
        }
    }

    private func request(_ name: String, in sandbox: Sandbox) throws -> [UInt8] {
        var line = RequestLine(tag: 1)
        try line.setEnvironment([ShellVariable("A", "b")])
        try line.call(
            "rb_attempt", "\(name).master.1", "sh", "1000", "stop", "0", "none",
            "echo x >>\(sandbox.folder)/work/\(name)\necho y >>\(sandbox.folder)/work/\(name)")
        return Array(line.text(nonce: "raw").utf8)
    }

    @Test(arguments: HostShell.allCases)
    func requestCutAtAnyByteIsNotCarriedOut(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let whole = try request("n000", in: sandbox)
            let before = try await sandbox.say("ls \(sandbox.runFolder)")
            // Every byte with one shell; the others read lines in the same way and are asked now and then.
            for length in stride(from: 0, to: whole.count, by: shell == .dash ? 1 : 9) {
                let name = "n" + String(repeating: "0", count: 3 - "\(length)".count) + "\(length)"
                // The names are of one length, so that every byte is cut once.
                let said = try await send(Array(try request(name, in: sandbox).prefix(length)), to: sandbox)
                #expect(said == "", "cut at \(length)")
            }
            #expect(try await sandbox.say("ls \(sandbox.folder)/work") == "")
            #expect(try await sandbox.say("ls \(sandbox.runFolder)") == before)
            let said = try await send(whole, to: sandbox)
            #expect(
                said
                    == "\nRB1 raw 1 0 ended exited 0\nRB1 raw 1 0 out 0\nRB1 raw 1 0 err 0\nRB1 raw 1 0 done\n"
            )
            #expect(try await sandbox.say("cat \(sandbox.folder)/work/n000") == "x\ny\n")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func lineThatIsNotARequestIsNotExecuted(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let target = "\(sandbox.folder)/work/x"
            for line in [
                "touch \(target)", "rb 1; touch \(target); rb_z # other", "rb 1; touch \(target)",
                "touch \(target); rb 1; rb_z # raw", "", "# raw", "rb 1; touch \(target); rb_z # raw ",
            ] {
                #expect(try await send(Array("\(line)\n".utf8), to: sandbox) == "\nRB1 raw 0 0 foreign\n")
            }
            #expect(try await sandbox.say("ls \(sandbox.folder)/work") == "")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func everyByteOfATextArrives(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // All scalars whose UTF-8 has every byte from 0x80 to 0xBF, and all of ASCII but NUL.
            var text = (1...127).map { String(UnicodeScalar(UInt8($0))) }.joined()
            for value in UInt32(0x80)...0x17F { text.unicodeScalars.append(UnicodeScalar(value) ?? "?") }
            var request = AttemptRequest(id: .test("bytes"), script: "printf %s \"$T\"")
            request.environment = [ShellVariable("T", text)]
            #expect(
                try await session.attempt(request) == .ended(.init(), AttemptEnd(.exited(0), text), after: [])
            )
            request.id = .test("script")
            request.environment = []
            request.script = "printf %s '\(text.split(separator: "'").joined(separator: "'\\''"))'"
            #expect(
                try await session.attempt(request) == .ended(.init(), AttemptEnd(.exited(0), text), after: [])
            )
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func longScriptIsCarriedOut(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let lines = (1...4000).map { "x=\($0) # a line of a long script" }
            let script = (lines + ["echo $x"]).joined(separator: "\n")
            #expect(
                try await session.run(script) == .ended(.init(), AttemptEnd(.exited(0), "4000\n"), after: []))
            // One that ends before its text does.
            #expect(
                try await session.run("exit 3\n" + script, as: "early")
                    == .ended(.init(), AttemptEnd(.exited(3)), after: []))
            await session.close()
        }
    }

    @Test func manyRequestsAtOnceAreAllAnswered() async throws {
        try await Sandbox.with { sandbox in
            let session = try await sandbox.greeted()
            let answers = try await withThrowingTaskGroup(of: [Answer].self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await session.ask([QuestionRequest(script: "echo \(number)")], environment: [])
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let expected = (0..<20).map { Answer(.yes, .exited(0), output: "\($0)\n") }
            #expect(answers.sorted { $0.output < $1.output } == expected.sorted { $0.output < $1.output })
            await session.close()
        }
    }

    @Test func cancelledRequestLeavesTheSessionUsable() async throws {
        try await Sandbox.with { sandbox in
            let session = try await sandbox.greeted()
            let task = Task {
                try await session.ask([QuestionRequest(script: "echo old; sleep 30")], environment: [])
            }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            await #expect(throws: TransportErrorText("cancelled while waiting for a command")) {
                try await caught { _ = try await task.value }
            }
            let answers = try await session.ask([QuestionRequest(script: "echo new")], environment: [])
            #expect(answers == [Answer(.yes, .exited(0), output: "new\n")])
            await session.close()
        }
    }

    @Test(
        arguments: [
            (
                "echo 'This account is currently not available.'; exit 1",
                "it said: This account is currently not available."
            ),
            ("echo oh >&2", "it said: oh"), ("exit 0", ""),
            ("yes no", "it said: " + String(repeating: "no^J", count: 170) + "no"),
        ])
    func loginThatIsNoShellIsNamed(login: (script: String, said: String)) async throws {
        try await Sandbox.with { sandbox in
            try await sandbox.say(
                "printf '%s\\n' '#!/bin/sh' \"\(login.script)\" >\(sandbox.folder)/login; chmod +x \(sandbox.folder)/login"
            )
            let connection = LocalConnector(shell: "\(sandbox.folder)/login").connect(to: Sandbox.host)
            let session = SupervisedSession(
                host: Sandbox.host, connection: connection, nonce: "n", options: sandbox.options)
            let expected =
                "the login does not lead to a POSIX shell" + (login.said.isEmpty ? "" : "; \(login.said)")
            await #expect(throws: TransportErrorText(expected)) {
                try await caught { _ = try await session.greet(run: Sandbox.run, isNew: true) }
            }
            await session.close()
        }
    }

    @Test func loginThatTalksFirstIsAShell() async throws {
        try await Sandbox.with { sandbox in
            try await sandbox.say(
                """
                printf '%s\\n' '#!/bin/sh' 'echo Welcome; printf "RB1 other 1 3 done\\nno newline"; exec /bin/sh "$@"' \
                    >\(sandbox.folder)/login; chmod +x \(sandbox.folder)/login
                """)
            let connection = LocalConnector(shell: "\(sandbox.folder)/login").connect(to: Sandbox.host)
            let session = SupervisedSession(
                host: Sandbox.host, connection: connection, nonce: "n", options: sandbox.options)
            #expect(try await session.greet(run: Sandbox.run, isNew: true).folder == .made)
            await session.close()
        }
    }
}
