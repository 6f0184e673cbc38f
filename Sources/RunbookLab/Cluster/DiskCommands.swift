/// blockdev, lsblk, partprobe, udevadm, scsi_id: what a node's kernel shows of the LUN (util-linux 2.20).
extension ClusterModel {
    func diskCommand(_ caller: Caller) async throws -> Int32 {
        switch caller.call.name {
        case "blockdev": return try await blockdev(caller)
        case "lsblk": return try await lsblk(caller)
        case "blkid": return try await blkid(caller)
        case "sfdisk": return try await sfdisk(caller)
        case "fdisk": return try await fdisk(caller)
        case "parted": return try await parted(caller)
        case "partprobe": return try await partprobe(caller)
        case "udevadm":
            guard ["settle", "trigger"].contains(caller.arguments.first) else { throw NotModelled() }
            try await wait(.milliseconds(500))
            return 0
        case "scsi_id":
            guard let device = caller.arguments.last, !device.hasPrefix("-"),
                caller.arguments.contains(where: { $0.hasPrefix("-g") || $0 == "--whitelisted" })
            else { throw NotModelled() }
            guard region(caller.node, device) != nil else { return 1 }
            await caller.line(state.storage.nas.wwid)
            return 0
        default: throw NotModelled()
        }
    }

    func sizeInBytes(_ node: String, _ region: Storage.Region) -> Int {
        switch region {
        case .whole: return state.storage.nas.sizeInBytes
        case .partition(let number):
            return (state[node].iscsi.kernelTable.first { $0.number == number }?.sectors ?? 0) * 512
        }
    }

    private func blockdev(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        guard caller.arguments.count == 2, caller.arguments[0].hasPrefix("--") else { throw NotModelled() }
        let device = caller.arguments[1]
        guard let region = region(node, device) else {
            throw CommandExit(1, "blockdev: cannot open \(device): No such file or directory")
        }
        switch caller.arguments[0] {
        case "--getsize64": await caller.line(String(sizeInBytes(node, region)))
        case "--getsz", "--getsize": await caller.line(String(sizeInBytes(node, region) / 512))
        case "--getss", "--getpbsz", "--getbsz": await caller.line("512")
        case "--getro": await caller.line("0")
        case "--flushbufs": break
        case "--rereadpt":
            guard region == .whole, rereadTable(node) else {
                throw CommandExit(
                    1,
                    "blockdev: ioctl error on BLKRRPART: "
                        + (region == .whole ? "Device or resource busy" : "Invalid argument"))
            }
        default: throw NotModelled()
        }
        return 0
    }

    /// The kernel reads the partition table again. False while something holds a partition: qdiskd, or a
    /// fault that stands for it.
    func rereadTable(_ node: String) -> Bool {
        guard !isTableBusy(node) else { return false }
        state[node].iscsi.kernelTable = state.storage.table ?? []
        showDevices(node)
        return true
    }

    func isTableBusy(_ node: String) -> Bool {
        if state.faults.busyPartitionTable.contains(node) { return true }
        if case .partition = state[node].qdiskd?.region { return true }
        return false
    }

    private func partprobe(_ caller: Caller) async throws -> Int32 {
        let devices = caller.arguments.filter { !$0.hasPrefix("-") }
        guard caller.arguments.count == devices.count else { throw NotModelled() }
        for device in devices where region(caller.node, device) == nil {
            throw CommandExit(1, "Error: Could not stat device \(device) - No such file or directory.")
        }
        guard !state[caller.node].iscsi.sessions.isEmpty else { return 0 }
        guard rereadTable(caller.node) else {
            throw CommandExit(
                1,
                "Warning: WARNING: the kernel failed to re-read the partition table on /dev/sdb (Device or "
                    + "resource busy).  As a result, it may not reflect all of your changes until after reboot."
            )
        }
        return 0
    }

    // MARK: lsblk

    private struct BlockRow {
        var name: String
        var minor: Int
        var size: Int
        var type: String
        var isChild: Bool

        func column(_ column: String, inBytes: Bool, showsTree: Bool) -> String {
            switch column {
            case "NAME": return isChild && showsTree ? "└─\(name)" : name
            case "KNAME": return name
            case "MAJ:MIN": return "8:\(minor)"
            case "RM", "RO": return "0"
            case "SIZE": return inBytes ? String(size) : Self.human(size)
            case "TYPE": return type
            default: return ""
            }
        }

        /// `16M`, `15M`, `1.5G`: one decimal when it is not whole.
        static func human(_ bytes: Int) -> String {
            var value = bytes * 10
            for unit in ["B", "K", "M", "G", "T"] {
                guard value >= 10240, unit != "T" else {
                    return (value % 10 == 0 ? "\(value / 10)" : "\(value / 10).\(value % 10)") + unit
                }
                value /= 1024
            }
            return "\(bytes)B"
        }
    }

    private func lsblk(_ caller: Caller) async throws -> Int32 {
        var columns = ["NAME", "MAJ:MIN", "RM", "SIZE", "RO", "TYPE", "MOUNTPOINT"]
        var (hasHeader, showsChildren, inBytes) = (true, true, false)
        var devices: [String] = []
        var rest = caller.arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), !word.hasPrefix("--") else {
                guard !word.hasPrefix("-") else { throw NotModelled() }
                devices.append(word)
                continue
            }
            for flag in word.dropFirst() {
                switch flag {
                case "n": hasHeader = false
                case "d": showsChildren = false
                case "b": inBytes = true
                case "o":
                    guard let list = rest.popFirst() else { throw NotModelled() }
                    columns = list.uppercased().split(separator: ",").map(String.init)
                default: throw NotModelled()
                }
            }
        }
        let known: Set = ["NAME", "KNAME", "MAJ:MIN", "RM", "RO", "SIZE", "TYPE", "MOUNTPOINT"]
        guard columns.allSatisfy(known.contains) else { throw NotModelled() }
        let rows = try blockRows(caller.node, devices, showsChildren)
        var table = rows.map { row in
            columns.map { row.column($0, inBytes: inBytes, showsTree: columns.first == "NAME") }
        }
        if hasHeader { table.insert(columns, at: 0) }
        for row in table {
            let cells = columns.indices.map { index -> String in
                let width = max(
                    table.map { $0[index].count }.max() ?? 0, columns[index] == "SIZE" ? 5 : 0)
                let isLeft = ["NAME", "KNAME", "TYPE", "MOUNTPOINT"].contains(columns[index])
                let isLast = index == columns.count - 1
                return isLeft
                    ? (isLast ? row[index] : row[index].rightPadded(to: width))
                    : row[index].leftPadded(to: width)
            }
            await caller.line(cells.joined(separator: " "))
        }
        return 0
    }

    private func blockRows(_ node: String, _ devices: [String], _ showsChildren: Bool) throws -> [BlockRow] {
        let isLoggedIn = !state[node].iscsi.sessions.isEmpty
        let disk = BlockRow(
            name: "sdb", minor: 16, size: state.storage.nas.sizeInBytes, type: "disk", isChild: false)
        let parts = state[node].iscsi.kernelTable.map {
            BlockRow(
                name: "sdb\($0.number)", minor: 16 + $0.number, size: $0.sectors * 512, type: "part",
                isChild: true)
        }
        guard !devices.isEmpty else { return isLoggedIn ? [disk] + (showsChildren ? parts : []) : [] }
        var rows: [BlockRow] = []
        for device in devices {
            switch region(node, device) {
            case nil: throw CommandExit(1, "lsblk: \(device): not a block device")
            case .whole: rows += [disk] + (showsChildren ? parts : [])
            case .partition(let number):
                rows += parts.filter { $0.name == "sdb\(number)" }.map { row in
                    var row = row
                    row.isChild = false
                    return row
                }
            }
        }
        return rows
    }

    // MARK: blkid

    /// Low-level probing (`-p`) tells a partition's entry in the table even when nothing is on it, and then
    /// exits 0; only a device about which nothing at all is known gives 2.
    private func blkid(_ caller: Caller) async throws -> Int32 {
        var isLowLevel = false
        var format = "full"
        var wanted: Set<String> = []
        var devices: [String] = []
        var rest = caller.arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-p": isLowLevel = true
            case "-o": format = rest.popFirst() ?? ""
            case "-s": wanted.insert(rest.popFirst() ?? "")
            case "-c": _ = rest.popFirst()
            case _ where word.hasPrefix("-"): throw NotModelled()
            default: devices.append(word)
            }
        }
        guard ["full", "value", "export"].contains(format), !devices.isEmpty || !isLowLevel else {
            throw NotModelled()
        }
        var found = false
        for device in devices {
            guard let region = region(caller.node, device) else {
                guard isLowLevel else { continue }
                throw CommandExit(2, "error: \(device): No such file or directory")
            }
            let tags = blockTags(caller.node, region, isLowLevel)
            found = found || !tags.isEmpty
            let shown = tags.filter { wanted.isEmpty || wanted.contains($0.0) }
            guard !shown.isEmpty else { continue }
            switch format {
            case "value": for tag in shown { await caller.line(tag.1) }
            case "export": for tag in shown { await caller.line("\(tag.0)=\(tag.1)") }
            default:
                await caller.line("\(device): " + shown.map { "\($0.0)=\"\($0.1)\" " }.joined())
            }
        }
        return found ? 0 : 2
    }

    private func blockTags(
        _ node: String, _ region: Storage.Region, _ isLowLevel: Bool
    ) -> [(String, String)] {
        var tags: [(String, String)] = []
        if let type = state.storage.foreignContent[region] {
            tags.append(("TYPE", type))
            if isLowLevel { tags.append(("USAGE", "filesystem")) }
        }
        guard isLowLevel else { return tags }
        switch region {
        case .whole:
            if state.storage.table != nil { tags.append(("PTTYPE", "dos")) }
        case .partition(let number):
            guard let entry = state[node].iscsi.kernelTable.first(where: { $0.number == number }) else {
                break
            }
            tags += [
                ("PART_ENTRY_SCHEME", "dos"), ("PART_ENTRY_TYPE", "0x\(entry.type)"),
                ("PART_ENTRY_NUMBER", String(number)), ("PART_ENTRY_OFFSET", String(entry.startSector)),
                ("PART_ENTRY_SIZE", String(entry.sectors)), ("PART_ENTRY_DISK", "8:16"),
            ]
        }
        return tags
    }
}
