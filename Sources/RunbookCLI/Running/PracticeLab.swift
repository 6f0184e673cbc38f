import ArgumentParser
import FoundationEssentials
import Glibc
import RunbookDiagnostics
import RunbookEngine
import RunbookFiles
import RunbookLab
import RunbookModel
import RunbookTerminal

/// The lab of a runbook: described beside it, or plain nodes; started, taken down.
struct PracticeLab {
    let folder: String
    private let description: LabDescription
    /// The description's text where it is not a file beside the runbook.
    private let madeUp: String?
    private let descriptionPath: String
    private let runbookPath: String
    private let openGroups: [String]
    let process: LabProcess
    private let console: Console

    init(file: String, folder: String, console: Console) throws {
        let arguments = try RunbookArguments.parse([file])
        let paths = try arguments.paths(console)
        let name = RunbookPaths.stem(of: paths.runbook) + ".lab.yaml"
        let beside = RunbookPaths.folder(of: paths.runbook) + name
        do {
            let runbook = try LoadedRunbook(withoutSite: paths, console).plan.runbook
            openGroups = runbook.groups.filter { $0.limits != nil }.map(\.name)
            if fileExists(beside) {
                let source = try LoadedRunbook.source(beside, POSIXFileStore(), console)
                description = try LabDescription(text: String(decoding: source.bytes, as: UTF8.self))
                (madeUp, descriptionPath) = (nil, beside)
            } else {
                let text = try PlainLab(runbook, descriptionPath: beside).description()
                description = try LabDescription(text: text)
                (madeUp, descriptionPath) = (text, "\(folder)/\(name)")
            }
        } catch let failure as LabFailure {
            console.say("\(.error, "error"): \(beside): \(failure.message)")
            throw ExitStatus.wrongRunbook.code
        }
        runbookPath = paths.runbook
        self.folder = folder
        self.console = console
        process = LabProcess(folder: folder)
    }

    /// Whether nothing of a product is on the nodes.
    var isPlain: Bool { madeUp != nil }

    static func temporaryFolder() -> String {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        return "\(base)/runbook-rehearsal-\(getpid())"
    }

    var nodeNames: String { description.layout.nodes.map(\.name).joined(separator: ", ") }
    var firstNode: String { description.layout.nodes.first?.name ?? "" }

    /// Starts the nodes, and runs on them what they are to have behind them; returns the path of their site file.
    func up() async throws -> String {
        let (site, path): (LabSite, String)
        do throws(LabFailure) {
            try putOldStateAside()
            if let madeUp { try write(madeUp, to: descriptionPath) }
            site = try process.up(
                layout: description.layout, profile: absolute(descriptionPath),
                programs: try LabPrograms.find())
            path = try writeSite(site)
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
        if let first = description.first {
            do {
                try await run(first, on: site)
            } catch {
                process.down()
                throw error
            }
        }
        return path
    }

    /// Runs the runbook that comes before this one, quietly.
    private func run(_ name: String, on site: LabSite) async throws {
        let path = RunbookPaths.folder(of: runbookPath) + name
        console.say("the nodes go through \(path) first")
        let lab = try PracticeLab(file: path, folder: folder, console: console)
        let siteFile: String
        do throws(LabFailure) {
            siteFile = try lab.writeSite(site)
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
        let arguments = try RunbookArguments.parse([path, "--site", siteFile, "--state", "\(folder)/state"])
        var session = RunSession(
            loaded: try arguments.load(console), console: console,
            command: "runbook run \(arguments.target)", target: arguments.target)
        session.saysYesToAll = true
        session.isQuiet = true
        let status = try await session.run()
        guard status == .done else { throw status.code }
    }

    /// Runs of an earlier lab speak of nodes that are gone.
    private func putOldStateAside() throws(LabFailure) {
        guard fileExists("\(folder)/state") else { return }
        guard let number = (1...).first(where: { !fileExists("\(folder)/state.old-\($0)") }) else { return }
        do throws(FileError) {
            try POSIXFileStore().openDirectory(folder, create: false)
                .rename("state", to: "state.old-\(number)")
        } catch {
            throw LabFailure(.cannotStart, error.message)
        }
    }

    private func writeSite(_ site: LabSite) throws(LabFailure) -> String {
        let path = "\(folder)/\(RunbookPaths.stem(of: runbookPath)).site.yaml"
        let text = description.siteFile(site)
        try write(text + groups(in: text), to: path)
        return path
    }

    /// The members of groups that the runbook leaves to the site file: the hosts of the lab that are called `GROUP-1`,
    /// `GROUP-2` …
    private func groups(in site: String) -> String {
        var names: [String] = []
        for line in site.split(separator: "\n") where line.hasPrefix("  ") && line.hasSuffix(":") {
            names.append(String(line.dropFirst(2).dropLast()))
        }
        var lines: [String] = []
        for group in openGroups {
            let members = names.filter { name in
                name.hasPrefix("\(group)-") && Int(name.dropFirst(group.utf8.count + 1)) != nil
            }
            lines.append("  \(group): [\(members.joined(separator: ", "))]")
        }
        return lines.isEmpty ? "" : "groups:\n" + lines.joined(separator: "\n") + "\n"
    }

    private func write(_ text: String, to path: String) throws(LabFailure) {
        do throws(FileError) {
            _ = try POSIXFileStore().openDirectory(folder, create: true)
            try POSIXFileStore().writeAtomically(path, [UInt8](text.utf8))
        } catch {
            throw LabFailure(.cannotStart, error.message)
        }
    }

    func setFault(_ name: String, to value: String) throws {
        do throws(LabFailure) {
            try process.setFault(name, to: value)
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.usage.code
        }
    }

    /// What the lab's description says is to be shown at the end: `clustat`.
    func showClosing() {
        for closing in description.closing {
            console.say("\(.heading, "\(closing.node)# \(closing.command)")")
            _ = try? process.shell(node: closing.node, command: ["sh", "-c", closing.command])
        }
    }

    func end(keeping: Bool) {
        guard !keeping else { return }
        process.down()
        process.remove()
    }

    func sayHowToLook(_ console: Console) {
        console.say("the practice nodes are still there:")
        console.say("  \(.command, "runbook lab shell \(firstNode) --dir \(folder)")")
        console.say("  \(.command, "runbook lab down --dir \(folder)")")
    }
}
