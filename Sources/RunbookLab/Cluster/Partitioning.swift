/// sfdisk, fdisk, parted: one primary partition on the LUN is all that the lab needs (util-linux 2.20).
extension ClusterModel {
    /// Writes a table with the given partitions: block 0 is new, so a quorum disk header of the whole disk
    /// is gone. Headers in partitions that stay where they were stay too.
    private func writeTable(_ partitions: [Storage.Partition], _ caller: Caller) {
        let old = state.storage.table ?? []
        state.storage.table = partitions
        state.storage.headers[.whole] = nil
        state.storage.foreignContent[.whole] = nil
        for partition in old where !partitions.contains(where: { $0.startSector == partition.startSector }) {
            state.storage.headers[.partition(partition.number)] = nil
            state.storage.foreignContent[.partition(partition.number)] = nil
        }
        effect("sfdisk", caller)
    }

    private func openDisk(_ caller: Caller, _ device: String, tool: String) throws {
        guard region(caller.node, device) == .whole else {
            throw CommandExit(1, "\(tool): cannot open \(device): No such file or directory")
        }
        guard state.reaches(state[caller.node]) else {
            throw CommandExit(1, "\(tool): cannot read \(device): Input/output error")
        }
    }

    // MARK: sfdisk

    func sfdisk(_ caller: Caller) async throws -> Int32 {
        var inSectors = false
        var (isDump, isList) = (false, false)
        var devices: [String] = []
        for word in caller.arguments {
            switch word {
            case "-uS": inSectors = true
            case "-d": isDump = true
            case "-l": isList = true
            case "-q", "--force", "-f", "-L": continue
            case _ where word.hasPrefix("-"): throw NotModelled()
            default: devices.append(word)
            }
        }
        guard devices.count == 1, let device = devices.first else { throw NotModelled() }
        try openDisk(caller, device, tool: "sfdisk")
        if isDump || isList {
            await caller.out(dump(device))
            return 0
        }
        guard !isTableBusy(caller.node) else {
            await caller.line("Checking that no-one is using this disk right now ...")
            throw CommandExit(
                1,
                "BLKRRPART: Device or resource busy\n\nThis disk is currently in use - repartitioning is probably a bad idea."
            )
        }
        let input = await caller.readAll()
        guard inSectors, let partitions = parse(input) else { throw NotModelled() }
        await caller.out(
            "Checking that no-one is using this disk right now ...\nOK\n\nDisk \(device): "
                + "\(state.storage.sectors / 2048) cylinders, 64 heads, 32 sectors/track\n")
        if state.storage.table == nil {
            await caller.error("sfdisk:  \(device): unrecognized partition table type")
        }
        await caller.out("Old situation:\n")
        if state.storage.table == nil { await caller.error("sfdisk: No partitions found") }
        writeTable(partitions, caller)
        await caller.out(
            "New situation:\nUnits = sectors of 512 bytes, counting from 0\n\n"
                + "   Device Boot    Start       End   #sectors  Id  System\n")
        for number in 1...4 { await caller.line(row(device, number, partitions)) }
        await caller.error(
            "Warning: no primary partition is marked bootable (active)\n"
                + "This does not matter for LILO, but the DOS MBR will not boot this disk.")
        await caller.out(
            "Successfully wrote the new partition table\n\nRe-reading the partition table ...\n\n")
        _ = rereadTable(caller.node)
        return 0
    }

    /// Lines of `start,size,type` in sectors; an empty size is the rest of the disk.
    private func parse(_ input: String) -> [Storage.Partition]? {
        var partitions: [Storage.Partition] = []
        for line in input.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
                .map { String($0.filter { !$0.isWhitespace }) }
            guard fields.count <= 4 else { return nil }
            let start = fields[0].isEmpty ? 2048 : Int(fields[0]) ?? -1
            let size =
                fields.count < 2 || fields[1].isEmpty ? state.storage.sectors - start : Int(fields[1]) ?? -1
            let type = fields.count < 3 || fields[2].isEmpty ? "83" : fields[2].lowercased()
            guard start > 0, size > 0, start + size <= state.storage.sectors else { return nil }
            partitions.append(
                Storage.Partition(
                    number: partitions.count + 1, startSector: start, sectors: size,
                    type: type == "l" ? "83" : type))
        }
        return partitions.isEmpty || partitions.count > 4 ? nil : partitions
    }

    private func row(_ device: String, _ number: Int, _ partitions: [Storage.Partition]) -> String {
        let name = device.hasPrefix("/dev/sd") ? "\(device)\(number)" : "\(device)-part\(number)"
        guard let entry = partitions.first(where: { $0.number == number }) else {
            return "\(name)             0         -          0   0  Empty"
        }
        let end = String(entry.startSector + entry.sectors - 1)
        return name + String(entry.startSector).leftPadded(to: 14) + end.leftPadded(to: 10)
            + String(entry.sectors).leftPadded(to: 11) + "  \(entry.type)  Linux"
    }

    private func dump(_ device: String) -> String {
        guard let table = state.storage.table else {
            return "# partition table of \(device)\nunit: sectors\n\n"
        }
        var text = "# partition table of \(device)\nunit: sectors\n\n"
        for number in 1...4 {
            let entry = table.first { $0.number == number }
            text +=
                "\(device)\(number) : start=\(String(entry?.startSector ?? 0).leftPadded(to: 9)), "
                + "size=\(String(entry?.sectors ?? 0).leftPadded(to: 9)), Id=\(entry?.type ?? " 0")\n"
        }
        return text
    }

    // MARK: fdisk, parted

    /// The dialog that makes one primary partition of the whole disk: n, p, 1, default, default, w.
    func fdisk(_ caller: Caller) async throws -> Int32 {
        guard let device = caller.arguments.last, !device.hasPrefix("-"),
            caller.arguments.count == 1 || caller.arguments.first == "-l"
        else { throw NotModelled() }
        try openDisk(caller, device, tool: "fdisk")
        if caller.arguments.first == "-l" {
            await caller.out(
                "\nDisk \(device): \(state.storage.nas.sizeInBytes / 1_000_000) MB, \(state.storage.nas.sizeInBytes) bytes\n"
            )
            guard let table = state.storage.table else {
                await caller.error("Disk \(device) doesn't contain a valid partition table")
                return 0
            }
            await caller.out("\n   Device Boot      Start         End      Blocks   Id  System\n")
            for entry in table { await caller.line(row(device, entry.number, table)) }
            return 0
        }
        let answers = (await caller.readAll()).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        guard Array(answers.prefix(6)) == ["n", "p", "1", "", "", "w"] else { throw NotModelled() }
        if state.storage.table == nil {
            await caller.line(
                "Device contains neither a valid DOS partition table, nor Sun, SGI or OSF disklabel")
            await caller.line("Building a new DOS disklabel with disk identifier 0x5ad1c3f0.")
        }
        await caller.line("\nCommand (m for help): The partition table has been altered!\n")
        writeTable([wholeDisk], caller)
        await caller.line("Calling ioctl() to re-read partition table.")
        if !rereadTable(caller.node) {
            await caller.error(
                "\nWARNING: Re-reading the partition table failed with error 16: Device or resource busy.")
        }
        await caller.line("Syncing disks.")
        return 0
    }

    private var wholeDisk: Storage.Partition {
        Storage.Partition(number: 1, startSector: 2048, sectors: state.storage.sectors - 2048, type: "83")
    }

    func parted(_ caller: Caller) async throws -> Int32 {
        let words = caller.arguments
        guard words.count >= 4, words[0] == "-s", words[2] == "mklabel", words[3] == "msdos" else {
            throw NotModelled()
        }
        try openDisk(caller, words[1], tool: "Error")
        switch Array(words.dropFirst(4)) {
        case []: writeTable([], caller)
        case ["mkpart", "primary", "1MiB", "100%"]: writeTable([wholeDisk], caller)
        default: throw NotModelled()
        }
        _ = rereadTable(caller.node)
        return 0
    }
}
