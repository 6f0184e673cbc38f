import RunbookTestSupport

/// `strace` with its injections: a kill or an error at a chosen system call of the built program.
enum Strace {
    /// Whether it is here and may trace.
    static let isAvailable = (try? run(["strace", "-f", "-o", "/dev/null", "true"]).status) == 0
    static let missing = """
        strace is not installed or may not trace: apt-get install strace; \
        in a container --cap-add SYS_PTRACE
        """

    /// Calls that change something: on the disk, on the way to a host, on the screen.
    static let effects = [
        "write", "pwrite64", "fsync", "fdatasync", "fallocate", "rename", "renameat", "renameat2", "link",
        "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "ftruncate", "flock", "sendto", "sendmsg",
    ]

    /// The Nth call of a name; strace counts them for each thread and each name.
    struct Point: Equatable, CustomStringConvertible {
        let call: String
        let number: Int
        var description: String { "\(call) \(number)" }
    }

    /// One call as a trace tells it.
    struct Call {
        let thread: String
        let name: String
        /// The whole line, without the thread.
        let text: String
    }

    /// A command line that traces `calls` of what follows it, into `file`.
    ///
    /// On one processor Swift's pool has one thread, so that the calls of the files and of the screen are all
    /// made by it, and "the Nth" means the same in each run.
    static func prefix(
        _ calls: [String], into file: String, paths: [String] = [], inject: String? = nil
    ) -> [String] {
        ["taskset", "-c", "0", "strace", "-f", "-y", "-s", "4096", "-o", file]
            + paths.flatMap { ["-P", $0] }
            + ["-e", "trace=\(calls.joined(separator: ","))"]
            + (inject.map { ["-e", "inject=\($0)"] } ?? [])
    }

    static func calls(in trace: String) -> [Call] {
        trace.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2 else { return nil }
            let text = parts[1].drop { $0 == " " }
            let name = text.prefix { $0 != "(" }
            guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
                return nil
            }
            return Call(thread: String(parts[0]), name: String(name), text: String(text))
        }
    }

    /// Every point of a trace: for each call as many as the thread with the most of them made.
    static func points(in trace: String) -> [Point] {
        var counts: [String: [String: Int]] = [:]
        for call in calls(in: trace) { counts[call.name, default: [:]][call.thread, default: 0] += 1 }
        return counts.keys.sorted().flatMap { name in
            (1...(counts[name]?.values.max() ?? 1)).map { Point(call: name, number: $0) }
        }
    }
}
