import Glibc
import RunbookTestSupport
import Testing

/// A journal that lost its end after commands had left.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct TornTailTests {
    private static func step(_ id: String, _ run: String) -> String {
        """
          - id: \(id)
            name: Step \(id)
            host: box
            verify: { none: the test counts }
            interrupted: ask
            run: \(run)

        """
    }

    /// Where to cut a record: everywhere, or at some bytes.
    private static func places(_ begin: Int, _ end: Int) -> [Int] {
        isLong
            ? Array(begin..<end)
            : [begin, begin + 1, begin + 13, begin + 60, (begin + end) / 2, end - 40, end - 2, end - 1]
    }

    private static func ends(_ journal: [UInt8]) -> [Int] {
        journal.indices.filter { journal[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    /// The process died while the command ran, and the disk lost some of the intent, or all of it: then nothing
    /// in the file tells, and the host does.
    @Test(.timeLimit(.minutes(isLong ? 30 : 2)))
    func aTornIntentIsAskedOfTheHostAndNothingHappensTwice() throws {
        let bench = try Bench(
            Self.step("before", "echo x >> DIR/n/before")
                + Self.step(
                    "sent", "touch DIR/ready; sleep 1; echo x >> DIR/n/sent")
                + Self.step("after", "echo x >> DIR/n/after"), steps: ["before", "sent", "after"])
        let process = try bench.start("run")
        #expect(bench.waits { unsafe access(bench.folder.file("ready"), F_OK) == 0 })
        kill(process, SIGKILL)
        waitFor(process)
        #expect(bench.waits { bench.count("sent") == 1 })
        // The supervisor writes the end a moment after the command's last act.
        usleep(300_000)
        try bench.keep("killed")
        let journal = try readFile(bench.journal)
        let ends = Self.ends(journal)
        let places = Self.places(ends[ends.count - 2], journal.count)
        try sample(places, seconds: 10, of: "torn intent") { length in
            try bench.restore("killed")
            try writeFile(bench.journal, Array(journal[..<length]))
            // A torn record is asked about; without a trace of it the host refuses the second issue.
            let isGone = length == places.first
            #expect(
                try bench.violationsOfGoingOn(tries: isGone ? 1 : 0, accepts: Self.isOlderJournal) == [],
                "the journal cut to \(length) bytes of \(journal.count)")
        }
    }

    /// The journal is older than the host by more than one record: the host is believed, one step a run.
    @Test(.timeLimit(.minutes(isLong ? 60 : 2)))
    func anOlderJournalLetsNothingHappenTwice() throws {
        let steps = ["one", "two", "three"]
        let bench = try Bench(
            steps.map { Self.step($0, "echo x >> DIR/n/\($0)") }.joined(), steps: steps)
        #expect(try bench.runbook("run").status == 0)
        try bench.keep("finished")
        let journal = try readFile(bench.journal)
        let ends = Self.ends(journal)
        var places: [Int] = []
        // From the first intent on: the two records before it name the run and the host.
        for (begin, end) in zip(ends.dropFirst(), ends.dropFirst(2)) { places += Self.places(begin, end) }
        try sample(places, seconds: 15, of: "older journal") { length in
            try bench.restore("finished")
            try writeFile(bench.journal, Array(journal[..<length]))
            #expect(
                try bench.violationsOfGoingOn(tries: 4, accepts: Self.isOlderJournal) == [],
                "the journal cut to \(length) bytes of \(journal.count)")
        }
    }

    private static func isOlderJournal(_ result: CommandResult) -> Bool {
        result.status == 4 && result.errors.firstRange(of: "This journal is older than the host") != nil
    }
}
