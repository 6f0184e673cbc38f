/// Durations as people write and read them.
package enum DurationText {
    /// Reads `90s`, `3m`, `1h30m`, `500ms`, `2d`; nil when the text is anything else.
    ///
    /// Units go from large to small and each is written at most once; numbers are whole and of at most nine
    /// digits. A number without a unit is refused: nobody can see whether it means seconds or minutes.
    package static func parse(_ text: String) -> Duration? {
        var rest = Array(text.utf8)[...]
        var total = Duration.zero
        var nextUnit = 0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...9).contains(digits.count) else { return nil }
            let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            rest = rest.dropFirst(name.count)
            let unitName = String(decoding: name, as: UTF8.self)
            guard let unit = units[nextUnit...].firstIndex(where: { $0.name == unitName }) else { return nil }
            total += units[unit].length * number
            nextUnit = unit + 1
        }
        return total
    }

    /// Writes a duration for people: `0.4s`, `2.5s`, `45s`, `1m 30s`, `2h 5m`, `3d 4h`.
    ///
    /// The two largest units are shown and what is smaller is cut off, tenths only below ten seconds.
    package static func text(_ duration: Duration) -> String {
        if duration < .zero { return "-" + text(.zero - duration) }
        if duration < .seconds(10) { return tenths(duration) }
        let seconds = duration.components.seconds
        let parts = [
            (seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }
        return shown.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    private static let units: [(name: String, length: Duration)] = [
        ("d", .seconds(86400)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
        ("ms", .milliseconds(1)),
    ]

    private static func tenths(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        if milliseconds == 0 { return "0s" }
        if milliseconds < 100 { return "\(milliseconds)ms" }
        let tenth = milliseconds / 100 % 10
        return tenth == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds / 1000).\(tenth)s"
    }
}
