import CRunbookLab
import Glibc
import Synchronization

/// A running lab, in its own namespaces: nodes, network, and the model that they ask.
final class Lab: Sendable {
    let folder: LabFolder
    let layout: LabLayout
    private let all: [Node]
    private let model = Mutex<(any NodeModel)?>(nil)
    private let portals = Mutex<[UInt16: Descriptor]>([:])

    /// - Parameter outside: one socket per node, bound on 127.0.0.1 outside of the lab's namespaces.
    init(folder: LabFolder, layout: LabLayout, programs: LabPrograms, outside: [Descriptor]) {
        self.folder = folder
        self.layout = layout
        all = layout.nodes.enumerated().map { index, plan in
            Node(
                plan: plan, root: NodeRoot(folder: folder, layout: layout, node: plan, programs: programs),
                sandbox: Sandbox(folder: folder, layout: layout, node: plan, index: index),
                outside: outside[index])
        }
    }

    /// Builds the nodes' files, the network, and starts all nodes; returns when all can be logged into.
    func start(model: any NodeModel) throws(LabFailure) {
        self.model.withLock { $0 = model }
        do throws(HostFiles.Failure) {
            try HostFiles.makeFolder(folder.clusterTree)
            try HostFiles.link(folder.clusterTree + "/local", to: "/run/pve/local")
            for node in all { try node.root.build(commands: model.names, initScripts: model.initScripts) }
        } catch {
            throw LabFailure(.cannotStart, error.message)
        }
        try NodeKeys(folder: folder).make(for: layout.nodes.map(\.name))
        for node in all {
            let tools = folder.tools(node.plan.name)
            guard let commands = CommandServer(node: node.plan.name, folder: tools, model: model) else {
                throw LabFailure(.cannotStart, "\(tools)/socket: \(systemText(errno))")
            }
            commands.start()
        }
        try LabNetwork(layout: layout).build()
        try forAllNodes { (node) throws(LabFailure) in try node.start(model: model, .first) }
    }

    /// At the same time: each waits for its own processes most of the time.
    func forAllNodes(_ body: @escaping @Sendable (Node) throws(LabFailure) -> Void) throws(LabFailure) {
        let starts = all.map { node in
            let done = Signal<LabFailure?>()
            startThread {
                do throws(LabFailure) {
                    try body(node)
                    done.set(nil)
                } catch { done.set(error) }
            }
            return done
        }
        for start in starts { if case .some(.some(let failure)) = start.wait() { throw failure } }
    }

    func node(_ name: String) -> Node? {
        all.first { $0.plan.name == name }
    }

    var currentModel: (any NodeModel)? { model.withLock { $0 } }

    /// The line to pid 1 of a node.
    func link(_ name: String) throws(NodeFileError) -> AgentLink {
        guard let node = node(name) else { throw NodeFileError(.nodeDown, "there is no node \(name)") }
        return try node.requireLink()
    }

    /// Adds a line to the lab's log, which is its standard error.
    func log(_ text: String) {
        Descriptor(fcntl(2, F_DUPFD_CLOEXEC, 3)).writeAll([UInt8]((text + "\n").utf8))
    }

    /// Kills a node and, if told so, starts it again; on a thread of its own, in order with others.
    private func restart(_ name: String, startAgain: Bool) {
        guard let node = node(name), let model = currentModel else { return }
        startThread { [self] in
            node.stop(model: model)
            guard startAgain else { return }
            do throws(LabFailure) { try node.start(model: model, .again) } catch {
                log(error.message)
            }
        }
    }

    func reboot(_ name: String) { restart(name, startAgain: true) }
    func powerOff(_ name: String) { restart(name, startAgain: false) }

    func setLink(_ name: String, up: Bool) {
        guard let node = node(name) else { return }
        LabNetwork.setCable(node.sandbox.cable, up: up)
    }

    func setPortal(port: UInt16, open: Bool) {
        let old = portals.withLock { portals in portals.removeValue(forKey: port) }
        if let old { _ = shutdown(old.number, Int32(SHUT_RDWR)) }
        guard open else { return }
        let fd = unsafe runbook_lab_listen_tcp(layout.nasAddress, port)
        guard fd >= 0 else { return log("port \(port) of the NAS: \(systemText(errno))") }
        let listener = Descriptor(fd)
        portals.withLock { $0[port] = listener }
        startThread {
            var clients: [Descriptor] = []
            while let client = acceptConnection(listener) {
                clients.append(client)
                if clients.count > 64 { clients.removeFirst() }
            }
        }
    }

    func setDeadPort(_ name: String, port: UInt16, open: Bool) throws(NodeFileError) {
        guard let node = node(name) else { throw NodeFileError(.nodeDown, "there is no node \(name)") }
        let isOpen = node.state.withLock { $0.deadPorts[port] != nil }
        if isOpen == open { return }
        guard open else {
            if let old = node.state.withLock({ $0.deadPorts.removeValue(forKey: port) }) {
                _ = shutdown(old.number, Int32(SHUT_RDWR))
            }
            return
        }
        let listener = try node.requireLink().listen("0.0.0.0", port: port)
        guard let kept = node.keep(listener) else { throw NodeFileError(.nodeDown, "\(name) is down") }
        node.state.withLock { $0.deadPorts[port] = listener }
        startThread {
            while let client = acceptConnection(listener) { client.close() }
            node.forget(kept)
        }
    }
}
