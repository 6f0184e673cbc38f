import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Synchronization
import Testing

/// Bytes that lie on the host before an attempt is claimed, and what a script tells that only looks.
@Suite(.timeLimit(.minutes(1))) struct SupervisorStagingTests {
    private final class Source: Sendable {
        let asked = Mutex<[Int]>([])
        let bytes = [UInt8]((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        /// From this offset on nothing comes.
        let end: Int

        init(end: Int = .max) { self.end = end }

        func staged(_ id: String = "id") -> Staged {
            Staged(owner: "step", id: id, length: bytes.count) {
                [self] (offset, count) throws(StagingProblem) in
                asked.withLock { $0.append(offset) }
                guard offset < end else { throw StagingProblem("the file is gone") }
                return Array(bytes[offset..<min(offset + count, bytes.count)])
            }
        }
    }

    private static func request(_ name: String, _ staged: Staged) -> AttemptRequest {
        var request = AttemptRequest(
            id: .test(name), script: "wc -c <\"$RUNBOOK_FOLDER\"/\(staged.name)")
        request.staged = staged
        return request
    }

    @Test(arguments: HostShell.allCases)
    func onlyWhatIsMissingIsSent(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // Something ends it in the middle, before anything is claimed.
            let broken = Source(end: 700_000)
            await #expect(throws: TransportErrorText("the file is gone")) {
                try await caught { _ = try await session.attempt(Self.request("one", broken.staged())) }
            }
            #expect(try await session.lookUp(.test("one")) == .unclaimed)
            let whole = Source()
            let request = Self.request("two", whole.staged())
            guard case .ended(_, let end, _) = try await session.attempt(request) else {
                Issue.record("the attempt did not end")
                return
            }
            #expect(end == AttemptEnd(.exited(0), "1000000\n"))
            let path = "\(sandbox.runFolder)/step.id.staged"
            #expect(try await session.read(path, limit: 2 << 20)?.bytes == whole.bytes)
            let asked = whole.asked.withLock { $0 }
            // A multiple of dd's block, and not from the start.
            #expect(asked[0] > 0 && asked[0] <= 786_432 && asked[0] % 65_536 == 0, "\(asked)")
            await session.close()
        }
    }

    @Test func whatAnOlderCopyLeftGoes() async throws {
        try await Sandbox.with { sandbox in
            let session = try await sandbox.greeted()
            let broken = Source(end: 300_000)
            await #expect(throws: TransportErrorText("the file is gone")) {
                try await caught { _ = try await session.attempt(Self.request("one", broken.staged("old"))) }
            }
            #expect(try await sandbox.say("cd \(sandbox.runFolder); ls *.staged") == "step.old.staged\n")
            _ = try await session.attempt(Self.request("two", Source().staged("new")))
            #expect(try await sandbox.say("cd \(sandbox.runFolder); ls *.staged") == "step.new.staged\n")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func aScriptThatLooksTellsAllThatItWrites(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let said = try await session.capture(
                "head -c 300000 /dev/zero", timeout: .seconds(20), limit: 1 << 20)
            #expect(said == [UInt8](repeating: 0, count: 300_000))
            let error = await #expect(throws: TransportError.self) {
                try await session.capture(
                    "head -c 300000 /dev/zero", timeout: .seconds(20), limit: 1000)
            }
            #expect(error?.code == .local && error?.message.hasSuffix(" is longer than 1000 bytes") == true)
            let failed = await #expect(throws: TransportError.self) {
                try await session.capture("echo why >&2; exit 3", timeout: .seconds(20), limit: 1000)
            }
            #expect(failed?.message == "master could not be looked at: exit status 3: why^J")
            // The session goes on, and nothing stays.
            #expect(try await session.capture("printf x", timeout: .seconds(20), limit: 1) == [120])
            #expect(try await sandbox.say("cd \(sandbox.runFolder); ls -A | grep captured || :") == "")
            await session.close()
        }
    }
}
