import Glibc

/// A POSIX extended regular expression, as `grep -E` under `LC_ALL=C` reads it.
///
/// A thin wrapper of regcomp(3) and regexec(3). The program never calls setlocale, so bytes are compared as
/// bytes. Text may hold NULs (glibc's REG_STARTEND); a pattern may not.
@safe package final class ExtendedRegex: @unchecked Sendable {
    // Proof for `@unchecked`: regexec(3) only reads the compiled pattern (glibc locks what it caches in it),
    // and nothing writes it between `init` and `deinit`.
    private let compiled: UnsafeMutablePointer<regex_t>
    package let pattern: String
    /// How many groups the pattern has.
    package let groupCount: Int

    package struct Failure: Error, Equatable {
        /// The C library's words: `Unmatched ( or \(`.
        package let message: String
    }

    package init(_ pattern: String) throws(Failure) {
        guard !pattern.utf8.contains(0) else { throw Failure(message: "a pattern cannot hold a NUL") }
        let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        unsafe compiled.initialize(to: regex_t())
        let status = unsafe regcomp(compiled, pattern, REG_EXTENDED)
        guard status == 0 else {
            var words = [CChar](repeating: 0, count: 256)
            let length = unsafe regerror(status, compiled, &words, words.count)
            unsafe compiled.deallocate()
            let bytes = words.prefix(max(0, Int(length) - 1)).map { UInt8(bitPattern: $0) }
            throw Failure(message: String(decoding: bytes, as: UTF8.self))
        }
        self.pattern = pattern
        groupCount = unsafe Int(compiled.pointee.re_nsub)
        unsafe self.compiled = compiled
    }

    deinit {
        unsafe regfree(compiled)
        unsafe compiled.deallocate()
    }

    /// The first match in one line: the whole match, then what each group matched (nil: took no part).
    package func firstMatch(in line: some StringProtocol) -> [String?]? {
        let bytes = Array(line.utf8)
        return firstRanges(in: bytes)?.map { range in range.map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    /// Where the first match at or after `offset` stands in a line's bytes: the whole match, then each group.
    ///
    /// Anchors mean the ends of the whole line, whatever the offset.
    package func firstRanges(in bytes: [UInt8], from offset: Int = 0) -> [Range<Int>?]? {
        var matches = [regmatch_t](repeating: regmatch_t(), count: groupCount + 1)
        matches[0].rm_so = regoff_t(offset)
        matches[0].rm_eo = regoff_t(bytes.count)
        // REG_STARTEND: the text is the bytes from rm_so to rm_eo of the first match, whatever they hold.
        let text = bytes.map { CChar(bitPattern: $0) } + [0]
        let status = unsafe regexec(compiled, text, matches.count, &matches, REG_STARTEND)
        guard status == 0 else { return nil }
        return matches.map { match in
            guard match.rm_so >= 0, match.rm_eo >= match.rm_so, Int(match.rm_eo) <= bytes.count else {
                return nil
            }
            return Int(match.rm_so)..<Int(match.rm_eo)
        }
    }

    /// The match in the first line that has one. Lines end with a newline; the last may lack it.
    package func firstMatch(inLinesOf text: String) -> [String?]? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            if let match = firstMatch(in: line) { return match }
        }
        return nil
    }

    /// Whether any line of the text matches, as `grep -E -q` says it.
    package func matchesLine(of text: String) -> Bool { firstMatch(inLinesOf: text) != nil }

    /// Whether the pattern matches the text from its beginning to its end.
    ///
    /// regexec(3) finds the leftmost longest match, so the first match is the whole text if any match is.
    package func matchesWhole(_ text: String) -> Bool {
        guard let match = firstMatch(in: text), let whole = match[0] else { return false }
        return whole.utf8.count == text.utf8.count
    }
}
