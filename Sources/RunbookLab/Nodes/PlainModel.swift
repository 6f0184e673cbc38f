/// Nodes with next to nothing emulated on them: for the lab's own tests, and for runbooks that only need
/// some Debian with SSH.
///
/// Its "faults" set by hand what another model works out: `view NODE` (`unmounted`, `private-rw`,
/// `cluster-ro` …), `devices NODE` (`on`, `off`: /dev/sdb and a partition), `portal PORT` (`open`, `closed`).
package final class PlainModel: NodeModel {
    private let control: any NodeControl

    package init(control: any NodeControl) {
        self.control = control
    }

    /// `reboot`, which a node cannot do by itself, and `lab-echo`, which shows that commands reach the lab.
    package var names: [String] { ["reboot", "lab-echo"] }
    package var initScripts: [String] { ["lab-service"] }

    package func run(_ call: CommandCall) async -> Int32 {
        switch call.name {
        case "reboot":
            control.reboot(call.node)
            return 0
        case "lab-service":
            await call.print("\(call.name) \(call.arguments.joined(separator: " ")): ok")
            return 3
        case "lab-echo":
            let words = call.arguments.joined(separator: "|")
            await call.print("\(call.node) \(call.currentDirectory) \(words)")
            while case let bytes = await call.readInput(), !bytes.isEmpty { await call.writeOutput(bytes) }
            return Int32(call.environment["STATUS"] ?? "") ?? 0
        default:
            await call.complain("\(call.name): the lab does not model this command")
            return 70
        }
    }

    package func nodeStarted(_ node: String, firstBoot: Bool) async {}
    package func nodeStopped(_ node: String) async {}
    package func beforeCommand(_ node: String) async {}

    package func renamed(_ node: String, to path: String) async {
        try? control.append(node, "/var/log/renamed", [UInt8]((path + "\n").utf8))
    }

    package func facts() async -> [String: String] { [:] }
    package func saveState() async -> [UInt8] { [] }
    package func restoreState(_ bytes: [UInt8]) async {}

    package func setFault(_ name: String, to value: String) async -> Bool {
        let words = name.split(separator: " ").map(String.init)
        guard words.count == 2 else { return false }
        switch words[0] {
        case "view":
            let views: [PVEView] = [
                .unmounted, .privateTree(writable: true), .privateTree(writable: false),
                .clusterTree(writable: true), .clusterTree(writable: false),
            ]
            guard let view = views.first(where: { $0.mountPoint == "/run/pve/" + value }) else {
                return false
            }
            control.setPVE(words[1], view)
        case "devices":
            let link = "/dev/disk/by-path/ip-192.168.0.20:3260-iscsi-lun-0"
            let devices = [
                BlockDevice(path: "/dev/sdb", links: [link], major: 8, minor: 16),
                BlockDevice(path: "/dev/sdb1", links: [link + "-part1"], major: 8, minor: 17),
            ]
            control.setBlockDevices(words[1], value == "on" ? devices : [])
        case "portal":
            guard let port = UInt16(words[1]) else { return false }
            control.setPortal(port: port, open: value == "open")
        default: return false
        }
        return true
    }
}
