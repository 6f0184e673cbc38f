import Glibc
import RunbookModel
import RunbookTransport

/// An address that a name stands for.
struct ResolvedAddress: Sendable {
    var family: Int32
    var bytes: [UInt8]
    /// `192.0.2.1`, `fe80::1%eth0`
    var text: String
}

/// Finds the addresses of a name. It blocks as long as the resolver likes.
func resolve(_ address: SSHAddress) throws(TransportError) -> [ResolvedAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICHOST
    unsafe hints.ai_family = AF_UNSPEC
    var list: UnsafeMutablePointer<addrinfo>?
    var code = unsafe getaddrinfo(address.name, "\(address.port)", &hints, &list)
    if code != 0 {
        // For a literal address AI_ADDRCONFIG would hide ::1 where only the loopback device has IPv6.
        unsafe hints.ai_flags = AI_ADDRCONFIG
        code = unsafe getaddrinfo(address.name, "\(address.port)", &hints, &list)
    }
    guard code == 0 else {
        let why = code == EAI_SYSTEM ? errorText(errno) : unsafe String(cString: gai_strerror(code))
        throw TransportError(
            .unreachable, host: address.host,
            "the name \(address.name) of \(address.host) was not found: \(why)",
            remedy: "check the address of \(address.host) in the site file and this machine's name service")
    }
    defer { unsafe freeaddrinfo(list) }
    var found: [ResolvedAddress] = []
    var cursor = unsafe list
    while let entry = unsafe cursor {
        unsafe cursor = entry.pointee.ai_next
        let length = unsafe Int(entry.pointee.ai_addrlen)
        guard let start = unsafe UnsafeRawPointer(entry.pointee.ai_addr) else { continue }
        let bytes = unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        unsafe getnameinfo(
            entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
            NI_NUMERICHOST)
        let shown = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        found.append(ResolvedAddress(family: unsafe entry.pointee.ai_family, bytes: bytes, text: shown))
    }
    return found
}

/// One attempt to connect: how it failed.
enum ConnectFailure: Error {
    case system(Int32)
    case late
    case stopped
}

/// Connects a socket, waiting with poll(2) until the deadline or until `bell` rings and `isStopping`.
///
/// The socket has TCP_NODELAY (Nagle's delay and the peer's delayed acknowledgement cost 20 ms a command),
/// keep-alive probes, and fails when sent data is not acknowledged for 15 s.
func connectTCP(
    _ target: ResolvedAddress, until deadline: ContinuousClock.Instant, bell: Bell, isStopping: () -> Bool
) throws(ConnectFailure) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(target.family, kind, 0)
    guard descriptor >= 0 else { throw .system(errno) }
    do throws(ConnectFailure) {
        let started = unsafe target.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return EINVAL }
            let address = unsafe start.assumingMemoryBound(to: sockaddr.self)
            return unsafe connect(descriptor, address, socklen_t(bytes.count)) == 0 ? 0 : errno
        }
        guard started == 0 || started == EINPROGRESS else { throw .system(started) }
        while started != 0 {
            let events = waitForEvents(descriptor, Int32(POLLOUT), bell, until: deadline)
            if events.rang, isStopping() { throw .stopped }
            if events.socket != 0 { break }
            if ContinuousClock.now >= deadline { throw .late }
        }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0, code == 0 else {
            throw .system(code)
        }
    } catch {
        close(descriptor)
        throw error
    }
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 5)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 2)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 15_000)
    return descriptor
}

/// Acknowledge at once for a while. sshd has Nagle's delay on until the first session exists, so without
/// this its answer to the first channel waits for our delayed acknowledgement, 40 ms.
func acknowledgeAtOnce(_ descriptor: Int32) {
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
}

private func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}
