import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@testable import RunbookEngine

/// The connection is lost, or the person says stop, in each stage.
@Suite struct LostLinkTests {
    static let plan = Plan(
        Step("s") {
            $0.check = [Question("is s")]
            $0.require = [Question("may", on: .host(HostID("b")))]
            $0.verify = [Question("works", on: .host(HostID("b")))]
            $0.outputs = [Output("id", run: "show id")]
        })
    static let attempt = "attempt s.a.1 `do s` after[is s]"
    /// The stages of a whole run, in order: what is wanted and how it goes on.
    static let whole = [
        Turn("connect a", .connected()), Turn("connect b", .connected()),
        Turn("ask s on a: a[is s]", .answers(.no)), Turn("ask s on a: b[may]", .answers(.yes)),
        Turn(attempt, .ended(after: [.yes])), Turn("ask s on a: b[works]", .answers(.yes)),
        Turn("ask s on a: a[show id]", .answers([.yes], outputs: ["7"])),
    ]

    @Test(arguments: [(2, "a"), (3, "b"), (5, "b"), (6, "a")])
    func aLostQuestionIsAskedAgain(_ stage: Int, _ host: String) {
        var turns = Self.whole
        turns.insert(
            contentsOf: [
                Turn(Self.whole[stage].wanted, .failed(.lost, host: host)),
                Turn("connect \(host)", .connected()),
            ], at: stage)
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aLostAttemptIsLookedUpNeverSentAgain() {
        var turns = Self.whole
        turns[4] = Turn(Self.attempt, .failed(.lost, host: "a"))
        turns.insert(
            contentsOf: [
                Turn("connect a", .connected()), Turn("look up s.a.1", .failed(.lost, host: "a")),
                Turn("connect a after 1.0 seconds", .connected()), Turn("look up s.a.1", .state(.running)),
                Turn("follow s.a.1 after[is s]", .failed(.lost, host: "a")), Turn("connect a", .connected()),
                Turn("look up s.a.1", .state(.running)),
                Turn("follow s.a.1 after[is s]", .ended(after: [.yes])),
            ], at: 5)
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .complete)
        #expect(run.records.filter { $0.hasPrefix("intent") } == ["intent s.a.1"])
    }

    @Test func aLostFenceIsTakenAgain() {
        var turns = Self.whole
        turns[4] = Turn(Self.attempt, .failed(.lost, host: "a"))
        turns.insert(
            contentsOf: [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("fence s.a.1", .failed(.lost, host: "a")), Turn("connect a", .connected()),
                Turn("look up s.a.1", .state(.fenced)), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on a: b[may]", .answers(.yes)),
                Turn("attempt s.a.2 `do s` after[is s]", .ended(after: [.yes])),
            ], at: 5)
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aChannelThatIsRefusedWasNotTheCommand() {
        var turns = Self.whole
        turns[4] = Turn(Self.attempt, .failed(.channelRefused, host: "a"))
        turns.insert(
            contentsOf: [
                Turn("connect a", .connected()), Turn("look up s.a.1", .state(.unclaimed)),
                Turn("fence s.a.1", .fence(.fenced)), Turn("ask s on a: a[is s]", .answers(.no)),
                Turn("ask s on a: b[may]", .answers(.yes)),
                Turn("attempt s.a.2 `do s` after[is s]", .ended(after: [.yes])),
            ], at: 5)
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }

    @Test func aHostThatIsGoneIsTriedForAWhile() {
        var turns = [Turn("connect a", .connected()), Turn("connect b", .connected())]
        turns.append(Turn("ask s on a: a[is s]", .failed(.lost, host: "a")))
        turns.append(Turn("connect a", .unreachable()))
        let pauses = ["0.2", "1.0", "2.0", "5.0", "5.0", "5.0", "5.0", "5.0", "5.0", "5.0"]
        for pause in pauses { turns.append(Turn("connect a after \(pause) seconds", .unreachable())) }
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .unreachable(TransportError(.unreachable, host: HostID("a"), "no way to a")))
    }

    /// The host takes the connection every time and loses every request.
    @Test func aHostThatLosesEveryRequestIsGivenUp() {
        var turns = [Turn("connect a", .connected()), Turn("connect b", .connected())]
        for lost in 0...10 {
            turns.append(Turn("ask s on a: a[is s]", .failed(.lost, host: "a")))
            let pause = lost == 0 ? "" : " after \(min(lost, 5)).0 seconds"
            if lost < 10 { turns.append(Turn("connect a\(pause)", .connected())) }
        }
        let run = Drive(Self.plan, turns)
        #expect(run.problem == nil)
        #expect(run.end == .unreachable(TransportError(.lost, host: HostID("a"), "cut")))
    }

    @Test(arguments: [
        TransportError.Code.hostKeyChanged, .hostKeyUnknown, .knownHosts, .legacyOnly, .local,
    ])
    func aHostWhoseIdentityIsNotProvenIsNotTriedAgain(_ code: TransportError.Code) {
        let run = Drive(
            Self.plan,
            [
                Turn("connect a", .connected()), Turn("connect b", .connected()),
                Turn("ask s on a: a[is s]", .failed(.lost, host: "a")), Turn("connect a", .unreachable(code)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .unreachable(TransportError(code, host: HostID("a"), "no way to a")))
    }

    @Test func theFirstConnectionIsTriedOnce() {
        let run = Drive(Plan(Step("s") { $0.unproven = "a test" }), [Turn("connect a", .unreachable())])
        #expect(run.problem == nil)
        #expect(run.records == ["began"])
    }

    @Test func aHostOfAnotherRunIsLeftAlone() {
        let run = Drive(Plan(Step("s") { $0.unproven = "a test" }), [Turn("connect a", .locked)])
        guard case .locked(HostID("a"), let holder) = run.end else {
            Issue.record("\(String(describing: run.end))")
            return
        }
        #expect(holder.who == "bob")
    }

    /// C09: nothing new is begun, and what runs is named.
    @Test(arguments: 0..<7)
    func aPersonMayStopItInEveryStage(_ stage: Int) {
        let turns = Self.whole.prefix(stage) + [Turn(Self.whole[stage].wanted, .other(.interrupted))]
        let run = Drive(Self.plan, Array(turns))
        #expect(run.problem == nil)
        #expect(run.end == .interrupted(stage == 4 ? [Unit("s", "a")] : []))
    }

    @Test func aCommandWhoseLinkIsCutIsNamedToo() {
        let turns =
            Self.whole.prefix(4) + [
                Turn(Self.attempt, .failed(.lost, host: "a")), Turn("connect a", .other(.interrupted)),
            ]
        let run = Drive(Self.plan, Array(turns))
        #expect(run.end == .interrupted([Unit("s", "a")]))
    }

    @Test func aJournalThatCannotBeWrittenEndsTheRun() {
        let turns = Self.whole.prefix(4) + [Turn(Self.attempt, .other(.journalFailed("no space")))]
        #expect(Drive(Self.plan, Array(turns)).end == .journal("no space"))
    }

    @Test func aLostLinkInTheSurveyIsNotTheEnd() {
        let plan = Plan(Step("s") { $0.check = [Question("is s")] })
        let run = Drive(
            plan,
            after: [
                Earlier.began, Earlier.host("a"), Earlier.settled("s", "a", .wasSo), .finished(time: ""),
            ],
            [
                Turn("connect a", .connected()), Turn("ask all: a[is s]", .failed(.lost, host: "a")),
                Turn("connect a", .connected()), Turn("ask all: a[is s]", .answers(.yes)),
            ])
        #expect(run.problem == nil)
        #expect(run.end == .complete)
    }
}
