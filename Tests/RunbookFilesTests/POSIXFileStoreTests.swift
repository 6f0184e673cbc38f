import Glibc
import RunbookFiles
import Testing

@Suite struct POSIXFileStoreTests {
    /// What stands where a journal should be (J28).
    enum Obstacle: String, CaseIterable, Sendable {
        case directory, pipe, device, link, danglingLink, hardLink
    }

    private func put(_ obstacle: Obstacle, at path: String, beside other: String) {
        switch obstacle {
        case .directory: _ = unsafe mkdir(path, 0o700)
        case .pipe: _ = unsafe mkfifo(path, 0o600)
        case .device: _ = unsafe symlink("/dev/null", path)
        case .link: _ = unsafe symlink(other, path)
        case .danglingLink: _ = unsafe symlink(other + "-missing", path)
        case .hardLink: _ = unsafe link(other, path)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Obstacle.allCases)
    func onlyARegularFileWithOneNameIsWritten(obstacle: Obstacle) throws {
        let scratch = try Scratch()
        let directory = try scratch.directory()
        try directory.writeAtomically("other", bytes("kept"))
        let path = scratch.path + "/it"
        put(obstacle, at: path, beside: scratch.path + "/other")
        let error = failure { () throws(FileError) in
            _ = try directory.open("it", .appendOrCreate, mode: .ownerOnly)
        }
        let expected: FileError.Reason =
            switch obstacle {
            case .directory, .pipe: .notRegular
            case .device, .link, .danglingLink: .symbolicLink
            case .hardLink: .severalNames(2)
            }
        #expect(error == FileError(.open, path, expected))
        #expect(try directory.readFile("other", limit: 9) == bytes("kept"))
    }

    @Test(.timeLimit(.minutes(1)))
    func readingAPipeOrADirectoryDoesNotHang() throws {
        let scratch = try Scratch()
        _ = unsafe mkfifo(scratch.path + "/pipe", 0o600)
        for path in [scratch.path, scratch.path + "/pipe", "/dev/zero"] {
            let error = failure { () throws(FileError) in _ = try scratch.store.readFile(path, limit: 9) }
            #expect(error == FileError(.open, path, .notRegular))
        }
    }

    @Test func filesWithoutALengthAreReadToTheirEnd() throws {
        let text = try POSIXFileStore().readFile("/proc/self/status", limit: 1 << 20)
        #expect(text.starts(with: bytes("Name:")) && text.last == 10)
        let error = failure { () throws(FileError) in
            _ = try POSIXFileStore().readFile("/proc/self/status", limit: 10)
        }
        #expect(error == FileError(.read, "/proc/self/status", .tooLong(limit: 10)))
    }

    @Test func aDirectoryIsNotOpenedThroughALink() throws {
        let scratch = try Scratch()
        let directory = try scratch.directory()
        _ = try directory.openDirectory("real", create: true)
        _ = unsafe symlink("real", scratch.path + "/link")
        let error = failure { () throws(FileError) in
            _ = try directory.openDirectory("link", create: true)
        }
        #expect(error?.operation == .openDirectory)
        #expect([ENOTDIR, ELOOP].contains(error?.errno))
    }

    @Test func workGoesOnInARenamedDirectory() throws {
        let scratch = try Scratch()
        let parent = try scratch.directory()
        let directory = try parent.openDirectory("before", create: true)
        try parent.rename("before", to: "after")
        _ = unsafe symlink("/tmp", scratch.path + "/before")
        try directory.writeAtomically("a", bytes("here"))
        #expect(try scratch.store.readFile(scratch.path + "/after/a", limit: 9) == bytes("here"))
        try parent.remove("before")
    }

    @Test(arguments: [0o000, 0o077, 0o777] as [UInt32])
    func modesDoNotDependOnTheUmask(mask: UInt32) async {
        // The umask belongs to the whole process, so it is changed in one of its own.
        switch mask {
        case 0o000: await #expect(processExitsWith: .success) { try modesHold(under: 0o000) }
        case 0o077: await #expect(processExitsWith: .success) { try modesHold(under: 0o077) }
        default: await #expect(processExitsWith: .success) { try modesHold(under: 0o777) }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aFullLimitIsAnErrorThatNamesTheFreeSpace() async {
        // RLIMIT_FSIZE (J15): SIGXFSZ must not end the process.
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let file = try scratch.directory().open("a", .appendOrCreate, mode: .ownerOnly)
            let error = failure { () throws(FileError) in
                try file.append([UInt8](repeating: 1, count: 1500))
            }
            try #require(error?.errno == EFBIG && error?.isNoSpace == true && error?.freeBytes != nil)
            // Short writes (J10): what fitted is there.
            try #require(file.status().length == 1000)
        }
    }

    @Test func aSecondProcessIsKeptOut() throws {
        let scratch = try Scratch()
        let file = try scratch.directory().open("lock", .appendOrCreate, mode: .ownerOnly)
        #expect(try file.lock())
        #expect(try flockOfAnotherProcess(scratch.path + "/lock") == 1)
        try file.unlock()
        #expect(try flockOfAnotherProcess(scratch.path + "/lock") == 0)
    }

    @Test func fileSystemsAreTold() throws {
        let scratch = try Scratch()
        #expect(try scratch.directory().fileSystem() == .local)
        #expect(try scratch.store.openDirectory("/proc", create: false).fileSystem() == .local)
    }

    /// The exit status of flock(1) without waiting.
    private func flockOfAnotherProcess(_ path: String) throws -> Int32 {
        var child: pid_t = 0
        let words = ["/usr/bin/flock", "--nonblock", path, "true"]
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        let spawned = unsafe posix_spawn(&child, "/usr/bin/flock", nil, nil, &arguments, environ)
        try #require(spawned == 0)
        var status: Int32 = 0
        try #require(unsafe waitpid(child, &status, 0) == child)
        return (status >> 8) & 0xff
    }
}

/// Throws if a file or a directory made under `mask` has another mode than it should.
private func modesHold(under mask: UInt32) throws {
    let scratch = try Scratch()
    umask(mask)
    let directory = try scratch.directory()
    let inner = try directory.openDirectory("d", create: true)
    let file = try inner.open("a", .createNew, mode: .ownerOnly)
    try inner.writeAtomically("b", [1], mode: .shared)
    try #require(inner.status().mode & 0o777 == 0o700)
    try #require(file.status().mode == 0o600)
    try #require(inner.status(of: "b")?.mode == 0o644)
    umask(0o022)
}
