import RunbookDigest
import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// `fetch`: a file of the host is brought here, and is its own check.
@Suite struct FetchTests {
    private static let path = "/root/x.tgz", place = "fetched/test@home/a/root/x.tgz"

    private static func plan(_ hosts: [String] = ["a"], _ change: (inout Step) -> Void = { _ in }) -> Plan {
        var step = Step("s")
        step.hosts = hosts.map { HostID($0) }
        step.action = .fetch(FetchAction(path: Template(path)))
        change(&step)
        var plan = Plan(step)
        plan.siteName = "home"
        return plan
    }

    private static let connect = Turn("connect a", .connected())
    private static func asked(file: String?, here: String?) -> Turn {
        Turn(
            "ask s on a: a[read \(path); look \(place)]",
            .answers([], files: file.map { [path: $0] } ?? [:], here: here.map { [place: $0] } ?? [:]))
    }
    private static let digest = sha256([UInt8]("new".utf8)).hex
    private static let records = [
        "began", "host a boot 1", "output s on a file=\(place)", "output s on a sha256=\(digest)",
    ]

    @Test func aFileThatIsNotHereIsBroughtAndNothingIsSentToTheHost() {
        let run = Drive(
            Self.plan(),
            [
                Self.connect, Self.asked(file: "new", here: nil),
                Turn("keep s on a \(Self.place) `new`", .kept()),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.records == Self.records + ["settled s on a fetched", "finished"])
        guard case .settled(let settled)? = run.entries.dropLast().last else {
            Issue.record("not settled")
            return
        }
        #expect(settled.reason == "\(Self.place), 3 bytes")
    }

    @Test func theSameFileWasSo() {
        let run = Drive(Self.plan(), [Self.connect, Self.asked(file: "new", here: "new")])
        #expect(run.problem == nil)
        #expect(run.records == Self.records + ["settled s on a was-so", "finished"])
    }

    @Test func anotherOneKeepsANameOfItsOwn() {
        let run = Drive(
            Self.plan(),
            [
                Self.connect, Self.asked(file: "new", here: "old"),
                Turn("keep s on a \(Self.place) `new`", .kept(older: "x.tgz.1")),
            ])
        #expect(run.problem == nil)
        guard case .settled(let settled)? = run.entries.dropLast().last else {
            Issue.record("not settled")
            return
        }
        #expect(settled.reason == "\(Self.place), 3 bytes; another one that was there is now x.tgz.1")
    }

    @Test func aFileThatIsNotOnTheHostFailsWithNothingIssued() {
        let run = Drive(Self.plan(), [Self.connect, Self.asked(file: nil, here: nil)])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(run.failures.map(\.reasons) == [["a has no file /root/x.tgz"]])
        #expect(run.failures.map(\.nothingIssued) == [true])
    }

    @Test func whatCannotBeKeptFailsAndTheNextRunTriesAgain() {
        let keep = "keep s on a \(Self.place) `new`"
        let first = Drive(
            Self.plan(),
            [Self.connect, Self.asked(file: "new", here: nil), Turn(keep, .notKept("no space left"))])
        #expect(first.problem == nil)
        #expect(first.failures.map(\.reasons) == [["no space left"]])
        let second = Drive(
            Self.plan(), after: first.entries,
            [Self.connect, Self.asked(file: "new", here: nil), Turn(keep, .kept())])
        #expect(second.problem == nil)
        #expect(second.end == .complete)
    }

    /// The records of a run, cut off behind each: the next process comes to the same end.
    @Test func aProcessThatDiesMeanwhileIsGoneOnWith() {
        let whole = Drive(
            Self.plan(),
            [
                Self.connect, Self.asked(file: "new", here: nil),
                Turn("keep s on a \(Self.place) `new`", .kept()),
            ])
        for count in 1..<whole.entries.count {
            let left = Array(whole.entries.prefix(count))
            let isSettled = History(left).standing(of: Unit("s", "a")).isFinished
            let next = Drive(
                Self.plan(), after: left,
                isSettled
                    ? [
                        Self.connect,
                        Turn("ask all: a[look \(Self.place)]", .answers([], here: [Self.place: "new"])),
                    ]
                    : [Self.connect, Self.asked(file: "new", here: "new")])
            #expect(next.problem == nil, "after \(count)")
            #expect(next.end == .complete, "after \(count)")
        }
    }

    static let ends: [(String?, RunEnd)] = [
        ("new", RunEnd.complete),
        ("other", .undecided(Unit("s", "a"), "s on a is no longer true: \(place) is not what was brought")),
        (nil, .undecided(Unit("s", "a"), "s on a is no longer true: \(place) is not on this machine")),
    ]

    @Test(arguments: ends) func whenItIsDoneOnlyWhatIsHereCounts(_ here: String?, _ end: RunEnd) {
        let done =
            [Earlier.began, Earlier.host("a")] + [
                .output(Unit("s", "a"), name: "sha256", value: .string(Self.digest)),
                Earlier.settled("s", "a", .fetched), .finished(time: "then"),
            ]
        let run = Drive(
            Self.plan(), after: done,
            [
                Self.connect,
                Turn(
                    "ask all: a[look \(Self.place)]", .answers([], here: here.map { [Self.place: $0] } ?? [:])
                ),
            ])
        #expect(run.problem == nil)
        #expect(run.end == end)
    }

    @Test func requireAndVerifyAreAskedAsOfEveryStep() {
        let plan = Self.plan {
            $0.require = [Question("may s")]
            $0.verify = [Question("works")]
        }
        let run = Drive(
            plan,
            [
                Self.connect, Self.asked(file: "new", here: nil),
                Turn("ask s on a: a[may s]", .answers(.yes)),
                Turn("keep s on a \(Self.place) `new`", .kept()), Turn("ask s on a: a[works]", .answers(.no)),
            ])
        #expect(run.problem == nil)
        #expect(run.failures.map(\.reasons) == [["`works` on a said no"]])
    }

    @Test func eachHostHasAFolderOfItsOwnAlsoTogether() {
        let plan = Self.plan(["a", "b"]) { $0.order = .together }
        let other = "fetched/test@home/b/root/x.tgz"
        let run = Drive(
            plan,
            [
                Self.connect, Turn("connect b", .connected()), Self.asked(file: "new", here: nil),
                Turn(
                    "ask s on b: b[read \(Self.path); look \(other)]", .answers([], files: [Self.path: "b"])),
                Turn("keep s on a \(Self.place) `new`", .kept()), Turn("keep s on b \(other) `b`", .kept()),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test(arguments: ["/root/../etc/shadow", "/", "relative", "/root/a\nb", "/./x"])
    func aPathThatLeadsOutIsRefused(_ path: String) {
        let plan = Self.plan { $0.action = .fetch(FetchAction(path: Template(path))) }
        let run = Drive(plan, [Self.connect])
        #expect(run.problem == nil)
        #expect(run.end == .failed(Unit("s", "a")))
        #expect(
            run.failures.first?.reasons.first?.hasSuffix("is no path of a file that can be kept here") == true
        )
    }
}
