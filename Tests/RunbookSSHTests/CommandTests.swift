import Glibc
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
    struct CommandTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var command: String
            var said: Said
            var testDescription: String { command }
        }

        static let cases = [
            Case(command: "echo yes", said: Said(output: "yes\n", end: .exited(0))),
            Case(
                command: "echo out; echo err >&2; exit 3",
                said: Said(output: "out\n", errors: "err\n", end: .exited(3))),
            Case(command: "exit 255", said: Said(end: .exited(255))),
            Case(command: "exit 126", said: Said(end: .exited(126))),
            Case(command: "exec kill -KILL $$", said: Said(end: .signalled("KILL"))),
            Case(command: "kill -SEGV $$", said: Said(end: .signalled("SEGV"))),
            Case(command: "kill -TERM $$", said: Said(end: .signalled("TERM"))),
            Case(command: "printf ü; cat", said: Said(output: "ü", end: .exited(0))),
        ]

        @Test func commandsEndAsTheyEnded() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            for example in Self.cases {
                #expect(try await connection.run(example.command) == example.said, "\(example.command)")
            }
            let missing = try await connection.run("exec /no/such/program")
            #expect(missing.end == .exited(127))
            #expect(connection.hostKey == server.fingerprints[0])
            #expect(connection.operatorKey == (try SSHDServer.publicKey(server.userKey)))
            await connection.close()
        }

        @Test func inputReachesTheCommandAndItsEndIsTold() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("read line; echo \"<$line>\"; cat; echo end")
            try await channel.write(Array("first\n".utf8))
            #expect(try await channel.next() == .output(Array("<first>\n".utf8)))
            try await channel.write(Array("second\n".utf8))
            #expect(try await channel.next() == .output(Array("second\n".utf8)))
            try await channel.endInput()
            #expect(try await said(channel) == Said(output: "end\n", end: .exited(0)))
            // There is nothing more, however often it is asked.
            #expect(try await channel.next() == .ended(.exited(0)))
            await connection.close()
        }

        @Test func channelsAreIndependent() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let slow = try await connection.open("read line; echo slow $line")
            let others = try await withThrowingTaskGroup(of: (Int, Said).self) { group in
                for number in 0..<8 {
                    group.addTask { (number, try await connection.run("echo \(number); exit \(number)")) }
                }
                var said: [Int: Said] = [:]
                for try await (number, result) in group { said[number] = result }
                return said
            }
            for number in 0..<8 {
                #expect(others[number] == Said(output: "\(number)\n", end: .exited(Int32(number))))
            }
            try await slow.write(Array("word\n".utf8))
            #expect(try await said(slow) == Said(output: "slow word\n", end: .exited(0)))
            await connection.close()
        }

        /// 20 MB each way with the host exchanging keys anew every megabyte.
        @Test func muchGoesBothWaysThroughNewKeys() async throws {
            let server = try SSHDServer(options: ["RekeyLimit 1M"])
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("cat; echo errors >&2")
            let block = [UInt8]((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
            let count = 20
            async let written: Void = {
                for _ in 0..<count { try await channel.write(block) }
                try await channel.endInput()
            }()
            var received: [UInt8] = []
            var errors: [UInt8] = []
            var end: CommandEnd?
            while end == nil {
                switch try await channel.next() {
                case .output(let bytes): received += bytes
                case .errors(let bytes): errors += bytes
                case .ended(let how): end = how
                }
            }
            try await written
            #expect(end == .exited(0))
            #expect(errors == Array("errors\n".utf8))
            #expect(received.count == count * block.count)
            // By another program: a debug build compares 20 MB slowly.
            try writeFile(server.directory.file("sent"), block)
            try writeFile(server.directory.file("received"), received)
            let script =
                "cd \(server.directory.path); for i in $(seq \(count)); do cat sent; done | cmp - received"
            let compared = try RunbookTestSupport.run(["sh", "-c", script])
            #expect(compared == CommandResult(status: 0, output: "", errors: ""))
            await connection.close()
        }

        /// A reader that does not read stops the host, not this machine's memory, and loses nothing.
        @Test func slowReaderLosesNothing() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("head -c 30000000 /dev/zero; echo done >&2")
            try await Task.sleep(for: .milliseconds(500))
            // The other channels go on meanwhile.
            #expect(try await connection.run("echo other") == Said(output: "other\n", end: .exited(0)))
            var count = 0, errors = "", end: CommandEnd?
            while end == nil {
                switch try await channel.next() {
                case .output(let bytes): count += bytes.count
                case .errors(let bytes): errors += String(decoding: bytes, as: UTF8.self)
                case .ended(let how): end = how
                }
            }
            #expect(count == 30_000_000)
            #expect(errors == "done\n")
            #expect(end == .exited(0))
            await connection.close()
        }

        @Test func refusedChannelIsToldAndTheOthersGoOn() async throws {
            let server = try SSHDServer(options: ["MaxSessions 1"])
            let connection = try await Client().connect(server.target)
            let first = try await connection.open("cat")
            let error = await #expect(throws: TransportError.self) {
                try await connection.open("echo second")
            }
            #expect(error?.code == .channelRefused)
            try await first.write(Array("still\n".utf8))
            try await first.endInput()
            #expect(try await said(first) == Said(output: "still\n", end: .exited(0)))
            // sshd counts a session until it has cleaned up behind the closed channel.
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await connection.run("echo third") == Said(output: "third\n", end: .exited(0)))
            await connection.close()
        }

        @Test func writingToAnEndedCommandIsNoError() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("exit 4")
            #expect(try await said(channel) == Said(end: .exited(4)))
            try await channel.write([1, 2, 3])
            try await channel.endInput()
            #expect(try await channel.next() == .ended(.exited(4)))
            await connection.close()
        }

        @Test func commandWithNULIsNotCutShort() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let error = await #expect(throws: TransportError.self) {
                try await connection.open("echo a\0; echo b")
            }
            #expect(error == TransportError(.local, host: master, "a command with a NUL byte cannot be sent"))
            await connection.close()
        }
    }
}
