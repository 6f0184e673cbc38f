import RunbookText
import Testing

@Suite struct RedactorTests {
    private func redactor(_ secrets: String...) throws -> Redactor {
        var redactor = Redactor()
        for secret in secrets { try redactor.register(secret) }
        return redactor
    }

    @Test func everyOccurrenceIsReplaced() throws {
        let redactor = try redactor("hunter22", "sesame")
        #expect(redactor.redacted("pw=hunter22 hunter22; open sesame!") == "pw=*** ***; open ***!")
        #expect(redactor.redacted("hunter2 and sesam stay") == "hunter2 and sesam stay")
    }

    @Test func overlappingSecretsLeaveNoRest() throws {
        #expect(try redactor("abcdef", "defghi").redacted("<abcdefghi>") == "<***>")
        #expect(try redactor("abcabc").redacted("abcabcabc") == "***")
        #expect(try redactor("secret", "secret-longer").redacted("secret-longer") == "***")
        #expect(try redactor("secret", "secret-longer").redacted("secret-long") == "***-long")
    }

    @Test func shortSecretsAreRefused() {
        var redactor = Redactor()
        #expect(throws: Redactor.Refusal.tooShort(lengthInBytes: 5)) { try redactor.register("12345") }
        #expect(throws: Redactor.Refusal.tooShort(lengthInBytes: 0)) { try redactor.register("") }
        #expect(redactor.isEmpty)
    }

    @Test func everyCutBetweenTwoPiecesGivesTheSame() throws {
        let redactor = try redactor("hunter22", "unter2x", "22sesame")
        let text = Array("a hunter22sesame hunter2 unter2x hunter2".utf8)
        let whole = redactor.redacted(text)
        #expect(String(decoding: whole, as: UTF8.self) == "a *** hunter2 *** hunter2")
        for first in 0...text.count {
            for second in first...text.count {
                var stream = RedactionStream(redactor)
                var shown = stream.feed(Array(text[..<first]))
                shown += stream.feed(Array(text[first..<second]))
                shown += stream.feed(Array(text[second...]))
                shown += stream.finish()
                #expect(shown == whole, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func ordinaryOutputIsNotHeldBack() throws {
        var stream = RedactionStream(try redactor("hunter22"))
        #expect(stream.feed(Array("password: ".utf8)) == Array("password: ".utf8))
        #expect(stream.feed(Array("hun".utf8)) == [])
        #expect(stream.feed(Array("gry".utf8)) == Array("hungry".utf8))
    }

    @Test func whatACutLeavesOfASecretIsHidden() throws {
        let redactor = try redactor("hunter22-sesame")
        func cut(_ text: String, inFront: Bool = false, behind: Bool = false) -> String {
            String(
                decoding: redactor.redacted(Array(text.utf8), isCutInFront: inFront, isCutBehind: behind),
                as: UTF8.self)
        }
        #expect(cut("sesame, and more", inFront: true) == "***, and more")
        #expect(cut("sesame, and more") == "sesame, and more")
        #expect(cut("more: hunter22-ses", behind: true) == "more: ***")
        #expect(cut("more: hunter22-ses") == "more: hunter22-ses")
        // Three letters are no secret.
        #expect(cut("ame hun", inFront: true, behind: true) == "ame hun")
        #expect(cut("hunter22-sesame", inFront: true, behind: true) == "***")
    }

    @Test func theLinesOfAKeyAreSecrets() throws {
        let redactor = try redactor("-----BEGIN-----\nAAAABBBB\nCCCCDDDD\n")
        #expect(redactor.redacted("1: AAAABBBB\r\n2: CCCCDDDD") == "1: ***\r\n2: ***")
    }
}
