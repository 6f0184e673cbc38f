// The command itself is RunbookCLI; a lab's own process is told apart before the arguments are read.
import Glibc
import RunbookCLI

if let status = labProcess(CommandLine.arguments) { exit(status) }
