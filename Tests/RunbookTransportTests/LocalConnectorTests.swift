import RunbookModel
import RunbookTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct LocalConnectorTests {
    private func open(_ command: String) async throws -> (LocalConnection, any Channel) {
        let connection = LocalConnector(environment: ["PATH": "/usr/bin:/bin", "A": "b"])
            .connect(to: HostID("here"))
        return (connection, try await connection.open(command))
    }

    /// Everything until the end: stdout, stderr, how it ended.
    private func all(_ channel: any Channel) async throws -> (
        output: [UInt8], errors: [UInt8], end: CommandEnd
    ) {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        while true {
            switch try await channel.next() {
            case .output(let bytes): output += bytes
            case .errors(let bytes): errors += bytes
            case .ended(let end): return (output, errors, end)
            }
        }
    }

    @Test(
        arguments: [
            ("echo a; echo b >&2; exit 3", "a\n", "b\n", CommandEnd.exited(3)),
            ("kill -KILL $$", "", "", .signalled("KILL")),
            ("echo $A", "b\n", "", .exited(0)),
            // Signals 32 and 33 are glibc's own; posix_spawn ignores them in the child.
            (#"sed -n 's/^SigIgn:.*[08]\(0000000\)$/\1/p' /proc/self/status"#, "0000000\n", "", .exited(0)),
            ("grep SigBlk /proc/self/status", "SigBlk:\t0000000000000000\n", "", .exited(0)),
            ("sleep 5 & echo up", "up\n", "", .exited(0)),
        ])
    func commandIsRun(example: (command: String, output: String, errors: String, end: CommandEnd))
        async throws
    {
        let (connection, channel) = try await open(example.command)
        let (output, errors, end) = try await all(channel)
        #expect(String(decoding: output, as: UTF8.self) == example.output)
        #expect(String(decoding: errors, as: UTF8.self) == example.errors)
        #expect(end == example.end)
        await connection.close()
    }

    @Test func bytesGoBothWays() async throws {
        let (connection, channel) = try await open("cat")
        let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        async let result = all(channel)
        try await channel.write(bytes)
        try await channel.endInput()
        let (output, _, end) = try await result
        #expect(output == bytes)
        #expect(end == .exited(0))
        await connection.close()
    }

    @Test func slowReaderLosesNothing() async throws {
        for length in [1_000_000, 1_100_000, 3_000_000] {
            let (connection, channel) = try await open("head -c \(length) /dev/zero")
            try await Task.sleep(for: .milliseconds(200))
            let (output, _, end) = try await all(channel)
            #expect(output.count == length)
            #expect(end == .exited(0))
            await connection.close()
        }
    }

    @Test func writingToACommandThatIsGoneFails() async throws {
        let (connection, channel) = try await open("exec 0<&-; sleep 0.2")
        await #expect(throws: TransportError.self) {
            for _ in 0..<1000 { try await channel.write([UInt8](repeating: 0, count: 1 << 16)) }
        }
        await connection.close()
    }

    @Test func cancelledReaderIsFreed() async throws {
        let (connection, channel) = try await open("sleep 20")
        let task = Task { try await channel.next() }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(
            throws: TransportError(.cancelled, host: HostID("here"), "cancelled while waiting for a command")
        ) { try await task.value }
        await connection.close()
    }

    @Test func closedConnectionEndsItsChannelsAndOpensNone() async throws {
        let (connection, channel) = try await open("sleep 20")
        async let event = channel.next()
        try await Task.sleep(for: .milliseconds(50))
        await connection.close()
        #expect(try await event == .ended(.unknown))
        await #expect(
            throws: TransportError(.lost, host: HostID("here"), "the connection to this machine is closed")
        ) { try await connection.open("true") }
    }

    @Test func missingShellIsAnError() async throws {
        let connection = LocalConnector(shell: "/nowhere/sh").connect(to: HostID("here"))
        await #expect(
            throws: TransportError(
                .channelRefused, host: HostID("here"), "cannot start /nowhere/sh on this machine: errno 2")
        ) { try await connection.open("true") }
    }
}
