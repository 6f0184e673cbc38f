import CRunbookLab
import Glibc
import Synchronization

extension Lab: NodeControl {
    var nodes: [String] { layout.nodes.map(\.name) }

    func isUp(_ node: String) -> Bool {
        self.node(node)?.link != nil
    }

    /// A path under /etc/pve on the writable side of the tree that is shown.
    private func real(_ node: String, _ path: String) throws(NodeFileError) -> String {
        guard path == "/etc/pve" || path.hasPrefix("/etc/pve/") else { return path }
        let view = self.node(node)?.state.withLock { $0.view } ?? .unmounted
        guard let mount = view.writableMountPoint else {
            throw NodeFileError(.notFound, "\(path): nothing is mounted at /etc/pve of \(node)")
        }
        return mount + path.dropFirst("/etc/pve".count)
    }

    private func ask(_ node: String, _ words: String...) throws(NodeFileError) {
        _ = try link(node).request(words)
    }

    func read(_ node: String, _ path: String) throws(NodeFileError) -> [UInt8] {
        let file = try link(node).open(try real(node, path), O_RDONLY)
        var bytes: [UInt8] = []
        while true {
            guard let piece = file.read() else { throw NodeFileError(.system(errno), systemText(errno)) }
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    func write(
        _ node: String, _ path: String, _ bytes: [UInt8], mode: UInt32
    ) throws(NodeFileError) {
        let path = try real(node, path)
        let mode = Self.pmxcfsMode(path) ?? mode
        let new = path + ".lab-new"
        let file = try link(node).open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        guard file.writeAll(bytes), withExtendedLifetime(file, { fchmod(file.number, mode) }) == 0 else {
            throw NodeFileError(.system(errno), "\(path): \(systemText(errno))")
        }
        try ask(node, "rename", new, path)
    }

    /// pmxcfs gives every file the same mode, and another one below priv (its source: cfs-utils and memdb).
    private static func pmxcfsMode(_ path: String) -> UInt32? {
        guard path.hasPrefix("/run/pve/") else { return nil }
        return path.contains("/priv/") ? 0o600 : 0o640
    }

    func append(_ node: String, _ path: String, _ bytes: [UInt8]) throws(NodeFileError) {
        let file = try link(node).open(try real(node, path), O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        guard file.writeAll(bytes) else {
            throw NodeFileError(.system(errno), "\(path): \(systemText(errno))")
        }
    }

    func remove(_ node: String, _ path: String) throws(NodeFileError) {
        let path = try real(node, path)
        do throws(NodeFileError) {
            try ask(node, "unlink", path)
        } catch {
            if error.code == .notFound { return }
            guard error.code == .system(ENOTEMPTY) else { throw error }
            try ask(node, "remove", path)
        }
    }

    func list(_ node: String, _ path: String) throws(NodeFileError) -> [String] {
        HostFiles.list(try link(node).open(try real(node, path), O_RDONLY | O_DIRECTORY))
    }

    func status(_ node: String, _ path: String) -> NodeFileStatus? {
        // O_PATH of <fcntl.h>, which Swift's view of the C library leaves out.
        let pathOnly: Int32 = 0o10000000
        guard let path = try? real(node, path),
            let file = try? link(node).open(path, pathOnly | O_NOFOLLOW)
        else { return nil }
        var status = stat()
        guard withExtendedLifetime(file, { unsafe fstat(file.number, &status) }) == 0 else { return nil }
        let kind: NodeFileStatus.Kind =
            switch status.st_mode & S_IFMT {
            // A file that nobody may open stands for a block device.
            case S_IFREG: status.st_mode & 0o7777 == 0o1000 ? .other : .file
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        return NodeFileStatus(
            kind: kind, mode: status.st_mode & 0o7777, size: Int(status.st_size),
            modified: Int(status.st_mtim.tv_sec))
    }

    func exists(_ node: String, _ path: String) -> Bool {
        let pathOnly: Int32 = 0o10000000
        guard let path = try? real(node, path) else { return false }
        return (try? link(node).open(path, pathOnly)) != nil
    }

    func makeDirectory(_ node: String, _ path: String, mode: UInt32) throws(NodeFileError) {
        let path = try real(node, path)
        do throws(NodeFileError) {
            try ask(node, "mkdir", path, "\(mode)")
        } catch {
            if error.code == .exists { return }
            guard error.code == .notFound, let slash = path.lastIndex(of: "/"), slash != path.startIndex
            else {
                throw error
            }
            try makeDirectory(node, String(path[..<slash]), mode: mode)
            try ask(node, "mkdir", path, "\(mode)")
        }
    }

    func symlink(_ node: String, _ path: String, to target: String) throws(NodeFileError) {
        let path = try real(node, path)
        let new = path + ".lab-new"
        try remove(node, new)
        try ask(node, "symlink", target, new)
        try ask(node, "rename", new, path)
    }

    func readLink(_ node: String, _ path: String) throws(NodeFileError) -> String {
        let answer = try link(node).request(["readlink", try real(node, path)])
        return String(decoding: answer.bytes, as: UTF8.self)
    }

    func rename(_ node: String, _ from: String, to: String) throws(NodeFileError) {
        try ask(node, "rename", try real(node, from), try real(node, to))
    }

    func setPVE(_ node: String, _ view: PVEView) {
        guard let node = self.node(node) else { return }
        node.state.withLock { state in
            guard state.view != view else { return }
            state.view = view
            do throws(HostFiles.Failure) { try node.root.show(view) } catch { log(error.message) }
        }
    }

    func setBlockDevices(_ node: String, _ devices: [BlockDevice]) {
        guard let node = self.node(node), let link = node.link else { return }
        let old = node.state.withLock { state in
            let old = state.devices
            state.devices = devices
            return old
        }
        let name = node.plan.name
        do throws(NodeFileError) {
            for device in old where !devices.contains(device) {
                for path in device.links + [device.path] { try remove(name, path) }
            }
            for device in devices where !old.contains(device) { try show(device, name, link) }
        } catch {
            log("block devices of \(name): \(error.message)")
        }
    }

    /// Puts the file in place that the preloaded library reports as a block device (stat.c there).
    private func show(_ device: BlockDevice, _ node: String, _ link: AgentLink) throws(NodeFileError) {
        let file = try link.open(device.path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o1000)
        var times = [timespec(), timespec(tv_sec: Int(device.major << 8 | device.minor), tv_nsec: 0)]
        let isMarked = withExtendedLifetime(file) {
            unsafe fchmod(file.number, 0o1000) == 0 && futimens(file.number, &times) == 0
        }
        guard isMarked else {
            throw NodeFileError(.system(errno), "\(device.path): \(systemText(errno))")
        }
        for path in device.links {
            let parts = path.split(separator: "/")
            try makeDirectory(node, "/" + parts.dropLast().joined(separator: "/"), mode: 0o755)
            // Relative, as udev makes them: /dev/disk/by-path/… -> ../../sdb.
            let up = String(repeating: "../", count: max(0, parts.count - 2))
            try symlink(node, path, to: up + device.path.dropFirst("/dev/".count))
        }
    }
}
