import RunbookDiagnostics

/// Turns libyaml's marks, which count scalars, into offsets in bytes.
///
/// libyaml counts CR LF as two, so a mark is the number of scalars before it (scanner.c, `SKIP_LINE`).
struct MarkTable {
    private static let stride = 16

    private let bytes: [UInt8]
    private let start: Int
    /// The offset of every 16th scalar; empty when each scalar is one byte.
    private var checkpoints: [Int] = []

    /// - Parameters:
    ///   - bytes: valid UTF-8.
    ///   - start: the offset of mark 0.
    init(_ bytes: [UInt8], from start: Int) {
        self.bytes = bytes
        var count = 0
        for offset in start..<max(start, bytes.count) where Self.startsScalar(bytes[offset]) {
            if count.isMultiple(of: Self.stride) { checkpoints.append(offset) }
            count += 1
        }
        self.start = start
        if count == bytes.count - start { checkpoints = [] }
    }

    /// The offset of a mark; one past the end is the end.
    func offset(of mark: Int) -> Int {
        guard let last = checkpoints.indices.last else { return min(start + mark, bytes.count) }
        let checkpoint = min(mark / Self.stride, last)
        var offset = checkpoints[checkpoint]
        var left = mark - checkpoint * Self.stride
        while left > 0, offset < bytes.count {
            offset += 1
            while offset < bytes.count, !Self.startsScalar(bytes[offset]) { offset += 1 }
            left -= 1
        }
        return offset
    }

    private static func startsScalar(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
}
