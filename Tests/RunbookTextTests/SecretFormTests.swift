import RunbookTestSupport
import RunbookText
import Testing

/// A secret is found in every form that tools are known to give it, wherever the text is cut into pieces.
@Suite struct SecretFormTests {
    static let secret = SecretForms.secret
    static let forms = SecretForms.all

    @Test(arguments: forms)
    func aFormIsFound(_ name: String, _ text: String, _ shown: String) throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        #expect(redactor.redacted("<\(text)>") == "<\(shown)>")
    }

    /// Split after every few characters, as encoders and terminals do.
    @Test(arguments: forms, ["\n", "\r\n"])
    func aFormSplitOverLinesIsFound(_ form: (name: String, text: String, shown: String), _ end: String) throws
    {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        for width in [1, 5, 16] {
            let lines = stride(from: 0, to: form.text.count, by: width).map { start in
                String(form.text.dropFirst(start).prefix(width))
            }
            let shown = redactor.redacted("<\(lines.joined(separator: end))>")
            let plain = shown.split { $0.isNewline }.joined()
            #expect(plain == "<\(form.shown)>", "\(form.name) in lines of \(width)")
        }
    }

    /// With a plus and a slash at every alignment, where the two alphabets differ.
    @Test(arguments: [
        ("fn4/Pj4/fn5+Pw==", "***w=="), ("fn4_Pj4_fn5-Pw==", "***w=="),
        ("eH5+Pz4+P35+fj8=", "eH***8="), ("eH5-Pz4-P35-fj8=", "eH***8="),
        ("eHh+fj8+Pj9+fn4/", "eHh***"), ("eHh-fj8-Pj9-fn4_", "eHh***"),
    ])
    func bothAlphabetsOfBase64AreFoundAtEveryAlignment(_ text: String, _ shown: String) throws {
        var redactor = Redactor()
        try redactor.register("~~?>>?~~~?")
        #expect(redactor.redacted("<\(text)>") == "<\(shown)>")
    }

    @Test(arguments: forms)
    func everyCutIntoPiecesGivesTheSame(_ name: String, _ text: String, _ shown: String) throws {
        try expectTheSame(ofPieces: Array("<\(text)>".utf8), Array("<\(shown)>".utf8))
    }

    /// Also where the line break, or the carriage return in front of it, ends a piece.
    @Test(arguments: forms, ["\n", "\r\n"])
    func everyCutOfAFormSplitOverLinesGivesTheSame(
        _ form: (name: String, text: String, shown: String), _ end: String
    ) throws {
        let lines = stride(from: 0, to: form.text.count, by: 5).map { start in
            String(form.text.dropFirst(start).prefix(5))
        }
        let text = "<\(lines.joined(separator: end))>"
        var redactor = Redactor()
        try redactor.register(Self.secret)
        try expectTheSame(ofPieces: Array(text.utf8), redactor.redacted(Array(text.utf8)))
    }

    @Test(arguments: [true, false])
    func everyCutOfUTF16GivesTheSame(isBig: Bool) throws {
        let bytes = SecretForms.utf16("<\(Self.secret)>", isBig: isBig)
        try expectTheSame(
            ofPieces: bytes,
            isBig ? [0, 0x3C] + Array("***".utf8) + [0x3E] : [0x3C] + Array("***".utf8) + [0x3E, 0])
    }

    /// Cut in two anywhere, and byte by byte.
    private func expectTheSame(ofPieces bytes: [UInt8], _ shown: [UInt8]) throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        for cut in 0...bytes.count {
            var stream = RedactionStream(redactor)
            let pieces =
                stream.feed(Array(bytes[..<cut])) + stream.feed(Array(bytes[cut...])) + stream.finish()
            #expect(pieces == shown, "cut at \(cut): \(String(decoding: pieces, as: UTF8.self))")
        }
        var stream = RedactionStream(redactor)
        let single = bytes.flatMap { stream.feed([$0]) } + stream.finish()
        #expect(single == shown)
    }

    @Test func utf16IsFoundInBothByteOrders() throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        // Shifted by a byte each looks like the other: a zero of a neighbour goes too.
        let big = SecretForms.utf16("<\(Self.secret)>", isBig: true)
        #expect(redactor.redacted(big) == [0, 0x3C] + Array("***".utf8) + [0x3E])
        let little = SecretForms.utf16("<\(Self.secret)>", isBig: false)
        #expect(redactor.redacted(little) == [0x3C] + Array("***".utf8) + [0x3E, 0])
    }

    static let key = "-----BEGIN KEY-----\nbm90IGEga2V5\nbm90IGEgbGluZQ==\n-----END KEY-----\n"

    @Test(arguments: [
        (key, "***"), (key.replacing("\n", with: "\r\n"), "***"), (key.replacing("\n", with: #"\n"#), "***"),
        (key.replacing("\n", with: "&#10;"), "***&#10;***&#10;***&#10;***&#10;"),
        ("key: bm90IGEga2V5", "key: ***"), ("    bm90IGEgbGluZQ==\n", "    ***\n"),
    ])
    func aSecretOfSeveralLinesIsFoundWholeAndInParts(_ text: String, _ shown: String) throws {
        var redactor = Redactor()
        try redactor.register(Self.key)
        #expect(redactor.redacted(text) == shown)
    }

    /// Nothing that is no form of the secret is taken away.
    @Test func ordinaryTextStays() throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        let text = "K3y\nSzN5InE\n4b337922\n\\u004b\\u0033 and all the rest of it\n"
        #expect(redactor.redacted(text) == text)
    }
}
