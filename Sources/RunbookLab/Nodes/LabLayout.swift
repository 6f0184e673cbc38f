/// Nodes and addresses of a lab: all that the sandboxes and the network need to know.
package struct LabLayout: Sendable, Equatable {
    package struct Node: Sendable, Equatable {
        /// Short host name.
        package var name: String
        /// IPv4 address, in the same /24 as all others.
        package var address: String

        package init(name: String, address: String) {
            self.name = name
            self.address = address
        }
    }

    /// Domain of the nodes: `lan`.
    package var domain: String
    package var nodes: [Node]
    /// Address of the NAS, which is the lab's process itself.
    package var nasAddress: String

    package init(domain: String, nodes: [Node], nasAddress: String) {
        self.domain = domain
        self.nodes = nodes
        self.nasAddress = nasAddress
    }

    /// Two nodes and a NAS, as in the homelab that the first runbook is about.
    package static let twoNodes = LabLayout(
        domain: "lan",
        nodes: [Node(name: "pve1", address: "192.168.0.11"), Node(name: "pve2", address: "192.168.0.12")],
        nasAddress: "192.168.0.20")

    /// Address of the bridge, the nodes' gateway: `.1` of their network.
    var gateway: String {
        let parts = nasAddress.split(separator: ".").prefix(3)
        return parts.joined(separator: ".") + ".1"
    }

    /// Why the layout cannot be built, if so: names and addresses become words of commands.
    package var problem: String? {
        let names = nodes.map(\.name)
        let addresses = nodes.map(\.address) + [nasAddress]
        if nodes.isEmpty || nodes.count > 16 { return "a lab has 1 to 16 nodes" }
        if Set(names).count < names.count { return "two nodes have the same name" }
        if Set(addresses + [gateway]).count <= addresses.count { return "two addresses are the same" }
        for name in names + [domain] where !Self.isHostName(name) {
            return "`\(name)` is not a host name: use letters, digits and hyphens, at most 15"
        }
        let network = gateway.dropLast(1)
        for address in addresses where !Self.isAddress(address) || !address.hasPrefix(network) {
            return "`\(address)` is not an IPv4 address of the network \(network)0/24"
        }
        return nil
    }

    private static func isHostName(_ name: String) -> Bool {
        let letters = name.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2d
        }
        return letters && (1...15).contains(name.utf8.count) && !name.hasPrefix("-")
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { UInt8($0) != nil && ($0 == "0" || !$0.hasPrefix("0")) }
    }
}

/// A fixed hardware address for an IPv4 address: with a new one after a reboot the neighbours would send to
/// the old one for half a minute.
func hardwareAddress(for address: String) -> String {
    let parts = address.split(separator: ".").map { part -> String in
        let hex = String(UInt8(part) ?? 0, radix: 16)
        return hex.count == 1 ? "0" + hex : hex
    }
    return "02:00:" + parts.joined(separator: ":")
}
