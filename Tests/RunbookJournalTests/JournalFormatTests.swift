import RunbookFiles
import RunbookJournal
import Testing

@Suite struct JournalFormatTests {
    @Test func linesAreAsDocumented() throws {
        let store = try makeStore([#""a":1"#, #""text":"zwei \n \u0000 ☃""#])
        // The hashes are Python's hashlib.sha256 over the line before them.
        #expect(
            text(store.contents(journalPath))
                == #"""
                {"v":1,"seq":1,"prev":"00000000000000000000000000000000","a":1,"hash":"4f479527b0966818bb923e05e9427ff4"}
                {"v":1,"seq":2,"prev":"4f479527b0966818bb923e05e9427ff4","text":"zwei \n \u0000 ☃","hash":"22e35ebfa99842f442914462d3a9aebb"}

                """#)
    }

    @Test func recordsComeBackByteForByte() throws {
        let records = sampleRecords + [#""command":""# + String(repeating: "é", count: 32 << 10) + #"""#]
        #expect(try open(makeStore(records)).records == records)
    }

    @Test func positionsCountFromOneAndByte() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        let positions = [try run.append(bytes(sampleRecords[0])), try run.append(bytes(sampleRecords[1]))]
        var found: [RecordPosition] = []
        let reader = try JournalReader("two-node@home", in: "/state", store: store)
        let summary = try reader.read { (position, _) in found.append(position) }
        let journal = try #require(store.contents(journalPath))
        #expect(found == positions)
        #expect(found.map(\.number) == [1, 2])
        #expect(found.map(\.offset) == [0, lines(journal)[0].count])
        #expect(found.map(\.length) == lines(journal).map(\.count))
        #expect(summary.recordCount == 2)
        #expect(summary.length == journal.count)
        #expect(summary.unfinishedLength == 0)
        #expect(run.recordCount == 2)
    }

    @Test(arguments: [
        [], bytes("\"a\":\"\n\""), bytes("\"a\":\"\0\""), bytes("\t\"a\":1"), [0x22, 0xff, 0x22],
        [0xc0, 0xaf], bytes("\"a\":\"") + [0xe2, 0x98],
    ])
    func membersThatALineCannotHoldAreRefused(members: [UInt8]) throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        #expect(
            failure { () throws(JournalError) in try run.append(members) }
                == JournalError(.badMembers, journalPath))
        #expect(store.contents(journalPath) == [])
    }

    @Test func theLongestRecordFitsAndALongerOneIsRefused() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        let frame = try run.append(bytes(#""a":"""#)).length
        let room = JournalLimits.recordLengthMax - frame
        let longest = #""a":""# + String(repeating: "x", count: room) + #"""#
        let position = try run.append(bytes(longest))
        #expect(position.length == JournalLimits.recordLengthMax)
        #expect(
            failure { () throws(JournalError) in
                try run.append(bytes(#""a":"x"# + longest.dropFirst(5)))
            } == JournalError(.recordTooLong(JournalLimits.recordLengthMax + 1), journalPath))
        try run.append(bytes(#""after":true"#))
        #expect(try open(store.afterKill()).records == [#""a":"""#, longest, #""after":true"#])
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "a\u{1b}[2J", String(repeating: "x", count: 201)])
    func namesOfRunsAndOutputsAreSingleNames(name: String) throws {
        let store = MemoryFileStore()
        let error = failure { () throws(JournalError) in
            _ = try RunFolder.open(name, in: "/state", store: store, options: .init(holder: ""))
        }
        #expect(error == JournalError(.badName(name), "/state"))
        let run = try open(store).run
        #expect(
            failure { () throws(JournalError) in try run.writeOutput(name, []) }
                == JournalError(.badName(name), folderPath + "/output"))
    }

    @Test func outputsAreKeptBesideTheJournal() throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        try run.writeOutput("install.1.stdout", bytes("all at once"))
        let growing = try run.openOutput("install.1.stderr")
        try growing.append(bytes("bit by bit"))
        try growing.truncate(to: 4)
        try growing.append(bytes("byte"))
        try growing.sync()
        #expect(try growing.length == 8)
        let later = try open(store.afterPowerCut(.drop)).run
        #expect(try later.readOutput("install.1.stdout", limit: 100) == bytes("all at once"))
        #expect(try later.readOutput("install.1.stderr", limit: 100) == bytes("bit byte"))
        let reader = try JournalReader("two-node@home", in: "/state", store: store)
        #expect(try reader.readOutput("install.1.stderr", limit: 100) == bytes("bit byte"))
        #expect(
            failure { () throws(JournalError) in _ = try later.readOutput("none", limit: 1) }?.cause?
                .isNotFound
                == true)
    }
}
