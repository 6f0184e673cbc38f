import RunbookFiles
import Testing

/// What both stores must do alike.
@Suite struct FileStoreConformanceTests {
    enum Kind: CaseIterable, Sendable {
        case posix, memory
    }

    /// The store, a directory in it, and what must live as long as they do.
    private func make(_ kind: Kind) throws -> (any FileStore, any OpenDirectory, Scratch?) {
        switch kind {
        case .posix:
            let scratch = try Scratch()
            return (scratch.store, try scratch.directory(), scratch)
        case .memory:
            let store = MemoryFileStore()
            return (store, try store.openDirectory("/work", create: true), nil)
        }
    }

    @Test(arguments: Kind.allCases)
    func appendsAndReadsBack(kind: Kind) throws {
        let (store, directory, scratch) = try make(kind)
        let file = try directory.open("a", .appendOrCreate, mode: .ownerOnly)
        try file.append(bytes("one "))
        try file.append(bytes("two"))
        try file.sync()
        try directory.sync()
        #expect(try file.readAll(limit: 100) == bytes("one two"))
        #expect(try directory.readFile("a", limit: 7) == bytes("one two"))
        #expect(try store.readFile(directory.path + "/a", limit: 7) == bytes("one two"))
        #expect(try directory.status(of: "a") == file.status())
        var buffer = [UInt8](repeating: 0, count: 6)
        #expect(try file.read(into: &buffer, range: 2..<5, from: 4) == 3)
        #expect(buffer == [0, 0] + bytes("two") + [0])
        #expect(try file.read(into: &buffer, range: 0..<6, from: 7) == 0)
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func newFilesAndDirectoriesArePrivate(kind: Kind) throws {
        let (store, directory, scratch) = try make(kind)
        let file = try directory.open("a", .createNew, mode: .ownerOnly)
        let inner = try directory.openDirectory("d", create: true)
        #expect(try file.status().mode == 0o600)
        #expect(try inner.status().mode & 0o777 == 0o700)
        #expect(try file.status().owner == store.currentUser)
        #expect(try directory.list() == ["a", "d"])
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func truncatedFilesGrowFromTheirNewEnd(kind: Kind) throws {
        let (_, directory, scratch) = try make(kind)
        let file = try directory.open("a", .appendOrCreate, mode: .ownerOnly)
        try file.append(bytes("abcdef"))
        try file.truncate(to: 2)
        try file.append(bytes("X"))
        #expect(try file.readAll(limit: 10) == bytes("abX"))
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func reservedSpaceDoesNotShow(kind: Kind) throws {
        let (_, directory, scratch) = try make(kind)
        let file = try directory.open("a", .appendOrCreate, mode: .ownerOnly)
        try file.append(bytes("ab"))
        try file.reserve(2..<100_000)
        #expect(try file.status().length == 2)
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func aLockKeepsOthersOutUntilItsFileIsClosed(kind: Kind) throws {
        let (_, directory, scratch) = try make(kind)
        var first: (any OpenFile)? = try directory.open("lock", .appendOrCreate, mode: .ownerOnly)
        let second = try directory.open("lock", .append, mode: .ownerOnly)
        #expect(try first?.lock() == true)
        #expect(try second.lock() == false)
        first = nil
        #expect(try second.lock() == true)
        let third = try directory.open("lock", .append, mode: .ownerOnly)
        #expect(try third.lock() == false)
        try second.unlock()
        #expect(try third.lock() == true)
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func atomicWritesReplaceAndLeaveNothingElse(kind: Kind) throws {
        let (store, directory, scratch) = try make(kind)
        try directory.writeAtomically("a", bytes("old"))
        try store.writeAtomically(directory.path + "/a", bytes("new"))
        #expect(try directory.readFile("a", limit: 10) == bytes("new"))
        #expect(try directory.list() == ["a"])
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func longFilesAreRefusedNotCut(kind: Kind) throws {
        let (_, directory, scratch) = try make(kind)
        try directory.writeAtomically("a", bytes("12345"))
        #expect(
            failure { () throws(FileError) in _ = try directory.readFile("a", limit: 4) }
                == FileError(.read, directory.path + "/a", .tooLong(limit: 4)))
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases, ["", ".", "..", "a/b", "a\0b"])
    func namesStayInTheirDirectory(kind: Kind, name: String) throws {
        let (_, directory, scratch) = try make(kind)
        let error = failure { () throws(FileError) in
            _ = try directory.open(name, .appendOrCreate, mode: .ownerOnly)
        }
        #expect(error?.reason == .badName)
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func missingFilesAndTakenNamesAreTold(kind: Kind) throws {
        let (store, directory, scratch) = try make(kind)
        #expect(failure { () throws(FileError) in _ = try directory.readFile("a", limit: 1) }?.errno == 2)
        #expect(failure { () throws(FileError) in try directory.remove("a") }?.errno == 2)
        #expect(failure { () throws(FileError) in try directory.rename("a", to: "b") }?.errno == 2)
        #expect(try directory.status(of: "a") == nil)
        #expect(try store.status(of: directory.path + "/a") == nil)
        try directory.writeAtomically("a", [])
        let error = failure { () throws(FileError) in
            _ = try directory.open("a", .createNew, mode: .ownerOnly)
        }
        #expect(error?.errno == 17)
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func leftOversOfACrashAreRemoved(kind: Kind) throws {
        let (_, directory, scratch) = try make(kind)
        _ = try directory.open(".tmp-1-1", .createNew, mode: .ownerOnly)
        try directory.writeAtomically("kept", [])
        try directory.removeLeftOvers()
        #expect(try directory.list() == ["kept"])
        withExtendedLifetime(scratch) {}
    }

    @Test(arguments: Kind.allCases)
    func missingDirectoriesOfAPathAreMade(kind: Kind) throws {
        let (store, directory, scratch) = try make(kind)
        let made = try store.openDirectory(directory.path + "/x/y/z", create: true)
        try made.writeAtomically("a", bytes("deep"))
        #expect(try store.readFile(directory.path + "/x/y/z/a", limit: 9) == bytes("deep"))
        let again = try store.openDirectory(directory.path + "/x/y/z", create: true)
        #expect(try again.list() == ["a"])
        withExtendedLifetime(scratch) {}
    }
}
