import ArgumentParser
import FoundationEssentials
import Glibc
import RunbookDiagnostics
import RunbookFiles
import RunbookLab
import RunbookTerminal

/// The lab of a runbook: found beside it, started, taken down.
struct PracticeLab {
    let folder: String
    private let description: LabDescription
    private let descriptionPath: String
    private let runbookPath: String
    let process: LabProcess
    private let console: Console

    init(file: String, folder: String, console: Console) throws {
        let arguments = try RunbookArguments.parse([file])
        let paths = try arguments.paths(console)
        runbookPath = paths.runbook
        descriptionPath =
            RunbookPaths.folder(of: paths.runbook) + RunbookPaths.stem(of: paths.runbook) + ".lab.yaml"
        guard fileExists(descriptionPath) else {
            console.say(
                "\(.error, "error"): there is no lab for \(paths.runbook): \(descriptionPath) is missing")
            throw ExitStatus.wrongRunbook.code
        }
        let source = try LoadedRunbook.source(descriptionPath, POSIXFileStore(), console)
        do throws(LabFailure) {
            description = try LabDescription(text: String(decoding: source.bytes, as: UTF8.self))
        } catch {
            console.say("\(.error, "error"): \(descriptionPath): \(error.message)")
            throw ExitStatus.wrongRunbook.code
        }
        self.folder = folder
        self.console = console
        process = LabProcess(folder: folder)
    }

    static func temporaryFolder() -> String {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        return "\(base)/runbook-rehearsal-\(getpid())"
    }

    var nodeNames: String { description.layout.nodes.map(\.name).joined(separator: ", ") }
    var firstNode: String { description.layout.nodes.first?.name ?? "" }

    /// Starts the nodes; returns the path of their site file.
    func up() throws -> String {
        do throws(LabFailure) {
            try putOldStateAside()
            let site = try process.up(
                layout: description.layout, profile: absolute(descriptionPath),
                programs: try LabPrograms.find())
            let path = "\(folder)/\(RunbookPaths.stem(of: runbookPath)).site.yaml"
            try writeSite(description.siteFile(site), to: path)
            return path
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
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

    private func writeSite(_ text: String, to path: String) throws(LabFailure) {
        do throws(FileError) {
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
