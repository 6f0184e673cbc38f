import RunbookFiles

/// The end of a journal that an interrupted append, or the disk, left unreadable. It is kept in a copy.
package struct TornTail: Equatable, Sendable {
    /// The number of the record it stands in place of.
    package let number: UInt64
    /// The path of the copy of its bytes.
    package let copy: String

    package init(number: UInt64, copy: String) {
        self.number = number
        self.copy = copy
    }

    /// Copies `bytes` beside the journal and cuts them off it. Both are durable on return.
    ///
    /// A crash in between is repeated by the next opening, which finds the copy and does not make another.
    static func setAside(
        _ bytes: [UInt8], at offset: Int, number: UInt64, _ files: RunFiles
    ) throws(JournalError) {
        try onDisk { () throws(FileError) in
            if let name = try unusedName(for: bytes, number, files.folder) {
                try files.folder.writeAtomically(name, bytes)
            } else {
                // An earlier opening may have been killed before the name was durable.
                try files.folder.sync()
            }
            try files.journal.truncate(to: offset)
            try files.journal.sync()
        }
    }

    /// The tail whose place the next record, `number`, will take; nil if there was none.
    static func find(number: UInt64, among names: [String], in path: String) -> TornTail? {
        let copies = (1...JournalLimits.tornCopiesMax).map { name(number, $0) }
        guard let last = copies.last(where: names.contains) else { return nil }
        return TornTail(number: number, copy: path + "/" + last)
    }

    /// A name for a copy; nil if there is a copy of the same bytes already.
    private static func unusedName(
        for bytes: [UInt8], _ number: UInt64, _ folder: any OpenDirectory
    ) throws(FileError) -> String? {
        for copy in 1...JournalLimits.tornCopiesMax {
            let name = name(number, copy)
            guard let status = try folder.status(of: name) else { return name }
            if status.kind == .regular, status.length == bytes.count,
                try folder.readFile(name, limit: bytes.count) == bytes
            {
                return nil
            }
        }
        throw FileError(.create, folder.path + "/" + name(number, JournalLimits.tornCopiesMax), .system(17))
    }

    private static func name(_ number: UInt64, _ copy: Int) -> String {
        RunFiles.tornPrefix + "\(number)" + (copy == 1 ? "" : ".\(copy)")
    }
}
