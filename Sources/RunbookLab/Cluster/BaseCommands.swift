/// pveversion, uname, umount, shutdown and its kin, omping.
extension ClusterModel {
    func baseCommand(_ caller: Caller) async throws -> Int32 {
        switch caller.call.name {
        case "pveversion": return try await pveversion(caller)
        case "uname": return try await uname(caller)
        case "umount": return try await umount(caller)
        case "reboot", "shutdown", "poweroff", "halt": return try await shutDown(caller)
        default: throw NotModelled()
        }
    }

    private func pveversion(_ caller: Caller) async throws -> Int32 {
        let kernel = profile.kernelRelease
        switch caller.arguments {
        case []: await caller.line("\(profile.managerVersion) (running kernel: \(kernel))")
        case ["-v"], ["--verbose"]:
            let version = profile.managerVersion.split(separator: "/")
            let number = version.count > 1 ? String(version[1]) : "3.4-6"
            await caller.line("proxmox-ve-2.6.32: 3.4-156 (running kernel: \(kernel))")
            await caller.line(
                "pve-manager: \(number) (running version: \(version.dropFirst().joined(separator: "/")))")
            await caller.line("pve-kernel-\(kernel): 2.6.32-156")
            for package in Self.packages { await caller.line(package) }
        default: throw CommandExit(255, "USAGE: pveversion [--verbose]")
        }
        return 0
    }

    /// Package versions of a real 3.4 node.
    private static let packages = [
        "lvm2: 2.02.98-pve4", "clvm: 2.02.98-pve4", "corosync-pve: 1.4.7-1", "openais-pve: 1.1.4-3",
        "libqb0: 0.11.1-2", "redhat-cluster-pve: 3.2.0-2", "resource-agents-pve: 3.9.2-4",
        "fence-agents-pve: 4.0.10-2", "pve-cluster: 3.0-17", "qemu-server: 3.4-6", "pve-firmware: 1.1-4",
        "libpve-common-perl: 3.0-24", "libpve-access-control: 3.0-16", "libpve-storage-perl: 3.0-33",
        "pve-libspice-server1: 0.12.4-3", "vncterm: 1.1-8", "vzctl: 4.0-1pve6", "vzprocps: 2.0.11-2",
        "vzquota: 3.1-2", "pve-qemu-kvm: 2.2-10", "ksm-control-daemon: 1.1-1", "glusterfs-client: 3.5.2-1",
    ]

    private func uname(_ caller: Caller) async throws -> Int32 {
        let values: [Character: String] = [
            "s": "Linux", "n": caller.node, "r": profile.kernelRelease,
            "v": "#1 SMP Wed Apr 1 12:17:13 CEST 2015", "m": "x86_64", "o": "GNU/Linux",
        ]
        let long = [
            "--kernel-name": "s", "--nodename": "n", "--kernel-release": "r", "--kernel-version": "v",
            "--machine": "m", "--operating-system": "o", "--all": "a",
        ]
        var wanted: Set<Character> = []
        for word in caller.arguments {
            let flags =
                long[word] ?? (word.hasPrefix("-") && !word.hasPrefix("--") ? String(word.dropFirst()) : "?")
            wanted.formUnion(flags)
        }
        if wanted.isEmpty { wanted = ["s"] }
        if wanted.contains("a") { wanted = Set("snrvmo") }
        guard wanted.allSatisfy({ values[$0] != nil }) else { throw NotModelled() }
        await caller.line(
            "snrvmo".compactMap { wanted.contains($0) ? values[$0] : nil }.joined(separator: " "))
        return 0
    }

    /// Only /etc/pve: it takes away what a dead pmxcfs left mounted.
    private func umount(_ caller: Caller) async throws -> Int32 {
        guard caller.arguments.last == "/etc/pve",
            caller.arguments.dropLast().allSatisfy({ ["-f", "-l"].contains($0) })
        else { throw NotModelled() }
        if state.faults.staleMount.remove(caller.node) != nil { return 0 }
        guard state[caller.node].pmxcfs != nil else {
            throw CommandExit(32, "umount: /etc/pve: not mounted")
        }
        guard caller.arguments.contains("-f") else {
            throw CommandExit(32, "umount: /etc/pve: device is busy.")
        }
        await stopPmxcfs(caller.node)
        return 0
    }

    /// Answers at once; a little later the init scripts stop everything in order and the node goes down.
    private func shutDown(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let words = caller.arguments
        let reboots =
            caller.call.name == "reboot" || (caller.call.name == "shutdown" && words.contains("-r"))
        guard caller.call.name != "shutdown" || words.contains("-r") || words.contains("-h") else {
            throw NotModelled()
        }
        let clock = clock
        Task { [weak self] in
            try? await clock.sleep(.seconds(2))
            await self?.goDown(node, reboots: reboots)
        }
        return 0
    }

    private func goDown(_ node: String, reboots: Bool) async {
        guard state[node].isUp else { return }
        let silent = Caller(CommandCall(node: node, name: "rc", writeOutput: { _ in }, writeError: { _ in }))
        // The order of runlevel 6: what depends on the cluster first. A script that fails stops nothing.
        for (script, action) in [("rgmanager", "stop"), ("cman", "stop"), ("pve-cluster", "stop")] {
            _ = try? await initScript(script, [action], silent)
        }
        _ = try? await initScript("open-iscsi", ["stop"], silent)
        await refresh()
        if reboots { control.reboot(node) } else { control.powerOff(node) }
    }

    // MARK: omping

    /// `omping -c N -i S [-F] [-q] ADDRESS…`, on both nodes at the same time.
    func omping(_ caller: Caller) async throws -> Int32 {
        let node = caller.node
        var (count, interval) = (10, 1.0)
        var addresses: [String] = []
        var rest = caller.arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-c": count = rest.popFirst().flatMap { Int($0) } ?? count
            case "-i": interval = rest.popFirst().flatMap { Double($0) } ?? interval
            case "-F", "-q": continue
            case _ where word.hasPrefix("-"): throw NotModelled()
            default: addresses.append(word)
            }
        }
        let others = addresses.filter { $0 != node && $0 != state[node].address }
        guard others.count < addresses.count else {
            throw CommandExit(1, "omping: Can't find local address in arguments")
        }
        state.pinging[node, default: 0] += 1
        defer { state.pinging[node, default: 1] -= 1 }
        for address in others { await caller.line("\(address) : waiting for response msg") }
        var heard: Set<String> = []
        let stretch = max(1, Int(Double(count) * interval))
        for _ in 0..<stretch {
            try await wait(.seconds(1))
            for address in others where answers(address, node) { heard.insert(address) }
        }
        for address in others {
            let unicast = heard.contains(address) ? count : 0
            let multicast = state.network.dropsMulticast ? 0 : unicast
            await caller.line("\(address) :   unicast, " + Self.summary(count, unicast))
            await caller.line("\(address) : multicast, " + Self.summary(count, multicast))
        }
        return heard.count == others.count ? 0 : 1
    }

    private func answers(_ address: String, _ node: String) -> Bool {
        guard let other = reached(from: node, by: address), state[other].isUp else { return false }
        return state.pinging[other, default: 0] > 0
            && state.network.unplugged.isDisjoint(with: [node, other])
    }

    private static func summary(_ sent: Int, _ received: Int) -> String {
        let loss = sent == 0 ? 0 : (sent - received) * 100 / sent
        let times = received == 0 ? "0.000/0.000/0.000/0.000" : "0.089/0.183/0.904/0.076"
        return "xmt/rcv/%loss = \(sent)/\(received)/\(loss)%, min/avg/max/std-dev = \(times)"
    }
}
