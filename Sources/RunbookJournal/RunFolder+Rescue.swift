import RunbookDigest
import RunbookFiles
import Synchronization

extension RunFolder {
    /// Writes the record that could not be appended to another place, for a person; best effort.
    ///
    /// Tried are the run's folder and then `fallbackDirectory` (the caller's TMPDIR). Nothing reads it back by
    /// itself; each later opening says that it is there, if it is in the folder.
    ///
    /// - Returns: the path of the file, which is durable; nil if it could be written nowhere. The caller shows the
    ///   record itself then.
    package func rescue(_ members: [UInt8], fallbackDirectory: String?) -> String? {
        let (line, number) = tail.withLock { tail in
            var hasher = SHA256()
            let (line, _) = RecordFrame.encode(
                number: tail.nextNumber, previous: tail.lastHash, members: members, &hasher)
            return (line, tail.nextNumber)
        }
        let name = "\(RunFiles.rescuePrefix)\(number).jsonl"
        if (try? files.folder.writeAtomically(name, line)) != nil {
            return path + "/" + name
        }
        guard let fallbackDirectory else { return nil }
        let other = fallbackDirectory + "/runbook-\(self.name)-\(name)"
        return (try? store.writeAtomically(other, line)) != nil ? other : nil
    }
}
