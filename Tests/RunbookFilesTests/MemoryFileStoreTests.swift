import Glibc
import RunbookFiles
import Testing

@Suite struct MemoryFileStoreTests {
    private func make() throws -> (MemoryFileStore, any OpenDirectory, any OpenFile) {
        let store = MemoryFileStore()
        let directory = try store.openDirectory("/d", create: true)
        let file = try directory.open("a", .appendOrCreate, mode: .ownerOnly)
        try directory.sync()
        try file.append(bytes("synced "))
        try file.sync()
        return (store, directory, file)
    }

    @Test func aPowerCutTakesWhatWasNotSynced() throws {
        let (store, directory, file) = try make()
        try file.append(bytes("not"))
        _ = try directory.open("b", .createNew, mode: .ownerOnly)
        let kept = store.afterPowerCut(.keep)
        let dropped = store.afterPowerCut(.drop)
        #expect(kept.contents("/d/a") == bytes("synced not"))
        #expect(kept.contents("/d/b") == [])
        #expect(dropped.contents("/d/a") == bytes("synced "))
        #expect(dropped.contents("/d/b") == nil)
        #expect(store.afterKill().contents("/d/a") == bytes("synced not"))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func garblingTouchesOnlyWhatWasNotSynced(seed: UInt64) throws {
        let (store, _, file) = try make()
        try file.append([UInt8](repeating: 7, count: 300))
        for fate in [MemoryFileStore.Fate.garble(seed: seed), .mixed(seed: seed)] {
            let found = try #require(store.afterPowerCut(fate).contents("/d/a"))
            #expect(found.starts(with: bytes("synced ")))
            #expect(found.count <= 307)
            #expect(store.afterPowerCut(fate).contents("/d/a") == found)
        }
    }

    @Test func aFailedSyncLosesItsDataForGood() throws {
        let (store, directory, file) = try make()
        try file.append(bytes("lost"))
        store.arm(.init(at: 1, errno: EIO, only: [.sync]))
        #expect(failure { () throws(FileError) in try file.sync() } == FileError(.sync, "/d/a", .system(EIO)))
        #expect(failure { () throws(FileError) in try file.sync() } == FileError(.sync, "/d/a", .poisoned))
        #expect(failure { () throws(FileError) in try file.append([1]) }?.reason == .poisoned)
        let again = try directory.open("a", .append, mode: .ownerOnly)
        #expect(failure { () throws(FileError) in try again.append([1]) }?.reason == .poisoned)
        #expect(store.contents("/d/a") == bytes("synced lost"))
        #expect(store.afterPowerCut(.keep).contents("/d/a") == bytes("synced "))
        try file.dropCache()
        #expect(store.contents("/d/a") == bytes("synced "))
    }

    @Test func faultsComeOnceOrStay() throws {
        let (store, _, file) = try make()
        store.arm(.init(at: 2, errno: ENOSPC, writtenBytes: 2, only: [.append]))
        try file.append(bytes("1"))
        #expect(failure { () throws(FileError) in try file.append(bytes("234")) }?.errno == ENOSPC)
        try file.append(bytes("5"))
        #expect(store.contents("/d/a") == bytes("synced 1235"))
        #expect(store.countedOperations == 3)
        store.arm(.init(at: 1, errno: EIO, isSticky: true))
        #expect(failure { () throws(FileError) in try file.append(bytes("6")) }?.errno == EIO)
        #expect(failure { () throws(FileError) in _ = try file.status() }?.errno == EIO)
        store.arm(nil)
        try file.append(bytes("7"))
    }

    @Test func reservedSpaceIsThereWhenTheDiskIsFull() throws {
        let (store, _, file) = try make()
        store.setFreeBytes(10)
        try file.reserve(7..<12)
        store.setFreeBytes(0)
        try file.append(bytes("12345"))
        let error = failure { () throws(FileError) in try file.append(bytes("6")) }
        #expect(error == FileError(.append, "/d/a", .system(ENOSPC), freeBytes: 0))
    }

    /// After each failure there is the old file or the new one, and after a power cut too.
    @Test(arguments: [false, true])
    func atomicWritesAreOldOrNewWhateverFails(isSticky: Bool) throws {
        var number = 1
        while true {
            let (store, directory, _) = try make()
            store.arm(.init(at: number, errno: EIO, isSticky: isSticky, writtenBytes: 1))
            let error = failure { () throws(FileError) in try directory.writeAtomically("a", bytes("new")) }
            for disk in [store.afterKill()] + fates.map(store.afterPowerCut) {
                let found = disk.contents("/d/a")
                #expect(found == bytes("new") || (error != nil && found == bytes("synced ")), "\(number)")
            }
            if error == nil { break }
            number += 1
        }
        #expect(number == 6)
    }

    private var fates: [MemoryFileStore.Fate] {
        [.keep, .drop] + (0..<20).flatMap { [.garble(seed: $0), .mixed(seed: $0)] }
    }
}
