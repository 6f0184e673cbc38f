import RunbookFiles
import RunbookJournal

/// What the tests' runs are called, and where they are.
let journalPath = "/state/two-node@home/journal.jsonl"
let folderPath = "/state/two-node@home"

/// An opened run and what it replayed.
struct Opened {
    let run: RunFolder
    let records: [String]
}

/// Opens the run of the tests on `store`.
func open(_ store: any FileStore) throws(JournalError) -> Opened {
    var records: [String] = []
    let run = try RunFolder.open(
        "two-node@home", in: "/state", store: store,
        options: .init(holder: "process 7, anna on desk, since 10:04")
    ) { (_, members) in
        records.append(text(members))
    }
    return Opened(run: run, records: records)
}

/// A store whose run has `records`, all durable, and nobody in it.
func makeStore(_ records: [String]) throws -> MemoryFileStore {
    let store = MemoryFileStore()
    let run = try open(store).run
    for record in records { try run.append(bytes(record)) }
    return store.afterPowerCut(.drop)
}

/// The records of the tests: short, long, and with what makes framing hard.
let sampleRecords = [
    #""kind":"begun""#, #""nested":{"v":1,"hash":"}\n"},"text":"\u0000 ☃""#, #""kind":"done","code":0"#,
]

/// The lines of a journal, each with its newline.
func lines(_ journal: [UInt8]) -> [[UInt8]] {
    journal.split(separator: 10, omittingEmptySubsequences: false).dropLast().map { [UInt8]($0) + [10] }
}

func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

func text(_ span: Span<UInt8>) -> String {
    String(decoding: [UInt8](copying: span), as: UTF8.self)
}

func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
}

/// The error that `body` throws; nil if it throws none.
func failure(_ body: () throws(JournalError) -> Void) -> JournalError? {
    do throws(JournalError) {
        try body()
        return nil
    } catch {
        return error
    }
}

/// The error of an opening of the tests' run.
func openingFailure(_ store: any FileStore) -> JournalError? {
    failure { () throws(JournalError) in _ = try open(store) }
}

/// What a power cut may do, with many seeds.
let fates: [MemoryFileStore.Fate] =
    [.keep, .drop] + (0..<6).flatMap { [.garble(seed: $0), .mixed(seed: $0)] }
