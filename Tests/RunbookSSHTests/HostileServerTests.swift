import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Servers that let one in and then behave as none should: nothing is waited for for ever, and nothing is
    /// said to a host that is another one by now.
    @Suite(.enabled(if: ParamikoServer.isAvailable, "\(ParamikoServer.missing)"), .timeLimit(.minutes(1)))
    struct HostileServerTests {
        static let changed = TransportError(
            .hostKeyChanged, host: master, "master changed its host key during the connection",
            remedy: "find out who answers for master before you run again")

        private func isRekeyed(_ server: ParamikoServer) async throws -> Bool {
            for _ in 0..<500 where server.log.last != "rekeyed" {
                try await Task.sleep(for: .milliseconds(10))
            }
            return server.log.last == "rekeyed"
        }

        /// paramiko does not outlive what is on its way to it when it exchanges keys: then another server is tried.
        @Test func aHostKeyThatChangesWithNewKeysEndsItBeforeTheNextCommand() async throws {
            for _ in 0..<3 {
                let server = try ParamikoServer()
                let connection = try await Client().connect(server.target)
                #expect(try await connection.run("before") == Said(output: "before\n", end: .exited(5)))
                #expect(try await connection.run("rekey") == Said(output: "rekey\n", end: .exited(5)))
                guard try await isRekeyed(server) else { continue }
                let error = await #expect(throws: TransportError.self) { try await connection.open("after") }
                #expect(error == Self.changed)
                await connection.close()
                #expect(server.log == ["before", "rekey", "rekeyed"])
                return
            }
            Issue.record("no server came to exchange its keys")
        }

        /// What the other host says on a channel that was open before is not believed, and it is told nothing.
        @Test func aHostKeyThatChangesEndsTheChannelsThatAreOpen() async throws {
            for _ in 0..<3 {
                let server = try ParamikoServer()
                let connection = try await Client().connect(server.target)
                let channel = try await connection.open("impostor")
                #expect(try await channel.next() == .output(Array("impostor\n".utf8)))
                try await channel.write([1])
                guard try await isRekeyed(server) else { continue }
                #expect(
                    await #expect(throws: TransportError.self) { try await channel.next() } == Self.changed)
                #expect(
                    await #expect(throws: TransportError.self) { try await channel.write([1]) }
                        == Self.changed)
                await connection.close()
                return
            }
            Issue.record("no server came to exchange its keys")
        }

        @Test func anExitStatusWithoutAnEndIsTheEndAfterAWhile() async throws {
            let server = try ParamikoServer()
            var client = try Client()
            client.settings.deadlines.afterExit = .milliseconds(300)
            let connection = try await client.connect(server.target)
            let begin = ContinuousClock.now
            #expect(try await connection.run("open") == Said(output: "open\n", end: .exited(5)))
            #expect(ContinuousClock.now - begin < .seconds(10))
            #expect(try await connection.run("next") == Said(output: "next\n", end: .exited(5)))
            await connection.close()
        }

        @Test func aCommandThatIsNeverAnsweredIsALoss() async throws {
            let server = try ParamikoServer()
            var client = try Client()
            client.settings.deadlines.start = .milliseconds(500)
            let connection = try await client.connect(server.target)
            let error = await #expect(throws: TransportError.self) { try await connection.open("unanswered") }
            #expect(
                error
                    == TransportError(
                        .lost, host: master, "master lives, but does not say whether the command started",
                        remedy: "look at the load and the disks of master, then run again"))
            await connection.close()
        }

        /// A receive window of nothing, for ever.
        @Test func aChannelThatTakesNothingIsAnErrorAndTheOthersGoOn() async throws {
            let server = try ParamikoServer()
            var client = try Client()
            client.settings.deadlines.stall = .milliseconds(500)
            let connection = try await client.connect(server.target)
            let deaf = try await connection.open("deaf")
            let processor = processorTime()
            let error = await #expect(throws: TransportError.self) {
                try await deaf.write([UInt8](repeating: 0, count: 1 << 20))
            }
            #expect(
                error
                    == TransportError(
                        .lost, host: master, "master takes nothing more of what is sent to it",
                        remedy: "look at the load and the disks of master, then run again"))
            // It waits, it does not spin.
            #expect(processorTime() - processor < .milliseconds(300))
            #expect(try await connection.run("next") == Said(output: "next\n", end: .exited(5)))
            await connection.close()
        }

        /// A window and packets of no length at all.
        @Test func aChannelOfPacketsOfNothingIsAnError() async throws {
            let server = try ParamikoServer()
            var client = try Client()
            client.settings.deadlines.start = .seconds(2)
            client.settings.deadlines.stall = .milliseconds(500)
            var target = server.target
            target.user = "zero"
            let connection = try await client.connect(target)
            let processor = processorTime()
            let error = await #expect(throws: TransportError.self) {
                let channel = try await connection.open("deaf")
                try await channel.write([UInt8](repeating: 0, count: 1 << 16))
            }
            #expect([.lost, .channelRefused].contains(error?.code))
            #expect(processorTime() - processor < .seconds(1))
            await connection.close()
        }
    }
}
