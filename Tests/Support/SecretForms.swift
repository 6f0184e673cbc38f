/// A secret with what has to be quoted somewhere, in the forms that tools are known to give it.
///
/// They were made by Python 3.11 (base64, json, urllib, html, shlex, repr) and bash 5.2 (`printf %q`).
package enum SecretForms {
    package static let secret = #"K3y"q'$p&<é>/\w 7"#
    /// The first and the last character of base64 and base32 may hold bits of a neighbour; they tell little.
    package static let all: [(name: String, text: String, shown: String)] = [
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

    /// What of each form depends on the secret alone, as the bytes of it.
    package static let cores: [(name: String, bytes: [UInt8])] = all.map { form in
        let around = form.shown.split(separator: "***", omittingEmptySubsequences: false)
        return (
            form.name,
            Array(form.text.utf8.dropFirst(around[0].utf8.count).dropLast(around[1].utf8.count))
        )
    }

    /// UTF-16 without a byte order mark.
    package static func utf16(_ text: String, isBig: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return isBig ? pair : pair.reversed()
        }
    }
}
