import Synchronization

@testable import RunbookLab

/// Lab time without waiting: whoever sleeps with the nearest deadline moves the clock.
final class ManualClock: LabClock {
    private struct State {
        var now = Duration.zero
        var sleepers: [Int: Duration] = [:]
        var next = 0
    }
    private let state = Mutex(State())
    private let start: Int

    /// 2015-08-12 10:00:00 UTC unless told otherwise.
    init(start: Int = 1_439_373_600) { self.start = start }

    var now: Duration { state.withLock(\.now) }
    var unixTime: Int { start + Int(now.components.seconds) }

    func sleep(_ duration: Duration) async throws {
        let (id, deadline) = state.withLock { state in
            state.next += 1
            state.sleepers[state.next] = state.now + duration
            return (state.next, state.now + duration)
        }
        defer { _ = state.withLock { $0.sleepers.removeValue(forKey: id) } }
        while true {
            for _ in 0..<20 { await Task.yield() }
            try Task.checkCancellation()
            let isDone = state.withLock { state in
                guard state.sleepers.values.min() == deadline else { return state.now >= deadline }
                state.now = max(state.now, deadline)
                return true
            }
            if isDone { return }
        }
    }
}

/// What one command printed and how it ended.
struct Output: Equatable, CustomStringConvertible {
    var status: Int32
    var out: String
    var err: String

    var description: String { "[\(status)]\n\(out)--\n\(err)" }

    static func prints(_ out: String, _ status: Int32 = 0) -> Output {
        Output(status: status, out: out, err: "")
    }

    static func complains(_ err: String, _ status: Int32) -> Output {
        Output(status: status, out: "", err: err + "\n")
    }

    static let silent = Output(status: 0, out: "", err: "")
}

/// A whole lab in memory: two nodes, the model, a clock that a test moves.
struct ClusterBed {
    let clock = ManualClock()
    let nodes: MemoryNodes
    let model: ClusterModel
    let effects: EffectList

    init(_ profile: LabProfile = .pve34TwoNodes) async {
        nodes = MemoryNodes(profile)
        let effects = EffectList()
        self.effects = effects
        model = ClusterModel(profile: profile, control: nodes, clock: clock) { effects.add($0) }
        nodes.setModel(model)
        for node in profile.nodes { await boot(node.name, first: true) }
    }

    func boot(_ node: String, first: Bool = false) async {
        nodes.power(node, on: true)
        await model.nodeStarted(node, firstBoot: first)
    }

    /// Takes the node's power away.
    func crash(_ node: String) async {
        nodes.power(node, on: false)
        await model.nodeStopped(node)
    }

    func pass(_ seconds: Int) async {
        for _ in 0..<seconds {
            try? await clock.sleep(.seconds(1))
            await model.refresh()
        }
    }

    @discardableResult
    func run(_ node: String, _ command: String, stdin: String = "") async -> Output {
        await nodes.type(node, command.split(separator: " ").map(String.init), stdin: Array(stdin.utf8))
    }

    /// Runs a command that tells the time; the output, and the seconds in which it may have been told: a clock whose
    /// sleepers move it goes on while the command ends.
    func runTelling(_ node: String, _ command: String, stdin: String = "") async -> (Output, [String]) {
        let before = clock.unixTime
        let output = await run(node, command, stdin: stdin)
        return (output, (before...clock.unixTime).map { LabDate(unixTime: $0).ctime })
    }

    /// What was prepared by hand before a join: names, and a login from the slave to the master.
    func introduce() async {
        for (node, peer, address) in [("pve1", "pve2", "192.168.0.12"), ("pve2", "pve1", "192.168.0.11")] {
            nodes.edit(node, "/etc/hosts") { $0 + "\(address) \(peer)\n" }
            nodes.edit(node, "/root/.ssh/known_hosts") {
                $0 + "\(peer) ssh-rsa AAAA\n\(address) ssh-rsa AAAA\n"
            }
            let key = nodes.text(node, "/root/.ssh/id_rsa.pub")
            nodes.edit(peer, "/etc/pve/priv/authorized_keys") { $0 + key }
        }
    }

    /// Both nodes in a cluster.
    func join() async {
        await introduce()
        await run("pve1", "pvecm create homelab")
        await pass(3)
        await run("pve2", "pvecm add pve1")
        await pass(3)
    }

    /// iSCSI on both, a partition with a quorum disk header that both see.
    func makeQuorumDisk() async {
        for node in ["pve1", "pve2"] {
            await run(node, "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260")
            await run(node, "iscsiadm -m node -T \(Self.iqn) -p 192.168.0.20:3260 --login")
            await run(
                node,
                "iscsiadm -m node -T \(Self.iqn) -p 192.168.0.20:3260 -o update -n node.startup -v automatic")
        }
        await run("pve1", "sfdisk -uS /dev/sdb", stdin: "2048,,83\n")
        await run("pve1", "mkqdisk -c /dev/sdb1 -l proxmox1_qdisk", stdin: "y\n")
        await run("pve2", "blockdev --rereadpt /dev/sdb")
    }

    /// The configuration with the quorum disk is active on both; cman still runs without it.
    func activate() async {
        nodes.edit("pve1", "/etc/pve/cluster.conf.new") { _ in Self.fullConfig(version: 3) }
        await run("pve1", "pvesh create /cluster/ha/changes")
        await pass(5)
    }

    /// Up to three votes on both nodes.
    func loadQuorumDisk() async {
        for node in ["pve1", "pve2"] {
            await run(node, "service cman reload")
            await pass(5)
        }
    }

    func joinFenceDomain() async {
        for node in ["pve1", "pve2"] {
            nodes.edit(node, "/etc/default/redhat-cluster-pve") {
                $0.replacing("# FENCE_JOIN", with: "FENCE_JOIN")
            }
            await run(node, "service cman restart")
            await pass(5)
        }
    }

    static let iqn = "iqn.2015-08.lan.nas:quorum"

    static func fullConfig(version: Int, resourceManager: String = "<rm/>") -> String {
        """
        <?xml version="1.0"?>
        <cluster name="homelab" config_version="\(version)">
          <cman expected_votes="3" keyfile="/var/lib/pve-cluster/corosync.authkey"/>
          <quorumd votes="1" allow_kill="0" interval="1" label="proxmox1_qdisk" tko="10"/>
          <totem token="54000"/>
          <clusternodes>
            <clusternode name="pve1" votes="1" nodeid="1"/>
            <clusternode name="pve2" votes="1" nodeid="2"/>
          </clusternodes>
          \(resourceManager)
        </cluster>

        """
    }
}

final class EffectList: Sendable {
    private let effects = Mutex<[LabEffect]>([])

    func add(_ effect: LabEffect) { effects.withLock { $0.append(effect) } }

    var all: [LabEffect] { effects.withLock { $0 } }

    func count(_ name: String) -> Int { all.filter { $0.name == name }.count }
}
