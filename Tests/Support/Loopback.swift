import Glibc

/// A port of 127.0.0.1 that nothing listened on a moment ago.
package func freePort() throws(SupportError) -> UInt16 {
    let descriptor = try listener(port: 0)
    defer { close(descriptor.descriptor) }
    return descriptor.port
}

/// Listens on 127.0.0.1; port 0 takes a free one. The caller closes the descriptor.
package func listener(port: UInt16 = 0) throws(SupportError) -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard bound else {
        close(descriptor)
        throw SupportError("cannot listen on 127.0.0.1:\(port), errno \(errno)")
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Connects to a port of 127.0.0.1. The caller closes the descriptor.
package func connectLoopback(_ port: UInt16) throws(SupportError) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    let isConnected = unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isConnected else {
        close(descriptor)
        throw SupportError("nothing listens on 127.0.0.1:\(port)")
    }
    return descriptor
}

/// Whether something accepts connections on that port.
func accepts(port: UInt16) -> Bool {
    guard let descriptor = try? connectLoopback(port) else { return false }
    close(descriptor)
    return true
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return address
}
