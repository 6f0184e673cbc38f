import RunbookModel
import RunbookText

/// A request as it is sent: one line of calls of supervisor.sh's functions.
///
/// Every argument is one quoted word without a line break, so a line that is cut short has no newline and is
/// never executed. The line ends with the session's nonce, so a foreign line is refused.
struct RequestLine {
    /// Why a request cannot be put into words for a shell.
    struct Problem: Error, Equatable { var message: String }

    private var calls: [String]

    init(tag: Int) { calls = ["rb \(tag)"] }

    func text(nonce: String) -> String { calls.joined(separator: "; ") + "; rb_z # \(nonce)\n" }

    mutating func call(_ function: String, _ words: String...) throws(Problem) {
        try call(function, words)
    }

    mutating func call(_ function: String, _ words: [String]) throws(Problem) {
        var quoted = [function]
        for word in words {
            guard let text = shellQuotedOnOneLine(word) else {
                throw Problem(message: "a text holds a NUL byte, which no shell can take")
            }
            quoted.append(text)
        }
        calls.append(quoted.joined(separator: " "))
    }

    /// Assigns the variables that every script of this request sees.
    mutating func setEnvironment(_ variables: [ShellVariable]) throws(Problem) {
        if variables.isEmpty { return }
        var assignments = ""
        for variable in variables {
            try Self.check(variable)
            assignments += "\(variable.name)=\(shellQuoted(variable.value)) "
        }
        guard let quoted = shellQuotedOnOneLine(assignments) else {
            throw Problem(message: "a variable holds a NUL byte, which no shell can take")
        }
        calls.append("rb_env=\(quoted)")
    }

    /// Closes the questions before and begins the next list of them.
    mutating func begin(_ phase: String, _ questions: [QuestionRequest]) throws(Problem) {
        if questions.isEmpty { return }
        try call("rb_p", phase)
        for question in questions { try ask(question) }
    }

    private mutating func ask(_ question: QuestionRequest) throws(Problem) {
        let words = [
            question.shell.rawValue, question.isNegated ? "1" : "0", centiseconds(question.within ?? .zero),
            // A sleep of nothing would ask without a pause.
            centiseconds(max(question.every, .milliseconds(10))), centiseconds(question.hold ?? .zero),
            centiseconds(question.timeout), statuses(question.noExit), "\(question.match.count)",
            question.script,
        ]
        try call("rb_q", words + question.match + question.none)
    }

    /// Names that some shell will not assign, or that would change how it reads its script.
    private static let refusedNames: Set<String> = [
        "BASHOPTS", "BASHPID", "BASH_ENV", "BASH_VERSINFO", "ENV", "EUID", "GROUPS", "PPID", "SHELLOPTS",
        "UID",
    ]
    /// Linux takes no string longer than 128 KiB (MAX_ARG_STRLEN in binfmts.h) into a program's environment.
    private static let valueLimit = 100 << 10

    private static func check(_ variable: ShellVariable) throws(Problem) {
        let name = variable.name
        let isName =
            name.first.map { !$0.isNumber } ?? false
            && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
        if !isName || refusedNames.contains(name) || name.hasPrefix("rb_") {
            throw Problem(message: "a shell cannot be given a variable of the name \(visible(name))")
        }
        if variable.value.utf8.count > valueLimit {
            throw Problem(
                message: "the value of \(name) is longer than \(valueLimit) bytes; give it as stdin")
        }
    }
}

/// The unit of supervisor.sh: /proc/uptime has no finer one.
func centiseconds(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return "\(seconds * 100 + attoseconds / 10_000_000_000_000_000)"
}

/// Exit statuses as supervisor.sh wants them: in order, with single blanks.
func statuses(_ statuses: Set<Int32>) -> String {
    statuses.sorted().map(String.init).joined(separator: " ")
}

/// Whether a run's, an attempt's or a session's name can be a file's name on the host.
func isFileName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetterOrDigit(first), name.utf8.count <= 200 else { return false }
    return name.utf8.allSatisfy { isLetterOrDigit($0) || ".+_-".utf8.contains($0) }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
