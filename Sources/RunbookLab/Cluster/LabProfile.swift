/// What a lab is made of: nodes, addresses, the NAS, versions. A value; nothing runs yet.
package struct LabProfile: Equatable, Sendable {
    package struct Node: Equatable, Sendable {
        /// Short name, as `uname -n` says.
        package var name: String
        package var address: String
        package var initiatorName: String

        package init(name: String, address: String, initiatorName: String) {
            self.name = name
            self.address = address
            self.initiatorName = initiatorName
        }
    }

    package struct Guest: Equatable, Sendable {
        package var id: Int
        package var node: String
        package var name: String
        package var isRunning: Bool

        package init(id: Int, node: String, name: String, isRunning: Bool) {
            self.id = id
            self.node = node
            self.name = name
            self.isRunning = isRunning
        }
    }

    /// The iSCSI target that the lab's NAS offers.
    package struct NAS: Equatable, Sendable {
        package var address: String
        package var port: Int
        package var iqn: String
        package var lun: Int
        package var sizeInBytes: Int
        package var wwid: String

        package init(address: String, port: Int, iqn: String, lun: Int, sizeInBytes: Int, wwid: String) {
            self.address = address
            self.port = port
            self.iqn = iqn
            self.lun = lun
            self.sizeInBytes = sizeInBytes
            self.wwid = wwid
        }
    }

    /// `lab: plain`: nodes with nothing of a product on them; only names, addresses and clock count then.
    package var isPlain = false
    package var domain: String
    package var nodes: [Node]
    package var nas: NAS
    package var kernelRelease: String
    /// First line of `pveversion`, without the kernel.
    package var managerVersion: String
    /// Lab seconds in one real second.
    package var clockFactor: Double
    package var guests: [Guest]

    package init(
        domain: String, nodes: [Node], nas: NAS, kernelRelease: String, managerVersion: String,
        clockFactor: Double, guests: [Guest]
    ) {
        self.domain = domain
        self.nodes = nodes
        self.nas = nas
        self.kernelRelease = kernelRelease
        self.managerVersion = managerVersion
        self.clockFactor = clockFactor
        self.guests = guests
    }

    /// Two Proxmox VE 3.4 nodes and a NAS with a 16 MiB LUN.
    package static let pve34TwoNodes = LabProfile(
        domain: "lan",
        nodes: [
            Node(
                name: "pve1", address: "192.168.0.11",
                initiatorName: "iqn.1993-08.org.debian:01:5b1e6c0d1a11"),
            Node(
                name: "pve2", address: "192.168.0.12",
                initiatorName: "iqn.1993-08.org.debian:01:5b1e6c0d1a12"),
        ],
        nas: NAS(
            address: "192.168.0.20", port: 3260, iqn: "iqn.2015-08.lan.nas:quorum", lun: 0,
            sizeInBytes: 16 << 20, wwid: "36589cfc000000b7a3f5d1c9e8a4b2d10"),
        kernelRelease: "2.6.32-39-pve", managerVersion: "pve-manager/3.4-6/102d4547", clockFactor: 60,
        guests: [])
}
