import RunbookDigest
import Testing

@Suite struct SHA256Tests {
    /// The examples of FIPS 180-4, and the lengths around a block of 64 bytes (from coreutils' sha256sum).
    @Test(arguments: [
        ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ("a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        ("a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    ])
    func givesThePublishedDigests(text: String, times: Int, hex: String) {
        let bytes = [UInt8](String(repeating: text, count: times).utf8)
        #expect(sha256(bytes).hex == hex)
    }

    @Test func piecesGiveTheSameAsTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = sha256(bytes)
        var hasher = SHA256()
        for length in [1, 63, 64, 65, 1000] {
            var start = 0
            while start < bytes.count {
                let end = min(start + length, bytes.count)
                hasher.update([UInt8](bytes[start..<end]))
                start = end
            }
            #expect(hasher.finish() == whole, "in pieces of \(length)")
        }
    }

    @Test func theFirstHalfIsThirtyTwoDigits() {
        #expect(sha256([UInt8]("abc".utf8)).firstHalfHex == "ba7816bf8f01cfea414140de5dae2223")
    }

    @Test func aDigestIsAKey() {
        let digests: Set = [sha256([1]), sha256([2]), sha256([1])]
        #expect(digests.count == 2)
        #expect(sha256([1]).description == sha256([1]).hex)
    }
}
