// The line between the two halves of the lab: `Nodes/` owns sandboxes, network and SSH and knows no
// Proxmox; `Cluster/` owns the model of the cluster and its commands and knows no sandbox.

/// What one call of an emulated command brings along: `pvecm create homelab` typed in a node.
///
/// Input and output are the caller's own descriptors, so pipes, redirections and terminals work as usual.
package struct CommandCall: Sendable {
    /// Node in which it was typed.
    package var node: String
    /// Name it was called by, without folders (`service`; a script of /etc/init.d has that script's name).
    package var name: String
    /// The words after the name.
    package var arguments: [String]
    /// The caller's environment.
    package var environment: [String: String]
    /// The caller's current folder, as the node sees it.
    package var currentDirectory: String
    /// Whether the caller's standard input is a terminal.
    package var inputIsTerminal: Bool
    /// Whether the caller's standard output is a terminal.
    package var outputIsTerminal: Bool
    /// Reads what there is on standard input, at most 64 KiB; empty at the end.
    package var readInput: @Sendable () async -> [UInt8]
    /// Writes all bytes to standard output, or drops them when nobody reads any more.
    package var writeOutput: @Sendable ([UInt8]) async -> Void
    /// Writes all bytes to standard error, or drops them when nobody reads any more.
    package var writeError: @Sendable ([UInt8]) async -> Void
    /// Whether the caller is gone (killed, hung up, node rebooted). The task is cancelled then as well.
    package var isCancelled: @Sendable () -> Bool

    package init(
        node: String, name: String, arguments: [String] = [], environment: [String: String] = [:],
        currentDirectory: String = "/root", inputIsTerminal: Bool = false, outputIsTerminal: Bool = false,
        readInput: @escaping @Sendable () async -> [UInt8] = { [] },
        writeOutput: @escaping @Sendable ([UInt8]) async -> Void,
        writeError: @escaping @Sendable ([UInt8]) async -> Void,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.node = node
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.inputIsTerminal = inputIsTerminal
        self.outputIsTerminal = outputIsTerminal
        self.readInput = readInput
        self.writeOutput = writeOutput
        self.writeError = writeError
        self.isCancelled = isCancelled
    }
}

extension CommandCall {
    /// Writes text to standard output.
    package func print(_ text: String, terminator: String = "\n") async {
        await writeOutput([UInt8]((text + terminator).utf8))
    }

    /// Writes text to standard error.
    package func complain(_ text: String, terminator: String = "\n") async {
        await writeError([UInt8]((text + terminator).utf8))
    }
}

/// The emulated commands of a lab. Calls run at the same time, of one node and of several.
package protocol NodeCommands: Sendable {
    /// Names that stand first on a node's PATH and ask the lab; fixed for the life of the lab.
    var names: [String] { get }
    /// Names that stand in /etc/init.d of a node and ask the lab under that name; fixed likewise.
    var initScripts: [String] { get }
    /// Answers one call; the result (0–255) is the command's exit status.
    func run(_ call: CommandCall) async -> Int32
}

/// What the nodes tell the model. Each is awaited before the node goes on, so keep them short.
package protocol NodeHooks: Sendable {
    /// The node's pid 1 answers; nobody can log in before this returns. With `firstBoot` the node has only
    /// its base files: put the product's stock files there. `/etc/pve` is `.unmounted` until `setPVE`.
    func nodeStarted(_ node: String, firstBoot: Bool) async
    /// The node's processes are gone (a reboot begins, or a power cut); its files stay.
    func nodeStopped(_ node: String) async
    /// A login is about to run a command: read again what people may have edited.
    func beforeCommand(_ node: String) async
    /// A command of the node renamed a file to `path` in one of its /etc/pve trees (`/etc/pve/cluster.conf`).
    /// The renaming process waits until this returns. Static programs bypass it: look again in
    /// `beforeCommand`.
    func renamed(_ node: String, to path: String) async
}

/// A model of what the nodes have in common, which a lab runs.
package protocol NodeModel: NodeCommands, NodeHooks {
    /// What the model holds in memory, for a snapshot of the lab; taken while no command runs.
    func saveState() async -> [UInt8]
    /// Goes back to a state that `saveState` gave; the nodes' files were put back already.
    func restoreState(_ bytes: [UInt8]) async
    /// What the nodes have in common, as names and words that are the same after every run that did the same;
    /// a rehearsal of crashes compares them.
    func facts() async -> [String: String]
    /// A person turns a fault on or off (`lab fault NAME [VALUE]`); false if the name is not known.
    func setFault(_ name: String, to value: String) async -> Bool
}

/// Which tree a node shows as /etc/pve now.
package enum PVEView: Sendable, Equatable {
    /// An empty folder: pmxcfs is stopped.
    case unmounted
    /// The node's own tree, from before it joined.
    case privateTree(writable: Bool)
    /// The tree that all nodes of the cluster share; without quorum not writable.
    case clusterTree(writable: Bool)
}

/// A block device that a node shows. Only its existence and number can be seen: opening it is refused,
/// so the commands that read it (dd, blkid, sfdisk …) are emulated ones.
package struct BlockDevice: Sendable, Equatable {
    /// The node of the device: `/dev/sdb`.
    package var path: String
    /// Symbolic links to it: `/dev/disk/by-path/ip-…-lun-1`.
    package var links: [String]
    package var major: UInt32
    package var minor: UInt32

    package init(path: String, links: [String] = [], major: UInt32, minor: UInt32) {
        self.path = path
        self.links = links
        self.major = major
        self.minor = minor
    }
}

/// Why a file of a node could not be used.
package struct NodeFileError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// There is no such file or folder.
        case notFound
        /// It is there already.
        case exists
        /// The node is down.
        case nodeDown
        /// Anything else: an errno of Linux.
        case system(Int32)
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// What a file of a node is.
package struct NodeFileStatus: Sendable, Equatable {
    package enum Kind: Sendable, Equatable { case file, directory, symbolicLink, other }
    package var kind: Kind
    /// Permission bits, 0o7777.
    package var mode: UInt32
    package var size: Int
    /// Seconds since 1970.
    package var modified: Int

    package init(kind: Kind, mode: UInt32, size: Int, modified: Int) {
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modified = modified
    }
}

/// How a real program in a node ended.
package struct NodeProgramResult: Sendable, Equatable {
    /// Exit status; 128 + number after a signal; 127 when it could not be started; 255 when the node died.
    package var status: Int32
    package var output: [UInt8]
    package var errors: [UInt8]

    package init(status: Int32, output: [UInt8] = [], errors: [UInt8] = []) {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// A real program that goes on in a node until it is told to end, such as a web server.
package protocol NodeDaemon: Sendable {
    var isRunning: Bool { get }
    /// Ends it (SIGTERM to its process group) and waits until it is gone; does nothing when it has ended.
    func end() async
}

/// What the model may do to real nodes. The file calls are short and blocking (well under a millisecond).
///
/// Paths are absolute and mean what they mean in the node: its own symbolic links are followed inside the
/// node. A path under `/etc/pve` goes to the writable side of the tree that the node shows now, also when
/// the node itself may only read (pmxcfs may write); `.notFound` while unmounted. To reach a tree whatever
/// is shown use `/run/pve/private-rw/…` and `/run/pve/cluster-rw/…` (the latter is the same for all nodes).
package protocol NodeControl: Sendable {
    /// The lab's nodes, in the order of the profile.
    var nodes: [String] { get }
    func isUp(_ node: String) -> Bool

    func read(_ node: String, _ path: String) throws(NodeFileError) -> [UInt8]
    /// Puts a whole file in place by rename; missing folders are an error.
    func write(_ node: String, _ path: String, _ bytes: [UInt8], mode: UInt32) throws(NodeFileError)
    /// Adds to the end of a file, making it (0644) if it is missing.
    func append(_ node: String, _ path: String, _ bytes: [UInt8]) throws(NodeFileError)
    /// Removes a file, a link, or a folder with all it holds; what is not there is no error.
    func remove(_ node: String, _ path: String) throws(NodeFileError)
    /// Names in a folder, sorted, without `.` and `..`.
    func list(_ node: String, _ path: String) throws(NodeFileError) -> [String]
    /// What it is, without following a last symbolic link; nil when it is not there.
    func status(_ node: String, _ path: String) -> NodeFileStatus?
    /// Whether it exists, symbolic links followed.
    func exists(_ node: String, _ path: String) -> Bool
    /// Makes a folder and its parents; one that is there is no error.
    func makeDirectory(_ node: String, _ path: String, mode: UInt32) throws(NodeFileError)
    /// Makes `path` a symbolic link to `target`, in place of a file or link that is there.
    func symlink(_ node: String, _ path: String, to target: String) throws(NodeFileError)
    func readLink(_ node: String, _ path: String) throws(NodeFileError) -> String
    func rename(_ node: String, _ from: String, to: String) throws(NodeFileError)

    /// Changes what the node sees at /etc/pve, atomically. Stays over a reboot only if set again.
    func setPVE(_ node: String, _ view: PVEView)
    /// The block devices that the node shows from now on, all of them. None after a reboot.
    func setBlockDevices(_ node: String, _ devices: [BlockDevice])

    /// Runs a real program (ssh, rsync, openssl, ssh-keygen …) as root in the node, `/root` its folder.
    func run(_ node: String, _ argv: [String], stdin: [UInt8]) async -> NodeProgramResult
    /// Starts a real program that stays, with its output appended to the file `log` of the node.
    func start(_ node: String, _ argv: [String], log: String) throws(NodeFileError) -> any NodeDaemon
    /// Accepts TCP connections on a port of the node and closes each at once, until told otherwise or
    /// reboot: a service that is there but never answers a handshake.
    func setDeadPort(_ node: String, port: UInt16, open: Bool) throws(NodeFileError)
    /// Opens or closes a TCP port of the NAS (192.168.0.20 unless the profile says otherwise); what
    /// connects is accepted and left alone.
    func setPortal(port: UInt16, open: Bool)

    /// Kills the node and starts it again, with a new boot id. Returns at once; `nodeStopped` and
    /// `nodeStarted` follow.
    func reboot(_ node: String)
    /// Kills the node and leaves it off, until `reboot`.
    func powerOff(_ node: String)
    /// Plugs or pulls the node's network cable.
    func setLink(_ node: String, up: Bool)
}

extension NodeControl {
    /// Reads a text; bytes that are not UTF-8 become U+FFFD.
    package func readText(_ node: String, _ path: String) throws(NodeFileError) -> String {
        String(decoding: try read(node, path), as: UTF8.self)
    }

    /// Writes a text with mode 0644.
    package func write(_ node: String, _ path: String, text: String) throws(NodeFileError) {
        try write(node, path, [UInt8](text.utf8), mode: 0o644)
    }

    /// Runs a real program with nothing on standard input.
    package func run(_ node: String, _ argv: [String]) async -> NodeProgramResult {
        await run(node, argv, stdin: [])
    }
}
