import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Servers that are not there, are something else, or say nothing: each has its own words, and none is
    /// waited for longer than said.
    @Suite(.timeLimit(.minutes(1))) struct UnreachableTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var script: @Sendable (Int32) -> Void
            /// `PLACE` stands for the address.
            var message: String
            var code = TransportError.Code.unreachable
            /// Whether only a deadline ends it.
            var isLate = false
        }

        static let cases = [
            Case(
                testDescription: "silent", script: { drainConnection($0) },
                message: "PLACE accepts connections but does not say that it speaks SSH", isLate: true),
            Case(
                testDescription: "closes at once", script: { _ in },
                message: "PLACE closed the connection at once", code: .busy),
            Case(
                testDescription: "one too many", script: { sendText($0, "Exceeded MaxStartups\r\n") },
                message: "PLACE takes nobody in for now: it says “Exceeded MaxStartups”", code: .busy),
            Case(
                testDescription: "resets at once",
                script: { descriptor in
                    // Not before the other side has seen that it is connected.
                    usleep(200_000)
                    var hard = linger(l_onoff: 1, l_linger: 0)
                    _ = unsafe setsockopt(
                        descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
                }, message: "PLACE closed the connection at once", code: .busy),
            Case(
                testDescription: "web server",
                script: { descriptor in
                    sendText(descriptor, "HTTP/1.1 400 Bad Request\r\n\r\n")
                    usleep(100_000)
                }, message: "PLACE is not an SSH server: it says “HTTP/1.1 400 Bad Request”"),
            Case(
                testDescription: "garbage, then silence",
                script: { descriptor in
                    sendText(descriptor, "\u{1B}[2Jhello\u{7}\n")
                    drainConnection(descriptor)
                }, message: "PLACE is not an SSH server: it says “^[[2Jhello^G”", isLate: true),
            Case(
                testDescription: "one byte at a time",
                script: { descriptor in
                    for character in "SSH-2.0-OpenSSH_9.2 and so on" {
                        guard sendText(descriptor, String(character)) else { return }
                        usleep(100_000)
                    }
                }, message: "PLACE accepts connections but does not say that it speaks SSH", isLate: true),
            Case(
                testDescription: "endless line",
                script: { descriptor in while sendText(descriptor, String(repeating: "x", count: 1000)) {} },
                message: "PLACE is not an SSH server: it says “\(String(repeating: "x", count: 128))”"),
            Case(
                testDescription: "endless lines",
                script: { descriptor in while sendText(descriptor, "hello\n") { usleep(10_000) } },
                message: "PLACE is not an SSH server: it says “hello”", isLate: true),
            Case(
                testDescription: "SSH 1", script: { sendText($0, "SSH-1.5-OpenSSH_2.3\n") },
                message: "PLACE speaks an old SSH protocol only: “SSH-1.5-OpenSSH_2.3”"),
            Case(
                testDescription: "greeting, then silence",
                script: { descriptor in
                    sendText(descriptor, "SSH-2.0-OpenSSH_9.2\r\n")
                    drainConnection(descriptor)
                }, message: "PLACE began to speak SSH and fell silent", isLate: true),
        ]

        @Test(arguments: cases) func eachKindHasItsWords(_ example: Case) async throws {
            let server = try ScriptedListener(example.script)
            var client = try Client()
            client.settings.deadlines.banner = .milliseconds(700)
            client.settings.deadlines.keyExchange = .milliseconds(700)
            var target = SiteHost(address: "127.0.0.1")
            target.port = server.port
            let begin = ContinuousClock.now
            let error = await client.failure(target)
            let time = ContinuousClock.now - begin
            #expect(error?.code == example.code)
            #expect(
                error?.message == example.message.replacing("PLACE", with: "127.0.0.1 port \(server.port)"))
            // Far from the limits that are not set here: the machine may be busy.
            #expect(time < .seconds(9) && (!example.isLate || time >= .milliseconds(600)))
        }

        @Test func hugePacketIsRefused() async throws {
            let server = try ScriptedListener { descriptor in
                sendText(descriptor, "SSH-2.0-x\r\n\u{7F}\u{7F}\u{7F}\u{7F}garbage garbage garbage")
                drainConnection(descriptor)
            }
            var target = SiteHost(address: "127.0.0.1")
            target.port = server.port
            let error = await (try Client()).failure(target)
            #expect(error?.code == .unreachable)
            #expect(
                error?.message.hasPrefix("the key exchange with 127.0.0.1 port \(server.port) failed: ")
                    == true)
        }

        @Test func refusedIsSaid() async throws {
            var target = SiteHost(address: "127.0.0.1")
            target.port = try freePort()
            #expect(
                await (try Client()).failure(target)
                    == TransportError(
                        .unreachable, host: master,
                        "master at 127.0.0.1, port \(target.port), refused the connection",
                        remedy: "is sshd running there, and is this its port?"))
        }

        @Test func unknownNameIsSaid() async throws {
            let error = await (try Client()).failure(SiteHost(address: "no-such-host.invalid"))
            #expect(error?.code == .unreachable)
            #expect(
                error?.message.hasPrefix("the name no-such-host.invalid of master was not found: ") == true)
        }

        @Test func cancellationEndsTheWait() async throws {
            let server = try ScriptedListener { drainConnection($0) }
            var client = try Client()
            client.settings.deadlines.banner = .seconds(30)
            var target = SiteHost(address: "127.0.0.1")
            target.port = server.port
            let error = await withTaskGroup(of: TransportError?.self) { [target, client] group in
                group.addTask { await client.failure(target) }
                try? await Task.sleep(for: .milliseconds(200))
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(error == TransportError(.cancelled, host: master, "cancelled"))
        }
    }
}
