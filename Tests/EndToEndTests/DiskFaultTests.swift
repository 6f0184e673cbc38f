import Glibc
import RunbookTestSupport
import Testing

/// The state folder's disk failing under the built program.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct DiskFaultTests {
    private static let minutes = isLong ? 60 : 4

    /// One call on the state folder that fails: once, or from then on.
    struct Fault: CustomStringConvertible {
        let point: Strace.Point
        let error: String
        let isLasting: Bool
        var description: String { "\(point) says \(error)\(isLasting ? " from then on" : "")" }
        var injection: String { "\(point.call):error=\(error):when=\(point.number)\(isLasting ? "+" : "")" }
    }

    private static let calls = [
        "write", "fdatasync", "fsync", "fallocate", "ftruncate", "mkdirat", "openat", "renameat", "unlinkat",
        "flock",
    ]

    private static func paths(_ bench: Bench) -> [String] {
        [
            bench.folder.file("state"), bench.stateFolder, bench.stateFolder + "/output", bench.journal,
            bench.stateFolder + "/lock",
        ]
    }

    private static func trace(_ bench: Bench) throws -> String {
        String(decoding: try readFile(bench.folder.file("trace")), as: UTF8.self)
    }

    @Test(
        .timeLimit(.minutes(minutes)), .enabled(if: Strace.isAvailable, Comment(rawValue: Strace.missing)))
    func aCallOnTheStateFolderThatFailsStopsTheRunBeforeItLies() throws {
        let bench = try KillMatrixTests.bench()
        let paths = Self.paths(bench), trace = bench.folder.file("trace")
        let clean = try bench.runbook("run", prefix: Strace.prefix(Self.calls, into: trace, paths: paths))
        let points = Strace.points(in: try Self.trace(bench))
        let faults = points.flatMap { point in
            ["EIO", "ENOSPC"].flatMap { error in
                [false, true].map { Fault(point: point, error: error, isLasting: $0) }
            }
        }
        var stopped = 0, rescued = 0
        let tried = try sample(faults, seconds: 25, of: "failed call on the state folder") { fault in
            try bench.reset()
            let result = try bench.runbook(
                "run",
                prefix: Strace.prefix(Self.calls, into: trace, paths: paths, inject: fault.injection))
            var wrong = bench.violations(result.output, "with the fault")
            if result.status == 4 {
                stopped += 1
                wrong += try Self.wrongIn(result, bench)
                if result.errors.contains("the record was written to") { rescued += 1 }
            } else if result.output != clean.output || result.status != clean.status {
                wrong.append("it ended with \(result.status): \(result.output)\(result.errors)")
            }
            wrong += try bench.violationsOfGoingOn()
            #expect(wrong == [], "\(fault)")
            #expect(bench.lines("tries").count == 2, "\(fault)")
        }
        print(
            "failed call on the state folder: \(stopped) of \(tried) ended with 4, \(rescued) rescued a record"
        )
        #expect(stopped > 0)
    }

    /// What is wrong with a run that stopped because of its state folder.
    private static func wrongIn(_ result: CommandResult, _ bench: Bench) throws -> [String] {
        var wrong: [String] = []
        let message = result.errors.replacing(bench.folder.path, with: "DIR")
        if !message.contains("DIR/state") { wrong.append("the message names no path: \(message)") }
        if !message.hasSuffix(":\n  runbook run DIR/runbooks/small.yaml\n") {
            wrong.append("the message has no remedy: \(message)")
        }
        // Nothing is sent that is not in the journal.
        for step in bench.steps where bench.count(step) > 0 && !bench.intended.contains(step) {
            wrong.append("\(step) happened without an intent")
        }
        // Nor what the disk refused to keep.
        if let step = try refusedIntent(bench), bench.count(step) > 0 {
            wrong.append("\(step) happened although its intent was refused")
        }
        if let range = message.firstRange(of: "the record was written to ") {
            let place = String(message[range.upperBound...].prefix { $0 != "\n" })
                .replacing("DIR", with: bench.folder.path)
            let record = String(decoding: (try? readFile(place)) ?? [], as: UTF8.self)
            if !record.hasPrefix(#"{"v":1,"seq":"#) || !record.hasSuffix("\"}\n") {
                wrong.append("no record is at \(place): \(record)")
            }
        }
        return wrong
    }

    /// The step whose intent was the last record before the first call that failed, if that call was on the journal.
    private static func refusedIntent(_ bench: Bench) throws -> String? {
        var last: String?
        for call in Strace.calls(in: try trace(bench)) where call.text.contains("/journal.jsonl>") {
            if call.name == "write" { last = call.text.replacing("\\\"", with: "\"") }
            if call.text.contains("(INJECTED)") { return last.flatMap { bench.intent(in: $0) } }
        }
        return nil
    }

    /// The kernel takes part of a write and then refuses: RLIMIT_FSIZE.
    @Test(.timeLimit(.minutes(minutes)))
    func aFileThatMayNotGrowStopsTheRun() throws {
        let bench = try KillMatrixTests.bench()
        // In KiB; the journal of the whole run has about nine.
        try sample(Array(1...10), seconds: 10, of: "limit on the journal's length") { limit in
            try bench.reset()
            let result = try bench.runbook(
                "run", prefix: ["bash", "-c", "ulimit -f \(limit); exec \"$@\"", "bash"])
            var wrong = bench.violations(result.output, "with the limit")
            if result.status == 4 {
                let wholeTrace = bench.folder.file("trace")
                try writeFile(wholeTrace, [])
                wrong += try Self.wrongIn(result, bench)
            } else if result.status != 1 {
                wrong.append("it ended with \(result.status): \(result.errors)")
            }
            wrong += try bench.violationsOfGoingOn()
            #expect(wrong == [], "\(limit) KiB")
        }
    }

    static let canMount = getuid() == 0 && (try? run(["unshare", "-m", "true"]).status) == 0

    @Test(
        .timeLimit(.minutes(minutes)),
        .enabled(if: canMount, "a small file system can be mounted by root only, with CAP_SYS_ADMIN"))
    func aFullDiskStopsTheRunAndWithRoomItGoesOn() throws {
        let bench = try KillMatrixTests.bench()
        let place = bench.folder.file("small")
        unsafe mkdir(place, 0o700)
        bench.environment["RUNBOOK_STATE"] = place
        var stopped = 0
        try sample([4, 8, 16, 32, 64, 68, 72, 76, 80, 96, 128, 400], seconds: 10, of: "size of the disk") {
            size in
            try bench.reset()
            try runChecked(["mount", "-t", "tmpfs", "-o", "size=\(size)k", "runbook-test", place])
            defer { _ = try? run(["umount", place]) }
            let result = try bench.runbook("run")
            var wrong = bench.violations(result.output, "on the small disk")
            if result.status == 4 {
                stopped += 1
                if !result.errors.contains(place) { wrong.append("no path: \(result.errors)") }
            } else if result.status != 1 {
                wrong.append("it ended with \(result.status): \(result.errors)")
            }
            try runChecked(["mount", "-o", "remount,size=8m", place])
            wrong += try bench.violationsOfGoingOn()
            #expect(wrong == [], "\(size) KiB")
        }
        #expect(stopped > 0)
    }

    /// A step fills the disk that the journal lies on: what was reserved takes its outcome.
    @Test(
        .timeLimit(.minutes(minutes)),
        .enabled(if: canMount, "a small file system can be mounted by root only, with CAP_SYS_ADMIN"))
    func whatHappenedIsRecordedOnADiskThatFilledUpMeanwhile() throws {
        let bench = try Bench(
            """
              - id: fills
                name: Fill the disk
                host: box
                verify: { none: the test counts }
                run: |
                  cat /dev/zero > DIR/small/filler 2>/dev/null || :
                  echo x >> DIR/n/fills
            """, steps: ["fills"])
        let place = bench.folder.file("small")
        unsafe mkdir(place, 0o700)
        bench.environment["RUNBOOK_STATE"] = place
        try runChecked(["mount", "-t", "tmpfs", "-o", "size=512k", "runbook-test", place])
        defer { _ = try? run(["umount", place]) }
        let result = try bench.runbook("run")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try bench.runbook("status").output == "  done        fills on box\n")
        unsafe unlink(place + "/filler")
        #expect(try bench.violationsOfGoingOn() == [])
    }
}
