import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Synchronization
import Testing

@testable import RunbookEngine

/// The runner: record, act, record, in this order; and a run that always ends.
@Suite struct RunnerTests {
    /// What happened, in order, across log, hosts and view.
    final class Diary: Sendable {
        private let state = Mutex([String]())
        func write(_ line: String) { state.withLock { $0.append(line) } }
        var lines: [String] { state.withLock { $0 } }
    }

    /// Fails at the append of this number, from 1, and at every later one.
    struct Log: EntryLog {
        let diary: Diary
        var failsAt = Int.max
        let count = Counter()
        final class Counter: Sendable {
            private let value = Mutex(0)
            func next() -> Int {
                value.withLock {
                    $0 += 1
                    return $0
                }
            }
        }
        func append(_ entry: Entry) async throws(EntryLogProblem) {
            guard count.next() < failsAt else { throw EntryLogProblem("no space") }
            diary.write("record \(entry.line)")
        }
    }

    struct View: RunView {
        let diary: Diary
        func show(_ event: RunEvent) async {
            switch event {
            case .settled(let unit, _, let how, _): diary.write("show \(unit) \(how)")
            case .leftOut(let unit, let reason): diary.write("left out \(unit): \(reason)")
            case .note(let text): diary.write("note \(text)")
            default: break
            }
        }
    }

    struct Nobody: Person {
        func ask(_ prompt: Prompt) async -> String? { nil }
    }

    /// Every look finds nothing, every file is refused.
    struct NoFolder: FetchedFolder {
        func look(at place: FetchedPlace) async -> FetchedState { .missing }
        func keep(_ bytes: [UInt8], at place: FetchedPlace) async throws(EngineProblem) -> KeptFile {
            throw EngineProblem("there is no room for \(place.path)")
        }
    }

    struct Source: SessionSource {
        let diary: Diary
        var folder = HostFacts.Folder.ours
        var hangs = false
        var unreachable: Set<HostID> = []
        func open(_ host: HostID, _ target: SiteHost, run: RunID) async throws(TransportError) -> OpenSession
        {
            guard !unreachable.contains(host) else {
                throw TransportError(.unreachable, host: host, "no way")
            }
            let session = Session(host: host, diary: diary, folder: folder, hangs: hangs)
            return OpenSession(session: session, hostKey: "key", operatorKey: nil)
        }
        func probe(_ host: HostID, _ target: SiteHost) async throws(TransportError) {}
    }

    /// A host on which every question says yes after a command has run, and no before.
    final class Session: HostSession {
        let host: HostID
        let diary: Diary
        let folder: HostFacts.Folder
        let hangs: Bool
        init(host: HostID, diary: Diary, folder: HostFacts.Folder, hangs: Bool) {
            self.host = host
            self.diary = diary
            self.folder = folder
            self.hangs = hangs
        }

        func greet(run: RunID, isNew: Bool) async throws(TransportError) -> HostFacts {
            diary.write("greet \(host)\(isNew ? " as new" : "")")
            return HostFacts(
                bootID: "boot 1", machineID: "machine \(host)", initStart: "1", clock: 0, user: "root",
                userID: 0,
                nodeName: host.rawValue, folder: isNew ? .made : folder)
        }
        func ask(
            _ questions: [QuestionRequest], environment: [ShellVariable]
        ) async throws(TransportError) -> [Answer] { questions.map { _ in Answer(.yes) } }
        func attempt(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply {
            diary.write("attempt \(request.id)")
            if hangs { try? await Task.sleep(for: .seconds(600)) }
            return .ended(
                .init(), AttemptEnd(.exited(0)), after: request.after.map { _ in Answer(.yes) })
        }
        func lookUp(_ id: AttemptID) async throws(TransportError) -> AttemptState { .unclaimed }
        func follow(
            _ id: AttemptID, after: [QuestionRequest], environment: [ShellVariable]
        ) async throws(TransportError) -> AttemptReply { .refused(.vanished) }
        func fence(_ id: AttemptID) async throws(TransportError) -> FenceResult { .fenced }
        func stop(_ id: AttemptID) async throws(TransportError) {}
        func forget(_ id: AttemptID) async throws(TransportError) {}
        func read(_ path: String, limit: Int) async throws(TransportError) -> HostFile? { nil }
        func capture(
            _ script: String, timeout: Duration, limit: Int
        ) async throws(TransportError) -> [UInt8] { [] }
        func takeLock(_ holder: LockHolder) async throws(TransportError) -> LockResult {
            diary.write("lock \(host)")
            return .taken
        }
        func releaseLock() async throws(TransportError) { diary.write("free \(host)") }
        func close() async { diary.write("close \(host)") }
    }

    static let plan = Plan(Step("s") { $0.check = [Question("is s")] })

    static func runner(
        _ diary: Diary, _ plan: Plan = plan, after earlier: [Entry] = [], failsAt: Int = .max,
        source: Source? = nil,
        _ change: (inout RunOptions) -> Void = { _ in }
    ) -> Runner {
        var options = RunOptions(
            operatorName: "ann@desk", siteName: "home", program: "1.0",
            makeRunID: { RunID(rawValue: "run-1") }, time: { "now" })
        change(&options)
        return Runner(
            state: RunState(plan: plan, options: options, history: History(earlier)),
            log: Log(diary: diary, failsAt: failsAt), source: source ?? Source(diary: diary),
            person: Nobody(), fetched: NoFolder(),
            view: View(diary: diary), wallClock: { 0 })
    }

    @Test(.timeLimit(.minutes(1))) func theIntentIsOnDiskBeforeTheCommandLeavesAndTheOutcomeBeforeItIsShown()
        async
    {
        let diary = Diary()
        #expect(await Self.runner(diary).run() == .complete)
        #expect(
            diary.lines == [
                "record began", "greet a as new", "lock a", "record host a boot 1", "record intent s.a.1",
                "attempt s.a.1", "record outcome s.a.1 exited 0 done", "show s on a done", "record finished",
                "free a", "close a",
            ])
    }

    /// The Nth append fails, for every N: what stands behind it does not happen.
    @Test(.timeLimit(.minutes(1))) func nothingIsDoneOrShownBehindARecordThatFailed() async {
        let whole = Diary()
        _ = await Self.runner(whole).run()
        let records = whole.lines.count { $0.hasPrefix("record ") }
        for number in 1...records {
            let diary = Diary()
            #expect(await Self.runner(diary, failsAt: number).run() == .journal("no space"))
            let before = whole.lines.enumerated().first { index, line in
                line.hasPrefix("record ")
                    && whole.lines[...index].count { $0.hasPrefix("record ") } == number
            }
            let happened = diary.lines.filter { !$0.hasPrefix("close") }
            #expect(happened == Array(whole.lines.prefix(before?.offset ?? 0)))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRunThatHasNothingToAskEnds() async {
        let plan = Plan(Step("s") { $0.unproven = "a test" })
        let end = await Self.runner(
            Diary(), plan, after: [Earlier.began, Earlier.host("a"), Earlier.outcome("s", "a")]
        ).run()
        #expect(end == .complete)
        #expect(await Self.runner(Diary(), Plan()).run() == .complete)
    }

    @Test(.timeLimit(.minutes(1))) func aPersonWhoStopsItIsNotKeptWaiting() async {
        let diary = Diary()
        let runner = Self.runner(diary, source: Source(diary: diary, hangs: true))
        async let end = runner.run()
        while !diary.lines.contains("attempt s.a.1") { try? await Task.sleep(for: .milliseconds(5)) }
        let stopped = ContinuousClock.now
        runner.interrupt()
        #expect(await end == .interrupted([Unit("s", "a")]))
        #expect(ContinuousClock.now - stopped < .seconds(2))
        #expect(!diary.lines.contains("free a"))
    }

    @Test(.timeLimit(.minutes(1))) func everyHostOfTheRunIsGivenFreeAlsoThoseOfEarlierProcesses() async {
        let diary = Diary()
        let earlier = [
            Earlier.began, Earlier.host("a"), Earlier.host("b"), Earlier.settled("s", "a", .wasSo),
            .finished(time: "then"),
        ]
        #expect(await Self.runner(diary, after: earlier).run() == .complete)
        #expect(
            diary.lines == [
                "record went on", "greet a", "lock a", "record finished", "free a", "greet b", "free b",
                "close a",
                "close b",
            ] || diary.lines.suffix(2) == ["close b", "close a"])
        let away = Diary()
        let source = Source(diary: away, unreachable: [HostID("b")])
        #expect(await Self.runner(away, after: earlier, source: source).run() == .complete)
        #expect(away.lines.contains("note b could not be given free (no way); `runbook unlock` does it"))
    }

    @Test(.timeLimit(.minutes(1))) func onlyAskingLocksAndFreesNothing() async {
        let diary = Diary()
        let end = await Self.runner(
            diary, after: [Earlier.began, Earlier.host("a"), Earlier.outcome("s", "a")]
        ) {
            $0.onlyAsks = true
        }.run()
        #expect(end == .complete)
        #expect(diary.lines == ["greet a", "close a"])
    }

    @Test(.timeLimit(.minutes(1))) func aFolderThatIsGoneIsMadeAgainWhenNothingIsAwaited() async {
        let diary = Diary()
        let source = Source(diary: diary, folder: .missing)
        let end = await Self.runner(diary, after: [Earlier.began, Earlier.host("a")], source: source).run()
        #expect(end == .complete)
        #expect(
            diary.lines.prefix(4) == ["record went on", "greet a", "greet a as new", "lock a"])
        let awaited = Diary()
        _ = await Self.runner(
            awaited, after: [Earlier.began, Earlier.host("a"), Earlier.intent("s", "a")],
            source: Source(diary: awaited, folder: .missing)
        ).run()
        #expect(
            awaited.lines.prefix(3) == [
                "record went on", "greet a",
                "record in doubt s.a.1: the run's folder on a is gone, so what was started there is not known",
            ])
    }
}
