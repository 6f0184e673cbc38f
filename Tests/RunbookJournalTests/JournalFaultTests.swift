import RunbookFiles
import RunbookJournal
import Testing

@Suite struct JournalFaultTests {
    /// What a run of the tests tried to write, and what it was told is durable.
    private struct Told {
        var tried: [String] = []
        var done: [String] = []
        var isComplete = false
    }

    /// A short run: three records, an owed one, and an output.
    private func work(_ store: MemoryFileStore) -> Told {
        var told = Told()
        do {
            let run = try open(store).run
            let records: [(String, RecordKind)] = [
                (sampleRecords[0], .ordinary()), (sampleRecords[1], .ordinary(reserving: 100_000)),
                (sampleRecords[2], .owed), (#""kind":"ended""#, .ordinary()),
            ]
            for (record, kind) in records {
                told.tried.append(record)
                try run.append(bytes(record), as: kind)
                told.done.append(record)
                try run.writeOutput("output", bytes(record))
            }
            told.isComplete = true
        } catch {
            // What was told before is what counts.
        }
        return told
    }

    /// Opens each disk that a kill or a power cut can leave, and expects what was told, and nothing never tried.
    private func expectTruth(_ store: MemoryFileStore, _ told: Told, _ comment: Comment) throws {
        for (index, disk) in ([store.afterKill()] + fates.map(store.afterPowerCut)).enumerated() {
            let found = try open(disk).records
            #expect(found.starts(with: told.done), "\(comment) disk \(index)")
            #expect(told.tried.starts(with: found), "\(comment) disk \(index)")
            // What an opening has shown is durable: a power cut right after it takes nothing.
            #expect(try open(disk.afterPowerCut(.drop)).records == found, "\(comment) disk \(index)")
        }
    }

    /// J08, J09, J10, J14, J16, J17, J19: the Nth operation fails, for all N, once or from then on.
    @Test(arguments: [5, 28] as [Int32], [false, true])
    func whateverFailsNothingToldIsLost(errno: Int32, isSticky: Bool) throws {
        var number = 1
        while true {
            for written in [0, 60] {
                let store = MemoryFileStore()
                store.arm(.init(at: number, errno: errno, isSticky: isSticky, writtenBytes: written))
                let told = work(store)
                try expectTruth(store, told, "operation \(number) of \(store.countedOperations)")
            }
            let store = MemoryFileStore()
            store.arm(.init(at: number, errno: errno, isSticky: isSticky))
            if work(store).isComplete, number > store.countedOperations { break }
            number += 1
        }
        #expect(number == 71)
    }

    /// P8: after a failed sync nothing is written to the journal any more, whatever the next sync would say.
    @Test(arguments: 1...4)
    func oneFailedSyncEndsTheJournal(number: Int) throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.arm(.init(at: number, errno: 5, only: [.sync]))
        var codes: [JournalError.Code?] = []
        for count in 1...6 {
            codes.append(
                failure { () throws(JournalError) in try run.append(bytes(#""n":\#(count)"#)) }?.code)
        }
        let good = number - 1
        #expect(codes == Array(repeating: nil, count: good) + Array(repeating: .poisoned, count: 6 - good))
        let writes = store.trace.filter { $0 == "write to \(journalPath)" }
        #expect(writes.count == number)
        #expect(store.countedOperations == number)
        let later = try open(store.afterPowerCut(.keep))
        #expect(later.records == (1..<number).map { #""n":\#($0)"# })
    }

    @Test func aFailedSyncOfAnOutputEndsTheJournalToo() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.arm(.init(at: 1, errno: 5, only: [.sync]))
        #expect(failure { () throws(JournalError) in try run.writeOutput("o", [1]) }?.code == .file)
        #expect(failure { () throws(JournalError) in try run.append(bytes(#""a":1"#)) }?.code == .poisoned)
        #expect(store.contents(journalPath) == [])
    }

    @Test func whenTheDiskIsFullAnIntentIsRefusedAndItsOutcomeFits() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        try run.append(bytes(#""intent":1"#))
        store.setFreeBytes(0)
        try run.append(bytes(#""outcome":""# + String(repeating: "x", count: 60_000) + #"""#), as: .owed)
        let before = store.contents(journalPath)
        let error = failure { () throws(JournalError) in
            // What was reserved in one step has room for some more; a refused one has left nothing.
            while true {
                try run.append(bytes(#""intent":""# + String(repeating: "x", count: 9_000) + #"""#))
            }
        }
        #expect(error?.code == .noSpace)
        #expect(error?.cause == FileError(.reserve, journalPath, .system(28), freeBytes: 0))
        #expect(store.contents(journalPath)?.starts(with: before ?? []) == true)
        store.setFreeBytes(nil)
        try run.append(bytes(#""intent":2"#))
        #expect(try open(store.afterPowerCut(.drop)).records.last == #""intent":2"#)
    }

    @Test func aNearlyFullDiskGivesSmallerReservations() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.setFreeBytes(70_000)
        try run.append(bytes(#""intent":1"#))
        try run.append(bytes(#""outcome":1"#), as: .owed)
        #expect(
            failure { () throws(JournalError) in
                try run.append(bytes(#""i":2"#), as: .ordinary(reserving: 99_999))
            }?
            .code == .noSpace)
    }

    @Test func spaceIsTakenOnceForManyRecords() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        for count in 1...1000 { try run.append(bytes(#""n":\#(count)"#)) }
        #expect(store.trace.filter { $0 == "reserve space for \(journalPath)" }.count == 1)
    }

    @Test func withoutFallocateRecordsAreWrittenAllTheSame() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.arm(.init(at: 1, errno: 95, isSticky: true, only: [.reserve]))
        for count in 1...5 { try run.append(bytes(#""n":\#(count)"#)) }
        #expect(store.countedOperations == 1)
        #expect(run.recordCount == 5)
    }

    @Test func anOwedRecordIsTriedTwice() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.arm(.init(at: 1, errno: 5, writtenBytes: 20, only: [.append]))
        try run.append(bytes(#""outcome":1"#), as: .owed)
        #expect(try open(store.afterPowerCut(.drop)).records == [#""outcome":1"#])
    }

    @Test func namesAreDurableBeforeTheFirstAppend() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        let opening = store.trace.count
        try run.append(bytes(#""a":1"#))
        let checks =
            ["journal.jsonl", "lock"].map { "look at \(folderPath)/\($0)" } + ["look at \(folderPath)"]
        #expect(
            Array(store.trace[opening...])
                == checks + ["reserve space for", "write to", "sync"].map { "\($0) \(journalPath)" })
        let synced = store.trace[..<opening].filter { $0.hasPrefix("sync") }
        #expect(
            synced == [
                "sync the directory /", "sync the directory /state", "sync \(journalPath)",
                "sync the directory \(folderPath)",
            ])
    }

    @Test func aRescuedRecordIsTheLineThatWasMissing() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        try run.append(bytes(sampleRecords[0]))
        store.arm(.init(at: 1, errno: 5, only: [.sync]))
        let members = bytes(sampleRecords[1])
        #expect(failure { () throws(JournalError) in try run.append(members, as: .owed) }?.code == .poisoned)
        let place = folderPath + "/journal.rescue-2.jsonl"
        #expect(run.rescue(members, fallbackDirectory: nil) == place)
        let expected = try makeStore([sampleRecords[0], sampleRecords[1]]).contents(journalPath)
        #expect(try store.contents(place) == lines(#require(expected))[1])
        #expect(try open(store.afterPowerCut(.keep)).run.rescuedRecords == [place])
    }

    @Test func aRecordIsRescuedElsewhereWhenTheFolderTakesNothing() throws {
        let store = MemoryFileStore()
        _ = try store.openDirectory("/tmp", create: true)
        let run = try open(store).run
        store.arm(.init(at: 1, errno: 28, only: [.create]))
        let place = "/tmp/runbook-two-node@home-journal.rescue-1.jsonl"
        #expect(run.rescue(bytes(#""a":1"#), fallbackDirectory: "/tmp") == place)
        #expect(try lines(#require(store.contents(place))).count == 1)
        store.arm(.init(at: 1, errno: 28, isSticky: true, only: [.create]))
        #expect(run.rescue(bytes(#""a":1"#), fallbackDirectory: "/tmp") == nil)
        #expect(run.rescue(bytes(#""a":1"#), fallbackDirectory: nil) == nil)
    }
}
