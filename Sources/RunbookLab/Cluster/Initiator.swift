/// The iSCSI initiator's records: real files under /etc/iscsi, as open-iscsi 2.0.873 keeps them.
struct IscsiRecord: Equatable, Sendable {
    var iqn: String
    var address: String
    var port: Int
    var startup: String
    /// Further `name = value` lines, in file order.
    var settings: [(String, String)]

    static func == (left: IscsiRecord, right: IscsiRecord) -> Bool { left.text == right.text }

    static func stock(_ iqn: String, _ address: String, _ port: Int, startup: String) -> IscsiRecord {
        IscsiRecord(
            iqn: iqn, address: address, port: port, startup: startup,
            settings: [
                ("node.name", iqn), ("node.tpgt", "1"), ("node.startup", startup),
                ("iface.iscsi_ifacename", "default"), ("iface.transport_name", "tcp"),
                ("node.discovery_address", address), ("node.discovery_port", String(port)),
                ("node.discovery_type", "send_targets"), ("node.session.initial_login_retry_max", "8"),
                ("node.session.timeo.replacement_timeout", "120"), ("node.session.auth.authmethod", "None"),
                ("node.conn[0].address", address), ("node.conn[0].port", String(port)),
                ("node.conn[0].startup", "manual"), ("node.conn[0].timeo.login_timeout", "15"),
            ])
    }

    init(iqn: String, address: String, port: Int, startup: String, settings: [(String, String)]) {
        self.iqn = iqn
        self.address = address
        self.port = port
        self.startup = startup
        self.settings = settings
    }

    /// Reads a record file; nil when name or address is missing.
    init?(text: String) {
        let settings = text.split(separator: "\n").compactMap { line -> (String, String)? in
            guard !line.hasPrefix("#"), let range = line.range(of: " = ") else { return nil }
            return (String(line[..<range.lowerBound]), String(line[range.upperBound...]))
        }
        let value = { (name: String) in settings.first { $0.0 == name }?.1 }
        guard let iqn = value("node.name"), let address = value("node.conn[0].address") else { return nil }
        self.init(
            iqn: iqn, address: address, port: value("node.conn[0].port").flatMap { Int($0) } ?? 3260,
            startup: value("node.startup") ?? "manual", settings: settings)
    }

    /// False when there is no setting of that name.
    mutating func set(_ name: String, _ value: String) -> Bool {
        guard let index = settings.firstIndex(where: { $0.0 == name }) else { return false }
        settings[index].1 = value
        if name == "node.startup" { startup = value }
        return true
    }

    var text: String {
        "# BEGIN RECORD 2.0-873\n" + settings.map { "\($0.0) = \($0.1)\n" }.joined() + "# END RECORD\n"
    }

    var folder: String { "/etc/iscsi/nodes/\(iqn)/\(address),\(port),1" }
    var path: String { folder + "/default" }
    /// As messages name it.
    var description: String { "[iface: default, target: \(iqn), portal: \(address),\(port)]" }
}

extension ClusterState {
    /// Whether the node's kernel gets answers from the LUN.
    func reaches(_ node: NodeState) -> Bool {
        !node.iscsi.sessions.isEmpty && storage.isReachable && !network.unplugged.contains(node.name)
    }

    /// Whether the node's kernel has a device for this part of the LUN.
    func shows(_ node: NodeState, _ region: Storage.Region) -> Bool {
        guard !node.iscsi.sessions.isEmpty else { return false }
        switch region {
        case .whole: return true
        case .partition(let number): return node.iscsi.kernelTable.contains { $0.number == number }
        }
    }

    /// Whether the node can read a quorum disk header there.
    func sees(_ node: NodeState, _ region: Storage.Region) -> Bool {
        reaches(node) && shows(node, region) && storage.headers[region] != nil
            && !faults.blindToLabel.contains(node.name)
    }
}

extension ClusterModel {
    func records(_ node: String) -> [IscsiRecord] {
        let root = "/etc/iscsi/nodes"
        var found: [IscsiRecord] = []
        for iqn in (try? control.list(node, root)) ?? [] {
            for portal in (try? control.list(node, "\(root)/\(iqn)")) ?? [] {
                let text = text(node, "\(root)/\(iqn)/\(portal)/default") ?? ""
                if let record = IscsiRecord(text: text) { found.append(record) }
            }
        }
        return found
    }

    func save(_ record: IscsiRecord, on node: String) throws {
        try control.makeDirectory(node, record.folder, mode: 0o700)
        try control.write(node, record.path, Array(record.text.utf8), mode: 0o600)
    }

    /// Logs in and lets udev make the devices. The result is an error number of iscsiadm, 0 for success.
    func logIn(_ caller: Caller, _ record: IscsiRecord) -> Int32 {
        let node = caller.node
        let nas = state.storage.nas
        guard state.storage.isReachable, !state.network.unplugged.contains(node),
            record.address == nas.address,
            record.port == nas.port
        else { return 8 }
        guard record.iqn == nas.iqn else { return 19 }
        guard !state.storage.refusedInitiators.contains(node) else { return 24 }
        let sid = state[node].iscsi.nextSID
        state[node].iscsi.nextSID += 1
        state[node].iscsi.sessions.append(
            Initiator.Session(sid: sid, iqn: record.iqn, address: record.address, port: record.port))
        state[node].iscsi.kernelTable = state.storage.table ?? []
        showDevices(node)
        effect("iscsi login", caller)
        return 0
    }

    func logOut(_ node: String, _ session: Initiator.Session) {
        state[node].iscsi.sessions.removeAll { $0.sid == session.sid }
        state[node].iscsi.kernelTable = []
        showDevices(node)
        effect("iscsi logout", on: node, command: "iscsiadm")
    }

    // MARK: devices

    /// The names of a part of the LUN on a node, in the order in which mkqdisk finds them.
    func devicePaths(_ node: String, _ region: Storage.Region) -> [String] {
        let nas = state.storage.nas
        let byPath = "/dev/disk/by-path/ip-\(nas.address):\(nas.port)-iscsi-\(nas.iqn)-lun-\(nas.lun)"
        let byID = "/dev/disk/by-id/scsi-\(nas.wwid)"
        switch region {
        case .whole: return [byID, byPath, "/dev/sdb"]
        case .partition(let number):
            return ["\(byID)-part\(number)", "\(byPath)-part\(number)", "/dev/sdb\(number)"]
        }
    }

    func showDevices(_ node: String) {
        guard state[node].isUp else { return }
        guard !state[node].iscsi.sessions.isEmpty else {
            control.setBlockDevices(node, [])
            return
        }
        let regions = [.whole] + state[node].iscsi.kernelTable.map { Storage.Region.partition($0.number) }
        control.setBlockDevices(
            node,
            regions.map { region in
                let paths = devicePaths(node, region)
                let minor: UInt32 =
                    if case .partition(let number) = region { UInt32(16 + number) } else { 16 }
                return BlockDevice(path: paths[2], links: Array(paths.prefix(2)), major: 8, minor: minor)
            })
    }

    /// The part of the LUN that a device name means on a node; nil when the node has no such device.
    func region(_ node: String, _ path: String) -> Storage.Region? {
        let regions = [.whole] + state[node].iscsi.kernelTable.map { Storage.Region.partition($0.number) }
        return regions.first { state.shows(state[node], $0) && devicePaths(node, $0).contains(path) }
    }

    /// The quorum disk headers that a node can read.
    func visibleHeaders(_ node: String) -> [(Storage.Region, Storage.QuorumHeader)] {
        let regions = [.whole] + state[node].iscsi.kernelTable.map { Storage.Region.partition($0.number) }
        return regions.compactMap { region in
            guard state.sees(state[node], region), let header = state.storage.headers[region] else {
                return nil
            }
            return (region, header)
        }
    }
}
