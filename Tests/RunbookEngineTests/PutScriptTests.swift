import RunbookSupervisor
import RunbookTestSupport
import Testing

@testable import RunbookEngine

/// The script that puts a file in place, really run by the shells of the hosts.
@Suite struct PutScriptTests {
    static let every: [UInt8] = (0...255).map { UInt8($0) } + [UInt8]("no newline at the end".utf8)

    static func put(
        _ host: HostFolder, _ path: String, old: HostFile?, new: [UInt8], mode: UInt32? = nil,
        validate: String? = nil, input: [UInt8]? = nil
    ) throws -> CommandResult {
        let change = FileChange(path: path, old: old, new: new, mode: mode, validate: validate)
        return try host.run(PutScript(change, backup: "s.a.0.before.1").script, input: input ?? new)
    }

    @Test(arguments: HostFolder.shells)
    func aFileIsReplacedByteForByteWithItsModeAndABackup(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("it's a \"file\"")
        try writeFile(path, [UInt8]("old\n".utf8))
        try runChecked(["chmod", "751", path])
        let before = try host.stat(path)
        let result = try Self.put(host, path, old: try host.file(path), new: Self.every)
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        #expect(try readFile(path) == Self.every)
        #expect(try host.stat(path) == before)
        #expect(try host.names(in: "etc") == ["it's a \"file\""])
        #expect(try readFile(host.folder.file("run/s.a.0.before.1")) == [UInt8]("old\n".utf8))
        #expect(try host.stat(host.folder.file("run/s.a.0.before.1")).hasPrefix("600 "))
    }

    @Test(arguments: HostFolder.shells)
    func theBackupIsWhatWasThereBeforeTheFirstWriting(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("first".utf8))
        for text in ["second", "third"] {
            let result = try Self.put(host, path, old: try host.file(path), new: [UInt8](text.utf8))
            #expect(result.status == 0)
        }
        #expect(try readFile(host.folder.file("run/s.a.0.before.1")) == [UInt8]("first".utf8))
        #expect(try host.names(in: "run") == ["s.a.0.before.1", "s.a.0.before.1.wrote"])
    }

    @Test(arguments: HostFolder.shells)
    func aLinkIsFollowedAndKept(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        try runChecked(["mkdir", host.path("priv")])
        try writeFile(host.path("priv/keys"), [UInt8]("old".utf8))
        try runChecked(["ln", "-s", "priv/keys", host.path("keys")])
        try runChecked(["ln", "-s", "priv/none", host.path("dangling")])
        let result = try Self.put(
            host, host.path("keys"), old: try host.file(host.path("keys")), new: [1, 2])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try runChecked(["readlink", host.path("keys")]) == "priv/keys\n")
        #expect(try readFile(host.path("priv/keys")) == [1, 2])
        let made = try Self.put(host, host.path("dangling"), old: nil, new: [3])
        #expect(made.status == 0, "\(made.errors)")
        #expect(try readFile(host.path("priv/none")) == [3])
        #expect(try host.names(in: "etc/priv") == ["keys", "none"])
    }

    @Test(arguments: HostFolder.shells)
    func aMissingFileIsMadeWithItsModeFromTheStart(_ shell: [String]) throws {
        for (mode, text) in [(UInt32(0o600), "600"), (0o644, "644"), (0o640, "640")] {
            let host = try HostFolder(shell)
            // The validation sees it before it is in place.
            let result = try Self.put(
                host, host.path("new"), old: nil, new: [UInt8]("secret".utf8), mode: mode,
                validate: "stat -c %a %s; cat %s")
            #expect(result == CommandResult(status: 0, output: "", errors: "\(text)\nsecret"))
            #expect(try host.stat(host.path("new")).hasPrefix("\(text) "))
            // That there was none is remembered as well.
            #expect(try host.names(in: "run") == ["s.a.0.before.1.none", "s.a.0.before.1.wrote"])
        }
        let host = try HostFolder(shell)
        #expect(try Self.put(host, host.path("tool"), old: nil, new: [0], mode: 0o755).status == 0)
        #expect(try host.stat(host.path("tool")).hasPrefix("755 "))
        #expect(try Self.put(host, host.path("plain"), old: nil, new: []).status == 0)
        #expect(try host.stat(host.path("plain")).hasPrefix("644 "))
    }

    @Test(arguments: HostFolder.shells)
    func aFileThatChangedMeanwhileIsLeftAlone(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        let old = try host.file(path)
        try writeFile(path, [UInt8]("other".utf8))
        let errors = "\(path) has changed since it was read: nothing was written\n"
        let changed = try Self.put(host, path, old: old, new: [1])
        #expect(changed == CommandResult(status: 75, output: "", errors: errors))
        // It was not there when it was read.
        #expect(try Self.put(host, path, old: nil, new: [1]).status == 75)
        #expect(try readFile(path) == [UInt8]("other".utf8))
        try runChecked(["rm", path])
        #expect(try Self.put(host, path, old: old, new: [1]).status == 75)
        #expect(try host.names(in: "etc") == [])
        #expect(try host.names(in: "run") == [])
    }

    @Test(arguments: HostFolder.shells)
    func whatDidNotArriveWholeIsThrownAway(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        for input in [[UInt8](), Array(Self.every.dropLast()), Self.every + [0]] {
            let result = try Self.put(host, path, old: try host.file(path), new: Self.every, input: input)
            #expect(
                result
                    == CommandResult(status: 76, output: "", errors: "the new \(path) did not arrive whole\n")
            )
        }
        #expect(try readFile(path) == [UInt8]("old".utf8))
        #expect(try host.names(in: "etc") == ["f"])
    }

    /// Every way in which a validation can say no; `set -e` alone does not see some of them.
    @Test(
        arguments: HostFolder.shells,
        [
            "false", "exit 3", "grep -q absent %s", "test -s %s && grep -q absent %s", "false && test -s %s",
            "! test -s %s", "false\ntrue", "absent-program %s", "if grep -q new %s; then false; fi",
        ])
    func aRefusedFileIsNotPutInPlace(_ shell: [String], _ validate: String) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        let result = try Self.put(
            host, path, old: try host.file(path), new: [UInt8]("new".utf8), validate: validate)
        #expect(result.status != 0)
        #expect(result.errors.hasSuffix("the new \(path) was not accepted: nothing was written\n"))
        #expect(try readFile(path) == [UInt8]("old".utf8))
        #expect(try host.names(in: "etc") == ["f"])
        #expect(try host.names(in: "run") == [])
    }

    @Test(
        arguments: HostFolder.shells,
        ["true", "test -s %s && grep -q new %s", "false || true", "cat %s >/dev/null"])
    func anAcceptedFileIsPutInPlace(_ shell: [String], _ validate: String) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        let result = try Self.put(
            host, path, old: try host.file(path), new: [UInt8]("new".utf8), validate: validate)
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        #expect(try readFile(path) == [UInt8]("new".utf8))
    }

    @Test(.timeLimit(.minutes(1)), arguments: HostFolder.shells)
    func whatIsStoppedLeavesNothingBehind(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        for (signal, status) in [("TERM", Int32(143)), ("HUP", 129), ("INT", 130)] {
            let result = try Self.put(
                host, path, old: try host.file(path), new: [1], validate: "kill -\(signal) $$; sleep 0.2")
            #expect(result.status == status)
            #expect(try readFile(path) == [UInt8]("old".utf8))
            #expect(try host.names(in: "etc") == ["f"])
        }
    }

    @Test(arguments: HostFolder.shells)
    func aLinkInTheTemporaryFilesPlaceIsNotFollowed(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        try writeFile(host.path("victim"), [UInt8]("mine".utf8))
        try runChecked(["ln", "-s", "victim", host.path(".f.runbook-new")])
        let result = try Self.put(host, host.path("f"), old: nil, new: [1])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try readFile(host.path("victim")) == [UInt8]("mine".utf8))
        #expect(try host.names(in: "etc") == ["f", "victim"])
    }

    @Test(arguments: HostFolder.shells)
    func aFolderThatIsMissingIsAFailure(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let result = try Self.put(host, host.path("none/f"), old: nil, new: [1])
        #expect(result.status != 0)
        #expect(try host.names(in: "etc") == [])
    }
}
