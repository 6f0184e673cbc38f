import Glibc

/// Keeps states of a lab to go back to: the nodes' files, the rehearsal's own state folder and what the model
/// holds, no processes.
struct LabSnapshots {
    let lab: Lab

    /// The folders of a node that a snapshot holds; /run and processes are a boot's.
    private static let nodeFolders = ["etc", "root", "var", "tmp", "home", "srv", "pve"]

    private func place(_ name: String) throws(LabFailure) -> String {
        let isFine =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2d
                    || byte == 0x5f
            }
        guard isFine else { throw LabFailure(.refused, "`\(name)` is not a name for a snapshot") }
        return lab.folder.path + "/snapshots/" + name
    }

    /// Takes one; one of that name is replaced. No command may run in the nodes meanwhile.
    func take(_ name: String) throws(LabFailure) {
        let place = try place(name)
        HostFiles.empty(place)
        let model = lab.currentModel
        let state = blockUntilDone { await model?.saveState() ?? [] } ?? []
        do throws(HostFiles.Failure) {
            try HostFiles.makeFolder(place)
            try HostFiles.write(place + "/model", state)
        } catch { throw LabFailure(.refused, error.message) }
        for (folder, copy) in folders(at: place) where HostFiles.exists(folder) {
            try self.copy(folder, to: copy)
        }
    }

    /// Goes back: stops the nodes, puts their files back, starts them, gives the model its state.
    func restore(_ name: String) throws(LabFailure) {
        let place = try place(name)
        guard let model = lab.currentModel, let state = HostFiles.read(place + "/model") else {
            throw LabFailure(.refused, "there is no snapshot `\(name)`")
        }
        let nodes = lab.layout.nodes.compactMap { lab.node($0.name) }
        for node in nodes { node.stop(model: model) }
        for (folder, copy) in folders(at: place) {
            HostFiles.empty(folder)
            if HostFiles.exists(copy) { try self.copy(copy, to: folder) }
        }
        for node in nodes { try node.start(model: model, firstBoot: false) }
        _ = blockUntilDone { await model.restoreState(state) }
    }

    private func folders(at place: String) -> [(folder: String, copy: String)] {
        // With the journals of the rehearsal's runs, which must be as old as the nodes.
        var all = [
            (folder: lab.folder.clusterTree, copy: place + "/cluster"),
            (folder: lab.folder.path + "/state", copy: place + "/state"),
        ]
        for node in lab.layout.nodes {
            for name in Self.nodeFolders {
                all.append((lab.folder.node(node.name) + "/" + name, place + "/" + node.name + "/" + name))
            }
        }
        return all
    }

    private func copy(_ source: String, to target: String) throws(LabFailure) {
        do throws(HostFiles.Failure) { try HostFiles.makeFolder(target) } catch {
            throw LabFailure(.refused, error.message)
        }
        let result = Programs.shared.run(["cp", "-a", "--reflink=auto", source + "/.", target])
        guard result.status == 0 else { throw LabFailure(.refused, "cp: \(result.output)") }
    }
}
