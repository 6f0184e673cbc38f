/// Nodes with nothing emulated on them: for tests of the nodes themselves, and for runbooks that only need
/// some Debian with SSH. `hostname` and `reboot` are the lab's, because a node may do neither by itself.
package final class PlainModel: NodeModel {
    private let control: any NodeControl

    package init(control: any NodeControl) {
        self.control = control
    }

    package var names: [String] { ["reboot"] }
    package var initScripts: [String] { [] }

    package func run(_ call: CommandCall) async -> Int32 {
        switch call.name {
        case "reboot":
            control.reboot(call.node)
            return 0
        default:
            await call.complain("\(call.name): the lab does not model this command")
            return 70
        }
    }

    package func nodeStarted(_ node: String, firstBoot: Bool) async {}
    package func nodeStopped(_ node: String) async {}
    package func beforeCommand(_ node: String) async {}
    package func renamed(_ node: String, to path: String) async {}
    package func saveState() async -> [UInt8] { [] }
    package func restoreState(_ bytes: [UInt8]) async {}
    package func setFault(_ name: String, to value: String) async -> Bool { false }
}
