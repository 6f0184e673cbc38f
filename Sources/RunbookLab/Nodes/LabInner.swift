import CRunbookLab
import Glibc

/// The lab's process from within: pid 1 of its own namespaces.
///
/// `runbook __lab-inner DIR PROFILE DOMAIN NAS NAME=ADDRESS…`, with descriptor 3 to report on and from 4 on
/// one socket per node, bound on 127.0.0.1 before the namespaces were made.
struct LabInner {
    /// Makes the model of a lab from the text of its profile.
    typealias ModelMaker =
        @Sendable (_ profile: String, _ control: any NodeControl) throws(LabFailure) ->
        any NodeModel

    static let name = "__lab-inner"

    let folder: LabFolder
    let profile: String
    let layout: LabLayout
    private let report = PacketSocket(Descriptor(3))
    private let outside: [Descriptor]

    init?(arguments: [String]) {
        guard arguments.count >= 5 else { return nil }
        folder = LabFolder(path: arguments[0])
        profile = arguments[1]
        let nodes = arguments.dropFirst(4).compactMap { word -> LabLayout.Node? in
            let parts = word.split(separator: "=")
            return parts.count == 2 ? LabLayout.Node(name: String(parts[0]), address: String(parts[1])) : nil
        }
        layout = LabLayout(domain: arguments[2], nodes: nodes, nasAddress: arguments[3])
        outside = nodes.indices.map { Descriptor(Int32(4 + $0)) }
        for descriptor in 3..<Int32(4 + nodes.count) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    /// Runs the lab until it is told to end; its exit status.
    func run(makeModel: ModelMaker) -> Int32 {
        Programs.becomeInit()
        Self.allowManyDescriptors()
        do throws(LabFailure) {
            let lab = Lab(folder: folder, layout: layout, programs: try LabPrograms.find(), outside: outside)
            let text = profile.isEmpty ? "" : HostFiles.readText(profile) ?? ""
            try lab.start(model: try makeModel(text, lab))
            guard let home = Descriptor.open(folder.path, O_RDONLY | O_DIRECTORY),
                let control = PacketSocket.listen(in: home, name: LabFolder.controlSocket)
            else { throw LabFailure(.cannotStart, "\(folder.path): \(systemText(errno))") }
            let site = site()
            report.send(["ok"] + site.fields)
            report.descriptor.close()
            return LabControl(lab: lab, site: site).serve(control)
        } catch {
            report.send(["failed", error.message])
            return 1
        }
    }

    /// Each login holds about ten descriptors, and the usual limit of 1024 is the shell's, not the kernel's.
    private static func allowManyDescriptors() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 16384)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func site() -> LabSite {
        let keys = NodeKeys(folder: folder)
        let nodes = layout.nodes.enumerated().map { index, node in
            LabSite.Node(
                name: node.name, address: node.address,
                port: UInt16(clamping: runbook_lab_port(outside[index].number)),
                hostKeys: ["ed25519", "rsa"].compactMap { keys.fingerprint(node.name, type: $0) })
        }
        return LabSite(nodes: nodes, identity: folder.operatorKey, nasAddress: layout.nasAddress)
    }
}
