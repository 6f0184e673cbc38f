import CRunbookLab
import Glibc
import Synchronization

/// Starts programs of this machine and learns how they end.
///
/// In its pid namespace the lab's process is pid 1, so it must also reap the orphans that nodes leave: after
/// `becomeInit` one thread waits for every child, and hands on the status of those that somebody asked
/// about. In any other process each child has its own waiting thread, since others may have children too.
final class Programs: Sendable {
    private struct Children {
        var waiting: [pid_t: Signal<Int32>] = [:]
        /// The reaper waits for the first child before it can wait for all.
        var reaperRuns = false
    }

    static let shared = Programs()
    private static let isInit = Atomic(false)

    /// From now on all children of this process are waited for here. Before the first `start`.
    static func becomeInit() {
        isInit.store(true, ordering: .relaxed)
    }

    private let children = Mutex(Children())

    /// A program that was started.
    struct Child: Sendable {
        let pid: pid_t
        let ended: Signal<Int32>

        /// Waits for its end: exit status, or 128 + signal.
        func wait() -> Int32 {
            let status = ended.wait() ?? 0
            return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        }
    }

    /// Starts a program found on PATH.
    ///
    /// - Parameters:
    ///   - descriptors: what the program has as 0, 1, 2 … Anything else is closed. They are held until it has
    ///     started: an optimised build lets go of an object after its last use, and it closes itself then.
    ///   - ownSession: whether it leaves our terminal and process group.
    /// - Returns: nil with errno set when it cannot be started.
    func start(_ argv: [String], descriptors: [Descriptor], ownSession: Bool = false) -> Child? {
        let words = unsafe argv.map { unsafe strdup($0) } + [nil]
        defer { for index in argv.indices { unsafe free(words[index]) } }
        // Under the lock, so that the reaper cannot see it end before it is known.
        return children.withLock { children in
            let pid = withExtendedLifetime(descriptors) {
                unsafe runbook_lab_spawn(
                    words, descriptors.map(\.number), descriptors.count, ownSession ? 1 : 0)
            }
            guard pid > 0 else { return nil }
            let ended = Signal<Int32>()
            guard Self.isInit.load(ordering: .relaxed) else {
                startThread {
                    var status: Int32 = 0
                    while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                    ended.set(status)
                }
                return Child(pid: pid, ended: ended)
            }
            children.waiting[pid] = ended
            if !children.reaperRuns {
                children.reaperRuns = true
                startThread { self.reap() }
            }
            return Child(pid: pid, ended: ended)
        }
    }

    private func reap() {
        while true {
            var status: Int32 = 0
            let pid = unsafe waitpid(-1, &status, 0)
            if pid > 0 {
                children.withLock { $0.waiting.removeValue(forKey: pid) }?.set(status)
            } else if errno == ECHILD {
                let isOver = children.withLock { children in
                    guard children.waiting.isEmpty else { return false }
                    children.reaperRuns = false
                    return true
                }
                if isOver { return }
            }
        }
    }

    /// Runs a program to its end, with `input` as standard input and both outputs together.
    func run(_ argv: [String], input: String = "") -> (status: Int32, output: String) {
        guard let stdin = Descriptor.pipe(), let stdout = Descriptor.pipe() else { return (127, "no pipe") }
        guard
            let child = start(
                argv, descriptors: [stdin.reading, stdout.writing, stdout.writing])
        else { return (127, "\(argv[0]): \(systemText(errno))") }
        // Our copies of the program's ends must go first, or its output never ends.
        stdin.reading.close()
        stdout.writing.close()
        stdin.writing.writeAll([UInt8](input.utf8))
        stdin.writing.close()
        let output = String(decoding: stdout.reading.readAll(), as: UTF8.self)
        return (child.wait(), output)
    }
}
