import ArgumentParser

/// How the program ends; docs/language.md and each command's help list them.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    /// A step failed, or `verify` found a difference.
    case failed = 1
    /// The runbook, the site file or an input is wrong.
    case wrongRunbook = 2
    /// Not known, or a person must decide.
    case undecided = 3
    case state = 4
    case locked = 5
    case unreachable = 6
    case hostKey = 7
    case usage = 64
    case bug = 70
    case interrupted = 130

    var code: ExitCode { ExitCode(rawValue) }
}
