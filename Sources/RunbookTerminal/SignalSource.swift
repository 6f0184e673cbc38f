import Glibc
import Synchronization

/// A wish from outside that the program ends.
package enum EndSignal: Int32, Sendable, CaseIterable {
    case hangup = 1
    case interrupt = 2
    case terminate = 15
}

/// SIGINT, SIGTERM and SIGHUP as a stream of values, taken by one thread that waits for them.
///
/// A signal that was ignored when the program began (nohup) stays ignored. SIGPIPE is ignored from here on:
/// a closed pipe is an error of `write`. Programs that are started later inherit both the blocked signals and
/// the ignored one: who starts them resets both.
package final class SignalSource: Sendable {
    /// Every signal, in order; kept until it is read. The stream has no end.
    package let signals: AsyncStream<EndSignal>

    private let continuation: AsyncStream<EndSignal>.Continuation
    private let count = Mutex(0)
    /// The thread that takes the signals.
    let waiter = Mutex<pthread_t?>(nil)
    private let onRepeat: @Sendable (EndSignal) -> Void

    /// Blocks the signals in the calling thread and all threads made after, so it is called first in `main`.
    ///
    /// - Parameter onRepeat: Called on the waiting thread for the second signal and each one after, also when
    ///   nobody reads the stream: the place to restore the terminal and leave at once.
    package init(onRepeat: @escaping @Sendable (EndSignal) -> Void) {
        (signals, continuation) = AsyncStream.makeStream()
        self.onRepeat = onRepeat
        Self.ignoreBrokenPipes()
        let taken = EndSignal.allCases.filter { !Self.isIgnored($0.rawValue) }
        Self.block(taken)
        let waiter = onOwnThread { [self] in wait(for: taken) }
        self.waiter.withLock { $0 = waiter }
        // Without this thread the signals would wait for ever; let them act as they did before instead.
        if waiter == nil { Self.unblock(taken) }
    }

    /// Lets `write` to a pipe that nobody reads fail instead of ending the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

    private func deliver(_ signal: EndSignal) {
        let number = count.withLock { count in
            count += 1
            return count
        }
        continuation.yield(signal)
        if number > 1 { onRepeat(signal) }
    }

    private func wait(for taken: [EndSignal]) {
        var set = Self.set(of: taken)
        while true {
            var number: Int32 = 0
            guard unsafe sigwait(&set, &number) == 0, let signal = EndSignal(rawValue: number) else {
                continue
            }
            deliver(signal)
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(number, nil, &action) == 0 else { return false }
        // SIG_IGN is the number 1 in the place of a function.
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    private static func set(of signals: [EndSignal]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }

    private static func block(_ signals: [EndSignal]) {
        var set = set(of: signals)
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static func unblock(_ signals: [EndSignal]) {
        var set = set(of: signals)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
