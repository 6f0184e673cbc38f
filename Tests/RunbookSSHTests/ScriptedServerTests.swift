import RunbookModel
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    @Suite(.timeLimit(.minutes(1))) struct ScriptedServerTests {
        @Test func questionsAreAskedAndAnswered() async throws {
            let server = try ScriptedSSHServer(asksQuestions: true)
            var client = try Client()
            let person = Person(answers: ["secret", "123"])
            client.prompts = person
            let connection = try await client.connect(server.target)
            #expect(person.questions == ["Two proofs. Password: ", "Two proofs. Co^[de: "])
            #expect(connection.operatorKey == nil)
            #expect(try await connection.run("status") == Said(output: "status\n", end: .exited(7)))
            await connection.close()
        }

        @Test func wrongAnswersAreRefused() async throws {
            let server = try ScriptedSSHServer(asksQuestions: true)
            var client = try Client()
            client.prompts = Person(answers: ["secret", "124"])
            #expect(
                await client.failure(server.target)
                    == TransportError(
                        .authenticationFailed, host: master,
                        "master does not let someone in; tried: keyboard-interactive; it allows keyboard-interactive",
                        remedy:
                            "put your public key there: ssh-copy-id -p \(server.target.port) someone@127.0.0.1"
                    ))
        }

        @Test func nobodyThereToAskIsARefusal() async throws {
            let server = try ScriptedSSHServer(asksQuestions: true)
            #expect(
                await (try Client()).failure(server.target)?.message
                    == "master does not let someone in; there was no key to try; it allows keyboard-interactive"
            )
        }

        @Test func passwordIsAskedForThreeTimes() async throws {
            let server = try ScriptedSSHServer(asksQuestions: false)
            var client = try Client()
            let person = Person(answers: ["a", "b", "c"])
            client.prompts = person
            await (try await client.connect(server.target)).close()
            let question = "Password of someone on 127.0.0.1"
            #expect(person.questions == [question, question, question])
        }

        @Test func endWithoutAStatusIsUnknown() async throws {
            let server = try ScriptedSSHServer(asksQuestions: false)
            var client = try Client()
            client.prompts = Person(answers: ["a", "b", "c"])
            let connection = try await client.connect(server.target)
            #expect(try await connection.run("nothing") == Said(output: "nothing\n", end: .unknown))
            // A name from the host cannot drive the terminal.
            #expect(
                try await connection.run("strange signal")
                    == Said(output: "strange signal\n", end: .signalled("K^[")))
            let error = await #expect(throws: TransportError.self) { try await connection.open("refused") }
            #expect(
                error
                    == TransportError(
                        .channelRefused, host: master,
                        "master does not run commands: Channel request exec failed"))
            #expect(try await connection.run("status") == Said(output: "status\n", end: .exited(7)))
            await connection.close()
        }
    }
}
