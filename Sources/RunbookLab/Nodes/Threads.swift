import Glibc
import Synchronization

// The lab's own threads. Everything that may wait for a node, a program or a client waits on one of these,
// never on Swift's pool: that has as many threads as the machine has cores, and the model runs there.

/// Starts a thread that runs `body` once.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = unsafe Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
    var thread = pthread_t()
    let failed = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    if failed != 0 {
        unsafe box.release()
        fatalError("the lab cannot start a thread: \(systemText(failed))")
    }
}

/// Runs something that blocks on a thread of its own and waits for it without blocking the pool.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        startThread { continuation.resume(returning: body()) }
    }
}

/// Waits on an own thread for something asynchronous. Never call it on the pool.
func blockUntilDone<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
    let signal = Signal<Value>()
    Task { signal.set(await body()) }
    return signal.wait()
}

/// A value that one thread sets and another waits for.
final class Signal<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let ends = Descriptor.pipe()

    /// Becomes readable when the value is there, for use with `poll`.
    var descriptor: Int32 { ends?.reading.number ?? -1 }

    func set(_ new: Value) {
        value.withLock { $0 = new }
        ends?.writing.writeAll([1])
    }

    func wait() -> Value? {
        _ = ends?.reading.waitFor(Int16(POLLIN))
        return value.withLock { $0 }
    }
}
