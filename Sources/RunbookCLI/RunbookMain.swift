import ArgumentParser
import Glibc
import RunbookLab
import RunbookTerminal
import Synchronization

/// The program: what `main` calls.
package enum RunbookMain {
    /// Signals are taken from the first moment, before any other thread is there.
    static let signals = SignalSource { _ in
        // The second Ctrl-C: at once. The journal is safe at every moment, and commands on hosts go on.
        prompter.withLock { $0?.restoreEcho() }
        _exit(ExitStatus.interrupted.rawValue)
    }

    /// The one that may have switched the terminal's echo off.
    static let prompter = Mutex<Prompter?>(nil)

    package static func main() async {
        // The same binary is the lab's inner process and the emulated commands of its nodes.
        if let status = RunbookLab.dispatch(CommandLine.arguments) { exit(status) }
        SignalSource.ignoreBrokenPipes()
        await RunbookCommand.main()
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
                    AbandonCommand.self,
                ]),
            CommandGroup(name: "Practice nodes:", subcommands: [LabCommand.self]),
        ])
}

let programVersion = "0.1.0"
