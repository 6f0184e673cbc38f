import Glibc
import Testing

@testable import RunbookFiles

@Suite struct SystemCallTests {
    /// What each call answers, and what becomes of 10 bytes.
    @Test(
        arguments: [
            ([10], nil, [0]),
            ([1, 9], nil, [0, 1]),
            ([5, 4, 1], nil, [0, 5, 9]),
            ([3, -28], 28, [0, 3]),
            ([-5], 5, [0]),
            ([4, 0], EIO, [0, 4]),
        ] as [([Int], Int32?, [Int])])
    func theRestOfAShortWriteIsWritten(answers: [Int], error: Int32?, places: [Int]) {
        var left = answers[...]
        var asked: [Int] = []
        let result = untilAllWritten(10) { place in
            asked.append(place)
            return left.removeFirst()
        }
        #expect(result == error)
        #expect(asked == places)
        #expect(left.isEmpty)
    }

    @Test func interruptedCallsAreMadeAgain() {
        var calls = 0
        let result = uninterrupted {
            calls += 1
            errno = calls < 3 ? EINTR : 0
            return calls < 3 ? -1 : 7
        }
        #expect(result == 7)
        #expect(calls == 3)
    }

    @Test func otherErrorsAreGivenBack() {
        let result = uninterrupted {
            errno = ENOSPC
            return -1
        }
        #expect(result == -28)
    }

    @Test(arguments: [
        ("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a", "b"), ("./a", ".", "a"),
    ])
    func pathsAreTakenApart(path: String, above: String, name: String) {
        let parts = POSIXFileStore.split(path)
        #expect(parts?.above == above)
        #expect(parts?.name == name)
    }

    @Test(arguments: ["/", "", ".", "..", "a/.."])
    func pathsWithoutALastNameAreNotTakenApart(path: String) {
        #expect(POSIXFileStore.split(path) == nil)
    }

    @Test(
        arguments: [
            (0x6969, .network("NFS")), (0xfe53_4d42, .network("SMB2")), (0xef53, .local),
            (0x6573_5546, .local),
        ] as [(Int64, FileSystemKind)])
    func networkFileSystemsAreKnownByTheirNumber(magic: Int64, kind: FileSystemKind) {
        #expect(FileSystemKind(magic: magic) == kind)
    }

    @Test(arguments: [
        (
            FileError(.append, "/s/j", .system(28), freeBytes: 12),
            "cannot write to /s/j: No space left on device (12 bytes free); make room there and try again"
        ),
        (
            FileError(.open, "/s/j", .system(24)),
            "cannot open /s/j: Too many open files; too many files are open: "
                + "raise the limit (ulimit -n) and try again"
        ),
        (
            FileError(.open, "/s/j", .severalNames(2)),
            "cannot open /s/j: it is a file with 2 names (hard links); copy it, so that this name has a "
                + "file of its own"
        ),
        (FileError(.read, "/s/j", .tooLong(limit: 9)), "cannot read /s/j: it is longer than 9 bytes"),
        (FileError(.open, "/s/", .badName), "cannot open /s/: this is not a file name"),
        (
            FileError(.sync, "/s/j", .poisoned),
            "cannot sync /s/j: an earlier sync of it failed, so the disk may not have what was written; "
                + "check the disk, then start again"
        ),
    ])
    func messagesSayWhatWhereWhyAndWhatToDo(error: FileError, message: String) {
        #expect(error.message == message)
    }
}
