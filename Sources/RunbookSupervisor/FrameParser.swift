/// One piece of a reply: a line of words, and bytes.
struct Frame: Equatable, Sendable {
    /// The number of the request that is answered.
    var tag: Int
    var words: [String]
    var payload: [UInt8] = []
}

/// Takes a supervisor's replies out of what a channel says.
///
/// A frame is `RB1 NONCE TAG LENGTH WORD…`, a newline, and LENGTH bytes. A line that is not a header with this
/// session's nonce is noise (a login banner, a foreign reply) and skipped, up to a limit.
struct FrameParser {
    enum Problem: Error, Equatable { case notAShell, frameTooLong }

    /// Login banners are shorter; whoever says more before the first frame is not our shell.
    static let noiseLimit = 64 << 10
    /// A file that is read is the longest thing that a host sends.
    static let payloadLimit = (64 << 20) + 1
    /// The longest header is a question's answer, about a hundred bytes.
    static let headerLimit = 1024

    private let prefix: [UInt8]
    private var buffer: [UInt8] = []
    private var start = 0
    private var isInLongLine = false
    /// The first lines of what was skipped, to be shown when no frame comes at all.
    private(set) var noise: [UInt8] = []
    private var noiseCount = 0

    init(nonce: String) { prefix = Array("RB1 \(nonce) ".utf8) }

    mutating func feed(_ bytes: [UInt8]) {
        if start > 0, start == buffer.count || start > 1 << 20 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        buffer += bytes
    }

    /// The next whole frame, if it is here.
    mutating func next() throws(Problem) -> Frame? {
        while true {
            guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                try skipLongLine()
                return nil
            }
            let line = buffer[start..<end]
            guard !isInLongLine, let (frame, length) = Self.header(line, after: prefix) else {
                isInLongLine = false
                try skip(to: end + 1)
                continue
            }
            guard length <= Self.payloadLimit else { throw .frameTooLong }
            guard buffer.count - (end + 1) >= length else { return nil }
            let payload = Array(buffer[(end + 1)..<(end + 1 + length)])
            start = end + 1 + length
            return Frame(tag: frame.tag, words: frame.words, payload: payload)
        }
    }

    private mutating func skipLongLine() throws(Problem) {
        if buffer.count - start > Self.headerLimit || isInLongLine {
            isInLongLine = true
            try skip(to: buffer.count)
        }
    }

    private mutating func skip(to end: Int) throws(Problem) {
        noiseCount += end - start
        if noise.count < 512 { noise += buffer[start..<min(end, start + 512)] }
        start = end
        if noiseCount > Self.noiseLimit { throw .notAShell }
    }

    private static func header(_ line: ArraySlice<UInt8>, after prefix: [UInt8]) -> (Frame, length: Int)? {
        guard line.count <= headerLimit, line.starts(with: prefix) else { return nil }
        let words = String(decoding: line.dropFirst(prefix.count), as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 3, let tag = Int(words[0]), let length = Int(words[1]), length >= 0 else {
            return nil
        }
        return (Frame(tag: tag, words: Array(words[2...])), length)
    }
}
