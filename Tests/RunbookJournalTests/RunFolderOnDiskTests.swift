import Glibc
import RunbookFiles
import RunbookJournal
import Synchronization
import Testing

/// A directory of this machine's disk for one test, removed with the last reference.
private final class Scratch: Sendable {
    private static let count = Atomic<Int>(0)
    let store = POSIXFileStore()
    let path: String

    init() throws {
        // A process that was killed may have had our id, and left its directories.
        var free: String?
        while free == nil {
            let number = Scratch.count.add(1, ordering: .relaxed).newValue
            let name = "/tmp/runbook-journal-\(getpid())-\(number)"
            if try store.status(of: name) == nil { free = name }
        }
        path = try #require(free)
        _ = try store.openDirectory(path, create: true)
    }

    deinit {
        remove(path)
        try? store.openDirectory("/tmp", create: false).remove(String(path.dropFirst("/tmp/".count)))
    }

    private func remove(_ path: String) {
        guard let directory = try? store.openDirectory(path, create: false) else { return }
        for name in (try? directory.list()) ?? [] {
            if let status = try? directory.status(of: name), status.kind == .directory {
                remove(path + "/" + name)
            }
            try? directory.remove(name)
        }
    }

    func open() throws(JournalError) -> RunFolder {
        try RunFolder.open("run", in: path, store: store, options: .init(holder: "me"))
    }
}

private final class Flag: Sendable {
    let isDone = Atomic<Bool>(false)
}

@Suite struct RunFolderOnDiskTests {
    /// X14.
    @Test func everythingIsPrivateAndReadAgain() throws {
        let scratch = try Scratch()
        do {
            let run = try scratch.open()
            try run.append(bytes(sampleRecords[0]))
            try run.append(bytes(sampleRecords[1]), as: .owed)
            try run.writeOutput("o", bytes("output"))
            #expect(openingFailure(scratch) == .locked(by: "me"))
        }
        var found: [String] = []
        let run = try RunFolder.open(
            "run", in: scratch.path, store: scratch.store, options: .init(holder: "me")
        ) {
            (_, members) in found.append(text(members))
        }
        #expect(found == Array(sampleRecords.prefix(2)))
        #expect(try run.readOutput("o", limit: 9) == bytes("output"))
        let folder = try scratch.store.openDirectory(run.path, create: false)
        #expect(try folder.list() == ["journal.jsonl", "lock", "output"])
        let modes = try folder.list().map { try folder.status(of: $0)?.mode }
        #expect(modes == [0o600, 0o600, 0o700])
        #expect(try folder.status().mode & 0o777 == 0o700)
    }

    @Test func aTornTailIsSetAside() throws {
        let scratch = try Scratch()
        do {
            let run = try scratch.open()
            try run.append(bytes(sampleRecords[0]))
        }
        let folder = try scratch.store.openDirectory(scratch.path + "/run", create: false)
        let journal = try folder.open("journal.jsonl", .append, mode: .ownerOnly)
        try journal.append(bytes(#"{"v":1,"seq":2,"prev":"0f"#))
        let run = try scratch.open()
        #expect(run.tornTail == TornTail(number: 2, copy: run.path + "/journal.torn-2"))
        #expect(try folder.readFile("journal.torn-2", limit: 99) == bytes(#"{"v":1,"seq":2,"prev":"0f"#))
        try run.append(bytes(sampleRecords[1]))
        let summary = try JournalReader("run", in: scratch.path, store: scratch.store).verify()
        #expect(summary.recordCount == 2)
        #expect(summary.unfinishedLength == 0)
    }

    /// J25.
    @Test(.timeLimit(.minutes(1)))
    func readersAlwaysSeeAPrefixWhileAWriterAppends() async throws {
        let scratch = try Scratch()
        let run = try scratch.open()
        let flag = Flag()
        async let written = writeRecords(run, until: flag)
        var seen: [UInt64] = []
        while seen.count < 30 {
            var next: UInt64 = 1
            let reader = try JournalReader("run", in: scratch.path, store: scratch.store)
            let summary = try reader.read { (position, members) throws(JournalError) in
                #expect(position.number == next)
                #expect(text(members).hasPrefix(#""n":\#(next),"#))
                next += 1
            }
            #expect(summary.recordCount == next - 1)
            seen.append(summary.recordCount)
            await Task.yield()
        }
        flag.isDone.store(true, ordering: .relaxed)
        #expect(seen == seen.sorted())
        let reader = try JournalReader("run", in: scratch.path, store: scratch.store)
        let count = try await written
        #expect(try reader.verify().recordCount == count)
    }

    /// Appends records of growing length until the flag is set, or there are very many; returns how many.
    private func writeRecords(_ run: RunFolder, until flag: Flag) async throws -> UInt64 {
        var count = 0
        while !flag.isDone.load(ordering: .relaxed), count < 5000 {
            count += 1
            let filler = String(repeating: "y", count: count % 300 * 37)
            try run.append(bytes(#""n":\#(count),"x":"\#(filler)""#))
            await Task.yield()
        }
        return UInt64(count)
    }

    /// The code of a failed opening.
    private func openingFailure(_ scratch: Scratch) -> JournalError.Code? {
        failure { () throws(JournalError) in _ = try scratch.open() }?.code
    }
}
