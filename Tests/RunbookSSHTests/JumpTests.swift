import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Hosts that are reached through others.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(2)))
    struct JumpTests {
        /// The last of three servers, reached through the other two.
        private static func chain(
            of options: [[String]] = [[], [], []]
        ) throws -> (servers: [SSHDServer], target: SiteHost) {
            let servers = try options.map { try SSHDServer(options: $0) }
            var target = servers[2].target
            target.jumps = [servers[0].target, servers[1].target]
            return (servers, target)
        }

        private static func logins(_ server: SSHDServer) -> Int {
            server.logText.split(whereSeparator: \.isNewline).count { $0.hasPrefix("Accepted publickey") }
        }

        @Test func aChainOfTwoIsGoneThrough() async throws {
            let (servers, target) = try Self.chain()
            let connection = try await Client().connect(target)
            #expect(connection.hostKey == servers[2].fingerprints[0])
            let port = try await connection.run("echo ${SSH_CONNECTION##* }")
            #expect(port == Said(output: "\(servers[2].port)\n", end: .exited(0)))
            #expect(servers.map(Self.logins) == [1, 1, 1])
            await connection.close()
        }

        @Test func muchGoesBothWaysThroughTheChain() async throws {
            let (servers, target) = try Self.chain()
            defer { withExtendedLifetime(servers) {} }
            let connection = try await Client().connect(target)
            let channel = try await connection.open("cat")
            let sent = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
            let writer = Task {
                try await channel.write(sent)
                try await channel.endInput()
            }
            var received: [UInt8] = []
            while case .output(let bytes) = try await channel.next() { received += bytes }
            try await writer.value
            #expect(received.count == sent.count && received == sent)
            await connection.close()
        }

        @Test func hostsBehindOneShareItsConnection() async throws {
            let gate = try SSHDServer()
            let inner = try SSHDServer()
            let client = try Client()
            let connector = SSHConnector(prompts: nil, settings: client.settings)
            var target = inner.target
            target.jumps = [gate.target]
            let behind = target
            let connections = try await withThrowingTaskGroup(of: (any Connection).self) { group in
                for number in 0..<5 {
                    group.addTask { try await connector.connect(to: HostID("n\(number)"), behind) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Self.logins(gate) == 1)
            #expect(Self.logins(inner) == 5)
            for connection in connections { await connection.close() }
        }

        @Test func everyHopMustBeProven() async throws {
            let (servers, target) = try Self.chain()
            for hop in 0..<2 {
                var target = target
                target.jumps[hop].hostKeys = []
                let error = try await Client().failure(target)
                #expect(error?.code == .hostKeyUnknown)
                #expect(error?.host == HostID("127.0.0.1"))
                #expect(
                    error?.message
                        == "127.0.0.1 at 127.0.0.1 port \(servers[hop].port) is not known; it shows the key "
                        + "\(servers[hop].fingerprints[0]) (ED25519)")
                #expect(Self.logins(servers[hop]) == 0)
            }
            // What known_hosts knows is as good as a pin; the last host is proven as well.
            var known = target
            known.jumps[0].hostKeys = []
            known.jumps[1].hostKeys = []
            known.hostKeys = [servers[0].fingerprints[0]]
            let lines = servers[0].knownHostsLines + servers[1].knownHostsLines
            #expect(try await Client(knownHosts: lines).failure(known)?.code == .hostKeyChanged)
            #expect(Self.logins(servers[2]) == 0)
        }

        @Test func hopThatForwardsNothingIsNamed() async throws {
            let (servers, target) = try Self.chain(of: [["AllowTcpForwarding no"], [], []])
            let error = try await Client().failure(target)
            #expect(
                error
                    == TransportError(
                        .unreachable, host: HostID("127.0.0.1"),
                        "127.0.0.1 makes no connection to 127.0.0.1 port \(servers[1].port): Channel opening "
                            + "failure: channel 43 error (1) open failed",
                        remedy: "is 127.0.0.1 up, and does the host before it allow forwarding "
                            + "(AllowTcpForwarding)?"))
        }

        @Test func hostThatIsNotThereIsSaidToBeThat() async throws {
            let (servers, target) = try Self.chain()
            servers[2].stop()
            let error = try await Client().failure(target)
            #expect(error?.code == .unreachable)
            #expect(error?.host == master)
            #expect(
                error?.message
                    == "127.0.0.1 makes no connection to 127.0.0.1 port \(servers[2].port): Channel opening "
                    + "failure: channel 43 error (2) Connection refused")
        }

        @Test func hopThatGoesIsALossAndTheWayIsMadeAgain() async throws {
            let (servers, target) = try Self.chain()
            let client = try Client()
            let connector = SSHConnector(prompts: nil, settings: client.settings)
            let connection = try await connector.connect(to: master, target)
            let channel = try await connection.open("echo before; sleep 60")
            #expect(try await channel.next() == .output(Array("before\n".utf8)))
            servers[0].signalConnections(SIGKILL)
            let lost = await #expect(throws: TransportError.self) { try await channel.next() }
            #expect(lost?.code == .lost)
            let again = try await connector.connect(to: master, target)
            #expect(try await again.run("echo again") == Said(output: "again\n", end: .exited(0)))
            await again.close()
            await connection.close()
        }

        @Test func frozenHopIsNoticed() async throws {
            let (servers, target) = try Self.chain()
            var client = try Client()
            client.settings.deadlines.silence = .milliseconds(300)
            client.settings.deadlines.signOfLife = .milliseconds(700)
            let connection = try await client.connect(target)
            let channel = try await connection.open("sleep 60")
            servers[1].signalConnections(SIGSTOP)
            let error = await #expect(throws: TransportError.self) { try await channel.next() }
            #expect(error?.code == .lost)
            servers[1].signalConnections(SIGKILL)
            await connection.close()
        }

        /// Nothing stays of connections that were made and closed: no descriptor, no thread.
        @Test func nothingIsLeftBehind() async throws {
            let (servers, target) = try Self.chain()
            defer { withExtendedLifetime(servers) {} }
            let client = try Client()
            await (try await client.connect(target)).close()
            func counts() throws -> (Int, Int) {
                (try entries("/proc/self/fd").count, try entries("/proc/self/task").count)
            }
            let before = try counts()
            for _ in 0..<5 { await (try await client.connect(target)).close() }
            // The threads of a hop end when nothing goes through it any more, a moment later.
            var after = try counts()
            for _ in 0..<100 where after.0 > before.0 || after.1 > before.1 {
                try await Task.sleep(for: .milliseconds(50))
                after = try counts()
            }
            #expect(after.0 <= before.0 && after.1 <= before.1 + 2)
        }

        private func entries(_ folder: String) throws -> [String] {
            try runChecked(["ls", folder]).split(separator: "\n").map(String.init)
        }
    }
}
