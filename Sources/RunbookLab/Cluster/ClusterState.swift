/// Everything the emulated cluster is at one moment. A value without clock or files: `settle` moves it on.
struct ClusterState: Equatable, Sendable {
    var nodes: [NodeState]
    var storage: Storage
    var network = Network()
    /// Guests that run; where is told by their file's place in /etc/pve.
    var runningGuests: Set<Int> = []
    /// Nodes on which omping runs now.
    var pinging: [String: Int] = [:]
    var faults = Faults()

    subscript(name: String) -> NodeState {
        get {
            guard let node = nodes.first(where: { $0.name == name }) else {
                preconditionFailure("no node \(name) in this lab")
            }
            return node
        }
        set {
            guard let index = nodes.firstIndex(where: { $0.name == name }) else {
                preconditionFailure("no node \(name) in this lab")
            }
            nodes[index] = newValue
        }
    }

    func has(_ name: String) -> Bool { nodes.contains { $0.name == name } }
}

/// The switch between the nodes.
struct Network: Equatable, Sendable {
    /// The switch drops multicast: unicast still passes.
    var dropsMulticast = false
    /// Nodes whose cable is out.
    var unplugged: Set<String> = []
}

/// One node: its daemons and what they know.
struct NodeState: Equatable, Sendable {
    let name: String
    let address: String
    let domain: String
    var isUp = false
    /// Whose tree its database holds: kept over a reboot.
    var tree = Tree.own
    /// /etc/pve is served by a running pmxcfs.
    var pmxcfs: Pmxcfs?
    var corosync: Corosync?
    var qdiskd: QuorumDaemon?
    var fenced: FenceDaemon?
    var hasDLM = false
    var rgmanager: ResourceManager?
    var hasPVEDaemon = false
    var proxy: WebProxy?
    var iscsi = Initiator()
    /// Last answer on whether /etc/pve may be written; the model tells the node when it changes.
    var isWritable = false
    /// Counts starts of daemons, so that pids differ.
    var nextPID = 2100

    init(name: String, address: String, domain: String) {
        self.name = name
        self.address = address
        self.domain = domain
    }

    mutating func makePID() -> Int {
        nextPID += 7
        return nextPID
    }
}

/// Which tree of /etc/pve a node has in its database.
enum Tree: Equatable, Sendable {
    /// Its own, from its installation or from a cluster that nobody else is in.
    case own
    /// An empty one with a cluster.conf, until it hears the cluster that it was told to join.
    case awaiting
    /// The one that the members of the lab's cluster share.
    case shared
}

struct Pmxcfs: Equatable, Sendable {
    let pid: Int
    /// It found a cluster.conf when it started, so it is read-only without quorum.
    var isClustered: Bool
    /// The text that it last copied to /etc/cluster/cluster.conf, or found there at its start.
    var mirrored: String?
}

/// corosync with the cman plug-in. What it read at its start stays, whatever a reload brings.
struct Corosync: Equatable, Sendable {
    struct Member: Equatable, Sendable {
        var isMember: Bool
        var incarnation: Int
        var joinedAt: Int?
        /// It said good-bye: nobody wants to fence it.
        var leftInOrder = false
        /// Not heard since; after the token time-out it is no member any more.
        var silentSince: Duration?
    }

    var config: ClusterConfig
    let nodeID: Int
    let transport: String
    let token: Duration
    let key: [UInt8]
    /// Names of the configuration as this node's resolver knew them when it read them: at the start, and a
    /// new one at the reload that brought it.
    var addresses: [String: String]
    let startedAt: Duration
    var expected: Int
    var members: [Int: Member] = [:]
    var generation = 4
    var isQuorate = false
    var quorateSince: Duration?
    /// cluster.conf came to /etc/cluster again after the start, so cman.pid is the older of the two files.
    var hasNewerFile = false
    /// Since when the quorum disk counts here; nil while it does not.
    var diskSince: Int?
}

struct QuorumDaemon: Equatable, Sendable {
    let device: String
    let lun: Int
    let region: Storage.Region
    let startedAt: Duration
    let votes: Int
    let interval: Int
    let tko: Int
    var isMaster = false
    /// The disk cannot be read since.
    var lostSince: Duration?
}

struct FenceDaemon: Equatable, Sendable {
    enum Domain: Equatable, Sendable {
        case out
        case joining(since: Duration)
        case member(since: Duration)
    }

    var domain = Domain.out
    /// Nodes that should be fenced and cannot be: there is no method.
    var victims: Set<Int> = []

    var isMember: Bool {
        if case .member = domain { true } else { false }
    }
}

struct ResourceManager: Equatable, Sendable {
    let pid: Int
    let startedAt: Duration
    /// It has its lock space, so clustat sees it.
    var hasLocks = false
}

/// pveproxy: the parent holds port 8006, the worker needs the certificate when it starts.
struct WebProxy: Equatable, Sendable {
    let startedAt: Duration
    var workerStartedAt: Duration
    var servesTLS = false
}

struct Initiator: Equatable, Sendable {
    struct Session: Equatable, Sendable {
        let sid: Int
        let iqn: String
        let address: String
        let port: Int
    }

    var isDaemonRunning = false
    var sessions: [Session] = []
    var nextSID = 1
    /// Partition numbers with their sizes as this node's kernel last read them.
    var kernelTable: [Storage.Partition] = []
}

/// The NAS: one target with one LUN, its content seen by all who are logged in.
struct Storage: Equatable, Sendable {
    struct Partition: Equatable, Sendable {
        let number: Int
        let startSector: Int
        let sectors: Int
        let type: String
    }

    enum Region: Hashable, Sendable {
        case whole
        case partition(Int)
    }

    struct QuorumHeader: Equatable, Sendable {
        var label: String
        var host: String
        var createdAt: Int
    }

    var nas: LabProfile.NAS
    var isReachable = true
    /// Nodes whose initiator the NAS does not let in.
    var refusedInitiators: Set<String> = []
    var table: [Partition]?
    var headers: [Region: QuorumHeader] = [:]
    /// A file system that somebody else put there.
    var foreignContent: [Region: String] = [:]

    var sectors: Int { nas.sizeInBytes / 512 }
}
