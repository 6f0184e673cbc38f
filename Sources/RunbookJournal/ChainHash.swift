import RunbookDigest

/// The hash of a record: the first 16 bytes of a SHA-256 digest, in two big-endian words.
struct ChainHash: Equatable, Sendable {
    let high: UInt64
    let low: UInt64

    /// What the first record names as the one before it.
    static let none = ChainHash(high: 0, low: 0)

    static let hexLength = 32

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(_ digest: Digest) {
        self.init(high: digest.words.0, low: digest.words.1)
    }

    /// From 32 lower-case hexadecimal digits; nil if `text` is anything else.
    init?(hex text: Span<UInt8>) {
        guard text.count == ChainHash.hexLength,
            let high = ChainHash.word(text.extracting(0..<16)),
            let low = ChainHash.word(text.extracting(16..<32))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hexadecimal digits.
    var hex: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private static func word(_ digits: Span<UInt8>) -> UInt64? {
        var word: UInt64 = 0
        for index in digits.indices {
            let value: UInt8
            switch digits[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digits[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digits[index] - UInt8(ascii: "a") + 10
            default: return nil
            }
            word = word << 4 | UInt64(value)
        }
        return word
    }
}
