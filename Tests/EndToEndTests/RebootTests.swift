import Glibc
import RunbookTestSupport
import Testing

/// `reboot` on practice nodes, over real SSH.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct RebootTests {
    static let runbook = """
        runbook: two-node
        version: 1.0.0
        hosts: { master: {}, slave: {} }
        groups: { nodes: { members: [master, slave], inputs: { node: { type: hostname }, ip: { type: ipv4 } } } }
        inputs:
          cluster: { type: string }
          transport: { type: string }
          portal: { type: ipv4 }
          iqn: { type: string }
        steps:
          - id: before
            hosts: nodes
            outputs: { boot: { run: cat /proc/sys/kernel/random/boot_id } }
          - id: reboot
            name: Reboot both, one after the other
            hosts: nodes
            reboot: { within: 10m }
            verify: { run: test -d /etc/pve, within: 2m }
          - id: after
            hosts: nodes
            outputs: { boot: { run: cat /proc/sys/kernel/random/boot_id } }
          - id: another
            host: master
            require:
              - { that: steps.before.on.master.outputs.boot == steps.after.on.master.outputs.boot, otherwise: warn }
              - { that: steps.before.on.slave.outputs.boot != steps.after.on.slave.outputs.boot }
        """

    private func story() throws -> LabStory {
        let story = try LabStory()
        try story.folder.write("runbooks/two-node.yaml", Self.runbook)
        return story
    }

    @Test(.timeLimit(.minutes(2)))
    func bothNodesAreRebootedAndAwaited() throws {
        let story = try story()
        let result = RunEvents(try story.program(story.arguments(["--json"], words: [])))
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.settled == [
                "before on master": "proven", "before on slave": "proven", "reboot on master": "done",
                "reboot on slave": "done", "after on master": "proven", "after on slave": "proven",
                "another on master": "proven",
            ])
        let warned = result.all.filter { $0.event == "warned" }.map(\.unit)
        #expect(warned == ["another on master"], "the boot id of the master has not changed")
    }

    @Test(.timeLimit(.minutes(2)))
    func aRunThatWasKilledMeanwhileGoesOnWaiting() throws {
        let story = try story()
        let process = try spawn(
            [Story.program] + story.arguments(words: []), environment: Story.environment)
        let intent = #""kind":"intent""#
        var wasSent = false
        for _ in 0..<3000 where !wasSent {
            usleep(10_000)
            let journal = (try? readFile(story.journal)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            wasSent = journal.firstRange(of: intent) != nil
        }
        #expect(wasSent)
        kill(process, SIGKILL)
        waitFor(process)
        let result = RunEvents(try story.program(story.arguments(["--json"], words: [])))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.settled["reboot on master"] == "done")
        #expect(result.settled["another on master"] == "proven")
    }
}
