import Synchronization

/// The one model of a lab's cluster: state, files, commands. Calls of all nodes meet here; a command that
/// waits (for quorum, for a daemon) lets the others go on.
package actor ClusterModel: NodeModel {
    let profile: LabProfile
    let control: any NodeControl
    let clock: any LabClock
    private let report: @Sendable (LabEffect) -> Void
    var state: ClusterState
    /// Lab time that does not count: a restored snapshot goes on where it was taken.
    private var skipped = Duration.zero
    private var snapshots: [ClusterSnapshot] = []
    /// The web servers that run in the nodes.
    var webServers: [String: any NodeDaemon] = [:]
    var deadPorts: Set<String> = []
    var bootTasks: [String: Task<Void, Never>] = [:]
    private var ticker: Task<Void, Never>?

    package nonisolated let names = CommandTable.names
    package nonisolated let initScripts = CommandTable.initScripts

    /// Every wait of the model goes through `clock`; `report` is called once for each effect that really
    /// took place.
    package init(
        profile: LabProfile, control: any NodeControl, clock: any LabClock,
        report: @escaping @Sendable (LabEffect) -> Void = { _ in }
    ) {
        self.profile = profile
        self.control = control
        self.clock = clock
        self.report = report
        state = ClusterState(
            nodes: profile.nodes.map {
                NodeState(name: $0.name, address: $0.address, domain: profile.domain)
            },
            storage: Storage(nas: profile.nas))
    }

    /// Opens the NAS's port and lets daemons act while no command runs. The first node's start calls it.
    func start() {
        guard ticker == nil else { return }
        control.setPortal(port: UInt16(clamping: profile.nas.port), open: true)
        let clock = clock
        ticker = Task { [weak self] in
            while !Task.isCancelled {
                do { try await clock.sleep(.seconds(2)) } catch { return }
                guard let self else { return }
                await self.refresh()
            }
        }
    }

    /// Ends the ticking; daemons in nodes end with their nodes.
    func stop() {
        ticker?.cancel()
        ticker = nil
    }

    // MARK: commands

    package func run(_ call: CommandCall) async -> Int32 {
        guard state.has(call.node) else { return 70 }
        await refresh()
        let caller = Caller(call)
        if let fault = takeFailOnce(call) {
            if !fault.message.isEmpty { await caller.error(fault.message) }
            return fault.status
        }
        do {
            let status = try await dispatch(caller)
            await refresh()
            return status
        } catch let exit as CommandExit {
            if let message = exit.message { await caller.error(message) }
            await refresh()
            return exit.status
        } catch is NotModelled {
            await caller.error(
                "lab: \(call.name): '\(call.arguments.joined(separator: " "))' is not modelled")
            return 70
        } catch is CancellationError {
            return 143
        } catch let error as NodeFileError {
            await caller.error("lab: \(call.name): \(error.message)")
            return 70
        } catch {
            await caller.error("lab: \(call.name): \(error)")
            return 70
        }
    }

    private func takeFailOnce(_ call: CommandCall) -> Faults.FailOnce? {
        let words = ([call.name] + call.arguments).joined(separator: " ")
        let match = state.faults.failOnce.firstIndex {
            ($0.node == nil || $0.node == call.node)
                && (words == $0.prefix || words.hasPrefix($0.prefix + " "))
        }
        return match.map { state.faults.failOnce.remove(at: $0) }
    }

    // MARK: time

    var now: Duration { clock.now - skipped }

    /// Waits in lab time, and lets the state follow.
    func wait(_ duration: Duration) async throws {
        try await clock.sleep(duration)
        await refresh()
    }

    /// Brings state, files and views to the present.
    func refresh() async {
        await apply(state.settle(now: now, unixTime: clock.unixTime))
        await followClusterFile(origin: nil)
        await settleWeb()
    }

    /// Lets state follow at once after a command changed it.
    func settle() async { await apply(state.settle(now: now, unixTime: clock.unixTime)) }

    private func apply(_ consequences: [Consequence]) async {
        for consequence in consequences {
            switch consequence {
            case .log(let node, let daemon, let text): log(node, daemon, text)
            case .view(let node): showPVE(node)
            }
        }
    }

    func effect(_ name: String, _ caller: Caller) {
        effect(name, on: caller.node, command: ([caller.call.name] + caller.arguments).joined(separator: " "))
    }

    func effect(_ name: String, on node: String, command: String) {
        let (seconds, attoseconds) = now.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        report(LabEffect(node: node, name: name, command: command, at: Double(milliseconds) / 1000))
    }

    // MARK: files of nodes

    func text(_ node: String, _ path: String) -> String? { try? control.readText(node, path) }

    func log(_ node: String, _ daemon: String, _ line: String) {
        let date = LabDate(unixTime: clock.unixTime).syslog
        let path = daemon == "syslog" ? "/var/log/syslog" : "/var/log/cluster/\(daemon).log"
        let text =
            daemon == "syslog" ? "\(date) \(node) \(line)\n" : "\(date) \(daemon) \(line)\n"
        // A log that cannot be written is no reason to stop a daemon; the node may be down.
        try? control.append(node, path, Array(text.utf8))
    }

    /// The pid file of a daemon, whose age tells when it was started; nil takes it away.
    func notePID(_ node: String, _ daemon: String, _ pid: Int?) {
        let path = "/var/run/\(daemon).pid"
        if let pid {
            try? control.write(node, path, text: "\(pid)\n")
        } else {
            try? control.remove(node, path)
        }
    }

    // MARK: snapshots

    package func saveState() -> [UInt8] {
        snapshots.append(ClusterSnapshot(state: state, now: now))
        return Array(String(snapshots.count - 1).utf8)
    }

    package func restoreState(_ bytes: [UInt8]) async {
        guard let index = Int(String(decoding: bytes, as: UTF8.self)), snapshots.indices.contains(index)
        else {
            return
        }
        let snapshot = snapshots[index]
        state = snapshot.state
        skipped = clock.now - snapshot.now
        for node in state.nodes where node.isUp {
            bootTasks.removeValue(forKey: node.name)?.cancel()
            showPVE(node.name)
            showDevices(node.name)
            await stopWeb(node.name)
            await restorePIDs(node)
        }
        control.setPortal(port: UInt16(clamping: profile.nas.port), open: state.storage.isReachable)
        await refresh()
    }
}

extension ClusterModel {
    /// The pid files lay in /run, which the boot before a restore has emptied.
    private func restorePIDs(_ node: NodeState) async {
        notePID(node.name, "cman", node.corosync == nil ? nil : node.nextPID)
        notePID(node.name, "rgmanager", node.rgmanager?.pid)
        guard node.corosync?.hasNewerFile == true else { return }
        _ = await control.run(node.name, ["touch", "-d", "@0", "/var/run/cman.pid"])
    }
}

/// What the model holds in memory at one moment.
struct ClusterSnapshot: Sendable {
    var state: ClusterState
    var now: Duration
}
