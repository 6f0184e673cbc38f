import Glibc

/// What a program said and how it ended.
package struct CommandResult: Sendable, Equatable {
    /// The exit status, or 128 and the signal's number.
    package var status: Int32
    package var output: String
    package var errors: String
    package init(status: Int32, output: String, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// Runs a program found on PATH to its end. It blocks the thread: for what is short.
///
/// The input is its stdin; it must be small, since it is written before the output is read.
@discardableResult
package func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = ""
) throws(SupportError) -> CommandResult {
    let stdin = try pipePair(), stdout = try pipePair()
    let errorsFile = "/tmp/.runbook-run-\(getpid())-\(stdin.read)-\(UInt64.random(in: 0...UInt64.max))"
    let errors = unsafe open(errorsFile, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    unsafe unlink(errorsFile)
    defer { close(errors) }
    let process = try spawn(
        arguments, environment: environment, stdin: stdin.read, stdout: stdout.write, stderr: errors)
    close(stdin.read)
    close(stdout.write)
    let bytes = Array(input.utf8)
    _ = unsafe bytes.withUnsafeBytes {
        unsafe send(stdin.write, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    close(stdin.write)
    let output = readToEnd(stdout.read)
    close(stdout.read)
    let status = waitFor(process)
    lseek(errors, 0, SEEK_SET)
    return CommandResult(
        status: status, output: String(decoding: output, as: UTF8.self),
        errors: String(decoding: readToEnd(errors), as: UTF8.self))
}

/// Runs a program that must succeed and answers its stdout.
@discardableResult
package func runChecked(_ arguments: [String]) throws(SupportError) -> String {
    let result = try run(arguments)
    guard result.status == 0 else {
        throw SupportError(
            "\(arguments.joined(separator: " ")) ended with \(result.status): \(result.errors)")
    }
    return result.output
}

/// Starts a program; descriptor -1 is /dev/null. Every other descriptor of ours is close-on-exec.
package func spawn(
    _ arguments: [String], environment: [String: String] = [:], stdin: Int32 = -1, stdout: Int32 = -1,
    stderr: Int32 = -1
) throws(SupportError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [(0, stdin), (1, stdout), (2, stderr)] as [(Int32, Int32)] {
        if source >= 0 {
            unsafe posix_spawn_file_actions_adddup2(&actions, source, target)
        } else {
            unsafe posix_spawn_file_actions_addopen(
                &actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
        }
    }
    // Signals that the test runner blocks or ignores must reach the child as usual.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t(), all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

    var variables: [String] = []
    var cursor = unsafe environ
    while let entry = unsafe cursor.pointee {
        let text = unsafe String(cString: entry)
        let name = String(text.prefix { $0 != "=" })
        if environment[name] == nil { variables.append(text) }
        unsafe cursor += 1
    }
    variables += environment.map { "\($0.key)=\($0.value)" }

    var process: pid_t = 0
    let code = unsafe withCStrings(arguments) { arguments in
        unsafe withCStrings(variables) { variables in
            guard let program = unsafe arguments[0] else { return EINVAL }
            return unsafe posix_spawnp(&process, program, &actions, &attributes, arguments, variables)
        }
    }
    guard code == 0 else { throw SupportError("cannot start \(arguments.first ?? ""), errno \(code)") }
    return process
}

/// Waits for a child and answers its exit status, or 128 and the signal's number.
@discardableResult
package func waitFor(_ process: Int32) -> Int32 {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
}

private func pipePair() throws(SupportError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    // A socket pair: pipe2 is not in Swift's Glibc, and without close-on-exec from the start a process that
    // another test starts at this moment would hold an end open.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
        throw SupportError("no socket pair, errno \(errno)")
    }
    return (ends[0], ends[1])
}

private func withCStrings(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
) -> Int32 {
    var pointers = unsafe texts.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { unsafe $0.baseAddress.map { unsafe body($0) } ?? EINVAL }
}
