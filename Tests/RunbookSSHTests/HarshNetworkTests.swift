import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Synchronization
import Testing

/// A wire that brings each byte in a segment of its own, and late.
final class CrawlingWire: Sendable {
    let port: UInt16
    private let listener: ScriptedListener

    init(to server: UInt16, delay: useconds_t) throws {
        listener = try ScriptedListener { client in
            guard let upstream = try? connectLoopback(server) else { return }
            for descriptor in [client, upstream] {
                var on: Int32 = 1
                _ = unsafe setsockopt(
                    descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            }
            let isDone = Mutex(false)
            startThread {
                Self.pump(client, upstream, delay)
                isDone.withLock { $0 = true }
            }
            Self.pump(upstream, client, delay)
            while !isDone.withLock({ $0 }) { usleep(1000) }
            close(upstream)
        }
        port = listener.port
    }

    private static func pump(_ from: Int32, _ to: Int32, _ delay: useconds_t) {
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(from, &part, part.count, 0)
            guard count > 0 else { break }
            usleep(delay)
            for byte in part[..<count] {
                var byte = byte
                guard unsafe send(to, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { break }
            }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }
}

extension SSHTests {
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(2)))
    struct HarshNetworkTests {
        @Test func aWireOfSingleBytesIsSlowAndCorrect() async throws {
            let server = try SSHDServer()
            let wire = try CrawlingWire(to: server.port, delay: 100_000)
            var target = server.target
            target.port = wire.port
            let connection = try await Client().connect(target)
            #expect(
                try await connection.run("echo said; echo erred >&2; exit 3")
                    == Said(output: "said\n", errors: "erred\n", end: .exited(3)))
            await connection.close()
        }

        /// Linux refuses a TCP connection to a group's address without asking the network.
        @Test func noRouteIsSaid() async throws {
            let error = await (try Client()).failure(SiteHost(address: "224.0.0.1"))
            #expect(
                error
                    == TransportError(
                        .unreachable, host: master,
                        "master at 224.0.0.1, port 22, cannot be reached: Network is unreachable",
                        remedy: "is it up, and on this network?"))
        }

        /// A host that gets a tenth of the time that it wants is slow, and no more than that.
        @Test func aHostThatIsMostlyAsleepIsNotLost() async throws {
            let server = try SSHDServer()
            var client = try Client()
            client.settings.deadlines.silence = .milliseconds(400)
            client.settings.deadlines.signOfLife = .seconds(2)
            let connection = try await client.connect(server.target)
            let isOver = Mutex(false)
            let strobe = Task.detached {
                while !isOver.withLock({ $0 }) {
                    server.signalConnections(SIGSTOP)
                    try? await Task.sleep(for: .milliseconds(450))
                    server.signalConnections(SIGCONT)
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            let file = server.directory.file("count")
            for number in 1...3 {
                #expect(
                    try await connection.run("echo x >>\(file); sleep 1; wc -l <\(file)")
                        == Said(output: "\(number)\n", end: .exited(0)))
            }
            isOver.withLock { $0 = true }
            await strobe.value
            await connection.close()
        }

        /// sshd turns strangers away beyond two: whoever comes again gets in.
        @Test func aHostThatTurnsAwayAtRandomLetsInWhoComesAgain() async throws {
            let server = try SSHDServer(options: ["MaxStartups 2:60:4"])
            let client = try Client()
            let target = server.target
            let tries = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        for number in 1...40 {
                            guard let error = await client.failure(target) else { return number }
                            guard error.code == .busy else { throw error }
                            try await Task.sleep(for: .milliseconds(.random(in: 50...150)))
                        }
                        return 0
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(tries.count == 12 && !tries.contains(0), "\(tries)")
        }

        /// What a hostile server sends without end is not kept.
        @Test(.enabled(if: ParamikoServer.isAvailable, "\(ParamikoServer.missing)"))
        func serversThatNeverStopTakeNoMemory() async throws {
            let endless = try ScriptedListener { descriptor in
                while sendText(descriptor, String(repeating: "hello\n", count: 1000)) {}
            }
            let server = try ParamikoServer()
            var client = try Client()
            client.settings.deadlines.banner = .seconds(2)
            client.settings.deadlines.total = .seconds(4)
            let before = try memory()
            var target = SiteHost(address: "127.0.0.1")
            target.port = endless.port
            #expect(await client.failure(target)?.code == .unreachable)
            let connection = try await client.connect(server.target)
            let channel = try await connection.open("endless")
            try await Task.sleep(for: .seconds(2))
            #expect(try memory() - before < 48 << 10)
            await channel.close()
            await connection.close()
        }

        /// How much of this process is in memory, in KiB.
        private func memory() throws -> Int {
            let text = String(decoding: try readFile("/proc/self/status"), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            return try #require(Int(line.filter(\.isNumber)))
        }

        /// A gibibyte while keys are exchanged anew after each mebibyte.
        @Test(
            .enabled(if: environmentIsLong, "run once for a figure: script/test --long"),
            .timeLimit(.minutes(10)))
        func aGibibyteGoesThroughNewKeys() async throws {
            let server = try SSHDServer(options: ["RekeyLimit 1M"])
            let connection = try await Client().connect(server.target)
            let before = try memory()
            let channel = try await connection.open("head -c \(1 << 30) /dev/zero")
            var count = 0, isZero = true, end: CommandEnd?
            while end == nil {
                switch try await channel.next() {
                case .output(let bytes):
                    count += bytes.count
                    isZero = isZero && bytes.first == 0 && bytes.last == 0
                case .errors: isZero = false
                case .ended(let how): end = how
                }
            }
            #expect(count == 1 << 30 && isZero && end == .exited(0))
            #expect(try memory() - before < 64 << 10)
            await connection.close()
        }
    }

    /// Agents that do not do what they are there for.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
    struct BadAgentTests {
        /// An agent that answers to the first message with these bytes, and then ends.
        private func client(answering answer: [UInt8]) throws -> (Client, TemporaryDirectory) {
            let folder = try TemporaryDirectory("agent")
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
                unsafe room.copyBytes(from: folder.file("socket").utf8)
            }
            let isBound = unsafe withUnsafePointer(to: &address) {
                unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
            try #require(isBound && listen(descriptor, 8) == 0)
            startThread {
                while true {
                    let connection = accept(descriptor, nil, nil)
                    guard connection >= 0 else { break }
                    var part = [UInt8](repeating: 0, count: 4096)
                    _ = unsafe recv(connection, &part, part.count, 0)
                    _ = unsafe send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                    close(connection)
                }
            }
            var client = try Client()
            client.settings.agentSocket = folder.file("socket")
            client.settings.deadlines.agent = .milliseconds(500)
            return (client, folder)
        }

        /// It refuses, it ends in the middle of its answer, it talks nonsense, it announces a gigabyte.
        @Test(
            arguments: [[0, 0, 0, 1, 5], [0, 0, 0, 90, 12, 0], [0, 0, 0, 2, 99, 99], [64, 0, 0, 0, 12]]
                as [[UInt8]])
        func anAgentThatAnswersBadlyIsPassedOver(_ answer: [UInt8]) async throws {
            let server = try SSHDServer()
            let (client, folder) = try client(answering: answer)
            defer { withExtendedLifetime(folder) {} }
            var target = server.target
            target.identity = nil
            let error = await client.failure(target)
            #expect(error?.code == .authenticationFailed)
            #expect(
                error?.message.hasPrefix("master does not let \(server.user) in; tried: the agent (") == true)
            // The key file still opens.
            await (try await client.connect(server.target)).close()
        }

        @Test func aKeyFileOfAGigabyteIsNotRead() async throws {
            let server = try SSHDServer()
            let client = try Client()
            try runChecked(["truncate", "-s", "1G", client.home.file("huge")])
            try runChecked(["chmod", "600", client.home.file("huge")])
            var target = server.target
            target.identity = client.home.file("huge")
            #expect(
                await client.failure(target)
                    == TransportError(
                        .local, host: master,
                        "the key file \(client.home.file("huge")) of master is too large for a key",
                        remedy: "mend `identity` of master in the site file, or the file"))
        }
    }
}

/// Whether the tests that are run once for a figure are wanted.
private let environmentIsLong = unsafe getenv("RUNBOOK_LONG_TESTS") != nil
