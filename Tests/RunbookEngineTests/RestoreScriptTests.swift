import RunbookModel
import RunbookTestSupport
import Testing

@testable import RunbookEngine

/// The script that takes a written file back, really run by the shells of the hosts.
@Suite struct RestoreScriptTests {
    static func context(_ path: String) -> UnitContext {
        let copy = CopyAction(source: .content(Template("written")), path: Template(path))
        return UnitContext(
            plan: Plan(Step("s") { $0.action = .copy(copy) }), unit: Unit("s", "a"), outputs: [:])
    }

    /// The step writes "written", from whatever the host has.
    static func put(_ host: HostFolder, _ path: String) throws {
        let isThere = try host.names(in: "etc").contains("f")
        let files = [path: isThere ? try host.file(path) : nil]
        guard let acting = try context(path).acting(on: files), let input = acting.input else {
            throw SupportError("no verb")
        }
        #expect(try host.run(acting.script, input: input) == CommandResult(status: 0, output: "", errors: ""))
    }

    static func restore(_ host: HostFolder, _ path: String) throws -> CommandResult {
        try host.run(try context(path).restoreScript())
    }

    static let quiet = CommandResult(status: 0, output: "", errors: "")

    @Test(arguments: HostFolder.shells)
    func theFileIsAsItWas(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, PutScriptTests.every)
        try runChecked(["chmod", "640", path])
        let before = try host.stat(path)
        try Self.put(host, path)
        #expect(try readFile(path) == [UInt8]("written".utf8))
        #expect(try Self.restore(host, path) == Self.quiet)
        #expect(try readFile(path) == PutScriptTests.every)
        #expect(try host.stat(path) == before)
        #expect(try host.names(in: "etc") == ["f"])
        // A second time there is nothing to take back.
        #expect(try host.names(in: "run") == [])
        #expect(try Self.restore(host, path) == Self.quiet)
        #expect(try readFile(path) == PutScriptTests.every)
    }

    @Test(arguments: HostFolder.shells)
    func aFileThatWasNotThereIsRemoved(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        try Self.put(host, host.path("f"))
        #expect(try Self.restore(host, host.path("f")) == Self.quiet)
        #expect(try host.names(in: "etc") == [])
    }

    @Test(arguments: HostFolder.shells)
    func whatChangedSinceIsLeftAsItIs(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        try Self.put(host, path)
        try writeFile(path, [UInt8]("by hand".utf8))
        #expect(
            try Self.restore(host, path)
                == CommandResult(
                    status: 75, output: "",
                    errors: "\(path) has changed since this run wrote it: it was left as it is\n"))
        #expect(try readFile(path) == [UInt8]("by hand".utf8))
    }

    @Test(arguments: HostFolder.shells)
    func whatIsWrittenAfterAnUndoGoesBackToWhatStoodThen(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let path = host.path("f")
        try writeFile(path, [UInt8]("old".utf8))
        try Self.put(host, path)
        #expect(try Self.restore(host, path) == Self.quiet)
        try writeFile(path, [UInt8]("by hand".utf8))
        try Self.put(host, path)
        #expect(try Self.restore(host, path) == Self.quiet)
        #expect(try readFile(path) == [UInt8]("by hand".utf8))
    }
}
