import Glibc
import Synchronization

/// A TCP proxy on 127.0.0.1 that cuts its first connection after a chosen byte.
///
/// What arrived up to that byte is passed on, then both sides see the connection end.
package final class CuttingProxy: Sendable {
    package enum Direction: Sendable, CaseIterable { case toServer, toClient }

    /// Where to cut, and what becomes of the connections after it.
    package struct Cut: Sendable, CustomStringConvertible {
        package var direction: Direction
        /// How many bytes of that direction pass.
        package var offset: Int
        /// Whether later connections are refused, as by a host that is gone.
        package var refusesAfter: Bool

        package init(_ direction: Direction, after offset: Int, refusesAfter: Bool) {
            self.direction = direction
            self.offset = offset
            self.refusesAfter = refusesAfter
        }

        package var description: String {
            "cut after byte \(offset) \(direction)\(refusesAfter ? ", then refused" : "")"
        }
    }

    package let port: UInt16
    private let link: Link
    private let listener: ScriptedListener

    package init(to server: UInt16) throws(SupportError) {
        let link = Link(server)
        self.link = link
        listener = try ScriptedListener { client in link.pass(client) }
        port = listener.port
    }

    /// Begins anew: the next connection is the first one.
    package func arm(_ cut: Cut?) { link.state.withLock { $0 = Link.State(cut: cut) } }

    package var wasCut: Bool { link.state.withLock { $0.wasCut } }

    /// How many bytes of the first connection had passed after each read.
    package func boundaries(_ direction: Direction) -> [Int] {
        link.state.withLock { $0.boundaries[direction] ?? [] }
    }
}

private final class Link: Sendable {
    struct State {
        var cut: CuttingProxy.Cut?
        var connections = 0
        var wasCut = false
        var boundaries: [CuttingProxy.Direction: [Int]] = [:]
    }

    let state = Mutex(State())
    private let server: UInt16

    init(_ server: UInt16) { self.server = server }

    /// Passes on what a client and the server say, until one of them ends or the cut comes.
    func pass(_ client: Int32) {
        let (isFirst, isRefused) = state.withLock { state in
            state.connections += 1
            return (state.connections == 1, state.wasCut && state.cut?.refusesAfter == true)
        }
        guard !isRefused, let upstream = try? connectLoopback(server) else { return }
        let back = BackDone()
        startThread { [self] in
            copy(from: upstream, to: client, .toClient, isFirst)
            back.isDone.withLock { $0 = true }
        }
        copy(from: client, to: upstream, .toServer, isFirst)
        // The descriptors are closed when neither thread uses them any more.
        while !back.isDone.withLock({ $0 }) { usleep(1000) }
        close(upstream)
    }

    private func copy(from: Int32, to: Int32, _ direction: CuttingProxy.Direction, _ isFirst: Bool) {
        var passed = 0
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe recv(from, $0.baseAddress, $0.count, 0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            let (allowed, isCut) = isFirst ? allowed(count, after: passed, direction) : (count, false)
            guard sendAll(to, part[..<allowed]), !isCut else { break }
            passed += count
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    /// How many of the next `count` bytes pass, and whether the cut comes after them.
    private func allowed(
        _ count: Int, after passed: Int, _ direction: CuttingProxy.Direction
    ) -> (Int, isCut: Bool) {
        state.withLock { state in
            state.boundaries[direction, default: []].append(passed + count)
            guard let cut = state.cut, cut.direction == direction, passed + count >= cut.offset else {
                return (count, false)
            }
            state.wasCut = true
            return (max(0, cut.offset - passed), true)
        }
    }
}

private final class BackDone: Sendable {
    let isDone = Mutex(false)
}

private func sendAll(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes {
            unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
