import Glibc
import RunbookLab
import RunbookTestSupport
import Testing

/// Trouble around a run of the two-node runbook: each time the documented exit status, one clear message, the
/// command to go on; nothing lost, nothing twice.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct TroubleTests {
    /// The command to go on, as it is printed.
    private func command(_ story: LabStory) -> String {
        "  runbook run \(story.steady(story.target))" + LabStory.words.map { " --yes '\($0)'" }.joined()
    }

    /// The lines at the end of the screen.
    private func talk(_ story: LabStory, _ errors: String) -> String {
        story.steady(errors).replacing(#/port [0-9]+/#, with: "port N").replacing(
            #/127\.0\.0\.1:[0-9]+/#, with: "127.0.0.1:N"
        ).replacing(#/SHA256:[A-Za-z0-9+\/]+/#, with: "SHA256:…")
    }

    @Test(.timeLimit(.minutes(3)))
    func aNodeWithoutPowerAndOneWithAnotherKey() throws {
        let story = try LabStory()
        #expect(try story.events("--until", "join").status == 0)

        try story.lab.powerOff("pve2")
        story.waits("pve2", isUp: false)
        let off = try story.events()
        #expect(off.status == 6)
        #expect(
            talk(story, off.errors) == """
                error: slave at 127.0.0.1, port N, refused the connection
                  hint: is sshd running there, and is this its port?
                22 of 65 steps done
                then type the same command:
                \(command(story))

                """)
        try story.lab.reboot("pve2")
        story.waits("pve2", isUp: true)

        // Another machine stands at the address.
        try story.shell(
            "pve2",
            """
            mkdir /root/keys; cp -p /etc/ssh/ssh_host_* /root/keys/
            rm /etc/ssh/ssh_host_*
            ssh-keygen -q -t rsa -b 2048 -N '' -f /etc/ssh/ssh_host_rsa_key
            ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
            """)
        try story.lab.reboot("pve2")
        story.waits("pve2", isUp: false)
        story.waits("pve2", isUp: true)
        let changed = try story.events()
        #expect(changed.status == 7)
        #expect(
            talk(story, changed.errors) == """
                error: slave at 127.0.0.1 port N shows the key SHA256:… (ED25519), but the site file pins SHA256:…, SHA256:…
                  hint: find out why the key changed; only then put the new one into the site file
                22 of 65 steps done
                then type the same command:
                \(command(story))

                """)
        try story.shell("pve2", "cp -p /root/keys/ssh_host_* /etc/ssh/; rm -r /root/keys")
        try story.lab.reboot("pve2")
        story.waits("pve2", isUp: false)
        story.waits("pve2", isUp: true)

        let built = try story.events()
        #expect(built.status == 0, "\(built.errors)")
        #expect(try story.onceOnly() == LabStory.once)
    }

    /// The disk with the state is full in the middle of a run.
    @Test(
        .timeLimit(.minutes(3)),
        .enabled(
            if: DiskFaultTests.canMount, "a small file system can be mounted by root only, with CAP_SYS_ADMIN"
        ))
    func aFullDiskStopsTheRunAndLosesNothing() throws {
        let story = try LabStory()
        try runChecked(["mkdir", "-p", story.state])
        try runChecked(["mount", "-t", "tmpfs", "-o", "size=1m", "none", story.state])
        defer { _ = try? run(["umount", story.state]) }
        #expect(try story.events("--until", "create").status == 0)
        // A copy has not the space that the journal has reserved; then the disk fills up.
        try runChecked(["cp", story.journal, "\(story.state)/copy"])
        try runChecked(["mv", "\(story.state)/copy", story.journal])
        try run(["dd", "if=/dev/zero", "of=\(story.state)/ballast", "bs=4096"])
        let full = try story.events()
        #expect(full.status == 4)
        #expect(
            talk(story, full.errors) == """
                error: cannot reserve space for DIR/lab/state/two-node@two-node/journal.jsonl: No space left on device (0 bytes free); make room there and try again
                15 of 65 steps done; nothing was issued after that. What a host did meanwhile it still knows
                mend the state folder and type the same command:
                \(command(story))

                """)
        try runChecked(["rm", "\(story.state)/ballast"])
        let built = try story.events()
        #expect(built.status == 0, "\(built.errors)")
        #expect(try story.onceOnly() == LabStory.once)
    }
}

extension LabStory {
    /// Waits until a node answers, or does not; ten seconds at most.
    func waits(_ node: String, isUp: Bool) {
        for _ in 0..<200 {
            if (try? shell(node, "true").status == 0) == isUp { return }
            usleep(50_000)
        }
    }
}
