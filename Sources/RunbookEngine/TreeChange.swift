import RunbookModel
import RunbookText

/// What is to be done on a host so that it has a tree as it is here, and what is there already.
///
/// What is on the host and not in the tree is left alone, and so are mode and owner of folders that are there.
struct TreeChange: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case makesFolder
        /// With the digest of the file that it takes the place of.
        case writesFile(LocalTree.File, over: String?)
        /// Only its mode or its owner is another; the digest is its own.
        case setsMode(digest: String)
        case makesLink(to: String, over: String?)
    }

    struct Order: Equatable, Sendable {
        /// As the script has it: `.`, `./a/b`.
        var name: String
        var kind: Kind
        var mode: UInt32
        /// nil: who writes it has it.
        var owner: String?
        /// For people: what is different, such as `mode 644 instead of 600`.
        var note: String
    }

    /// The path as the runbook has it.
    let path: String
    /// The folder on the host that the names are below.
    let root: String
    private(set) var orders: [Order] = []
    private let isFolder: Bool

    var isNeeded: Bool { !orders.isEmpty }

    /// Compares. Where the host has something of another kind under a name nothing can be done at all.
    init(
        _ tree: LocalTree, onto host: HostTree, path: String, mode: UInt32?, owner: String?
    ) throws(EngineProblem) {
        self.path = path
        root = host.root
        isFolder = tree.isFolder
        if tree.isFolder, host.entries["."] == nil {
            add(".", .makesFolder, Self.folderMode(mode), owner, "new")
        }
        for entry in tree.entries {
            let name = "./" + (tree.isFolder ? entry.name : host.name ?? "")
            try compare(entry, name, host.entries[name], mode, owner)
        }
    }

    private mutating func add(_ name: String, _ kind: Kind, _ mode: UInt32, _ owner: String?, _ note: String)
    {
        orders.append(Order(name: name, kind: kind, mode: mode, owner: owner, note: note))
    }

    private mutating func compare(
        _ entry: LocalTree.Entry, _ name: String, _ there: HostTree.Entry?, _ mode: UInt32?, _ owner: String?
    ) throws(EngineProblem) {
        switch (entry.kind, there?.kind) {
        case (.folder, nil): add(name, .makesFolder, Self.folderMode(mode), owner, "new")
        case (.folder, .folder): break
        case (.file(let file), nil):
            add(
                name, .writesFile(file, over: nil), fileMode(file, mode, nil), owner,
                "new, \(counted(file.size, "byte"))")
        case (.file(let file), .file?): try compare(file, name, there, mode, owner)
        case (.link(let target), nil): add(name, .makesLink(to: target, over: nil), 0o777, owner, "new")
        case (.link(let target), .link?):
            guard let old = there?.target, old != target else { break }
            add(
                name, .makesLink(to: target, over: old), 0o777, owner,
                "leads to \(target) instead of \(visible(old))")
        case (_, let other?):
            throw EngineProblem(
                "\(place(name)) is \(other.words) there and \(entry.kind.words) here: nothing was written")
        }
    }

    private mutating func compare(
        _ file: LocalTree.File, _ name: String, _ there: HostTree.Entry?, _ mode: UInt32?, _ owner: String?
    ) throws(EngineProblem) {
        guard let there, let digest = there.digest else {
            throw EngineProblem("\(place(name)) cannot be read there: nothing was written")
        }
        let newMode = fileMode(file, mode, there.mode)
        var notes: [String] = []
        if mode != nil, newMode != there.mode {
            notes.append("mode \(String(newMode, radix: 8)) instead of \(String(there.mode, radix: 8))")
        }
        if let owner, !there.isOwned(by: owner) {
            notes.append("owner \(owner) instead of \(there.ownerByName)")
        }
        if digest != file.digest {
            let note = (["other content"] + notes).joined(separator: ", ")
            add(name, .writesFile(file, over: digest), newMode, owner ?? there.owner, note)
        } else if !notes.isEmpty {
            add(name, .setsMode(digest: digest), newMode, owner, notes.joined(separator: ", "))
        }
    }

    /// What a file gets: what the step says, else what it has, else the usual. In a folder, what may be executed
    /// here may be executed there by whoever may read it.
    private func fileMode(_ file: LocalTree.File, _ mode: UInt32?, _ old: UInt32?) -> UInt32 {
        guard let mode = mode ?? old else { return file.isExecutable ? 0o755 : 0o644 }
        return isFolder && file.isExecutable ? Self.executable(mode) : mode
    }

    private static func folderMode(_ mode: UInt32?) -> UInt32 { executable(mode ?? 0o644) }

    private static func executable(_ mode: UInt32) -> UInt32 { mode | (mode & 0o444) >> 2 }

    private func place(_ name: String) -> String {
        name == "." ? path : isFolder ? "\(path)/\(name.dropFirst(2))" : path
    }

    /// How many lines are shown of what would change.
    private static let shownMax = 200

    /// What would change, a line each: `+` what is new, `~` what is different.
    var difference: String {
        var lines = orders.prefix(Self.shownMax).map { order in
            let isNew =
                switch order.kind {
                case .makesFolder, .writesFile(_, over: nil), .makesLink(_, over: nil): true
                case .writesFile, .setsMode, .makesLink: false
                }
            var name = place(order.name)
            if case .makesFolder = order.kind { name += "/" }
            if case .makesLink(let target, nil) = order.kind { name += " -> \(target)" }
            return "\(isNew ? "+" : "~") \(name) (\(order.note))"
        }
        if orders.count > Self.shownMax {
            lines.append("  … and \(orders.count - Self.shownMax) more")
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension HostTree.Entry {
    /// An owner of the runbook: `user` or `user:group`, each by name or by number.
    func isOwned(by owner: String) -> Bool {
        let wanted = owner.split(separator: ":")
        let names = ownerByName.split(separator: ":"), numbers = self.owner.split(separator: ":")
        guard names.count == 2, numbers.count == 2 else { return false }
        return wanted.enumerated().allSatisfy { $1 == names[$0] || $1 == numbers[$0] }
    }
}

extension HostTree.Entry.Kind {
    var words: String {
        switch self {
        case .folder: "a folder"
        case .file: "a file"
        case .link: "a link"
        case .other: "neither a file nor a folder"
        }
    }
}

extension LocalTree.Entry.Kind {
    var words: String {
        switch self {
        case .folder: "a folder"
        case .file: "a file"
        case .link: "a link"
        }
    }
}
