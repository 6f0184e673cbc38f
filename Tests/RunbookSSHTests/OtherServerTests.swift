import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Servers as small machines and fresh installs have them.
    @Suite(.timeLimit(.minutes(2))) struct OtherServerTests {
        @Test(.enabled(if: DropbearServer.isAvailable, "\(DropbearServer.missing)"))
        func dropbearIsAServerLikeAnyOther() async throws {
            let server = try DropbearServer()
            var target = SiteHost(address: "127.0.0.1")
            target.port = server.port
            target.identity = server.userKey
            target.hostKeys = [server.fingerprint]
            let connection = try await Client().connect(target)
            #expect(connection.hostKey == server.fingerprint)
            #expect(
                try await connection.run("echo out; echo err >&2; exit 7")
                    == Said(output: "out\n", errors: "err\n", end: .exited(7)))
            #expect(try await connection.run("kill -KILL $$").end == .signalled("KILL"))
            let channel = try await connection.open("wc -c")
            try await channel.write([UInt8](repeating: 120, count: 3 << 20))
            try await channel.endInput()
            #expect(try await said(channel) == Said(output: "\(3 << 20)\n", end: .exited(0)))
            await connection.close()
            target.hostKeys = ["SHA256:" + String(repeating: "A", count: 43)]
            #expect(try await Client().failure(target)?.code == .hostKeyChanged)
        }

        @Test(.enabled(if: Accounts.isAvailable, "\(Accounts.missing)"))
        func aHostThatKnowsOnlyPasswordsAsksForOne() async throws {
            let server = try SSHDServer(
                options: ["PasswordAuthentication yes", "PubkeyAuthentication no"], accounts: Accounts())
            var client = try Client()
            var target = server.target
            target.identity = nil
            let refused = await client.failure(target)
            #expect(refused?.code == .authenticationFailed)
            #expect(
                refused?.message
                    == "master does not let lena in; there was no key to try; it allows password")
            let person = Person(answers: ["wrong", Accounts().password])
            client.prompts = person
            let connection = try await client.connect(target)
            #expect(try await connection.run("id -un") == Said(output: "lena\n", end: .exited(0)))
            #expect(
                person.questions == [
                    "Password of lena on 127.0.0.1", "Password of lena on 127.0.0.1",
                ])
            await connection.close()
        }

        /// What a server says in place of a handshake is left out or told in hex, never passed on.
        @Test func aServersWordsNeverReachTheTerminalAsTheyAre() async throws {
            let hostile = "SSH-2.0-\u{1B}]52;c;aGk=\u{7}\u{1B}[2J\r\nbye\u{9B}31m\r\n"
            let server = try ScriptedListener { descriptor in
                sendText(descriptor, hostile)
                usleep(200_000)
            }
            var client = try Client()
            client.settings.deadlines.keyExchange = .milliseconds(700)
            var target = SiteHost(address: "127.0.0.1")
            target.port = server.port
            let error = await client.failure(target)
            #expect(error?.code == .unreachable)
            let words = (error?.message ?? "") + (error?.remedy ?? "")
            // 627965c2 is `bye` and the first byte behind it, taken for a packet's length.
            #expect(
                words == "the key exchange with 127.0.0.1 port \(server.port) failed: "
                    + "read_packet(): Packet len too high(1652123074 627965c2)")
        }
    }
}
