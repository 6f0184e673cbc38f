import Testing

@testable import RunbookLab

@Suite struct ClusterProfileTests {
    @Test func theProfileThatIsWrittenIsReadAgain() throws {
        var profile = LabProfile.pve34TwoNodes
        profile.guests = [LabProfile.Guest(id: 100, node: "pve1", name: "it's", isRunning: true)]
        profile.clockFactor = 12.5
        #expect(try LabProfile(text: profile.yaml) == profile)
        #expect(try LabProfile(text: LabProfile.pve34TwoNodes.yaml) == .pve34TwoNodes)
    }

    @Test func whatIsNotSaidIsTheTwoNodeLab() throws {
        #expect(try LabProfile(text: "lab: proxmox-ve-3.4\n") == .pve34TwoNodes)
        #expect(LabProfile.pve34TwoNodes.layout == .twoNodes)
    }

    @Test(arguments: [
        ("lab: other\n", "lab profile, line 1: `lab:` must be `proxmox-ve-3.4` or `plain`"),
        ("lab: plain\n", "lab profile, line 1: `nodes:` is missing"),
        ("lab: plain\nguests: []\n", "lab profile, line 2: `guests` is not known here"),
        ("lab: proxmox-ve-3.4\nnode: []\n", "lab profile, line 2: `node` is not known here"),
        ("lab: proxmox-ve-3.4\nclock: fast\n", "lab profile, line 2: `clock:` must be a number above 0"),
        ("lab: proxmox-ve-3.4\nnas: { size: big }\n", "lab profile, line 2: `size:` must be a whole number"),
        ("lab: proxmox-ve-3.4\nnodes:\n  - name: a\n", "lab profile, line 3: `address:` is missing"),
        ("- a\n", "the lab profile is no YAML map"),
    ]) func aBadProfileIsNamedWithItsLine(_ text: String, _ message: String) {
        #expect(throws: LabFailure(.cannotStart, message)) { try LabProfile(text: text) }
    }
}
