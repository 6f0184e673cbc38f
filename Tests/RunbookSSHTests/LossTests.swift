import Glibc
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// What happens to a command's channel when the connection goes, from either side.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
    struct LossTests {
        @Test func killedServerIsALoss() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("echo before; sleep 60")
            #expect(try await channel.next() == .output(Array("before\n".utf8)))
            server.signalConnections(SIGKILL)
            let lost = await #expect(throws: TransportError.self) { try await channel.next() }
            #expect(lost?.code == .lost)
            // The same is said to whoever asks later.
            let later = await #expect(throws: TransportError.self) { try await connection.open("true") }
            #expect(later == lost)
            #expect(await #expect(throws: TransportError.self) { try await channel.write([1]) } == lost)
            await connection.close()
        }

        @Test func frozenServerIsNoticed() async throws {
            let server = try SSHDServer()
            var client = try Client()
            client.settings.deadlines.silence = .milliseconds(300)
            client.settings.deadlines.signOfLife = .milliseconds(700)
            let connection = try await client.connect(server.target)
            let channel = try await connection.open("sleep 60")
            // A silent command on a host that lives is no loss, however often it is asked.
            let quiet = try await connection.open("sleep 2; echo woke")
            #expect(try await said(quiet) == Said(output: "woke\n", end: .exited(0)))
            server.signalConnections(SIGSTOP)
            let error = await #expect(throws: TransportError.self) { try await channel.next() }
            #expect(error?.code == .lost)
            #expect(error?.message == "master gives no sign of life")
            server.signalConnections(SIGKILL)
            await connection.close()
        }

        @Test func closingEndsAPendingRead() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("sleep 60")
            let read = Task { try await channel.next() }
            try await Task.sleep(for: .milliseconds(100))
            await channel.close()
            #expect(try await read.value == .ended(.unknown))

            let second = try await connection.open("sleep 60")
            let otherRead = Task { try await second.next() }
            try await Task.sleep(for: .milliseconds(100))
            await connection.close()
            let error = await #expect(throws: TransportError.self) { try await otherRead.value }
            #expect(
                error
                    == TransportError(.lost, host: master, "the connection to master was closed on this side")
            )
            await connection.close()
        }

        @Test func cancellationEndsAPendingReadAndTheNextReadLosesNothing() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("read line; echo $line")
            let task = Task { try await channel.next() }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            let error = await #expect(throws: TransportError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            try await channel.write(Array("after\n".utf8))
            #expect(try await said(channel) == Said(output: "after\n", end: .exited(0)))
            await connection.close()
        }

        @Test func serverStoppedAndStartedIsReachedAgain() async throws {
            let server = try SSHDServer()
            let client = try Client()
            await (try await client.connect(server.target)).close()
            server.stop()
            #expect(await client.failure(server.target)?.code == .unreachable)
            try server.start()
            let connection = try await client.connect(server.target)
            #expect(try await connection.run("echo again") == Said(output: "again\n", end: .exited(0)))
            await connection.close()
        }

        @Test func commandGoesOnWhenTheConnectionIsClosed() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let file = server.directory.file("done")
            let channel = try await connection.open(
                "echo started; trap '' HUP; sleep 0.3; echo done > \(file)")
            #expect(try await channel.next() == .output(Array("started\n".utf8)))
            await connection.close()
            for _ in 0..<500 where unsafe access(file, F_OK) != 0 { usleep(10_000) }
            #expect(unsafe access(file, F_OK) == 0)
        }

        /// Nothing is left behind by connections that were opened and closed.
        @Test func descriptorsAreClosed() async throws {
            let server = try SSHDServer()
            let client = try Client()
            for _ in 0..<20 {
                let connection = try await client.connect(server.target)
                _ = try await connection.run("true")
                await connection.close()
            }
            let sockets = try openSockets(to: server.port)
            #expect(sockets == 0)
        }

        /// How many connections of this process to a port of 127.0.0.1 are established.
        private func openSockets(to port: UInt16) throws -> Int {
            let remote =
                "0100007F:" + String(repeating: "0", count: 4 - String(port, radix: 16).count)
                + String(port, radix: 16, uppercase: true)
            let table = String(decoding: try readFile("/proc/net/tcp"), as: UTF8.self)
            return table.split(separator: "\n").filter { line in
                let fields = line.split(separator: " ")
                return fields.count > 3 && fields[2] == remote && fields[3] == "01"
            }.count
        }
    }
}
