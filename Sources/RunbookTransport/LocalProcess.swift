import Glibc
import Synchronization

// This file and no other of the room writes `unsafe`: posix_spawn, poll and threads have no safe face in
// Swift. Every pointer here lives for one call, and nothing of it leaves the file.

/// A child process with our ends of its stdin, stdout and stderr. Whoever has it closes the three.
struct LocalProcess: Sendable {
    var pid: pid_t
    /// A socket, not a pipe: only a socket can be written to without a SIGPIPE for this whole process.
    var input: Int32
    var output: Int32
    var errors: Int32

    enum Failure: Error { case errno(Int32) }

    /// Starts `arguments[0]` in a session of its own, with default signal actions and no other descriptor.
    ///
    /// The environment is a list of `NAME=value`; nil: this process's.
    static func start(_ arguments: [String], environment: [String]?) throws(Failure) -> LocalProcess {
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, stream, 0, &input) == 0 else { throw .errno(errno) }
        // pipe2 is not imported. The lock keeps our own children from inheriting a pipe between its making and
        // its marking; another's child that does only delays an end of file, which nothing here waits for.
        let child = spawning.withLock { _ -> (pid: pid_t, failure: Int32) in
            guard unsafe pipe(&output) == 0, unsafe pipe(&errors) == 0 else { return (0, errno) }
            for descriptor in output + errors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            return spawn(arguments, environment, descriptors: [input[1], output[1], errors[1]])
        }
        closeAll([input[1], output[1], errors[1]])
        guard child.failure == 0 else {
            closeAll([input[0], output[0], errors[0]])
            throw .errno(child.failure)
        }
        return LocalProcess(pid: child.pid, input: input[0], output: output[0], errors: errors[0])
    }

    private static let spawning = Mutex(())

    private static func closeAll(_ descriptors: [Int32]) {
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String]?, descriptors: [Int32]
    ) -> (pid: pid_t, failure: Int32) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        // POSIX_SPAWN_SETSID is 0x80 in glibc's spawn.h (since 2.26); the importer skips it.
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | 0x80))

        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe (environment ?? []).map { unsafe strdup($0) }
        unsafe words.append(nil)
        unsafe variables.append(nil)
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var pid: pid_t = 0
        guard let program = unsafe words[0] else { return (0, EINVAL) }
        let failure =
            environment == nil
            ? unsafe posix_spawn(&pid, program, &actions, &attributes, &words, environ)
            : unsafe posix_spawn(&pid, program, &actions, &attributes, &words, &variables)
        return (pid, failure)
    }
}

/// System calls on descriptors, without a pointer in their signatures.
enum Descriptor {
    /// nil: nothing there now. Empty: the end.
    static func read(_ descriptor: Int32) -> [UInt8]? {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            let length = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            failed = length < 0 && (errno == EAGAIN || errno == EINTR)
            count = max(length, 0)
        }
        return failed ? nil : bytes
    }

    /// Sends what fits to a socket; nil: the other side is gone.
    static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int? {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let length = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, flags)
        }
        if length >= 0 { return length }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    static func doNotBlock(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

    /// Waits until one of them is ready, at most so many milliseconds. The answer goes with the descriptors.
    static func wait(reading: [Int32], writing: [Int32], milliseconds: Int32) -> Set<Int32> {
        var polls =
            reading.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            + writing.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        _ = unsafe poll(&polls, nfds_t(polls.count), milliseconds)
        return Set(polls.filter { $0.revents != 0 }.map(\.fd))
    }

    /// Two ends: what is sent into the first wakes whoever waits for the second. (eventfd is not imported.)
    static func makeBell() -> (button: Int32, clapper: Int32) {
        var ends: [Int32] = [-1, -1]
        let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        _ = unsafe socketpair(AF_UNIX, stream, 0, &ends)
        return (ends[0], ends[1])
    }

    /// The wait status of a child that has ended; nil: it has not.
    static func reap(_ pid: pid_t, waiting: Bool) -> Int32? {
        var status: Int32 = 0
        while true {
            let answer = unsafe waitpid(pid, &status, waiting ? 0 : WNOHANG)
            if answer == pid { return status }
            if answer == 0 { return nil }
            // Somebody else has waited for it: how it ended is lost.
            if errno != EINTR { return -1 }
        }
    }
}

/// Runs `body` on a thread of its own, which may block.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // The box is released exactly once: by the thread that takes it over, or here when there is none.
    let box = unsafe Unmanaged.passRetained(Box(body))
    let failure = unsafe pthread_create(
        &thread, &attributes,
        { box in
            guard let box = unsafe box else { return nil }
            unsafe Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if failure != 0 {
        unsafe box.release()
        preconditionFailure("no thread: \(failure)")
    }
}
