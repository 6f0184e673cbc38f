/// The contents of a `MemoryFileStore`: what programs see, and what of it would survive a power cut.
struct MemoryDisk {
    struct File {
        enum Change {
            case write([UInt8], at: Int)
            case cut(Int)
        }

        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        /// What was done since the last sync; a failed sync loses it.
        var pending: [Change] = []
        var mode: UInt32 = 0o600
        var reservedEnd = 0

        mutating func write(_ new: [UInt8], at place: Int) {
            pending.append(.write(new, at: place))
            File.apply(.write(new, at: place), to: &bytes)
        }

        mutating func cut(to length: Int) {
            pending.append(.cut(length))
            File.apply(.cut(length), to: &bytes)
            reservedEnd = min(reservedEnd, length)
        }

        mutating func sync() {
            for change in pending { File.apply(change, to: &durable) }
            pending = []
        }

        /// What is on the disk, and what is on its way there.
        mutating func dropCache() {
            bytes = durable
            for change in pending { File.apply(change, to: &bytes) }
        }

        static func apply(_ change: Change, to bytes: inout [UInt8]) {
            switch change {
            case .write(let new, let place):
                // A place past the end leaves a hole, which reads as zeros.
                if bytes.count < place {
                    bytes.append(contentsOf: repeatElement(0, count: place - bytes.count))
                }
                let end = min(place + new.count, bytes.count)
                bytes.replaceSubrange(place..<end, with: new)
            case .cut(let length):
                if length < bytes.count {
                    bytes.removeLast(bytes.count - length)
                } else {
                    bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
                }
            }
        }
    }

    struct Directory {
        enum Change {
            case set(String, Int)
            case remove(String)
            case rename(String, String)
        }

        var mode: UInt32 = 0o700
        var owner = MemoryFileStore.user
        var entries: [String: Int] = [:]
        var durable: [String: Int] = [:]
        var pending: [Change] = []

        mutating func change(_ change: Change) {
            pending.append(change)
            Directory.apply(change, to: &entries)
        }

        mutating func sync() {
            durable = entries
            pending = []
        }

        static func apply(_ change: Change, to entries: inout [String: Int]) {
            switch change {
            case .set(let name, let inode): entries[name] = inode
            case .remove(let name): entries[name] = nil
            case .rename(let name, let newName):
                if let inode = entries.removeValue(forKey: name) { entries[newName] = inode }
            }
        }
    }

    static let root = 1

    var files: [Int: File] = [:]
    var directories: [Int: Directory] = [root: Directory()]
    private var lastInode = root

    mutating func makeFile(mode: UInt32) -> Int {
        lastInode += 1
        files[lastInode] = File(mode: mode)
        return lastInode
    }

    mutating func makeDirectory() -> Int {
        lastInode += 1
        directories[lastInode] = Directory()
        return lastInode
    }

    func find(_ path: String) -> Int? {
        var inode = MemoryDisk.root
        for name in path.split(separator: "/") where name != "." {
            guard let next = directories[inode]?.entries[String(name)] else { return nil }
            inode = next
        }
        return inode
    }

    mutating func place(_ path: String, _ bytes: [UInt8]) {
        var names = path.split(separator: "/").map(String.init)
        guard let last = names.popLast() else { return }
        var inode = MemoryDisk.root
        for name in names {
            if let next = directories[inode]?.entries[name] {
                inode = next
                continue
            }
            let made = makeDirectory()
            directories[inode]?.change(.set(name, made))
            directories[inode]?.sync()
            inode = made
        }
        let file = directories[inode]?.entries[last] ?? makeFile(mode: 0o600)
        files[file]?.bytes = bytes
        files[file]?.durable = bytes
        files[file]?.pending = []
        directories[inode]?.change(.set(last, file))
        directories[inode]?.sync()
    }

    func status(_ inode: Int) -> FileStatus? {
        let identity = FileIdentity(device: 1, inode: UInt64(inode))
        if let file = files[inode] {
            return FileStatus(
                identity: identity, kind: .regular, length: file.bytes.count, linkCount: 1,
                owner: MemoryFileStore.user, mode: file.mode)
        }
        guard let directory = directories[inode] else { return nil }
        return FileStatus(
            identity: identity, kind: .directory, length: 0, linkCount: 2, owner: directory.owner,
            mode: directory.mode)
    }

    func afterPowerCut(_ fate: MemoryFileStore.Fate) -> MemoryDisk {
        var result = self
        var chance = Chance(fate)
        for inode in files.keys.sorted() {
            guard var file = files[inode] else { continue }
            for change in file.pending {
                chance.change(change).forEach { File.apply($0, to: &file.durable) }
            }
            file.bytes = file.durable
            file.pending = []
            file.reservedEnd = 0
            result.files[inode] = file
        }
        for inode in directories.keys.sorted() {
            guard var directory = directories[inode] else { continue }
            for change in directory.pending where chance.keepsName() {
                Directory.apply(change, to: &directory.durable)
            }
            directory.entries = directory.durable
            directory.pending = []
            result.directories[inode] = directory
        }
        return result
    }
}

/// Decides what a power cut does to each unsynced change; splitmix64, so that a seed gives the same cut.
private struct Chance {
    private let fate: MemoryFileStore.Fate
    private var word: UInt64

    init(_ fate: MemoryFileStore.Fate) {
        self.fate = fate
        switch fate {
        case .keep, .drop: word = 0
        case .garble(let seed), .mixed(let seed): word = seed
        }
    }

    mutating func change(_ change: MemoryDisk.File.Change) -> [MemoryDisk.File.Change] {
        switch fate {
        case .keep: return [change]
        case .drop: return []
        case .garble: return garbled(change)
        case .mixed:
            switch next() % 3 {
            case 0: return [change]
            case 1: return []
            default: return garbled(change)
            }
        }
    }

    mutating func keepsName() -> Bool {
        switch fate {
        case .keep: true
        case .drop: false
        case .garble, .mixed: next() % 2 == 0
        }
    }

    /// The write with some of its sectors zero or wrong, and perhaps not all of its length.
    private mutating func garbled(_ change: MemoryDisk.File.Change) -> [MemoryDisk.File.Change] {
        guard case .write(var bytes, let place) = change else { return next() % 2 == 0 ? [change] : [] }
        let sectorLength = 64
        var start = 0
        while start < bytes.count {
            let end = min(start + sectorLength, bytes.count)
            switch next() % 3 {
            case 0: break
            case 1: for index in start..<end { bytes[index] = 0 }
            default: for index in start..<end { bytes[index] = UInt8(truncatingIfNeeded: next()) }
            }
            start = end
        }
        if next() % 2 == 0 { bytes.removeLast(Int(next() % UInt64(bytes.count + 1))) }
        return [.write(bytes, at: place)]
    }

    private mutating func next() -> UInt64 {
        word &+= 0x9e37_79b9_7f4a_7c15
        var mixed = word
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
