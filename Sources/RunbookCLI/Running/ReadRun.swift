import RunbookEngine
import RunbookFiles
import RunbookJournal
import RunbookModel
import RunbookTerminal

/// A run's journal, read without its lock: also while another process writes.
struct ReadRun {
    let path: String
    let entries: [Entry]
    let summary: JournalReader.Summary

    var history: History { History(entries) }

    /// nil when there is no such run, which was said.
    init?(_ loaded: LoadedRunbook, suffix: String = "", console: Console) throws {
        let name = OpenRun.name(loaded.plan, loaded.paths) + suffix
        var reader = EntryReader()
        do throws(JournalError) {
            let journal = try JournalReader(name, in: loaded.paths.state, store: POSIXFileStore())
            path = journal.path
            summary = try journal.read { (position, members) throws(JournalError) in
                reader.add(position, members)
            }
        } catch {
            if case .missing = error.code {
                console.say("there is no run of \(loaded.plan.runbook.name) in \(loaded.paths.state) yet")
                return nil
            }
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.state.code
        }
        if let problem = reader.problem {
            console.say("\(.error, "error"): \(path)/journal.jsonl: \(problem)")
            throw ExitStatus.state.code
        }
        entries = reader.entries
    }
}
