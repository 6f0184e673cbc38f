import RunbookDigest
import RunbookFiles
import Synchronization

/// How much a record must get through.
package enum RecordKind: Equatable, Sendable {
    /// Written before an act. Refused with `.noSpace` unless there is room for it and, after it, for
    /// `reserving` bytes of what will be owed (at least `JournalLimits.reserveLengthMin`).
    case ordinary(reserving: Int = JournalLimits.reserveLengthMin)
    /// Owed after an act, such as its outcome. Uses what was reserved, and is tried even where nothing could be.
    case owed
}

extension RunFolder {
    /// Appends a record with `members` (JSON members without the braces around them); durable on return.
    ///
    /// - Throws: `.noSpace` if there is no room: nothing was written, and a later append may succeed.
    ///   `.replaced`, and everything a sync reports: this and every later append fails, and the caller can only
    ///   `rescue`. `.badMembers`, `.recordTooLong`: our caller's mistake, nothing was written.
    @discardableResult
    package func append(
        _ members: [UInt8], as kind: RecordKind = .ordinary()
    ) throws(JournalError) -> RecordPosition {
        try requireMembers(members)
        return try withTail { (tail) throws(JournalError) in
            var hasher = SHA256()
            let (line, hash) = RecordFrame.encode(
                number: tail.nextNumber, previous: tail.lastHash, members: members, &hasher)
            guard line.count <= JournalLimits.recordLengthMax else {
                throw JournalError(.recordTooLong(line.count), files.journal.path)
            }
            try requireUnchanged(&tail)
            try makeRoom(for: line.count, kind, &tail)
            try write(line, kind, &tail)
            let position = RecordPosition(
                number: tail.nextNumber, offset: tail.length, length: line.count)
            tail.nextNumber += 1
            tail.lastHash = hash
            tail.length += line.count
            return position
        }
    }

    /// Takes space for `bytes` of records to come, so that owed ones find it when the disk is full.
    package func reserve(for bytes: Int) throws(JournalError) {
        try withTail { (tail) throws(JournalError) in
            try take(upTo: tail.length + bytes, &tail)
        }
    }

    /// Fails as before if the journal has failed before.
    func withTail<Value: Sendable>(
        _ body: (inout JournalTail) throws(JournalError) -> Value
    ) throws(JournalError) -> Value {
        try tail.withLock { (tail) throws(JournalError) in
            if let poison = tail.poison {
                throw JournalError(.poisoned, files.journal.path, cause: poison.cause)
            }
            return try body(&tail)
        }
    }

    /// Stops when the names do not lead to what is open, or the journal grew or shrank by another's hand.
    ///
    /// A lock file that was removed no longer keeps anyone out; a folder that was moved away leaves its path to
    /// another run.
    private func requireUnchanged(_ tail: inout JournalTail) throws(JournalError) {
        let isUnchanged = try onDisk { () throws(FileError) in
            let journal = try files.folder.status(of: RunFiles.journalName)
            let lock = try files.folder.status(of: RunFiles.lockName)
            let folder = try store.status(of: path)
            return journal?.identity == files.journalIdentity && journal?.length == tail.length
                && journal?.linkCount == 1 && lock?.identity == files.lockIdentity
                && folder?.identity == files.folderIdentity
        }
        guard isUnchanged else {
            let error = JournalError(.replaced, path)
            tail.poison = error
            throw error
        }
    }

    private func makeRoom(
        for length: Int, _ kind: RecordKind, _ tail: inout JournalTail
    ) throws(JournalError) {
        switch kind {
        case .ordinary(let reserving):
            try take(upTo: tail.length + length + max(reserving, JournalLimits.reserveLengthMin), &tail)
        case .owed:
            // If there is no room, the write will say so; until then it may still fit.
            try? take(upTo: tail.length + length, &tail)
        }
    }

    /// Takes space up to `end` of the file: in a large step, or just so much if the disk is nearly full.
    private func take(upTo end: Int, _ tail: inout JournalTail) throws(JournalError) {
        guard tail.canReserve, tail.reservedEnd < end else { return }
        let start = max(tail.length, tail.reservedEnd)
        for wanted in [end + JournalLimits.reserveStep, end] {
            do throws(FileError) {
                try files.journal.reserve(start..<wanted)
                tail.reservedEnd = wanted
                return
            } catch  where error.isUnsupported {
                tail.canReserve = false
                return
            } catch  where error.isNoSpace && wanted > end {
            } catch {
                throw JournalError(error)
            }
        }
    }

    private func write(_ line: [UInt8], _ kind: RecordKind, _ tail: inout JournalTail) throws(JournalError) {
        do throws(FileError) {
            try appendOrTakeBack(line, &tail)
        } catch  where kind == .owed && tail.poison == nil {
            try onDisk { () throws(FileError) in try appendOrTakeBack(line, &tail) }
        } catch {
            throw JournalError(error)
        }
        do throws(FileError) {
            try files.journal.sync()
        } catch {
            tail.poison = JournalError(error)
            throw JournalError(.poisoned, files.journal.path, cause: error)
        }
    }

    /// Writes the line; after a failure the journal ends where it did before, or is poisoned.
    private func appendOrTakeBack(_ line: [UInt8], _ tail: inout JournalTail) throws(FileError) {
        do throws(FileError) {
            try files.journal.append(line)
        } catch {
            do throws(FileError) {
                try files.journal.truncate(to: tail.length)
                // Cutting gives back what was taken past the end.
                tail.reservedEnd = 0
            } catch let second {
                tail.poison = JournalError(second)
            }
            throw error
        }
    }

    private func requireMembers(_ members: [UInt8]) throws(JournalError) {
        // The newline ends a record, and JSON has no control character unescaped (RFC 8259, section 7).
        let isText = !members.isEmpty && !members.contains { $0 < 0x20 }
        guard isText, String(validating: members, as: UTF8.self) != nil else {
            throw JournalError(.badMembers, files.journal.path)
        }
    }
}
