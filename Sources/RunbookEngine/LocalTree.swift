import RunbookDigest
package import RunbookSupervisor
import RunbookText

/// What a copy brings that is not kept in memory: a folder with all that is in it, or one long file.
package struct LocalTree: Sendable, Equatable {
    package struct File: Sendable, Hashable {
        package var size: Int
        /// SHA-256, in hex.
        package var digest: String
        /// Whether its owner may execute it here.
        package var isExecutable: Bool

        package init(size: Int, digest: String, isExecutable: Bool) {
            self.size = size
            self.digest = digest
            self.isExecutable = isExecutable
        }
    }

    package struct Entry: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case folder
            case file(File)
            /// A symbolic link that leads to somewhere inside of the tree.
            case link(to: String)
        }

        /// The path below the folder, `conf.d/a.conf`; of a lone file empty.
        package var name: String
        package var kind: Kind

        package init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// What is below the folder, each folder before what is in it; or the one file.
    package var entries: [Entry]
    package var isFolder: Bool
    /// Reads the contents, when they are sent.
    package var read: PartReader

    package init(_ entries: [Entry], isFolder: Bool, read: @escaping PartReader) {
        self.entries = entries
        self.isFolder = isFolder
        self.read = read
    }

    package static func == (left: LocalTree, right: LocalTree) -> Bool {
        left.entries == right.entries && left.isFolder == right.isFolder
    }

    /// SHA-256 over names, kinds and contents, in hex.
    package var digest: String {
        var hasher = SHA256()
        for entry in entries {
            hasher.update([UInt8]("\(entry.name)\0\(entry.kind.word)\0".utf8))
        }
        return hasher.finish().hex
    }

    /// `12 files, 3 folders, 345 bytes`
    package var sentence: String {
        var files = 0, folders = 0, links = 0, size = 0
        for entry in entries {
            switch entry.kind {
            case .folder: folders += 1
            case .link: links += 1
            case .file(let file):
                files += 1
                size += file.size
            }
        }
        var parts = isFolder ? [counted(files, "file")] : []
        if folders > 0 { parts.append(counted(folders, "folder")) }
        if links > 0 { parts.append(counted(links, "link")) }
        return (parts + [counted(size, "byte")]).joined(separator: ", ")
    }
}

extension LocalTree.Entry.Kind {
    fileprivate var word: String {
        switch self {
        case .folder: "folder"
        case .file(let file): "file \(file.isExecutable ? "x" : "-") \(file.digest)"
        case .link(let target): "link \(target)"
        }
    }
}
