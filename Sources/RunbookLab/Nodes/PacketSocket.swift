import CRunbookLab
import Glibc

/// A unix socket of whole packets, over which descriptors can be passed.
final class PacketSocket: Sendable {
    /// A packet and the descriptors that came with it.
    struct Packet: Sendable {
        var bytes: [UInt8]
        var descriptors: [Descriptor]

        /// The texts of a packet that holds texts, each ended by NUL.
        var fields: [String] {
            var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            if parts.last?.isEmpty == true { parts.removeLast() }
            return parts.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The longest packet; `request_limit` of the C side.
    static let limit = 160 * 1024

    let descriptor: Descriptor

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
    }

    /// Two ends of a new connection.
    static func pair() -> (PacketSocket, PacketSocket)? {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        return (PacketSocket(Descriptor(ends[0])), PacketSocket(Descriptor(ends[1])))
    }

    /// A socket that takes connections under a name in a folder; nil with errno set.
    static func listen(in folder: Descriptor, name: String) -> Descriptor? {
        let fd = unsafe runbook_lab_listen_unix(folder.number, name)
        return fd < 0 ? nil : Descriptor(fd)
    }

    static func connect(in folder: Descriptor, name: String) -> PacketSocket? {
        let fd = unsafe runbook_lab_connect_unix(folder.number, name)
        return fd < 0 ? nil : PacketSocket(Descriptor(fd))
    }

    /// Waits for the next connection of a listening socket; nil when it was shut down.
    static func accept(_ listener: Descriptor) -> PacketSocket? {
        acceptConnection(listener).map(PacketSocket.init)
    }

    @discardableResult
    func send(_ bytes: [UInt8], passing descriptors: [Descriptor] = []) -> Bool {
        // Held until they are sent: see `Programs.start`.
        withExtendedLifetime(descriptors) {
            unsafe runbook_lab_send(
                descriptor.number, bytes, bytes.count, descriptors.map(\.number), descriptors.count) >= 0
        }
    }

    @discardableResult
    func send(_ fields: [String], passing descriptors: [Descriptor] = []) -> Bool {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += field.utf8
            bytes.append(0)
        }
        return send(bytes, passing: descriptors)
    }

    @discardableResult
    func send(number: Int32) -> Bool {
        unsafe send(withUnsafeBytes(of: number) { unsafe [UInt8]($0) })
    }

    /// Waits for a packet; nil when the other side is gone.
    func receive() -> Packet? {
        var passed = [Int32](repeating: -1, count: 8)
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.limit) { buffer, length in
            length = unsafe max(
                0,
                runbook_lab_receive(
                    descriptor.number, buffer.baseAddress, Self.limit, &passed, passed.count, &count))
        }
        if bytes.isEmpty { return nil }
        return Packet(bytes: bytes, descriptors: passed.prefix(count).map(Descriptor.init))
    }

    /// Waits for a packet that holds one number; nil when the other side is gone or sends something else.
    func receiveNumber() -> Int32? {
        guard let packet = receive(), packet.bytes.count == 4 else { return nil }
        return unsafe packet.bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: Int32.self) }
    }
}

/// Waits for the next connection of a listening socket; nil when it was shut down.
func acceptConnection(_ listener: Descriptor) -> Descriptor? {
    while true {
        let fd = runbook_lab_accept(listener.number)
        if fd >= 0 { return Descriptor(fd) }
        guard errno == EINTR || errno == ECONNABORTED || errno == EMFILE else { return nil }
        if errno == EMFILE { usleep(10_000) }
    }
}
