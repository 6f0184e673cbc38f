/// mkqdisk of redhat-cluster 3.2.0 (cman/qdisk/mkqdisk.c), with the exit codes that were observed.
extension ClusterModel {
    /// Header of 4 KiB, then a block of 4 KiB for each of 16 nodes and one more.
    static let leastQuorumDiskSize = 73_728

    func mkqdisk(_ caller: Caller) async throws -> Int32 {
        var device: String?
        var label: String?
        var search: String?
        var lists = false
        var rest = caller.arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-c": device = rest.popFirst()
            case "-l": label = rest.popFirst()
            case "-f": search = rest.popFirst()
            case "-L": lists = true
            case "-d": continue
            case "-h":
                await caller.line("usage: mkqdisk -L | -f <label> | -c <device> -l <label> [-d]")
                return 0
            default: throw NotModelled()
            }
        }
        await caller.out("mkqdisk v3.2.0\n\n")
        if lists {
            await printHeaders(visibleHeaders(caller.node), caller)
            return 0
        }
        if let search {
            let found = visibleHeaders(caller.node).filter { $0.1.label == search }
            await printHeaders(found, caller)
            return found.isEmpty ? 255 : 0
        }
        guard device != nil || label != nil else {
            await caller.line("usage: mkqdisk -L | -f <label> | -c <device> -l <label> [-d]")
            return 1
        }
        guard let device, let label else {
            throw CommandExit(1, "Both a device and a label are required")
        }
        return try await initialise(device, label, caller)
    }

    private func printHeaders(
        _ headers: [(Storage.Region, Storage.QuorumHeader)], _ caller: Caller
    ) async {
        for (region, header) in headers {
            for path in devicePaths(caller.node, region) { await caller.line("\(path):") }
            await caller.out(
                "\tMagic:                eb7a62c2\n\tLabel:                \(header.label)\n"
                    + "\tCreated:              \(LabDate(unixTime: header.createdAt).ctime)\n"
                    + "\tHost:                 \(header.host)\n"
                    + "\tKernel Sector Size:   512\n\tRecorded Sector Size: 512\n\n")
        }
    }

    /// Asks on standard input; all but a small y leaves the disk alone, with exit 0. Its errors are silent:
    /// nothing is printed below debug level.
    private func initialise(_ device: String, _ label: String, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        await caller.out(
            "Writing new quorum disk label '\(label)' to \(device).\n"
                + "WARNING: About to destroy all data on \(device); proceed [N/y] ? ")
        guard await caller.readByte() == UInt8(ascii: "y") else {
            await caller.line("Good thinking.")
            return 0
        }
        guard let region = region(node, device), state.reaches(state[node]),
            sizeInBytes(node, region) >= Self.leastQuorumDiskSize
        else { return 255 }
        if state.storage.headers[region] != nil {
            await caller.line("Warning: Initializing previously initialized partition")
        }
        state.storage.headers[region] = Storage.QuorumHeader(
            label: String(label.prefix(118)), host: node, createdAt: clock.unixTime)
        state.storage.foreignContent[region] = nil
        if region == .whole {
            // Block 0 is the partition table's place.
            state.storage.table = nil
            for other in state.storage.headers.keys where other != .whole {
                state.storage.headers[other] = nil
            }
        }
        wipeVotes(region)
        effect("mkqdisk -c", caller)
        for number in 1...16 { await caller.line("Initializing status block for node \(number)...") }
        return 0
    }

    /// A disk that is written anew takes away the votes of those who used it; they begin again.
    private func wipeVotes(_ region: Storage.Region) {
        for node in state.nodes {
            guard let daemon = node.qdiskd, daemon.region == region else { continue }
            state[node.name].qdiskd = QuorumDaemon(
                device: daemon.device, lun: daemon.lun, region: region, startedAt: now, votes: daemon.votes,
                interval: daemon.interval, tko: daemon.tko)
            state[node.name].corosync?.diskSince = nil
        }
    }
}
