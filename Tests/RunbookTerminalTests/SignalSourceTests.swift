import Glibc
import Synchronization
import Testing

@testable import RunbookTerminal

/// Each in a process of its own: signals are the process's. Its main thread exists already and blocks
/// nothing, so the signals are sent to the thread that waits for them, where the kernel would send them in
/// the program.
@Suite(.timeLimit(.minutes(1))) struct SignalSourceTests {
    static func send(_ signal: Int32, to source: SignalSource) {
        guard let waiter = source.waiter.withLock({ $0 }) else { _exit(100) }
        pthread_kill(waiter, signal)
    }

    @Test func signalsComeAsValuesAndTheSecondAlsoAtOnce() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let source = SignalSource(onRepeat: { signal in
                if signal == .terminate { _exit(7) }
            })
            Self.send(SIGINT, to: source)
            var signals = source.signals.makeAsyncIterator()
            guard await signals.next() == .interrupt else { _exit(1) }
            Self.send(SIGTERM, to: source)
            try? await Task.sleep(for: .seconds(20))
        }
    }

    @Test func ignoredSignalStaysIgnored() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = signal(SIGHUP, SIG_IGN)
            let source = SignalSource(onRepeat: { _ in _exit(2) })
            Self.send(SIGHUP, to: source)
            Self.send(SIGTERM, to: source)
            var signals = source.signals.makeAsyncIterator()
            _exit(await signals.next() == .terminate ? 7 : 1)
        }
    }

    @Test func threadsMadeAfterwardsBlockTheSignals() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = SignalSource(onRepeat: { _ in _exit(2) })
            let child = onOwnThread {
                var blocked = sigset_t()
                guard unsafe pthread_sigmask(SIG_BLOCK, nil, &blocked) == 0 else { _exit(3) }
                for signal in [SIGHUP, SIGINT, SIGTERM] {
                    guard unsafe sigismember(&blocked, signal) == 1 else { _exit(4) }
                }
                _exit(7)
            }
            guard child != nil else { _exit(5) }
            try? await Task.sleep(for: .seconds(20))
        }
    }

    @Test func closedPipeIsAnErrorOfWrite() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = SignalSource(onRepeat: { _ in _exit(2) })
            var ends: [Int32] = [-1, -1]
            guard unsafe pipe(&ends) == 0 else { _exit(3) }
            close(ends[0])
            let writer = LineWriter(ends[1])
            writer.writeLine("x")
            _exit(writer.error == .closed ? 7 : 1)
        }
    }
}
