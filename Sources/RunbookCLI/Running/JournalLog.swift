import RunbookEngine
import RunbookFiles
import RunbookJournal
import RunbookModel
import RunbookText
import Synchronization

/// The run's journal as the engine writes it.
final class JournalLog: EntryLog {
    private let folder: RunFolder
    private let rescueFolder: String?

    /// - Parameter rescueFolder: where a record goes that cannot be written anywhere else: TMPDIR.
    init(_ folder: RunFolder, rescueFolder: String?) {
        self.folder = folder
        self.rescueFolder = rescueFolder
    }

    func append(_ entry: Entry) async throws(EntryLogProblem) {
        let members: [UInt8]
        do throws(Entry.CodingProblem) {
            members = try entry.hiddenMembers
        } catch {
            throw EntryLogProblem(error.message)
        }
        do throws(JournalError) {
            try folder.append(members, as: entry.isOwed ? .owed : .ordinary())
        } catch {
            // What happened on a host must not be lost with the disk: it is written wherever it can be.
            guard entry.isOwed else { throw EntryLogProblem(error.message) }
            let place = folder.rescue(members, fallbackDirectory: rescueFolder)
            let rescued =
                place.map { "the record was written to \($0)" }
                ?? "the record: {\(String(decoding: members, as: UTF8.self))}"
            throw EntryLogProblem("\(error.message); \(rescued)")
        }
    }
}

extension Entry {
    /// As they are written: the last place before the disk. What hosts say was looked through when it came.
    ///
    /// Only in texts for people: a secret that happens to be a step's name, or a word of the format, must not make
    /// another record of this one, least of all of one that is owed.
    fileprivate var hiddenMembers: [UInt8] {
        get throws(CodingProblem) { try mappingTexts { Secrets.redacted($0) }.members }
    }

    /// Written after an act: it must get through even when the disk is full.
    var isOwed: Bool {
        switch self {
        case .outcome, .inDoubt, .settled, .fenced: true
        default: false
        }
    }
}

/// Reads entries out of journal records.
struct EntryReader {
    private(set) var entries: [Entry] = []
    /// The first record that is no entry of this version.
    private(set) var problem: String?

    mutating func add(_ position: RecordPosition, _ members: Span<UInt8>) {
        guard problem == nil else { return }
        var line: [UInt8] = [UInt8(ascii: "{")]
        line.reserveCapacity(members.count + 2)
        for index in members.indices { line.append(members[index]) }
        line.append(UInt8(ascii: "}"))
        do throws(Entry.CodingProblem) {
            entries.append(try Entry(line: line))
        } catch {
            problem = "record \(position.number): \(error.message)"
        }
    }
}
