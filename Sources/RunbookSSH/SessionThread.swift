import CRunbookSSH
import Glibc
import RunbookModel
import RunbookTransport
import Synchronization

/// The thread that a session belongs to, and its inbox.
///
/// libssh allows one thread at a time in a session and has calls that wait, so each session gets a thread
/// of its own; the tasks of the cooperative pool only leave a job here and wait for its answer. The thread
/// sleeps in poll(2) on the socket and on an eventfd(2) that a new job rings.
final class SessionThread: Sendable {
    /// What the thread is to do with its session; nil: the session is over, for the reason in `ending`.
    typealias Job = @Sendable (Session?) -> Void

    fileprivate struct Inbox {
        var jobs: [Job] = []
        var isStopping = false
        /// Set when the thread takes no more jobs.
        var ending: TransportError?
    }

    let host: HostID
    let bell: Bell
    private let inbox = Mutex(Inbox())
    private let ended = Gate()

    private init(host: HostID, bell: Bell) {
        self.host = host
        self.bell = bell
    }

    /// Starts a thread with a new session that is not connected.
    static func start(host: HostID) throws(TransportError) -> SessionThread {
        guard let bell = Bell() else {
            throw TransportError(.local, host: host, "no eventfd: \(errorText(errno))")
        }
        let thread = SessionThread(host: host, bell: bell)
        let code = startDetachedThread { thread.main() }
        guard code == 0 else { throw TransportError(.local, host: host, "no thread: \(errorText(code))") }
        return thread
    }

    /// Leaves a job. It is always run once: with the session, or with nil.
    func submit(_ job: @escaping @Sendable (Session?) -> Void) {
        let (isAccepted, mustRing) = inbox.withLock { inbox -> (Bool, Bool) in
            guard inbox.ending == nil else { return (false, false) }
            inbox.jobs.append(job)
            return (true, inbox.jobs.count == 1)
        }
        if !isAccepted { job(nil) }
        if mustRing { bell.ring() }
    }

    /// Runs `body` on the thread and waits for its answer. A cancelled task gets `cancelled` at once.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (Session) throws(TransportError) -> Value
    ) async throws(TransportError) -> Value {
        try await request { session, pending in
            do throws(TransportError) {
                pending.complete(.success(try body(session)))
            } catch {
                pending.complete(.failure(error))
            }
        }
    }

    /// Runs `body` on the thread, which gives the answer then or later.
    func request<Value: Sendable>(
        _ body: @escaping @Sendable (Session, Pending<Value>) -> Void
    ) async throws(TransportError) -> Value {
        let pending = Pending<Value>()
        submit { session in
            if let session {
                body(session, pending)
            } else {
                pending.complete(.failure(self.ending))
            }
        }
        return try await pending.value(orCancelled: cancelled)
    }

    /// Why there is no session any more.
    var ending: TransportError {
        inbox.withLock { $0.ending }
            ?? TransportError(.lost, host: host, "the connection to \(host) is closed")
    }

    var cancelled: TransportError { TransportError(.cancelled, host: host, "cancelled") }

    /// Asks the thread to end its session; what waits in it ends soon with `cancelled` or `lost`.
    func stop() {
        inbox.withLock { $0.isStopping = true }
        bell.ring()
    }

    /// Whether it takes no more jobs, or soon will not.
    var isOver: Bool { inbox.withLock { $0.isStopping || $0.ending != nil } }

    var isStopping: Bool { inbox.withLock { $0.isStopping } }

    /// Waits until the thread is at its end.
    func join() async { await ended.pass() }

    private func main() {
        let session = Session(host: host, bell: bell, isStopping: { self.isStopping })
        var failure: TransportError?
        repeat {
            for job in inbox.withLock({ $0.take() }) { job(session) }
            if isStopping { break }
            failure = session.turn()
        } while failure == nil
        let ending =
            failure ?? TransportError(.lost, host: host, "the connection to \(host) was closed on this side")
        session.close(ending)
        let rest = inbox.withLock { inbox in
            inbox.ending = ending
            return inbox.take()
        }
        for job in rest { job(nil) }
        ended.open()
    }
}

extension SessionThread.Inbox {
    fileprivate mutating func take() -> [SessionThread.Job] {
        defer { jobs = [] }
        return jobs
    }
}

/// An eventfd(2): wakes a thread that sleeps in poll(2).
final class Bell: Sendable {
    let descriptor: Int32

    init?() {
        descriptor = runbook_ssh_bell()
        if descriptor < 0 { return nil }
    }

    deinit { Glibc.close(descriptor) }

    func ring() { runbook_ssh_ring(descriptor) }

    /// Makes it silent again.
    func hush() { runbook_ssh_hush(descriptor) }
}

/// Starts a thread that nobody joins. Answers 0 or an errno.
///
/// All signals are blocked in it: they belong to the thread of the program that waits for them.
func startDetachedThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
    var all = sigset_t(), before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            if let argument = unsafe argument {
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            }
            return nil
        }, box.toOpaque())
    guard code == 0 else {
        unsafe box.release()
        return code
    }
    return pthread_detach(thread)
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
