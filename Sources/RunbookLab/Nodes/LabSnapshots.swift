import Glibc

/// Keeps states of a lab to go back to: the nodes' files, the rehearsal's own state folder and what the model
/// holds, no processes.
struct LabSnapshots {
    let lab: Lab

    /// The folders of a node that a snapshot holds, with /etc; /run and processes are a boot's.
    private static let nodeFolders = ["root", "var", "tmp", "home", "srv", "pve"]

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
            try HostFiles.makeFolder(place + "/files")
            try HostFiles.write(place + "/model", state)
        } catch { throw LabFailure(.refused, error.message) }
        try copy(["--parents"] + held(below: lab.folder.path), to: place + "/files")
    }

    /// Goes back: stops the nodes, puts their files back, starts them, gives the model its state.
    func restore(_ name: String) throws(LabFailure) {
        let place = try place(name)
        guard let model = lab.currentModel, let state = HostFiles.read(place + "/model") else {
            throw LabFailure(.refused, "there is no snapshot `\(name)`")
        }
        try lab.forAllNodes { (node) throws(LabFailure) in node.stop(model: model) }
        for path in held(below: lab.folder.path) { HostFiles.remove("\(lab.folder.path)/\(path)") }
        try copy([place + "/files/."], to: lab.folder.path)
        try lab.forAllNodes { (node) throws(LabFailure) in try node.start(model: model, .restored) }
        _ = blockUntilDone { await model.restoreState(state) }
    }

    /// What a snapshot holds, by its path below the lab's folder. With the journals of the rehearsal's runs, which
    /// must be as old as the nodes.
    ///
    /// Without /etc/alternatives: some hundred links that nobody changes, and making one takes longer than making
    /// a file (0.6 ms on ext4, whose long links need a block each).
    private func held(below folder: String) -> [String] {
        var paths = ["cluster/pve", "state"]
        for node in lab.layout.nodes {
            paths += Self.nodeFolders.map { "nodes/\(node.name)/\($0)" }
            let etc = "nodes/\(node.name)/etc"
            paths += HostFiles.list("\(folder)/\(etc)").filter { $0 != "alternatives" }.map { "\(etc)/\($0)" }
        }
        return paths.filter { HostFiles.exists("\(folder)/\($0)") || HostFiles.isLink("\(folder)/\($0)") }
    }

    /// One process for all: a snapshot is taken and brought back hundreds of times in a rehearsal of crashes.
    private func copy(_ sources: [String], to target: String) throws(LabFailure) {
        let result = Programs.shared.run(
            ["env", "-C", lab.folder.path, "cp", "-a", "--reflink=auto"] + sources + [target])
        guard result.status == 0 else { throw LabFailure(.refused, "cp: \(result.output)") }
    }
}
