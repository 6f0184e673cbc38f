import RunbookText
import Testing

/// A secret is found in every form that tools are known to give it, wherever the text is cut into pieces.
///
/// The forms were made by Python 3.11 (base64, json, urllib, html, shlex, repr) and bash 5.2 (`printf %q`).
@Suite struct SecretFormTests {
    static let secret = #"K3y"q'$p&<é>/\w 7"#
    /// The first and the last character of base64 and base32 may hold bits of a neighbour; they tell little.
    static let forms: [(name: String, text: String, shown: String)] = [
        ("base64", #"SzN5InEnJHAmPMOpPi9cdyA3"#, "***"),
        ("base64 behind one byte", #"eEszeSJxJyRwJjzDqT4vXHcgNw=="#, "eE***w=="),
        ("base64 behind two bytes", #"eHhLM3kicSckcCY8w6k+L1x3IDc="#, "eHh***c="),
        ("base64 for names", #"SzN5InEnJHAmPMOpPi9cdyA3"#, "***"),
        ("base64 for names behind one byte", #"eEszeSJxJyRwJjzDqT4vXHcgNw=="#, "eE***w=="),
        ("base64 for names behind two bytes", #"eHhLM3kicSckcCY8w6k-L1x3IDc="#, "eHh***c="),
        ("base32 behind 0 bytes", #"JMZXSITRE4SHAJR4YOUT4L24O4QDO==="#, "***O==="),
        ("base32 behind 1 bytes", #"PBFTG6JCOETSI4BGHTB2SPRPLR3SANY="#, "PB***Y="),
        ("base32 behind 2 bytes", #"PB4EWM3ZEJYSOJDQEY6MHKJ6F5OHOIBX"#, "PB4E***"),
        ("base32 behind 3 bytes", #"PB4HQSZTPERHCJZEOATDZQ5JHYXVY5ZAG4======"#, "PB4HQ***4======"),
        ("base32 behind 4 bytes", #"PB4HQ6CLGN4SE4JHERYCMPGDVE7C6XDXEA3Q===="#, "PB4HQ6C***Q===="),
        ("hexadecimal", #"4b33792271272470263cc3a93e2f5c772037"#, "***"),
        ("hexadecimal, upper case", #"4B33792271272470263CC3A93E2F5C772037"#, "***"),
        ("percent", #"K3y%22q%27%24p%26%3C%C3%A9%3E%2F%5Cw%207"#, "***"),
        ("percent, lower case", #"K3y%22q%27%24p%26%3c%c3%a9%3e%2f%5cw%207"#, "***"),
        ("percent, as a form", #"K3y%22q%27%24p%26%3C%C3%A9%3E%2F%5Cw+7"#, "***"),
        ("JSON", #"K3y\"q'$p&<é>/\\w 7"#, "***"),
        ("JSON of ASCII", #"K3y\"q'$p&<\u00e9>/\\w 7"#, "***"),
        ("JSON with slashes", #"K3y\"q'$p&<\u00e9>\/\\w 7"#, "***"),
        ("C escapes, octal", #"K3y\"q'$p&<\303\251>/\\w 7"#, "***"),
        (
            "C escapes, every byte",
            #"\x4b\x33\x79\x22\x71\x27\x24\x70\x26\x3c\xc3\xa9\x3e\x2f\x5c\x77\x20\x37"#, "***"
        ),
        ("bytes of Python", #"K3y"q\'$p&<\xc3\xa9>/\\w 7"#, "***"),
        (
            #"\u, every character"#,
            #"\u004b\u0033\u0079\u0022\u0071\u0027\u0024\u0070\u0026\u003c\u00e9\u003e\u002f\u005c\u0077\u0020\u0037"#,
            "***"
        ),
        (
            #"\u, upper case"#,
            #"\u004B\u0033\u0079\u0022\u0071\u0027\u0024\u0070\u0026\u003C\u00E9\u003E\u002F\u005C\u0077\u0020\u0037"#,
            "***"
        ),
        ("XML", #"K3y&quot;q&#x27;$p&amp;&lt;é&gt;/\w 7"#, "***"),
        (
            "XML, by numbers",
            #"&#75;&#51;&#121;&#34;&#113;&#39;&#36;&#112;&#38;&#60;&#233;&#62;&#47;&#92;&#119;&#32;&#55;"#,
            "***"
        ),
        ("XML text", #"K3y"q'$p&amp;&lt;é&gt;/\w 7"#, "***"),
        ("single quotes of the shell", #"K3y"q'\''$p&<é>/\w 7"#, "***"),
        ("single quotes by shlex", #"K3y"q'"'"'$p&<é>/\w 7"#, "***"),
        ("double quotes of the shell", #"K3y\"q'\$p&<é>/\\w 7"#, "***"),
        ("$'…' of the shell", #"K3y"q\'$p&<é>/\\w 7"#, "***"),
        ("printf %q of bash", #"$'K3y"q\'$p&<\303\251>/\\w 7'"#, "$'***'"),
        ("printf %q of bash, UTF-8", #"K3y\"q\'\$p\&\<é\>/\\w\ 7"#, "***"),
    ]

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

    @Test(arguments: forms)
    func everyCutIntoPiecesGivesTheSame(_ name: String, _ text: String, _ shown: String) throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        let bytes = Array("<\(text)>".utf8)
        for cut in 0...bytes.count {
            var stream = RedactionStream(redactor)
            let pieces =
                stream.feed(Array(bytes[..<cut])) + stream.feed(Array(bytes[cut...])) + stream.finish()
            #expect(String(decoding: pieces, as: UTF8.self) == "<\(shown)>", "cut at \(cut)")
        }
        var stream = RedactionStream(redactor)
        let single = bytes.flatMap { stream.feed([$0]) } + stream.finish()
        #expect(String(decoding: single, as: UTF8.self) == "<\(shown)>")
    }

    @Test func utf16IsFoundInBothByteOrders() throws {
        var redactor = Redactor()
        try redactor.register(Self.secret)
        // Shifted by a byte each looks like the other: a zero of a neighbour goes too.
        let units = Array("<\(Self.secret)>".utf16)
        let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(redactor.redacted(big) == [0, 0x3C] + Array("***".utf8) + [0x3E])
        let little = units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
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
