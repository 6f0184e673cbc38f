/// Why an edit was not made. Nothing was changed; the message says what to do about it.
package struct EditProblem: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        /// The file is missing and the edit may not make it.
        case missingFile = "missing-file"
        /// The file is not a text file.
        case notText = "not-text"
        /// The edit itself makes no sense, whatever the file says.
        case badEdit = "bad-edit"
        /// A pattern is not a POSIX extended regular expression.
        case badPattern = "bad-pattern"
        /// A path cannot be read, or does not fit the lens.
        case badPath = "bad-path"
        /// More than one place in the file could be meant.
        case ambiguous
        /// The place to change is not in the file.
        case notFound = "not-found"
        /// A pattern was found more or less often than the edit expects.
        case countDiffers = "count-differs"
        /// A marked block has lost one of its marker lines, or has them twice.
        case brokenBlock = "broken-block"
        /// There is no lens of that name, or none is known for the file.
        case unknownLens = "unknown-lens"
        /// The lens cannot read the file: it is not of that format.
        case unreadable
        /// The lens cannot write the change: the result would not be of that format.
        case unwritable
        /// A value that should go up by one is not a number.
        case notNumber = "not-number"
        /// A second run would change the file once more.
        case unstable
    }

    package var code: Code
    /// Lower case, no full stop; names the remedy.
    package var message: String
    /// The path inside the file at fault, as it stands in the runbook.
    package var path: String?
    /// The line of the file at fault, from 1.
    package var line: Int?

    package init(_ code: Code, _ message: String, path: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.line = line
    }
}

extension EditProblem: CustomStringConvertible {
    package var description: String {
        var text = ""
        if let path { text += "\(path): " }
        if let line { text += "line \(line): " }
        return text + message
    }
}
