import FoundationEssentials
import Glibc
import RunbookEngine
import RunbookFiles
import RunbookJournal
import RunbookModel
import RunbookTerminal

/// A run's folder, opened for writing, with what its journal says so far.
struct OpenRun {
    let folder: RunFolder
    let history: History

    /// `two-node@two-node`: the runbook and the site file.
    static func name(_ plan: Plan, _ paths: RunbookPaths) -> String {
        "\(plan.runbook.name)@\(paths.siteName)"
    }

    /// - Parameters:
    ///   - suffix: What stands behind the run's name, for an undo.
    ///   - beginsAnew: Keeps a finished run under another name and begins the next.
    ///   - runsAgain: The same, where the runbook says so and the run is finished.
    init(
        _ loaded: LoadedRunbook, suffix: String = "", beginsAnew: Bool, runsAgain: Bool = false,
        console: Console
    ) throws {
        let name = Self.name(loaded.plan, loaded.paths) + suffix
        var reader = EntryReader()
        do throws(JournalError) {
            let store = POSIXFileStore()
            if beginsAnew { try Self.putAside(name, in: loaded.paths.state, store) }
            var opened = try Self.open(name, in: loaded.paths.state, store, &reader)
            if runsAgain, reader.problem == nil, History(reader.entries).isFinished {
                // While it is locked: two processes would put each other's run aside.
                try Self.putAside(name, in: loaded.paths.state, store)
                reader = EntryReader()
                opened = try Self.open(name, in: loaded.paths.state, store, &reader)
                console.say("the last run is finished, and this runbook runs again: this is the next one")
            }
            folder = opened
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            if case .locked = error.code { throw ExitStatus.locked.code }
            throw ExitStatus.state.code
        }
        if let problem = reader.problem {
            console.say("\(.error, "error"): \(folder.path)/journal.jsonl: \(problem)")
            throw ExitStatus.state.code
        }
        if let torn = folder.tornTail {
            console.say(
                "\(.warning, "note"): the last record was cut short (kept in \(torn.copy)); what may have been sent then is asked of its host"
            )
        }
        for rescued in folder.rescuedRecords {
            console.say("\(.warning, "note"): a record that could not be written lies in \(rescued)")
        }
        history = History(reader.entries)
    }

    /// The state folder as the first line prints it.
    var path: String { folder.path }

    private static func open(
        _ name: String, in state: String, _ store: POSIXFileStore, _ reader: inout EntryReader
    ) throws(JournalError) -> RunFolder {
        try RunFolder.open(name, in: state, store: store, options: .init(holder: Operator.holder)) {
            (position, members) throws(JournalError) in reader.add(position, members)
        }
    }

    private static func putAside(
        _ name: String, in state: String, _ store: POSIXFileStore
    ) throws(JournalError) {
        let reader: JournalReader
        do throws(JournalError) {
            reader = try JournalReader(name, in: state, store: store)
        } catch {
            if case .missing = error.code { return }
            throw error
        }
        let summary = try reader.verify()
        do throws(FileError) {
            // The chain's last hash: no two runs have the same.
            let folder = try store.openDirectory(state, create: false)
            try folder.rename(name, to: "\(name).before-\(summary.lastHash.prefix(8))")
            try folder.sync()
        } catch {
            throw JournalError(.file, "\(state)/\(name)", cause: error)
        }
    }
}

/// Who types, and where.
enum Operator {
    /// `operator@machine`
    static var name: String { "\(user)@\(machine)" }

    /// For whoever finds the run locked.
    static var holder: String { "\(name), process \(getpid()), since \(now())" }

    private static var user: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "uid \(getuid())"
    }

    private static var machine: String { ProcessInfo.processInfo.hostName }
}

/// The time for people: `2026-11-24T08:37:17Z`.
func now() -> String { Date.now.formatted(.iso8601) }
