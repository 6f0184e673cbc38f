import Glibc

/// A POSIX extended regular expression (`regcomp`, with glibc's additions such as `\s` and `\b`), matched
/// against one line at a time, in UTF-8 whatever the process's locale is.
@safe struct ExtendedRegex: ~Copyable {
    struct Failure: Error, Equatable {
        /// The C library's words.
        let message: String
    }

    /// One match: offsets into the line's UTF-8.
    struct Match: Equatable {
        let range: Range<Int>
        /// Capture 1 and on; nil for a group that took no part.
        let captures: [String?]
    }

    private let compiled: UnsafeMutablePointer<regex_t>
    private let locale: locale_t?

    init(_ pattern: String) throws(Failure) {
        guard !pattern.utf8.contains(0) else { throw Failure(message: "NUL in a regular expression") }
        let locale = unsafe newlocale(1 << LC_CTYPE, "C.UTF-8", nil)
        let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        unsafe compiled.initialize(to: regex_t())
        let status = unsafe Self.within(locale) { unsafe regcomp(compiled, pattern, REG_EXTENDED) }
        guard status == 0 else {
            let message = unsafe Self.words(for: status, compiled)
            unsafe compiled.deallocate()
            if let locale = unsafe locale { unsafe freelocale(locale) }
            throw Failure(message: message)
        }
        unsafe self.compiled = compiled
        unsafe self.locale = locale
    }

    deinit {
        unsafe regfree(compiled)
        unsafe compiled.deallocate()
        if let locale = unsafe locale { unsafe freelocale(locale) }
    }

    /// The leftmost longest match at or after `offset` in a line without its line end; anchors still mean
    /// the ends of the whole line.
    func firstMatch(in line: String, from offset: Int = 0) -> Match? {
        var line = line
        return line.withUTF8 { bytes in
            var places = [regmatch_t](repeating: regmatch_t(), count: 10)
            places[0] = regmatch_t(rm_so: regoff_t(offset), rm_eo: regoff_t(bytes.count))
            let status = unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                // An empty buffer has no address, and regexec wants one.
                unsafe Self.within(locale) {
                    unsafe withUnsafePointer(to: CChar(0)) { empty in
                        unsafe regexec(
                            compiled, characters.baseAddress ?? empty, places.count, &places, REG_STARTEND)
                    }
                }
            }
            guard status == 0 else { return nil }
            let ranges = places.map { $0.rm_so < 0 ? nil : Int($0.rm_so)..<Int($0.rm_eo) }
            guard let range = ranges[0] else { return nil }
            let captures = ranges.dropFirst().map { range in
                range.map { unsafe String(decoding: UnsafeBufferPointer(rebasing: bytes[$0]), as: UTF8.self) }
            }
            return Match(range: range, captures: captures)
        }
    }

    func matches(_ line: String) -> Bool { firstMatch(in: line) != nil }

    /// The pattern that matches exactly this text.
    static func escaping(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { pattern, scalar in
            if ".[]{}()\\*+?^$|".unicodeScalars.contains(scalar) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
    }

    /// Runs `body` with `locale` as this thread's; the locale of the process and of others is not touched.
    private static func within(_ locale: locale_t?, _ body: () -> Int32) -> Int32 {
        guard let locale = unsafe locale else { return body() }
        let before = unsafe uselocale(locale)
        defer { _ = unsafe uselocale(before) }
        return body()
    }

    private static func words(for status: Int32, _ compiled: UnsafeMutablePointer<regex_t>) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        let size = unsafe regerror(status, compiled, &buffer, buffer.count)
        let text = buffer.prefix(max(0, min(size, buffer.count) - 1)).map { UInt8(bitPattern: $0) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension ExtendedRegex {
    /// Compiles a pattern of the runbook.
    static func compiling(_ pattern: String) throws(EditProblem) -> ExtendedRegex {
        do {
            return try ExtendedRegex(pattern)
        } catch {
            throw EditProblem(.badPattern, "`\(pattern)` is not a regular expression: \(error.message)")
        }
    }
}
