import ArgumentParser
import FoundationEssentials
import Glibc
import RunbookLab
import RunbookTerminal
import Synchronization

/// The program: what `main` calls.
package enum RunbookMain {
    /// Made before any other thread is there: a thread that does not block a signal would be ended by it.
    private static let signals = SignalSource { _ in
        // The second Ctrl-C: at once. The journal is safe at every moment, and commands on hosts go on.
        leave()
    }

    /// What the first signal does; nil: the program ends, since nothing that must be said is under way.
    static let onSignal = Mutex<(@Sendable () -> Void)?>(nil)

    /// The one that may have switched the terminal's echo off.
    static let prompter = Mutex<Prompter?>(nil)

    /// Runs the command that the arguments name, and exits.
    ///
    /// Not an `async` main: its main thread ends in sigsuspend(2) with an empty mask (libdispatch's dispatch_main
    /// on Linux), takes every signal there and dies of it. This main thread only keeps the signals blocked, for
    /// the one thread that waits for them; the command runs on the threads of the pool.
    package static func run() -> Never {
        // The same binary is the lab's inner process.
        if let status = RunbookLab.dispatch(CommandLine.arguments) { exit(status) }
        listen(to: signals)
        Task.detached {
            // Not exit(3): it would run what libcrypto has left to be run at the end, while the threads of SSH
            // connections still use libcrypto, and about one run in fifty died of SIGSEGV. All that is shown or
            // recorded is written by then.
            _exit(await status())
        }
        while true { pause() }
    }

    /// Runs the command and says what the parser of arguments has to say; the exit status.
    private static func status() async -> Int32 {
        if let unknown = UnknownCommand.found(
            in: Array(CommandLine.arguments.dropFirst()), of: RunbookCommand.self)
        {
            let console = Console(environment: ProcessInfo.processInfo.environment)
            let near = unknown.near.map { "; did you mean \($0)?" } ?? ""
            console.say("\(.error, "error"): there is no command \(unknown.before) \(unknown.word)\(near)")
            console.say("  \(.command, "\(unknown.before) --help") lists them")
            return ExitStatus.usage.rawValue
        }
        do {
            var command = try RunbookCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            let code = RunbookCommand.exitCode(for: error).rawValue
            let message = RunbookCommand.fullMessage(for: error)
            guard !message.isEmpty else { return code }
            let console = Console(environment: ProcessInfo.processInfo.environment)
            if code == 0 { console.printRaw(message) } else { console.sayRaw(message) }
            return code
        }
    }

    private static func listen(to source: SignalSource) {
        Task.detached {
            for await _ in source.signals {
                guard let act = onSignal.withLock({ $0 }) else { leave() }
                act()
            }
        }
    }

    private static func leave() -> Never {
        prompter.withLock { $0?.restoreEcho() }
        _exit(ExitStatus.interrupted.rawValue)
    }
}

struct RunbookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runbook",
        abstract: "Runs a procedure on several machines and never loses its place.",
        discussion: """
            A step is checked before and after. When one fails, mend it and type the same command: it goes on \
            from there. Nothing with effects is sent twice unless a check or a person says so.

            EXIT STATUS
              0  done                          5  the run or a host is locked
              1  a step failed                 6  a host cannot be reached
              2  the runbook is wrong          7  a host's key is not the known one
              3  a person must decide         64  wrong usage
              4  the state file is in trouble 130  interrupted
            """,
        version: programVersion,
        subcommands: [
            RunCommand.self, StatusCommand.self, PlanCommand.self, RehearseCommand.self, LintCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "Looking at a run:",
                subcommands: [LogCommand.self, VerifyCommand.self, ExplainCommand.self]),
            CommandGroup(
                name: "A person's decisions:",
                subcommands: [
                    ResolveCommand.self, SkipCommand.self, StopCommand.self, UndoCommand.self,
                    AbandonCommand.self, UnlockCommand.self,
                ]),
            CommandGroup(
                name: "Writing a runbook and a site file:",
                subcommands: [InitCommand.self, FormatCommand.self, SchemaCommand.self]),
            CommandGroup(name: "Practice nodes:", subcommands: [LabCommand.self, PracticeCommand.self]),
        ])
}

let programVersion = "0.1.0"
