import CRunbookLab
import Glibc
import Synchronization

/// One practice node: its files stay, its processes come and go with each boot.
final class Node: Sendable {
    struct State {
        var running: Running?
        var view = PVEView.unmounted
        var boots = 0
        var devices: [BlockDevice] = []
        /// Sockets to shut when the node dies, so that their clients notice.
        var sockets: [Int: Descriptor] = [:]
        /// Those of them that are SSH connections.
        var logins: [Int: Descriptor] = [:]
        var nextSocket = 0
        var deadPorts: [UInt16: Descriptor] = [:]
    }

    /// Why a node comes up.
    enum Boot {
        /// It is new: the model puts the product's files on it.
        case first
        case again
        /// With the files of a snapshot: the model gets the state of then, and must not boot anything.
        case restored
    }

    struct Running {
        let boot: Int
        let link: AgentLink
        let child: Programs.Child
    }

    let plan: LabLayout.Node
    let root: NodeRoot
    let sandbox: Sandbox
    /// Bound to the port on 127.0.0.1 by which the machine reaches this node's SSH; made outside the lab's
    /// namespace, listens while the node is up.
    let outside: Descriptor
    let state = Mutex(State())
    /// Held over a whole start or stop.
    private let life = Mutex<Void>(())

    init(plan: LabLayout.Node, root: NodeRoot, sandbox: Sandbox, outside: Descriptor) {
        self.plan = plan
        self.root = root
        self.sandbox = sandbox
        self.outside = outside
    }

    var link: AgentLink? { state.withLock { $0.running?.link } }

    /// The line to pid 1, or an error that says that the node is down.
    func requireLink() throws(NodeFileError) -> AgentLink {
        guard let link else { throw NodeFileError(.nodeDown, "\(plan.name) is down") }
        return link
    }

    /// Starts the node and waits until it can be logged into. Never on Swift's pool.
    func start(model: any NodeModel, _ boot: Boot) throws(LabFailure) {
        let problem = life.withLock { _ in bringUp(model: model, boot) }
        if let problem { throw problem }
    }

    /// Kills the node and waits until the model knows. Never on Swift's pool.
    func stop(model: any NodeModel) {
        life.withLock { _ in bringDown(model: model) }
    }

    private func bringUp(model: any NodeModel, _ kind: Boot) -> LabFailure? {
        if link != nil { return nil }
        do throws(HostFiles.Failure) {
            if kind != .first { try root.prepareBoot() }
        } catch {
            return LabFailure(.cannotStart, error.message)
        }
        let booted: Sandbox.Booted
        do throws(LabFailure) { booted = try sandbox.boot() } catch { return error }
        let boot = state.withLock { state in
            state.boots += 1
            state.view = .unmounted
            state.devices = []
            state.running = Running(boot: state.boots, link: booted.link, child: booted.child)
            return state.boots
        }
        let name = plan.name
        if kind != .restored {
            _ = blockUntilDone { await model.nodeStarted(name, firstBoot: kind == .first) }
        }
        do throws(NodeFileError) {
            let identity = try SSHIdentity(link: booted.link)
            let server = SSHServer(node: self, model: model, identity: identity)
            try server.listen(inside: booted.link.listen("0.0.0.0", port: 22))
        } catch {
            bringDown(model: model)
            return LabFailure(.cannotStart, "SSH of \(name): \(error.message)")
        }
        startThread { [weak self] in
            booted.link.waitUntilGone()
            self?.died(boot: boot, model: model)
        }
        return nil
    }

    private func died(boot: Int, model: any NodeModel) {
        life.withLock { _ in
            if state.withLock({ $0.running?.boot == boot }) { bringDown(model: model) }
        }
    }

    private func bringDown(model: any NodeModel) {
        let ended = state.withLock { state -> (Running, [Descriptor])? in
            guard let running = state.running else { return nil }
            state.running = nil
            let sockets = Array(state.sockets.values)
            state.sockets = [:]
            state.logins = [:]
            state.deadPorts = [:]
            return (running, sockets)
        }
        guard let (running, sockets) = ended else { return }
        // The listeners first: the lab's copies would keep port 22 of the dead node open.
        for socket in sockets { _ = shutdown(socket.number, Int32(SHUT_RDWR)) }
        running.link.hangUp()
        kill(running.child.pid, SIGKILL)
        _ = running.child.wait()
        let name = plan.name
        _ = blockUntilDone { await model.nodeStopped(name) }
    }

    /// Remembers a socket until `forget`, to be shut when the node dies; nil when it is down already.
    func keep(_ socket: Descriptor, isLogin: Bool = false) -> Int? {
        state.withLock { state in
            guard state.running != nil else { return nil }
            state.nextSocket += 1
            state.sockets[state.nextSocket] = socket
            if isLogin { state.logins[state.nextSocket] = socket }
            return state.nextSocket
        }
    }

    func forget(_ socket: Int) {
        state.withLock { state in
            _ = state.sockets.removeValue(forKey: socket)
            _ = state.logins.removeValue(forKey: socket)
        }
    }
}
