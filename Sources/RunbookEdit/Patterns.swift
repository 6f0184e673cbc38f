import RunbookText

extension ExtendedRegex {
    /// Compiles a pattern of the runbook.
    static func compiling(_ pattern: String) throws(EditProblem) -> ExtendedRegex {
        do {
            return try ExtendedRegex(pattern)
        } catch {
            throw EditProblem(.badPattern, "`\(pattern)` is not a regular expression: \(error.message)")
        }
    }

    /// The pattern that matches exactly this text.
    static func escaping(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { pattern, scalar in
            if ".[]{}()\\*+?^$|".unicodeScalars.contains(scalar) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
    }
}
