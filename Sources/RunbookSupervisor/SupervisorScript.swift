import RunbookModel
import RunbookText

/// The shell text that runs on a host, and the command that starts it.
package enum SupervisorScript {
    /// supervisor.sh without its comments, its empty lines and its indentation.
    package static let text: String = {
        String(decoding: PackageResources.supervisor_sh, as: UTF8.self)
            .split(separator: "\n")
            .map { $0.drop { $0 == " " } }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
            .joined(separator: "\n")
    }()

    /// The command for `Connection.open`.
    ///
    /// The text travels in the command and not on stdin: a shell that reads its program from stdin reads ahead
    /// and swallows the first request.
    static func command(run: RunID, nonce: String, options: SupervisorOptions) -> String {
        let words = [text, "runbook", run.rawValue, nonce] + (options.base.map { [$0] } ?? [])
        return "exec \(options.shell) -c " + words.map(shellQuoted).joined(separator: " ")
    }
}

/// What tests set and a run leaves as it is.
package struct SupervisorOptions: Sendable {
    /// The shell that runs the supervisor: a command line, not quoted.
    package var shell = "sh"
    /// The folder of all runs on the host; nil: /var/lib/runbook for root, else ~/.local/state/runbook.
    package var base: String?
    /// How many channels a session opens at most. sshd's MaxSessions is 10 by default.
    package var channelLimit = 6

    package init() {}
}
