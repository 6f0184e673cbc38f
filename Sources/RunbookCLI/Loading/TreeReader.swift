import RunbookDigest
import RunbookEngine
import RunbookFiles
import RunbookSupervisor
import RunbookText

/// Why a folder or a file of this machine cannot be copied.
struct TreeProblem: Error {
    var message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}

/// Reads what a copy brings: names, kinds and digests now, contents when they are sent.
///
/// Refused are links that lead out of the folder, devices, pipes and sockets, names that a shell on some host would
/// not take as they are, and too much of everything.
struct TreeReader {
    private let store: POSIXFileStore
    /// Where it lies, and what the runbook calls it.
    private let path: String
    private let name: String

    static let countMax = 10_000
    static let namesLengthMax = 1 << 20
    static let sizeMax = 16 << 30
    /// A new file lies beside the old one under a longer name at first.
    private static let nameLengthMax = 240
    private static let partLength = 256 << 10

    init(_ store: POSIXFileStore, _ path: String, _ name: String) {
        self.store = store
        self.path = path
        self.name = name
    }

    func file() throws(TreeProblem) -> LocalTree {
        let file = try digested("")
        guard file.size <= Self.sizeMax else { throw tooMuch() }
        return LocalTree([LocalTree.Entry("", .file(file))], isFolder: false, read: reader)
    }

    func folder() throws(TreeProblem) -> LocalTree {
        guard try status("")?.kind == .directory else { throw TreeProblem("\(name) is not a folder") }
        var entries: [LocalTree.Entry] = []
        var namesLength = 0, size = 0
        var open = [""]
        while let folder = open.popLast() {
            for last in try list(folder) {
                let below = folder.isEmpty ? last : "\(folder)/\(last)"
                try judge(last, below)
                let kind = try kind(of: below)
                entries.append(LocalTree.Entry(below, kind))
                namesLength += below.utf8.count + 3
                if case .file(let file) = kind { size += file.size }
                if case .folder = kind { open.append(below) }
                guard entries.count <= Self.countMax, namesLength <= Self.namesLengthMax, size <= Self.sizeMax
                else { throw tooMuch() }
            }
        }
        // By their bytes: a folder stands before what is in it.
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return LocalTree(entries, isFolder: true, read: reader)
    }

    private func tooMuch() -> TreeProblem {
        TreeProblem(
            "\(name) is too much to copy: more than \(Self.countMax) names, \(Self.namesLengthMax >> 20) MiB of names, or "
                + "\(Self.sizeMax >> 30) GiB",
            hint: "pack it into an archive, copy that, and unpack it in a step of its own")
    }

    private func judge(_ last: String, _ below: String) throws(TreeProblem) {
        let isPlain = last.unicodeScalars.allSatisfy { scalar in
            scalar != "\\" && scalar != "\u{FFFD}" && !scalar.properties.generalCategory.isControl
        }
        guard isPlain, !last.hasSuffix(" "), last.utf8.count <= Self.nameLengthMax, below.utf8.count <= 1024
        else {
            throw TreeProblem(
                "the name \(visible(below)) in \(name) cannot be copied",
                hint: "no control characters, no backslash, no blank at the end, valid UTF-8, at most "
                    + "\(Self.nameLengthMax) bytes, and 1024 of the whole path")
        }
    }

    private func kind(of below: String) throws(TreeProblem) -> LocalTree.Entry.Kind {
        switch try status(below)?.kind {
        case .directory: return .folder
        case .regular: return .file(try digested(below))
        case .symbolicLink:
            let target: String
            do throws(FileError) {
                target = try store.target(of: place(below))
            } catch {
                throw TreeProblem(error.message)
            }
            guard Self.staysInside(target, from: below) else {
                throw TreeProblem(
                    "the link \(name)/\(visible(below)) leads out of the folder, to \(visible(target))",
                    hint: "make it in a step of its own: ln -s")
            }
            try judge(target.split(separator: "/").last.map(String.init) ?? "", target)
            return .link(to: target)
        case .other, nil:
            throw TreeProblem("\(name)/\(visible(below)) is neither a file nor a folder nor a link")
        }
    }

    /// Whether a link's target is reached from the link's folder without leaving the tree.
    static func staysInside(_ target: String, from link: String) -> Bool {
        guard !target.isEmpty, !target.hasPrefix("/") else { return false }
        var depth = link.split(separator: "/").count - 1
        for part in target.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { return false }
        }
        return true
    }

    private func place(_ below: String) -> String { below.isEmpty ? path : "\(path)/\(below)" }

    private func status(_ below: String) throws(TreeProblem) -> FileStatus? {
        do throws(FileError) {
            return try store.status(of: place(below))
        } catch {
            throw TreeProblem(error.message)
        }
    }

    private func list(_ folder: String) throws(TreeProblem) -> [String] {
        do throws(FileError) {
            return try store.openDirectory(place(folder), create: false).list()
        } catch {
            throw TreeProblem(error.message)
        }
    }

    private func digested(_ below: String) throws(TreeProblem) -> LocalTree.File {
        do throws(FileError) {
            let file = try store.openFile(place(below))
            let isExecutable = try file.status().mode & 0o100 != 0
            var hasher = SHA256()
            var part = [UInt8](repeating: 0, count: Self.partLength)
            var size = 0
            while true {
                let count = try file.read(into: &part, range: 0..<part.count, from: size)
                if count == 0 { break }
                hasher.update(part.span.extracting(first: count))
                size += count
            }
            return LocalTree.File(size: size, digest: hasher.finish().hex, isExecutable: isExecutable)
        } catch {
            throw TreeProblem(error.message)
        }
    }

    private var reader: PartReader {
        let (store, path) = (store, path)
        return { (name, offset, count) throws(StagingProblem) in
            do throws(FileError) {
                let file = try store.openFile(name.isEmpty ? path : "\(path)/\(name)")
                var bytes = [UInt8](repeating: 0, count: count)
                var filled = 0
                while filled < count {
                    let more = try file.read(into: &bytes, range: filled..<count, from: offset + filled)
                    if more == 0 { break }
                    filled += more
                }
                bytes.removeLast(count - filled)
                return bytes
            } catch {
                throw StagingProblem(error.message)
            }
        }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isControl: Bool {
        switch self {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        default: false
        }
    }
}
