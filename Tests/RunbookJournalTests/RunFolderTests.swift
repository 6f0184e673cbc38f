import RunbookFiles
import RunbookJournal
import Testing

@Suite struct RunFolderTests {
    /// K01, K02, K04.
    @Test func oneProcessAtATimeHasTheRun() throws {
        let store = MemoryFileStore()
        var first: RunFolder? = try open(store).run
        let refusal = JournalError(.locked(by: "process 7, anna on desk, since 10:04"), folderPath)
        #expect(openingFailure(store) == refusal)
        #expect(
            refusal.message
                == "the run is open in another process (process 7, anna on desk, since 10:04); wait for it or "
                + "stop it, the lock goes with its process")
        #expect(first != nil)
        first = nil
        let second = try open(store).run
        #expect(openingFailure(store) == refusal)
        second.close()
        #expect(failure { () throws(JournalError) in try second.append(bytes(#""a":1"#)) }?.code == .poisoned)
        #expect(openingFailure(store) == nil)
        #expect(store.contents(folderPath + "/lock") == bytes("process 7, anna on desk, since 10:04\n"))
    }

    @Test(arguments: [
        ("\u{1b}[2Jevil\n\u{7}text", "[2Jevil text"), ("", "it did not say who it is"),
        (String(repeating: "x", count: 2000), "it did not say who it is"),
    ])
    func theHoldersTextIsOneLineWithoutControls(written: String, shown: String) throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        store.place(folderPath + "/lock", bytes(written))
        #expect(openingFailure(store)?.code == .locked(by: shown))
        withExtendedLifetime(run) {}
    }

    /// K05, X13: what the names lead to is looked at before each append.
    @Test(arguments: ["lock removed", "journal replaced", "journal grew", "folder moved", "folder replaced"])
    func aRunThatWasTakenAwayIsNotWrittenTo(what: String) throws {
        let store = MemoryFileStore()
        let run = try open(store).run
        try run.append(bytes(#""a":1"#))
        let journal = try #require(store.contents(journalPath))
        let state = try store.openDirectory("/state", create: false)
        let folder = try state.openDirectory("two-node@home", create: false)
        switch what {
        case "lock removed": try folder.remove("lock")
        case "journal replaced": try folder.writeAtomically("journal.jsonl", journal)
        case "journal grew":
            try folder.open("journal.jsonl", .append, mode: .ownerOnly).append(bytes("x"))
        default:
            try state.rename("two-node@home", to: "elsewhere")
            if what == "folder replaced" { _ = try state.openDirectory("two-node@home", create: true) }
        }
        let writes = store.trace.filter { $0.hasPrefix("write to \(journalPath)") }
        for code in [JournalError.Code.replaced, .poisoned] {
            #expect(failure { () throws(JournalError) in try run.append(bytes(#""b":2"#)) }?.code == code)
        }
        #expect(store.trace.filter { $0.hasPrefix("write to \(journalPath)") } == writes)
    }

    /// K09.
    @Test func aNetworkFileSystemIsRefusedUnlessAskedFor() throws {
        let store = MemoryFileStore()
        store.setFileSystem(.network("NFS"))
        #expect(openingFailure(store) == JournalError(.networkFileSystem("NFS"), folderPath))
        let run = try RunFolder.open(
            "two-node@home", in: "/state", store: store,
            options: .init(holder: "me", allowsNetworkFileSystem: true))
        #expect(run.recordCount == 0)
    }

    @Test func aRunThatIsNotThereIsMissing() throws {
        let error = failure { () throws(JournalError) in
            _ = try JournalReader("two-node@home", in: "/state", store: MemoryFileStore())
        }
        #expect(error == JournalError(.missing, folderPath))
    }

    /// X12.
    @Test(
        arguments: [
            (folderPath, 1001, 0o700, false), (folderPath, 0, 0o700, false), (folderPath, 1000, 0o770, false),
            (folderPath, 1000, 0o702, false), (folderPath, 1000, 0o755, true), ("/state", 1000, 0o777, false),
            ("/state", 1000, 0o1777, true), ("/state", 0, 0o1777, true), ("/state", 1001, 0o755, false),
            ("/state", 1000, 0o775, true),
        ] as [(String, UInt32, UInt32, Bool)])
    func aFolderThatOthersCanChangeIsRefused(path: String, owner: UInt32, mode: UInt32, isGood: Bool) throws {
        let store = try makeStore([#""a":1"#])
        store.setDirectory(path, owner: owner, mode: mode)
        #expect(openingFailure(store) == (isGood ? nil : JournalError(.notPrivate, folderPath)))
    }
}
