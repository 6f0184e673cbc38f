import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Synchronization
import Testing

/// A wire that breaks: a proxy before sshd that ends, or spoils, one direction at one byte.
final class BadWire: Sendable {
    enum Fault: Sendable { case cut, flip, freeze }

    let port: UInt16
    private let listener: ScriptedListener

    /// Damages the byte at `position` of one direction of every connection to `server`.
    init(to server: UInt16, _ fault: Fault, fromServer: Bool, at position: Int) throws {
        listener = try ScriptedListener { client in
            guard let upstream = try? connectLoopback(server) else { return }
            let faults = fromServer ? (up: Int.max, down: position) : (up: position, down: Int.max)
            let isDone = Mutex(false)
            startThread {
                Self.pump(client, upstream, fault, faults.up)
                isDone.withLock { $0 = true }
            }
            Self.pump(upstream, client, fault, faults.down)
            // The descriptors are closed when neither direction uses them any more.
            while !isDone.withLock({ $0 }) { usleep(1000) }
            close(upstream)
        }
        port = listener.port
    }

    private static func pump(_ from: Int32, _ to: Int32, _ fault: Fault, _ position: Int) {
        var seen = 0
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(from, &part, part.count, 0)
            guard count > 0 else { break }
            var bytes = part[..<count]
            if (seen..<seen + count).contains(position) {
                switch fault {
                case .cut, .freeze: bytes = bytes.prefix(position - seen)
                case .flip: bytes[position - seen] ^= 0x10
                }
            }
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent == bytes.count else { break }
            seen += count
            guard seen > position, fault != .flip else { continue }
            if fault == .freeze { drainConnection(from) }
            break
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }
}

extension SSHTests {
    /// Whatever breaks and wherever, a command's end is told only when it is known.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
    struct CutTests {
        static let whole = Said(output: "said\n", errors: "erred\n", end: .exited(3))

        /// How many bytes go each way until the command has ended: a little more than 4 KiB down, 2 KiB up.
        static let positions = Array(stride(from: 0, through: 4800, by: 300))

        @Test(arguments: [(BadWire.Fault.cut, true), (.cut, false), (.flip, true), (.flip, false)])
        func brokenWireIsNeverAnEnd(_ fault: BadWire.Fault, _ fromServer: Bool) async throws {
            let server = try SSHDServer()
            var client = try Client()
            // A flipped length makes a packet that never comes.
            client.settings.deadlines.banner = .milliseconds(500)
            client.settings.deadlines.keyExchange = .milliseconds(500)
            client.settings.deadlines.authentication = .milliseconds(500)
            client.settings.deadlines.silence = .milliseconds(200)
            client.settings.deadlines.signOfLife = .milliseconds(300)
            var ends = 0, errors: [TransportError.Code: Int] = [:]
            for position in Self.positions {
                let wire = try BadWire(to: server.port, fault, fromServer: fromServer, at: position)
                var target = server.target
                target.port = wire.port
                do throws(TransportError) {
                    let connection = try await client.connect(target)
                    #expect(try await connection.run("echo said; echo erred >&2; exit 3") == Self.whole)
                    await connection.close()
                    ends += 1
                } catch {
                    errors[error.code, default: 0] += 1
                }
            }
            #expect(ends + errors.values.reduce(0, +) == Self.positions.count)
            #expect(ends > 0 && (errors[.unreachable] ?? 0) > 0, "\(ends) \(errors)")
            let allowed: Set<TransportError.Code> = [.unreachable, .busy, .lost, .authenticationFailed]
            #expect(Set(errors.keys).isSubset(of: allowed), "\(errors)")
        }

        @Test func silentWireIsALoss() async throws {
            let server = try SSHDServer()
            var client = try Client()
            client.settings.deadlines.silence = .milliseconds(200)
            client.settings.deadlines.signOfLife = .milliseconds(300)
            let wire = try BadWire(to: server.port, .freeze, fromServer: true, at: 20_000)
            var target = server.target
            target.port = wire.port
            let connection = try await client.connect(target)
            let channel = try await connection.open("head -c 100000 /dev/zero; sleep 60")
            let error = await #expect(throws: TransportError.self) { try await said(channel) }
            #expect(error?.code == .lost)
            await connection.close()
        }

        @Test func idleConnectionUsesNoTime() async throws {
            let server = try SSHDServer()
            let connection = try await Client().connect(server.target)
            let channel = try await connection.open("cat")
            try await channel.write([10])
            _ = try await channel.next()
            let before = processorTime()
            try await Task.sleep(for: .seconds(1))
            #expect(processorTime() - before < .milliseconds(100))
            await connection.close()
        }
    }
}
