import ArgumentParser
import RunbookText

/// What every command that takes a runbook understands.
struct RunbookArguments: ParsableArguments {
    @Argument(help: "The runbook's file; a bare name is also looked for in runbooks/.")
    var file: String

    @Option(name: .customLong("site"), help: "The site file; default: NAME.site.yaml beside the runbook.")
    var site: String?

    @Option(
        name: .customLong("set"), help: "An input's value for this run: NAME=VALUE (can be repeated).")
    var values: [String] = []

    @Option(help: "The folder of all runs; default: $RUNBOOK_STATE, else state/ beside runbooks/.")
    var state: String?

    @Option(help: "When to use colours: auto, always or never.")
    var color: String = "auto"

    func validate() throws {
        _ = try overrides
        guard ["auto", "always", "never"].contains(color) else {
            throw ValidationError("--color takes auto, always or never")
        }
    }

    /// `--set` as names and values.
    var overrides: [String: String] {
        get throws {
            var overrides: [String: String] = [:]
            for value in values {
                guard let equals = value.firstIndex(of: "="), equals != value.startIndex else {
                    throw ValidationError("--set takes NAME=VALUE, not `\(value)`")
                }
                overrides[String(value[..<equals])] = String(value[value.index(after: equals)...])
            }
            return overrides
        }
    }
}

extension RunbookArguments {
    /// The file and the options that lead to the same run, as a person would type them.
    var target: String {
        var words = [shellQuoted(file)]
        if let site { words += ["--site", shellQuoted(site)] }
        if let state { words += ["--state", shellQuoted(state)] }
        for value in values { words += ["--set", shellQuoted(value)] }
        return words.joined(separator: " ")
    }
}
