import Synchronization

@testable import RunbookLab

/// Nodes that are nothing but files in memory: what the model asks of real ones.
final class MemoryNodes: NodeControl {
    enum Entry: Equatable {
        case file([UInt8], UInt32)
        case folder
        case link(String)
    }

    private struct State {
        var files: [String: [String: Entry]] = [:]
        var shared: [String: Entry] = ["/": .folder]
        var up: Set<String> = []
        var views: [String: PVEView] = [:]
        var devices: [String: [BlockDevice]] = [:]
        var deadPorts: Set<String> = []
        var openPortals: Set<UInt16> = []
        var unplugged: Set<String> = []
        var powered: [String] = []
        var model: ClusterModel?
    }

    private let state: Mutex<State>
    private let profile: LabProfile
    let nodes: [String]

    init(_ profile: LabProfile) {
        self.profile = profile
        nodes = profile.nodes.map(\.name)
        var start = State()
        for node in profile.nodes {
            var files: [String: Entry] = [
                "/": .folder, "/root": .folder, "/etc": .folder, "/run": .folder, "/var": .folder,
            ]
            files["/var/run"] = .link("/run")
            files["/run/pve/local"] = .link("/etc/pve/nodes/\(node.name)")
            for folder in ["/etc/pve", "/root/.ssh", "/etc/ssh", "/run/pve", "/run/pve/private-rw"] {
                files[folder] = .folder
            }
            files["/etc/hosts"] = .file(
                Array(
                    "127.0.0.1 localhost\n\(node.address) \(node.name).lan \(node.name) pvelocalhost\n".utf8),
                0o644)
            files["/etc/ssh/ssh_host_rsa_key.pub"] = .file(
                Array("ssh-rsa AAAA root@\(node.name)\n".utf8), 0o644)
            files["/root/.ssh/authorized_keys"] = .file(Array("ssh-ed25519 OPERATOR me\n".utf8), 0o600)
            start.files[node.name] = files
            start.views[node.name] = .unmounted
        }
        state = Mutex(start)
    }

    func setModel(_ model: ClusterModel) { state.withLock { $0.model = model } }

    func power(_ node: String, on: Bool) {
        state.withLock { state in
            if on { state.up.insert(node) } else { state.up.remove(node) }
            state.views[node] = .unmounted
            state.devices[node] = []
            state.deadPorts.remove(node)
            state.files[node] = state.files[node]?.filter {
                !$0.key.hasPrefix("/run/") || $0.key.hasPrefix("/run/pve")
            }
        }
    }

    // MARK: what tests look at

    func view(_ node: String) -> PVEView { state.withLock { $0.views[node] ?? .unmounted } }
    func devices(_ node: String) -> [BlockDevice] { state.withLock { $0.devices[node] ?? [] } }
    func hasDeadPort(_ node: String) -> Bool { state.withLock { $0.deadPorts.contains(node) } }
    var poweredNodes: [String] { state.withLock(\.powered) }
    func text(_ node: String, _ path: String) -> String { (try? readText(node, path)) ?? "" }

    /// A person's edit: obeys what the node may write.
    func edit(_ node: String, _ path: String, _ change: (String) -> String) {
        try? write(node, path, text: change(text(node, path)))
    }

    /// Runs an emulated command in a node.
    func type(_ node: String, _ words: [String], stdin: [UInt8]) async -> Output {
        guard let model = state.withLock(\.model), let name = words.first else {
            return Output(status: 127, out: "", err: "")
        }
        let box = Sinks()
        let reader = InputReader(stdin)
        let call = CommandCall(
            node: node, name: name, arguments: Array(words.dropFirst()), readInput: { reader.next() },
            writeOutput: { bytes in box.out.withLock { $0 += bytes } },
            writeError: { bytes in box.err.withLock { $0 += bytes } })
        let status = await model.run(call)
        return Output(status: status, out: box.outText, err: box.errText)
    }

    // MARK: paths

    /// Where a path leads: the folder tree it is in (nil for the shared one) and the path there.
    private static func place(_ state: State, _ node: String, _ path: String) -> (
        isShared: Bool, path: String
    )? {
        let prefix = { (start: String) -> String? in
            path == start ? "/" : path.hasPrefix(start + "/") ? String(path.dropFirst(start.count)) : nil
        }
        if let rest = prefix("/run/pve/cluster-rw") { return (true, rest) }
        if let rest = prefix("/etc/pve") {
            switch state.views[node] ?? .unmounted {
            case .unmounted: return nil
            case .clusterTree: return (true, rest)
            case .privateTree:
                return (false, rest == "/" ? "/run/pve/private-rw" : "/run/pve/private-rw" + rest)
            }
        }
        return (false, path)
    }

    private static func entry(_ state: State, _ node: String, _ path: String) -> Entry? {
        guard let place = place(state, node, path) else { return nil }
        return place.isShared ? state.shared[place.path] : state.files[node]?[place.path]
    }

    /// Follows links on the way, and the last one if asked.
    private static func resolve(
        _ state: State, _ node: String, _ path: String, last: Bool = true, depth: Int = 0
    ) -> String {
        guard depth < 16 else { return path }
        var walked = ""
        let parts = path.split(separator: "/").map(String.init)
        for (index, part) in parts.enumerated() {
            let next = walked + "/" + part
            if index == parts.count - 1, !last { return next }
            guard case .link(let target) = entry(state, node, next) else {
                walked = next
                continue
            }
            let base = target.hasPrefix("/") ? target : walked + "/" + target
            let rest = parts.dropFirst(index + 1).map { "/" + $0 }.joined()
            return resolve(state, node, base + rest, last: last, depth: depth + 1)
        }
        return walked.isEmpty ? "/" : walked
    }

    private func set(_ node: String, _ path: String, _ entry: Entry?) throws(NodeFileError) {
        let error = state.withLock { state -> NodeFileError? in
            guard let place = Self.place(state, node, path) else {
                return NodeFileError(.notFound, "\(path): not mounted")
            }
            if entry != nil {
                let parent = place.path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
                let folder = parent.isEmpty ? "/" : parent
                let found = place.isShared ? state.shared[folder] : state.files[node]?[folder]
                guard found == .folder else { return NodeFileError(.notFound, "\(path): no such folder") }
            }
            if place.isShared {
                state.shared[place.path] = entry
            } else {
                state.files[node]?[place.path] = entry
            }
            return nil
        }
        if let error { throw error }
    }

    // MARK: NodeControl

    func isUp(_ node: String) -> Bool { state.withLock { $0.up.contains(node) } }

    func read(_ node: String, _ path: String) throws(NodeFileError) -> [UInt8] {
        let bytes = state.withLock { state -> [UInt8]? in
            guard case .file(let bytes, _) = Self.entry(state, node, Self.resolve(state, node, path)) else {
                return nil
            }
            return bytes
        }
        guard let bytes else { throw NodeFileError(.notFound, "\(path): no such file") }
        return bytes
    }

    func write(_ node: String, _ path: String, _ bytes: [UInt8], mode: UInt32) throws(NodeFileError) {
        try set(node, state.withLock { Self.resolve($0, node, path) }, .file(bytes, mode))
    }

    func append(_ node: String, _ path: String, _ bytes: [UInt8]) throws(NodeFileError) {
        let old = (try? read(node, path)) ?? []
        try write(node, path, old + bytes, mode: 0o644)
    }

    func remove(_ node: String, _ path: String) throws(NodeFileError) {
        let resolved = state.withLock { Self.resolve($0, node, path, last: false) }
        state.withLock { state in
            guard let place = Self.place(state, node, resolved) else { return }
            let isBelow = { (key: String) in key == place.path || key.hasPrefix(place.path + "/") }
            if place.isShared {
                state.shared = state.shared.filter { !isBelow($0.key) }
            } else {
                state.files[node] = state.files[node]?.filter { !isBelow($0.key) }
            }
        }
    }

    func list(_ node: String, _ path: String) throws(NodeFileError) -> [String] {
        let names = state.withLock { state -> [String]? in
            let resolved = Self.resolve(state, node, path)
            guard let place = Self.place(state, node, resolved), Self.entry(state, node, resolved) == .folder
            else {
                return nil
            }
            let start = place.path == "/" ? "/" : place.path + "/"
            let keys = place.isShared ? Array(state.shared.keys) : Array((state.files[node] ?? [:]).keys)
            return keys.filter {
                $0.hasPrefix(start) && $0 != "/" && !$0.dropFirst(start.count).contains("/")
            }
            .map { String($0.dropFirst(start.count)) }.sorted()
        }
        guard let names else { throw NodeFileError(.notFound, "\(path): no such folder") }
        return names
    }

    func status(_ node: String, _ path: String) -> NodeFileStatus? {
        state.withLock { state in
            switch Self.entry(state, node, Self.resolve(state, node, path, last: false)) {
            case nil: nil
            case .folder: NodeFileStatus(kind: .directory, mode: 0o755, size: 0, modified: 0)
            case .link: NodeFileStatus(kind: .symbolicLink, mode: 0o777, size: 0, modified: 0)
            case .file(let bytes, let mode):
                NodeFileStatus(kind: .file, mode: mode, size: bytes.count, modified: 0)
            }
        }
    }

    func exists(_ node: String, _ path: String) -> Bool {
        state.withLock { Self.entry($0, node, Self.resolve($0, node, path)) != nil }
    }

    func makeDirectory(_ node: String, _ path: String, mode: UInt32) throws(NodeFileError) {
        let resolved = state.withLock { Self.resolve($0, node, path) }
        var walked = ""
        for part in resolved.split(separator: "/") {
            walked += "/" + part
            if !exists(node, walked) { try set(node, walked, .folder) }
        }
    }

    func symlink(_ node: String, _ path: String, to target: String) throws(NodeFileError) {
        try set(node, state.withLock { Self.resolve($0, node, path, last: false) }, .link(target))
    }

    func readLink(_ node: String, _ path: String) throws(NodeFileError) -> String {
        let target = state.withLock { state -> String? in
            guard
                case .link(let target) = Self.entry(state, node, Self.resolve(state, node, path, last: false))
            else { return nil }
            return target
        }
        guard let target else { throw NodeFileError(.notFound, "\(path): no such link") }
        return target
    }

    func rename(_ node: String, _ from: String, to: String) throws(NodeFileError) {
        let bytes = try read(node, from)
        try write(node, to, bytes, mode: 0o640)
        try remove(node, from)
    }

    func setPVE(_ node: String, _ view: PVEView) { state.withLock { $0.views[node] = view } }
    func setBlockDevices(_ node: String, _ devices: [BlockDevice]) {
        state.withLock { $0.devices[node] = devices }
    }

    func start(_ node: String, _ argv: [String], log: String) throws(NodeFileError) -> any NodeDaemon {
        MemoryDaemon()
    }

    func setDeadPort(_ node: String, port: UInt16, open: Bool) throws(NodeFileError) {
        state.withLock { state in
            if open { state.deadPorts.insert(node) } else { state.deadPorts.remove(node) }
        }
    }

    func setPortal(port: UInt16, open: Bool) {
        state.withLock { state in
            if open { state.openPortals.insert(port) } else { state.openPortals.remove(port) }
        }
    }

    func reboot(_ node: String) { state.withLock { $0.powered.append("reboot \(node)") } }
    func powerOff(_ node: String) { state.withLock { $0.powered.append("off \(node)") } }

    func setLink(_ node: String, up: Bool) {
        state.withLock { state in
            if up { state.unplugged.remove(node) } else { state.unplugged.insert(node) }
        }
    }

    // MARK: programs

    func run(_ node: String, _ argv: [String], stdin: [UInt8]) async -> NodeProgramResult {
        switch argv.first {
        case "ssh": return await ssh(node, Array(argv.dropFirst()), stdin)
        case "ssh-keygen":
            try? write(node, "/root/.ssh/id_rsa", text: "PRIVATE \(node)\n")
            try? write(node, "/root/.ssh/id_rsa.pub", text: "ssh-rsa KEY-OF-\(node) root@\(node)\n")
            return NodeProgramResult(status: 0)
        case "gzip": return NodeProgramResult(status: 0, output: stdin)
        case "sh": return openssl(node, argv.last ?? "")
        default: return NodeProgramResult(status: 127)
        }
    }

    /// Makes each file that the script would make with `-out`.
    private func openssl(_ node: String, _ script: String) -> NodeProgramResult {
        let words = script.split { $0 == " " || $0 == "\n" }.map(String.init)
        guard words.first == "cd", words.count > 1 else { return NodeProgramResult(status: 1) }
        for (index, word) in words.enumerated() where word == "-out" {
            try? write(node, "\(words[1])/\(words[index + 1])", text: "\(words[index + 1]) of \(node)\n")
        }
        return NodeProgramResult(status: 0)
    }

    private func ssh(_ node: String, _ arguments: [String], _ stdin: [UInt8]) async -> NodeProgramResult {
        var rest = arguments[...]
        var host: String?
        var command: [String] = []
        while let word = rest.popFirst() {
            if word == "-o" {
                rest = rest.dropFirst()
            } else if host == nil {
                host = word
            } else {
                command.append(word)
            }
        }
        let name = (host ?? "").replacing("root@", with: "")
        let refuse = { (text: String) in NodeProgramResult(status: 255, errors: Array((text + "\n").utf8)) }
        let hosts = text(node, "/etc/hosts").split(separator: "\n").map { $0.split(separator: " ") }
        let address = hosts.first { $0.dropFirst().contains { $0 == name } }?.first.map(String.init) ?? name
        guard let peer = profile.nodes.first(where: { $0.address == address })?.name else {
            return refuse("ssh: Could not resolve hostname \(name): Name or service not known")
        }
        guard isUp(peer) else { return refuse("ssh: connect to host \(name) port 22: No route to host") }
        let known = text(node, "/root/.ssh/known_hosts") + text(node, "/etc/ssh/ssh_known_hosts")
        guard known.split(separator: "\n").contains(where: { $0.hasPrefix(name + " ") }) else {
            return refuse("Host key verification failed.")
        }
        let key = text(node, "/root/.ssh/id_rsa.pub")
        guard !key.isEmpty, text(peer, "/root/.ssh/authorized_keys").contains(key) else {
            return refuse("Permission denied (publickey,password).")
        }
        switch command.first {
        case "pvecm", "uname":
            let output = await type(peer, command, stdin: [])
            return NodeProgramResult(
                status: output.status, output: Array(output.out.utf8), errors: Array(output.err.utf8))
        case "umask":
            try? append(peer, "/root/.ssh/authorized_keys", stdin)
            return NodeProgramResult(status: 0)
        default: return NodeProgramResult(status: 0)
        }
    }
}

private final class Sinks: Sendable {
    let out = Mutex<[UInt8]>([])
    let err = Mutex<[UInt8]>([])
    var outText: String { String(decoding: out.withLock { $0 }, as: UTF8.self) }
    var errText: String { String(decoding: err.withLock { $0 }, as: UTF8.self) }
}

private final class InputReader: Sendable {
    private let rest: Mutex<[UInt8]>
    init(_ bytes: [UInt8]) { rest = Mutex(bytes) }

    func next() -> [UInt8] {
        rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
    }
}

final class MemoryDaemon: NodeDaemon {
    private let running = Mutex(true)
    var isRunning: Bool { running.withLock { $0 } }
    func end() async { running.withLock { $0 = false } }
}
