import RunbookModel
import Testing

@testable import RunbookEngine

/// In which order the units of a runbook come.
@Suite struct ScheduleTests {
    private static func lines(_ steps: Step...) -> [String] {
        var runbook = Runbook(name: "r")
        runbook.steps = steps
        return Schedule(runbook).waves.map { wave in
            (wave.isTogether ? "together: " : "") + wave.units.map(\.description).joined(separator: ", ")
        }
    }

    @Test func oneByOneIsAWavePerHostInGroupOrder() {
        #expect(Self.lines(Step("s", on: "b", "a"), Step("t")) == ["s on b", "s on a", "t on a"])
    }

    @Test func togetherIsOneWave() {
        #expect(Self.lines(Step("s", on: "a", "b") { $0.order = .together }) == ["together: s on a, s on b"])
    }

    @Test func aBatchIsAWaveAndTheLastHasTheRest() {
        let step = Step("s", on: "a", "b", "c") {
            $0.order = .batch
            $0.batch = 2
        }
        #expect(Self.lines(step) == ["together: s on a, s on b", "together: s on c"])
    }

    @Test(arguments: [Step.Order.together, .batch])
    func noHostWaitsForAnotherWhereTheStepGoesOnWithoutSome(_ order: Step.Order) {
        let step = Step("s", on: "a", "b") {
            $0.order = order
            $0.batch = 2
            $0.maxUnavailable = 1
        }
        #expect(Self.lines(step) == ["s on a, s on b"])
    }

    /// Which hosts were left, and the turns that the next process takes.
    @Test(
        arguments: [
            (1, Step.Order.oneByOne, "d", ["s on d", "s on a", "s on b", "s on c", "s on e"]),
            (1, .batch, "ce", ["s on c, s on e", "s on a, s on b", "s on d"]),
            (1, .batch, "bcd", ["s on b, s on c", "s on d", "s on a, s on e"]),
            (1, .batch, "", ["s on a, s on b", "s on c, s on d", "s on e"]),
            (1, .together, "e", ["s on a, s on b, s on c, s on d, s on e"]),
            (0, .oneByOne, "d", ["s on a", "s on b", "s on c", "s on d", "s on e"]),
        ])
    func hostsThatWereLeftHaveTheirTurnsFirst(most: Int, _ order: Step.Order, left: String, _ turns: [String])
    {
        var runbook = Runbook(name: "r")
        runbook.steps = [
            Step("s", on: "a", "b", "c", "d", "e") {
                $0.order = order
                $0.batch = 2
                $0.maxUnavailable = most
            }
        ]
        let waves = Schedule(runbook).waves { left.contains($0.host?.rawValue ?? "-") }
        #expect(waves.map { $0.units.map(\.description).joined(separator: ", ") } == turns)
    }

    @Test func aBlockSideBySideIsAWaveInWhichEachHostHasAllOfIt() {
        let block = Step("f", on: "a", "b", "c") {
            $0.action = nil
            $0.order = .batch
            $0.batch = 2
            $0.steps = [Step("f/one", on: "a", "b", "c"), Step("f/two", on: "a", "b", "c")]
        }
        #expect(
            Self.lines(block) == [
                "f/one on a, f/two on a, f/one on b, f/two on b", "f/one on c, f/two on c",
            ])
    }

    @Test func aStepWithoutHostsIsOneUnit() {
        #expect(Self.lines(Step("s") { $0.hosts = [] }) == ["s"])
    }

    @Test func aBlockDoesAllItsStepsOnOneHostThenTheNext() {
        let block = Step("f", on: "a", "b") {
            $0.action = nil
            $0.steps = [
                Step("f/one") { $0.hosts = [] }, Step("f/two") { $0.hosts = [] },
                Step("f/all", on: "a", "b"),
                // Hosts of its own: once, not for each host of the block.
                Step("f/once", on: "c"),
            ]
        }
        #expect(
            Self.lines(block, Step("t")) == [
                "f/one on a", "f/two on a", "f/all on a", "f/once on c", "f/one on b", "f/two on b",
                "f/all on b", "t on a",
            ])
    }

    @Test func everyUnitFindsItsStep() {
        var runbook = Runbook(name: "r")
        runbook.steps = [
            Step("s", on: "a", "b"), Step("f") { $0.steps = [Step("f/one") { $0.hosts = [] }] },
        ]
        let schedule = Schedule(runbook)
        #expect(schedule.units.map { schedule.step(of: $0).name } == ["Step s", "Step s", "Step f/one"])
    }
}
