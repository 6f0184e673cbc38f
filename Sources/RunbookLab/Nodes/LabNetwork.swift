/// The lab's network: a bridge in the lab's own namespace, to which every node has a cable.
struct LabNetwork {
    let layout: LabLayout

    /// Makes the bridge with the addresses of the gateway and of the NAS.
    func build() throws(LabFailure) {
        let commands = """
            link set lo up
            link add br0 address \(hardwareAddress(for: layout.gateway)) type bridge
            addr add \(layout.gateway)/24 dev br0
            addr add \(layout.nasAddress)/24 dev br0
            link set br0 up

            """
        let result = Programs.shared.run(["ip", "-batch", "-"], input: commands)
        guard result.status == 0 else {
            throw LabFailure(.missing, "the lab's network cannot be made: \(result.output)")
        }
    }

    /// Plugs or pulls a cable.
    static func setCable(_ name: String, up: Bool) {
        _ = Programs.shared.run(["ip", "link", "set", name, up ? "up" : "down"])
    }
}
