import RunbookText

/// The patterns of a runbook: POSIX extended regular expressions, one line at a time, judged on the host by
/// `grep -E`, so only what every grep reads alike is taken (POSIX.1-2017, XBD 9.4).
package enum PatternDialect {
    /// What is wrong with a pattern, and what to write instead.
    package struct Problem: Hashable, Sendable {
        /// The place in the text, in UTF-8 bytes.
        package var range: Range<Int>
        package var message: String
        package var remedy: String?
        /// What to write in place of the range, where that is certain.
        package var replacement: String?
    }

    /// Longest interval bound: regcomp(3) writes each repetition out, so a larger one costs memory.
    package static let intervalMax = 255

    /// A text as a pattern that matches exactly this text.
    ///
    /// `]` and `}` stand for themselves outside of what they would close, and GNU grep warns of a backslash
    /// before a character that needs none: so they have none.
    package static func escaped(_ text: String) -> String {
        var pattern = ""
        for scalar in text.unicodeScalars {
            if "\\.[(){*+?^$|".unicodeScalars.contains(scalar) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern
    }

    /// Everything that is wrong with a pattern. `values` are the places of `${{ }}` in the text, which stand
    /// for unknown text that will be escaped.
    package static func problems(in text: String, values: [Range<Int>] = []) -> [Problem] {
        var scanner = PatternScanner(text: text, values: values)
        scanner.scan()
        if scanner.problems.isEmpty {
            do throws(ExtendedRegex.Failure) {
                _ = try ExtendedRegex(scanner.sample)
            } catch {
                scanner.problems.append(
                    Problem(
                        range: 0..<text.utf8.count, message: "the pattern does not compile: \(error.message)")
                )
            }
        }
        return scanner.problems
    }
}

/// Walks a pattern once, byte by byte.
private struct PatternScanner {
    typealias Problem = PatternDialect.Problem

    let bytes: [UInt8]
    let values: [Range<Int>]
    var problems: [Problem] = []
    /// The pattern with an `x` for each value, for regcomp(3).
    private(set) var sampleBytes: [UInt8] = []
    private var position = 0
    private var openGroups: [Int] = []
    private var last = Last.nothing

    /// What a quantifier at this place would repeat.
    private enum Last { case nothing, atom, value, quantifier }

    init(text: String, values: [Range<Int>]) {
        bytes = Array(text.utf8)
        self.values = values
    }

    var sample: String { String(decoding: sampleBytes, as: UTF8.self) }

    mutating func scan() {
        while position < bytes.count {
            if let value = values.first(where: { $0.lowerBound == position }) {
                sampleBytes.append(UInt8(ascii: "x"))
                position = value.upperBound
                last = .value
                continue
            }
            scanOne(bytes[position])
        }
        for open in openGroups {
            report(open..<open + 1, "this `(` is not closed", "write `\\(` for the character")
        }
    }

    private mutating func scanOne(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"): escape()
        case UInt8(ascii: "["): bracket()
        case UInt8(ascii: "("): open()
        case UInt8(ascii: ")"): close()
        case UInt8(ascii: "{"): interval()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): quantifier()
        case UInt8(ascii: "|"), UInt8(ascii: "^"):
            take(1)
            last = .nothing
        case UInt8(ascii: "\n"):
            report(position..<position + 1, "a pattern matches one line, so it cannot hold a line break", nil)
            take(1)
        default:
            take(1)
            last = .atom
        }
    }

    private mutating func take(_ count: Int) {
        sampleBytes += bytes[position..<min(bytes.count, position + count)]
        position += count
    }

    private mutating func report(
        _ range: Range<Int>, _ message: String, _ remedy: String?, replacement: String? = nil
    ) {
        let end = min(range.upperBound, bytes.count)
        problems.append(
            Problem(
                range: min(range.lowerBound, end)..<end, message: message, remedy: remedy,
                replacement: replacement))
    }

    private mutating func escape() {
        let range = position..<position + 2
        guard position + 1 < bytes.count else {
            report(
                position..<position + 1, "a backslash at the end escapes nothing",
                "write `\\\\` for a backslash")
            take(1)
            return
        }
        let next = bytes[position + 1]
        let name = String(decoding: [next], as: UTF8.self)
        if let posix = Self.perlClasses[next] {
            report(
                range, "`\\\(name)` is not known to every grep", "write `\(posix)`", replacement: posix)
        } else if Self.perlAssertions.contains(next) {
            report(range, "`\\\(name)` is not known to every grep", "write `(^|[^[:alnum:]_])` or a blank")
        } else if Self.controls.contains(next) {
            report(
                range, "`\\\(name)` is not a POSIX escape", "write `[[:space:]]`", replacement: "[[:space:]]")
        } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) {
            report(range, "`\\\(name)` is not possible in an extended regular expression", nil)
        } else if !Self.escapable.contains(next) {
            let shown = next < 0x80 ? name : "…"
            report(
                range, "`\\\(shown)` means nothing in an extended regular expression",
                next < 0x80 ? "write `\(shown)`" : "leave the backslash out",
                replacement: next < 0x80 ? name : nil)
        }
        take(2)
        last = .atom
    }

    private mutating func open() {
        if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "?") {
            report(
                position..<position + 2, "`(?` (look-around, named groups, flags) is not POSIX",
                "use a second pattern: `match` takes a list, and `none` refuses what must not be there")
            openGroups.append(position)
            take(2)
        } else {
            openGroups.append(position)
            take(1)
        }
        last = .nothing
    }

    private mutating func close() {
        if openGroups.popLast() == nil {
            report(
                position..<position + 1, "this `)` closes nothing", "write `\\)` for the character",
                replacement: "\\)")
        }
        take(1)
        last = .atom
    }

    private mutating func quantifier() {
        let name = String(decoding: [bytes[position]], as: UTF8.self)
        checkRepeated(position..<position + 1, name)
        take(1)
        last = .quantifier
    }

    /// Reports a quantifier that has nothing, or too much, before it.
    private mutating func checkRepeated(_ range: Range<Int>, _ name: String) {
        switch last {
        case .atom: break
        case .nothing: report(range, "`\(name)` repeats nothing", "write `\\\(name)` for the character")
        case .value:
            report(
                range, "`\(name)` after `${{ }}` would repeat only its last character",
                "put the value in parentheses: `(${{ … }})\(name)`")
        case .quantifier:
            report(
                range, "`\(name)` after another quantifier (lazy or possessive) is not POSIX",
                "write what may not stand between instead: `\"[^\"]*\"` for `\".*?\"`")
        }
    }

    private mutating func interval() {
        let start = position
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) ?? bytes.count
        let inside = String(decoding: bytes[min(start + 1, end)..<end], as: UTF8.self)
        let parts = inside.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.map { part in part.utf8.allSatisfy { (48...57).contains($0) } ? Int(part) : nil }
        let isOpen = parts.count == 2 && parts[1].isEmpty
        guard end < bytes.count, (1...2).contains(parts.count), let low = numbers[0],
            isOpen || numbers.allSatisfy({ $0 != nil })
        else {
            report(
                start..<start + 1, "`{` begins a number of repetitions such as `{2,5}`",
                "write `\\{` for the character", replacement: "\\{")
            take(1)
            last = .atom
            return
        }
        let high = isOpen ? low : (numbers.last ?? low) ?? low
        if low > high || max(low, high) > PatternDialect.intervalMax {
            report(
                start..<end + 1,
                "a number of repetitions goes up to \(PatternDialect.intervalMax), lowest first",
                nil)
        }
        checkRepeated(start..<end + 1, "{\(inside)}")
        take(end + 1 - start)
        last = .quantifier
    }

    /// `[…]`: a backslash is itself there, `]` as the first character too.
    private mutating func bracket() {
        let start = position
        var index = start + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "^") { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1 }
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            if values.contains(where: { $0.lowerBound == index }) {
                report(
                    start..<start + 1, "`${{ }}` cannot stand inside `[ ]`", "write the characters themselves"
                )
            }
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count,
                Self.perlClasses[bytes[index + 1]] != nil || Self.controls.contains(bytes[index + 1])
            {
                let name = String(decoding: [bytes[index + 1]], as: UTF8.self)
                report(
                    index..<index + 2, "a backslash is an ordinary character inside `[ ]`",
                    "write a class such as `[:space:]` or `0-9` for `\\\(name)`")
            }
            if bytes[index] == UInt8(ascii: "["), index + 1 < bytes.count,
                [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(bytes[index + 1]),
                let end = closingClass(from: index + 2, kind: bytes[index + 1])
            {
                index = end
            }
            index += 1
        }
        if index >= bytes.count {
            report(start..<start + 1, "this `[` is not closed", "write `\\[` for the character")
        }
        take(min(index + 1, bytes.count) - start)
        last = .atom
    }

    /// The place of the `]` of `:]`, looked for from `start`.
    private func closingClass(from start: Int, kind: UInt8) -> Int? {
        var index = start
        while index + 1 < bytes.count {
            if bytes[index] == kind, bytes[index + 1] == UInt8(ascii: "]") { return index + 1 }
            index += 1
        }
        return nil
    }

    /// What Perl's classes are called in POSIX.
    private static let perlClasses: [UInt8: String] = [
        UInt8(ascii: "d"): "[0-9]", UInt8(ascii: "D"): "[^0-9]",
        UInt8(ascii: "s"): "[[:space:]]", UInt8(ascii: "S"): "[^[:space:]]",
        UInt8(ascii: "w"): "[[:alnum:]_]", UInt8(ascii: "W"): "[^[:alnum:]_]",
    ]
    private static let perlAssertions = Set("bB<>AzZ`'".utf8)
    private static let controls = Set("trnfv".utf8)
    private static let escapable = Set("\\.[](){}*+?^$|/".utf8)
}
