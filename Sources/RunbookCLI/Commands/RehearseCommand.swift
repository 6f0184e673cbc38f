import ArgumentParser
import FoundationEssentials
import RunbookLab
import RunbookTerminal

struct RehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse", abstract: "Runs a runbook against practice nodes on this machine.",
        discussion: """
            Starts the nodes that NAME.lab.yaml beside the runbook describes, or plain ones, runs the runbook over real SSH, \
            asks every check once more at the end, and takes the nodes down. Words that a person would have to \
            say are said. The lab is a simulation: docs/lab-facts.md lists the facts that it models, and its \
            coreutils are this machine's, not the target's.
            """)

    @Argument(help: "The runbook; a bare name is also looked for in runbooks/.")
    var file: String

    @Option(help: "The lab's folder, which is kept; default: one under TMPDIR that is removed afterwards.")
    var dir: String?

    @Option(help: "Turn a fault on before the run: NAME or NAME=VALUE (can be repeated).")
    var fault: [String] = []

    @Flag(help: "Show events as JSON lines.")
    var json = false

    @Flag(
        help: """
            Break every step at every boundary (engine killed, link cut, node rebooted, command killed or \
            failed), run again, and compare the nodes with a run in which nothing went wrong.
            """)
    var crash = false

    @Option(help: "With --crash: only this step (can be repeated).")
    var only: [String] = []

    @Option(help: "With --crash: only these faults, of kill,cut,reboot,die,fail.")
    var faults: String?

    @Option(help: "With --crash: write the matrix to this file, one JSON object a line.")
    var matrix: String?

    @Option(help: "With --crash: how many labs work side by side.")
    var labs = 3

    func validate() throws {
        guard crash || (only.isEmpty && faults == nil && matrix == nil) else {
            throw ValidationError("--only, --faults and --matrix belong to --crash")
        }
        guard (1...16).contains(labs) else { throw ValidationError("--labs takes 1 to 16") }
        _ = try chosenFaults
    }

    private var chosenFaults: [Fault] {
        get throws {
            guard let faults else { return Fault.allCases }
            return try faults.split(separator: ",").map { name in
                guard let fault = Fault(rawValue: String(name)) else {
                    throw ValidationError("--faults takes kill, cut, reboot, die, fail, not `\(name)`")
                }
                return fault
            }
        }
    }

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        if crash {
            let rehearsal = CrashRehearsal(
                file: file, folder: dir.map(absolute) ?? PracticeLab.temporaryFolder(), keeps: dir != nil,
                console: console, only: only, faults: try chosenFaults, labs: labs, matrixFile: matrix)
            throw try await rehearsal.run().code
        }
        let folder = dir.map(absolute) ?? PracticeLab.temporaryFolder()
        let lab = try PracticeLab(file: file, folder: folder, console: console)
        console.say("This is a simulation; docs/lab-facts.md says what it models and what it does not.")
        if lab.isPlain {
            console.say("The nodes are plain: nothing of a product is on them, no package manager works.")
        }
        let site = try await lab.up()
        let status: ExitStatus
        do {
            status = try await rehearse(lab, site, console)
        } catch {
            lab.end(keeping: dir != nil)
            throw error
        }
        if status == .done { lab.showClosing() }
        lab.end(keeping: dir != nil || status != .done)
        if status != .done { lab.sayHowToLook(console) }
        throw status.code
    }

    private func rehearse(_ lab: PracticeLab, _ site: String, _ console: Console) async throws -> ExitStatus {
        for fault in fault {
            let parts = fault.split(separator: "=", maxSplits: 1).map(String.init)
            try lab.setFault(parts[0], to: parts.count > 1 ? parts[1] : "on")
        }
        let arguments = try RunbookArguments.parse([
            file, "--site", site, "--state", "\(lab.folder)/state",
        ])
        var session = RunSession(
            loaded: try arguments.load(console), console: console,
            command: "runbook run \(arguments.target)", target: arguments.target)
        session.json = json
        session.saysYesToAll = true
        session.asksAtEnd = true
        return try await session.run()
    }
}
