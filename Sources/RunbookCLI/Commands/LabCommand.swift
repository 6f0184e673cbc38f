import ArgumentParser
import FoundationEssentials
import RunbookLab
import RunbookTerminal

struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Practice nodes on this machine: start, look into, take down.",
        subcommands: [LabUp.self, LabDown.self, LabShell.self, LabFault.self])
}

/// Where a lab lies.
struct LabFolderOption: ParsableArguments {
    @Option(help: "The lab's folder.")
    var dir: String

    var process: LabProcess { LabProcess(folder: absolute(dir)) }
    var console: Console { Console(environment: ProcessInfo.processInfo.environment) }
}

/// A path from the root, since the lab's own process stands elsewhere.
func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}

struct LabUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Starts the practice nodes of a runbook; they stay until `lab down`.",
        discussion: """
            Beside RUNBOOK stands the lab's description, NAME.lab.yaml; without one they are plain nodes. The nodes' addresses and host keys are \
            written to DIR/NAME.site.yaml: \
            `runbook run RUNBOOK --site DIR/NAME.site.yaml --state DIR/state` runs against them.
            """)

    @Argument(help: "The runbook.") var file: String
    @OptionGroup var folder: LabFolderOption

    func run() async throws {
        let console = folder.console
        let lab = try PracticeLab(file: file, folder: absolute(folder.dir), console: console)
        let site = try await lab.up()
        console.say("\(.success, "up"): \(lab.nodeNames). To run against them, type:")
        console.say("  \(.command, "runbook run \(file) --site \(site) --state \(folder.dir)/state")")
        console.say("  \(.command, "runbook lab shell \(lab.firstNode) --dir \(folder.dir)")")
        console.say("  \(.command, "runbook lab down --dir \(folder.dir)")")
    }
}

struct LabDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Ends the practice nodes. Their folder stays.")

    @OptionGroup var folder: LabFolderOption

    func run() async throws {
        folder.process.down()
        folder.console.say("down")
    }
}

struct LabShell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Opens a shell in a practice node, or runs a command there.")

    @Argument(help: "The node's name, for instance pve1.") var node: String
    @OptionGroup var folder: LabFolderOption
    @Argument(parsing: .postTerminator, help: "A command instead of a shell, after --.")
    var command: [String] = []

    func run() async throws {
        let status: Int32
        do throws(LabFailure) {
            status = try folder.process.shell(node: node, command: command)
        } catch {
            folder.console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
        throw ExitCode(status)
    }
}

struct LabFault: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault", abstract: "Turns a fault of the lab on or off; docs/lab-facts.md lists them.")

    @Argument(help: "The fault's name.") var name: String
    // Of its own kind, since a value such as -pve1 looks like an option.
    @Argument(
        parsing: .allUnrecognized, help: "Its value: on, off, a node's name, or what the fault takes.")
    var value: [String] = []
    @OptionGroup var folder: LabFolderOption

    func run() async throws {
        do throws(LabFailure) {
            try folder.process.setFault(name, to: value.isEmpty ? "on" : value.joined(separator: " "))
        } catch {
            folder.console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
    }
}
