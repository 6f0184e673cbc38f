import RunbookDigest
import RunbookFiles

/// Where a record stands.
package struct RecordPosition: Equatable, Sendable {
    /// Its `seq`, from 1.
    package let number: UInt64
    /// The offset of its first byte.
    package let offset: Int
    /// In bytes, with its newline.
    package let length: Int

    package init(number: UInt64, offset: Int, length: Int) {
        self.number = number
        self.offset = offset
        self.length = length
    }
}

/// What follows the last record of the chain.
enum Remainder: Equatable {
    case none
    /// An append that was interrupted, in the words of docs/journal-format.md.
    case torn([UInt8])

    var length: Int {
        if case .torn(let bytes) = self { bytes.count } else { 0 }
    }
}

/// Reads a journal from its beginning, record by record, in pieces of a fixed size.
///
/// It holds the place it has reached, so that a reader that met a writer can look again from there.
struct JournalScanner: ~Copyable {
    private let file: any OpenFile
    private var hasher = SHA256()
    /// What the next record must be.
    private(set) var nextNumber: UInt64 = 1
    private(set) var lastHash = ChainHash.none
    /// Where the next record begins.
    private(set) var offset = 0

    init(_ file: any OpenFile) {
        self.file = file
    }

    /// Reads up to `length`, gives each record to `body`, and judges what is left.
    ///
    /// - Throws: `.damaged` or `.newerVersion`; the records before were given to `body`.
    mutating func scan(
        upTo length: Int,
        _ body: (RecordPosition, Span<UInt8>) throws(JournalError) -> Void
    ) throws(JournalError) -> Remainder {
        let room = min(2 * JournalLimits.recordLengthMax, max(length - offset, 0))
        var buffer = [UInt8](repeating: 0, count: room)
        var filled = 0
        while true {
            let wanted = min(buffer.count - filled, length - offset - filled)
            let count = try read(into: &buffer, filled..<(filled + max(wanted, 0)), from: offset + filled)
            filled += count
            let used = try takeLines(buffer.span.extracting(0..<filled), body)
            // What is not used by now is no record if a whole one would have fitted, or if there is no more.
            if count == 0 || filled - used >= JournalLimits.recordLengthMax { break }
            for index in used..<filled { buffer[index - used] = buffer[index] }
            filled -= used
        }
        return try judge(length)
    }

    /// Gives the records at the beginning of `bytes` to `body`; returns how many bytes they have.
    private mutating func takeLines(
        _ bytes: Span<UInt8>, _ body: (RecordPosition, Span<UInt8>) throws(JournalError) -> Void
    ) throws(JournalError) -> Int {
        var start = 0
        while let length = bytes.extracting(start..<bytes.count).firstOffset(of: newline) {
            let line = bytes.extracting(start..<(start + length))
            guard length < JournalLimits.recordLengthMax, let frame = RecordFrame(line, &hasher) else {
                break
            }
            guard frame.version == RecordFrame.version else {
                throw JournalError(.newerVersion(frame.version), file.path)
            }
            guard frame.number == nextNumber, frame.previous == lastHash else { throw damage }
            let position = RecordPosition(number: nextNumber, offset: offset, length: length + 1)
            try body(position, line.extracting(frame.members))
            nextNumber += 1
            lastHash = frame.hash
            offset += length + 1
            start += length + 1
        }
        return start
    }

    /// Says what the bytes after the last good record are.
    private mutating func judge(_ length: Int) throws(JournalError) -> Remainder {
        guard offset < length else { return .none }
        let isLong = length - offset > JournalLimits.tornTailLengthMax
        let rest = try read(isLong ? 64 : length - offset, from: offset)
        guard !hasWholeRecord(rest.span) else { throw damage }
        // With no record that this version can read, another hash rule is likelier than damage.
        if nextNumber == 1, let version = RecordFrame.claimedVersion(rest.span),
            version != RecordFrame.version
        {
            throw JournalError(.newerVersion(version), file.path)
        }
        guard !isLong else { throw damage }
        return rest.isEmpty ? .none : .torn(rest)
    }

    /// Whether a whole record stands anywhere in `bytes`, also behind other bytes of its line.
    private mutating func hasWholeRecord(_ bytes: Span<UInt8>) -> Bool {
        var candidates = 0
        var start = 0
        while let length = bytes.extracting(start..<bytes.count).firstOffset(of: newline) {
            let end = start + length
            if RecordFrame.closing(of: bytes.extracting(start..<end)) != nil {
                var place = start
                while let next = bytes.extracting(place..<end).firstOffset(of: FrameText.version[0]) {
                    let line = bytes.extracting((place + next)..<end)
                    place += next + 1
                    guard RecordFrame.claimedVersion(line) != nil else { continue }
                    candidates += 1
                    if candidates > JournalLimits.candidatesMax || RecordFrame(line, &hasher) != nil {
                        return true
                    }
                }
            }
            start = end + 1
        }
        return false
    }

    private func read(_ count: Int, from offset: Int) throws(JournalError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = try read(into: &bytes, filled..<count, from: offset + filled)
            if more == 0 { break }
            filled += more
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    private func read(
        into buffer: inout [UInt8], _ range: Range<Int>, from offset: Int
    ) throws(JournalError) -> Int {
        do throws(FileError) {
            return range.isEmpty ? 0 : try file.read(into: &buffer, range: range, from: offset)
        } catch {
            throw JournalError(error)
        }
    }

    private var damage: JournalError {
        JournalError(.damaged(record: nextNumber, offset: offset), file.path)
    }
}
