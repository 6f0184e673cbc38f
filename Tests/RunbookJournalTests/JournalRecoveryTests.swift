import RunbookFiles
import RunbookJournal
import Testing

@Suite struct JournalRecoveryTests {
    /// A store with `journal` as the run's journal, and nobody in it.
    private func place(_ journal: [UInt8]) -> MemoryFileStore {
        let store = MemoryFileStore()
        store.place(journalPath, journal)
        return store
    }

    /// The journal of the sample records.
    private func sample() throws -> [UInt8] {
        try #require(makeStore(sampleRecords).contents(journalPath))
    }

    /// Expects that `journal` opens with the first `count` sample records, and that its rest is set aside.
    private func expectTornTail(
        _ journal: [UInt8], after count: Int, _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let store = place(journal)
        let opened = try open(store)
        let kept = lines(try sample()).prefix(count).flatMap { $0 }
        let copy = folderPath + "/journal.torn-\(count + 1)"
        #expect(
            opened.records == Array(sampleRecords.prefix(count)), comment, sourceLocation: sourceLocation)
        #expect(store.contents(journalPath) == kept, comment, sourceLocation: sourceLocation)
        #expect(
            store.contents(copy) == [UInt8](journal.dropFirst(kept.count)), comment,
            sourceLocation: sourceLocation)
        #expect(
            opened.run.tornTail == TornTail(number: UInt64(count + 1), copy: copy), comment,
            sourceLocation: sourceLocation)
        try opened.run.append(bytes(#""next":1"#))
        #expect(
            try open(store.afterPowerCut(.drop)).records == sampleRecords.prefix(count) + [#""next":1"#],
            comment, sourceLocation: sourceLocation)
    }

    /// Expects that `journal` is refused with `code` and left as it is.
    private func expectRefused(
        _ journal: [UInt8], _ code: JournalError.Code, _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let store = place(journal)
        let error = openingFailure(store)
        #expect(error == JournalError(code, journalPath), comment, sourceLocation: sourceLocation)
        #expect(store.contents(journalPath) == journal, comment, sourceLocation: sourceLocation)
        let names = (try? store.openDirectory(folderPath, create: false).list()) ?? []
        #expect(names == ["journal.jsonl", "lock", "output"], comment, sourceLocation: sourceLocation)
    }

    /// J03, J20.
    @Test func aJournalCutAnywhereKeepsItsWholeRecords() throws {
        let journal = try sample()
        var ends = [0]
        for line in lines(journal) { ends.append(ends[ends.count - 1] + line.count) }
        for length in 0...journal.count {
            let whole = ends.lastIndex { $0 <= length } ?? 0
            let cut = [UInt8](journal.prefix(length))
            if ends[whole] == length {
                let opened = try open(place(cut))
                #expect(opened.records == Array(sampleRecords.prefix(whole)), "cut at \(length)")
                #expect(opened.run.tornTail == nil, "cut at \(length)")
            } else {
                try expectTornTail(cut, after: whole, "cut at \(length)")
            }
        }
    }

    /// J04, J05: each byte gets a bit or all of them turned, or becomes a newline.
    @Test(arguments: [0x01, 0x02, 0x08, 0x80, 0xff, nil] as [UInt8?])
    func aWrongByteIsDamageBeforeTheLastRecordAndATornTailInIt(mask: UInt8?) throws {
        let journal = try sample()
        let parts = lines(journal)
        var start = 0
        for (index, line) in parts.enumerated() {
            for offset in start..<(start + line.count) {
                var wrong = journal
                wrong[offset] = mask.map { wrong[offset] ^ $0 } ?? 10
                if wrong == journal { continue }
                if index == parts.count - 1 {
                    try expectTornTail(wrong, after: index, "byte \(offset)")
                } else {
                    expectRefused(
                        wrong, .damaged(record: UInt64(index + 1), offset: start), "byte \(offset)")
                }
            }
            start += line.count
        }
    }

    /// J06.
    @Test(arguments: [1, 2, 511, 512, 4095, 4096, 8192])
    func zerosBehindTheLastRecordAreATornTail(count: Int) throws {
        try expectTornTail(try sample() + [UInt8](repeating: 0, count: count), after: 3, "\(count) zeros")
    }

    /// J07.
    @Test(arguments: [512, 4096])
    func oldBlocksBehindTheLastRecordAreATornTailUnlessARecordFollows(count: Int) throws {
        let journal = try sample()
        let junk = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 256) }
        try expectTornTail(journal + junk, after: 3, "junk")
        for record in lines(journal) {
            expectRefused(
                journal + junk + record, .damaged(record: 4, offset: journal.count), "junk and a record")
            expectRefused(
                journal + junk + [10] + record + junk, .damaged(record: 4, offset: journal.count),
                "junk, a record, junk")
        }
    }

    /// J26, J27.
    @Test func wholeRecordsInTheWrongPlaceAreDamage() throws {
        let parts = lines(try sample())
        let lengths = parts.map(\.count)
        let cases: [([Int], UInt64, Int)] = [
            ([0, 1, 2, 2], 4, lengths[0] + lengths[1] + lengths[2]),
            ([0, 1, 2, 0], 4, lengths[0] + lengths[1] + lengths[2]),
            ([0, 2, 1], 2, lengths[0]), ([1, 0, 2], 1, 0), ([0, 2], 2, lengths[0]), ([1, 2], 1, 0),
            ([2], 1, 0), ([0, 0], 2, lengths[0]),
        ]
        for (order, record, offset) in cases {
            expectRefused(
                order.flatMap { parts[$0] }, .damaged(record: record, offset: offset), "order \(order)")
        }
    }

    @Test func aRecordOfAnotherRunIsDamage() throws {
        let journal = try sample()
        let other = lines(try #require(makeStore([#""other":1"#, #""other":2"#]).contents(journalPath)))
        let first = lines(journal)[0]
        expectRefused(first + other[1], .damaged(record: 2, offset: first.count), "another chain")
    }

    /// J21: the outer frame and its hash are the same in every version.
    @Test func laterVersionsAreLeftAlone() throws {
        let journal = try sample()
        let later = bytes(
            #"{"v":2,"later":true,"hash":"0e3b3f2e8ae41d5d1a5f4dc2d0d8f9a2"}"# + "\n")
        expectRefused(later, .newerVersion(2), "the hash rule may be another one")
        expectRefused(bytes(#"{"v":12,"rest":"#), .newerVersion(12), "not even whole")
        expectRefused(
            later + [UInt8](repeating: 120, count: 3 << 20), .newerVersion(2), "longer than a torn tail")
        try expectTornTail(journal + later, after: 3, "not whole by any rule we know")
        expectRefused(journal + newerLine, .newerVersion(2), "whole")
    }

    /// A whole line of version 2; the hash is Python's hashlib.sha256.
    private let newerLine = bytes(
        #"{"v":2,"anything":[1],"hash":"693436d5e88d6d4183399c7a81ed1273"}"# + "\n")

    @Test func aFileThatIsNoJournalIsNotCutWhenItIsLong() {
        let letter = [UInt8](repeating: 0x61, count: (2 << 20) + 1)
        expectRefused(letter, .damaged(record: 1, offset: 0), "a long file")
    }

    @Test func anEmptyJournalIsARunInWhichNothingWasDone() throws {
        let opened = try open(place([]))
        #expect(opened.records == [])
        #expect(opened.run.tornTail == nil)
    }

    @Test func theCopyIsDurableBeforeTheCutAndTheCutBeforeTheReturn() throws {
        let store = place(try sample() + bytes("torn"))
        _ = try open(store)
        let writes = store.trace.filter { line in
            ["create", "write to", "sync", "cut", "rename", "remove"].contains { line.hasPrefix($0) }
        }
        let copying = try #require(writes.lastIndex { $0.hasPrefix("create") })
        let temporary = try #require(writes[copying].split(separator: " ").last)
        #expect(
            Array(writes[copying...]) == [
                "create \(temporary)", "write to \(temporary)", "sync \(temporary)",
                "rename \(temporary)", "sync the directory \(folderPath)", "cut \(journalPath)",
                "sync \(journalPath)",
            ])
    }

    @Test func eachTornTailIsKept() throws {
        let store = place(bytes("first"))
        _ = try open(store)
        let second = store.afterPowerCut(.drop)
        second.place(journalPath, bytes("second"))
        let opened = try open(second)
        #expect(opened.run.tornTail == TornTail(number: 1, copy: folderPath + "/journal.torn-1.2"))
        #expect(second.contents(folderPath + "/journal.torn-1") == bytes("first"))
        #expect(second.contents(folderPath + "/journal.torn-1.2") == bytes("second"))
    }

    @Test func aTornTailIsReportedUntilItsPlaceIsTaken() throws {
        let store = place(bytes("torn"))
        let tail = TornTail(number: 1, copy: folderPath + "/journal.torn-1")
        #expect(try open(store).run.tornTail == tail)
        let later = store.afterPowerCut(.drop)
        let run = try open(later).run
        #expect(run.tornTail == tail)
        try run.append(bytes(#""a":1"#))
        #expect(try open(later.afterPowerCut(.drop)).run.tornTail == nil)
    }

    /// J02: whatever fails while a torn tail is set aside, the next opening ends where it would have.
    @Test(arguments: [5, 28] as [Int32], [false, true])
    func settingATornTailAsideCanFailAnywhere(errno: Int32, isSticky: Bool) throws {
        let torn = try sample() + bytes("torn bytes")
        var number = 1
        while true {
            let store = place(torn)
            store.arm(.init(at: number, errno: errno, isSticky: isSticky, writtenBytes: 3))
            let error = openingFailure(store)
            for disk in [store.afterKill()] + fates.map(store.afterPowerCut) {
                let opened = try open(disk)
                #expect(opened.records == sampleRecords, "operation \(number)")
                #expect(opened.run.tornTail?.number == 4, "operation \(number)")
                #expect(disk.contents(journalPath) == (try sample()), "operation \(number)")
                let copy = try #require(opened.run.tornTail?.copy)
                #expect(disk.contents(copy) == bytes("torn bytes"), "operation \(number)")
                let names = try disk.openDirectory(folderPath, create: false).list()
                #expect(!names.contains { $0.hasPrefix(".") }, "operation \(number)")
            }
            if error == nil, number > store.countedOperations { break }
            number += 1
        }
        #expect(number > 20)
    }
}
