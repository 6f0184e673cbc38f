import RunbookTestSupport
import Testing

/// Every step of the two-node runbook fails once, is mended, and the same command goes on: one run, some forty
/// times stopped.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct FailOnceTests {
    @Test(.timeLimit(.minutes(10)))
    func everyStepFailsOnceAndTheSameCommandGoesOn() throws {
        let story = try LabStory(LabStory.withGuest)
        try story.giveTheSlaveAKeyOfItsOwn()
        for obstacle in Obstacle.all { try meet(obstacle, in: story) }
        let last = try story.events()
        #expect(last.status == 0, "\(last.errors)")
        #expect(try story.onceOnly() == LabStory.once)
        // A person raised the version twice by hand on the way.
        let state = try LabState(story, versionsByHand: 2)
        let differences = state.differences(from: try LabState.clean.get().state)
        #expect(differences == [])
    }

    /// Every step has an obstacle, so that a new step cannot be forgotten.
    @Test func everyStepHasItsObstacle() throws {
        let steps = Set(
            RehearsalTests.steps.split(separator: "\n").map { $0.split(separator: " on ")[0].dropFirst(12) })
        let met = Set(Obstacle.all.map { Substring($0.step) } + ["multicast-test", "ssh-trust/keys"])
        #expect(steps.subtracting(met) == [])
    }

    private func meet(_ obstacle: Obstacle, in story: LabStory) throws {
        if obstacle.comesAfterAll {
            let before = try story.events("--until", obstacle.step)
            try #require(before.status == 0, "on the way to \(obstacle.step): \(before.errors)")
        }
        try obstacle.cause(story)
        let run = try story.events()
        let what: Comment = "\(obstacle.step): \(run.errors)"
        // A story that has lost its way is told no further.
        try #require(run.status == 1 && run.failures.count == 1, what)
        let failure = run.failures.last
        #expect(failure?.unit == "\(obstacle.step) on \(obstacle.host)", what)
        #expect(failure?.reason == obstacle.reason, what)
        #expect(failure?.hints ?? [] == obstacle.hints, what)
        let printed = Self.lines((failure?.output ?? "") + (failure?.errors ?? ""))
        #expect(Array(printed.suffix(obstacle.tail.count)) == obstacle.tail, what)
        // The last lines name the command to go on, as it was typed.
        #expect(
            Array(Self.lines(run.errors).suffix(2)) == [
                "mend it and type the same command:",
                "  runbook run \(story.target)" + LabStory.words.map { " --yes '\($0)'" }.joined(),
            ], what)
        try obstacle.mend(story)
    }

    /// Without what differs from run to run.
    private static func lines(_ text: String) -> [String] {
        text.replacing("\r\n", with: "\n").split(separator: "\n").map {
            String($0).replacing(#/\.runbook\.[0-9]+/#, with: ".runbook.N")
        }
    }
}

extension LabStory {
    /// The operator opens the slave with another key than the master.
    func giveTheSlaveAKeyOfItsOwn() throws {
        let key = folder.file("id_story")
        try runChecked(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator@story", "-f", key])
        try shell("pve2", "echo '\(try ownKey())' >> /root/.ssh/authorized_keys")
        let text = String(decoding: try readFile(site), as: UTF8.self)
        let parts = text.split(separator: "  slave:\n")
        try writeFile(
            site, Array("\(parts[0])  slave:\n\(parts[1].replacing("\(home)/id_ed25519", with: key))".utf8))
    }

    func ownKey() throws -> String {
        String(decoding: try readFile(folder.file("id_story.pub")), as: UTF8.self).trimmedEnd
    }

    /// The lab's description with an HA guest to migrate.
    static func withGuest(_ text: String) -> String {
        text.replacing(
            "\ninputs:\n",
            with: "\nguests:\n  - { id: 100, node: pve1, name: web, running: true }\ninputs:\n  guest: 100\n")
    }
}
