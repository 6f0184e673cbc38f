/// A SHA-256 digest: 32 bytes, kept as four big-endian words so that a comparison needs no memory.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The digest's first 8 bytes read as a big-endian number, then the next 8, and so on.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// The whole digest: 64 lower-case hexadecimal digits.
    package var hex: String {
        firstHalfHex + Digest.hex(words.2) + Digest.hex(words.3)
    }

    /// The digest's first 16 bytes: 32 lower-case hexadecimal digits.
    package var firstHalfHex: String {
        Digest.hex(words.0) + Digest.hex(words.1)
    }

    package var description: String { hex }

    package static func == (left: Digest, right: Digest) -> Bool {
        left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
