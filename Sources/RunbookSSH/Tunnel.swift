import Glibc
import RunbookTransport
import Synchronization

/// The bytes of one connection inside of another one: a socket pair, whose one end libssh uses as if it led to
/// the host, and whose other end is carried through a channel of the host before.
enum Tunnel {
    /// Has the last host connect to the address. The answer is a socket that leads there.
    static func open(
        through last: SSHConnection, to address: SSHAddress, until deadline: ContinuousClock.Instant
    ) async throws(TransportError) -> OwnedSocket {
        let channel = try await openChannel(through: last, to: address, until: deadline)
        guard let bell = Bell(), let (ours, theirs) = makePair() else {
            throw TransportError(.local, host: address.host, "no socket pair: \(errorText(errno))")
        }
        let far = OwnedSocket(theirs)
        let near = TunnelEnd(descriptor: ours, channel: channel, bell: bell)
        let code = startDetachedThread { near.carryInput() }
        guard code == 0 else {
            throw TransportError(.local, host: address.host, "no thread: \(errorText(code))")
        }
        Task { await near.carryOutput() }
        return far
    }

    /// The last host's words for why it does not reach the address are that address's failure.
    private static func openChannel(
        through last: SSHConnection, to address: SSHAddress, until deadline: ContinuousClock.Instant
    ) async throws(TransportError) -> SSHChannel {
        let pending = Pending<SSHChannel>()
        let late = TransportError(
            .unreachable, host: address.host,
            "\(address.host) at \(address.description) did not answer in time, asked from the host before it",
            remedy: "is it up, and does the host before it reach it?")
        let opening = Task {
            do throws(TransportError) {
                pending.complete(.success(try await last.openTunnel(to: address.name, port: address.port)))
            } catch {
                var error = error
                error.host = address.host
                if error.code == .channelRefused {
                    error.code = .unreachable
                    error.remedy =
                        "is \(address.host) up, and does the host before it allow forwarding (AllowTcpForwarding)?"
                }
                pending.complete(.failure(error))
            }
        }
        defer { opening.cancel() }
        let cancelled = TransportError(.cancelled, host: address.host, "cancelled")
        return try await withTaskCancellationHandler {
            await pending.value(until: deadline, late: late)
        } onCancel: {
            pending.complete(.failure(cancelled))
        }.get()
    }

    private static func makePair() -> (Int32, Int32)? {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        return (ends[0], ends[1])
    }
}

/// A socket that is closed with its last owner, unless somebody took it: who was to take it may never come to it.
final class OwnedSocket: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit {
        let left = take()
        if left >= 0 { close(left) }
    }

    /// The descriptor, which is the caller's to close from now on; -1 when it was taken before.
    func take() -> Int32 {
        descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
    }
}

/// Our end of a tunnel's socket pair. Closed when both directions are at their end.
private final class TunnelEnd: Sendable {
    private let descriptor: Int32
    private let channel: SSHChannel
    private let bell: Bell

    init(descriptor: Int32, channel: SSHChannel, bell: Bell) {
        self.descriptor = descriptor
        self.channel = channel
        self.bell = bell
    }

    deinit { Glibc.close(descriptor) }

    /// From libssh to the host, on a thread that may block. It waits for each part to be taken, so that a slow
    /// host slows down whoever writes.
    func carryInput() {
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(descriptor, &part, part.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            let bytes = Array(part[..<count])
            Task {
                // A channel that is gone is noticed in the other direction.
                try? await channel.write(bytes)
                bell.ring()
            }
            while !waitForEvents(-1, 0, bell, until: nil).rang {}
        }
        Task { await channel.close() }
    }

    /// From the host to libssh, until the channel ends.
    func carryOutput() async {
        while case .output(let bytes) = try? await channel.next() {
            guard await send(bytes[...]) else { break }
        }
        // libssh reads the end of the stream, and the thread of the other direction wakes.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func send(_ bytes: ArraySlice<UInt8>) async -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                // The pair is full: its reader is a session's thread that is never away for long.
                try? await Task.sleep(for: .milliseconds(1))
            } else {
                return false
            }
        }
        return true
    }
}
