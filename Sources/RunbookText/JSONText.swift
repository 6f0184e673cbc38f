/// Writes a text as a JSON string, quotes included.
///
/// Beside what RFC 8259 demands, every character that `visible` would show in another form is escaped, so that
/// a JSON line that reaches a terminal is harmless too.
package func jsonQuoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += #"\""#
        case "\\": quoted += #"\\"#
        case "\n": quoted += #"\n"#
        case "\t": quoted += #"\t"#
        case "\r": quoted += #"\r"#
        default:
            guard visibleForm(of: scalar) != nil else {
                quoted.unicodeScalars.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 { quoted += #"\u"# + hexadecimal(UInt32(unit), width: 4) }
        }
    }
    return quoted + "\""
}
