import RunbookDigest

/// A whole line of the journal, taken apart by bytes; what it does not look at is the members.
struct RecordFrame {
    static let version: UInt64 = 1

    let version: UInt64
    let number: UInt64
    let previous: ChainHash
    let hash: ChainHash
    /// Where in the line the caller's members are.
    let members: Range<Int>

    /// Reads `line`, which has no newline; nil unless it is whole, that is, framed and with the right hash.
    ///
    /// Of another version only the version is read: the outer frame is all that versions have in common.
    init?(_ line: Span<UInt8>, _ hasher: inout SHA256) {
        let end = line.count - RecordFrame.closingLength
        guard end > 0, let claimed = RecordFrame.closing(of: line) else { return nil }
        var cursor = FrameCursor()
        guard cursor.skip(FrameText.version, in: line), let version = cursor.number(in: line) else {
            return nil
        }
        hasher.update(line.extracting(0..<end))
        guard ChainHash(hasher.finish()) == claimed else { return nil }
        self.version = version
        hash = claimed
        guard version == RecordFrame.version else {
            number = 0
            previous = .none
            members = 0..<0
            return
        }
        guard cursor.skip(FrameText.number, in: line), let number = cursor.number(in: line),
            cursor.skip(FrameText.previous, in: line), let previous = cursor.hash(in: line),
            cursor.skip(FrameText.members, in: line), cursor.place < end
        else { return nil }
        self.number = number
        self.previous = previous
        members = cursor.place..<end
    }

    /// The line of a record with its newline, and its hash.
    static func encode(
        number: UInt64, previous: ChainHash, members: [UInt8], _ hasher: inout SHA256
    ) -> (line: [UInt8], hash: ChainHash) {
        var line: [UInt8] = []
        line.reserveCapacity(members.count + 128)
        line += FrameText.version + "\(version)".utf8 + FrameText.number + "\(number)".utf8
        line += FrameText.previous + previous.hex.utf8 + FrameText.members + members
        hasher.update(line)
        let hash = ChainHash(hasher.finish())
        line += FrameText.hash + hash.hex.utf8 + FrameText.end
        line.append(newline)
        return (line, hash)
    }

    /// The version that `line` claims; nil if it does not begin like a record. The line need not be whole.
    static func claimedVersion(_ line: Span<UInt8>) -> UInt64? {
        var cursor = FrameCursor()
        guard cursor.skip(FrameText.version, in: line), let version = cursor.number(in: line),
            cursor.place < line.count, line[cursor.place] == UInt8(ascii: ",")
        else { return nil }
        return version
    }

    /// The hash that the end of `line` claims; nil if it does not end like a record.
    static func closing(of line: Span<UInt8>) -> ChainHash? {
        guard line.count >= closingLength else { return nil }
        var cursor = FrameCursor(place: line.count - closingLength)
        guard cursor.skip(FrameText.hash, in: line), let hash = cursor.hash(in: line),
            cursor.skip(FrameText.end, in: line)
        else { return nil }
        return hash
    }

    static let closingLength = FrameText.hash.count + ChainHash.hexLength + FrameText.end.count
}

/// The fixed texts of a record, in their order; between them stand numbers, hashes and members.
enum FrameText {
    static let version = [UInt8](#"{"v":"#.utf8)
    static let number = [UInt8](#","seq":"#.utf8)
    static let previous = [UInt8](#","prev":""#.utf8)
    static let members = [UInt8](#"","#.utf8)
    static let hash = [UInt8](#","hash":""#.utf8)
    static let end = [UInt8](#""}"#.utf8)
}

let newline = UInt8(ascii: "\n")

/// A place in a line that moves over fixed texts, numbers and hashes.
private struct FrameCursor {
    private(set) var place = 0

    mutating func skip(_ text: [UInt8], in line: Span<UInt8>) -> Bool {
        guard place + text.count <= line.count else { return false }
        for index in text.indices where line[place + index] != text[index] { return false }
        place += text.count
        return true
    }

    /// A decimal number above 0 without leading zeros, of at most 19 digits.
    mutating func number(in line: Span<UInt8>) -> UInt64? {
        let start = place
        var number: UInt64 = 0
        while place < line.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = line[place] {
            guard place - start < 19 else { return nil }
            number = number * 10 + UInt64(line[place] - UInt8(ascii: "0"))
            place += 1
        }
        guard place > start, line[start] != UInt8(ascii: "0") else { return nil }
        return number
    }

    mutating func hash(in line: Span<UInt8>) -> ChainHash? {
        guard place + ChainHash.hexLength <= line.count,
            let hash = ChainHash(hex: line.extracting(place..<(place + ChainHash.hexLength)))
        else { return nil }
        place += ChainHash.hexLength
        return hash
    }
}
