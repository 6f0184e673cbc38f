import Glibc

/// A TCP server on 127.0.0.1 that does to each connection what a test says, each in a thread of its own.
package final class ScriptedListener: Sendable {
    package let port: UInt16
    private let listening: Int32

    /// The script gets the connected descriptor, which is closed after it.
    package init(_ script: @escaping @Sendable (Int32) -> Void) throws(SupportError) {
        let (listening, port) = try listener()
        self.listening = listening
        self.port = port
        startThread {
            while true {
                let connection = accept(listening, nil, nil)
                guard connection >= 0 else { break }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                startThread {
                    script(connection)
                    close(connection)
                }
            }
            close(listening)
        }
    }

    // It wakes the accepting thread, which then closes the descriptor.
    deinit { shutdown(listening, Int32(SHUT_RDWR)) }
}

/// Sends a text; false when the other side is gone.
@discardableResult
package func sendText(_ descriptor: Int32, _ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return unsafe bytes.withUnsafeBytes {
        unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) == $0.count
    }
}

/// Reads what the other side sends until it closes the connection.
package func drainConnection(_ descriptor: Int32) { _ = readToEnd(descriptor) }

/// Runs `body` in a thread that nobody joins.
package func startThread(_ body: @escaping @Sendable () -> Void) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            }
            return nil
        }, box.toOpaque())
    pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
