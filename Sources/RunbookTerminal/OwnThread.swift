import Glibc

/// Runs `body` on a new thread of its own, for calls that block: the threads of the cooperative pool are few.
///
/// Answers nil when the system gives no more threads; `body` then never runs.
func onOwnThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let box = unsafe Unmanaged.passRetained(Body(run: body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        unsafe box.release()
        return nil
    }
    pthread_detach(thread)
    return thread
}

private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
