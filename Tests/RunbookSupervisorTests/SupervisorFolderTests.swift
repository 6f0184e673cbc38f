import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct SupervisorFolderTests {
    @Test(arguments: HostShell.allCases)
    func hostSaysWhoItIs(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = sandbox.session()
            let facts = try await session.greet(run: Sandbox.run, isNew: true)
            func first(_ command: String) async throws -> String {
                String(try await sandbox.say(command).split(separator: "\n").first ?? "")
            }
            #expect(facts.bootID == (try await first("cat /proc/sys/kernel/random/boot_id")))
            #expect(facts.initStart == (try await first("sed 's/.*) //' /proc/1/stat | cut -d' ' -f20")))
            #expect(facts.machineID == (try await first("cat /etc/machine-id 2>/dev/null; echo")))
            #expect(facts.user == (try await first("id -un")))
            #expect("\(facts.userID)" == (try await first("id -u")))
            #expect(facts.nodeName == (try await first("uname -n")))
            #expect(facts.folder == .made)
            let now = Int(try await first("date +%s")) ?? 0
            #expect(now - facts.clock >= 0 && now - facts.clock < 60)
            #expect(try await sandbox.say("stat -c '%a %F' \(sandbox.runFolder)") == "700 directory\n")
            #expect(try await sandbox.say("cd \(sandbox.runFolder); stat -c '%a %n' *") == "600 marker\n")
            #expect(try await session.run("true") == .ended(.init(), AttemptEnd(.exited(0)), after: []))
            #expect(try await sandbox.say("cd \(sandbox.runFolder); stat -c '%a' * | sort -u") == "600\n")
            await session.close()
        }
    }

    @Test(
        arguments: HostShell.allCases,
        [
            ("true", true, HostFacts.Folder.made),
            ("true", false, .missing),
            ("mkdir -m 700 R; printf 'runbook 1 ID .\\n' >R/marker", false, .ours),
            ("mkdir -m 700 R; printf 'runbook 1 ID .\\n' >R/marker", true, .ours),
            // Made, and cut off before the marker was whole.
            ("mkdir -m 700 R", true, .made),
            ("mkdir -m 700 R; printf 'runbook 1 I' >R/marker", true, .made),
            ("mkdir -m 700 R; printf 'runbook 1 I' >R/marker", false, .missing),
            ("mkdir -m 700 R; printf 'runbook 1 other .\\n' >R/marker", true, .foreign),
            ("mkdir -m 777 R; printf 'runbook 1 ID .\\n' >R/marker", false, .foreign),
            ("mkdir -m 700 R; chown 65534 R", true, .foreign),
            ("mkdir -m 700 real; printf 'runbook 1 ID .\\n' >real/marker; ln -s real R", true, .foreign),
            ("ln -s nowhere R", true, .foreign),
            ("printf 'runbook 1 ID .\\n' >R", true, .foreign),
            ("chmod 777 .", true, .foreign),
        ])
    func folderIsTrustedOnlyWhenItIsOurs(
        shell: HostShell, example: (setUp: String, isNew: Bool, folder: HostFacts.Folder)
    ) async throws {
        try await Sandbox.with(shell) { sandbox in
            if example.setUp.contains("chown"), try await sandbox.say("id -u") != "0\n" { return }
            let setUp = example.setUp.split(separator: "R", omittingEmptySubsequences: false)
                .joined(separator: Sandbox.run.rawValue).split(separator: "ID").joined(
                    separator: Sandbox.run.rawValue)
            try await sandbox.say(
                "umask 022; mkdir \(sandbox.folder)/runs; cd \(sandbox.folder)/runs; \(setUp)")
            let before = try await sandbox.say("ls -lAR \(sandbox.folder)/runs")
            let session = sandbox.session()
            #expect(try await session.greet(run: Sandbox.run, isNew: example.isNew).folder == example.folder)
            if example.folder == .made || example.folder == .ours {
                #expect(try await session.run("true") == .ended(.init(), AttemptEnd(.exited(0)), after: []))
            } else {
                let text = "on master: \(sandbox.runFolder) is not there or not this run's"
                await #expect(throws: TransportErrorText(text)) {
                    try await caught { _ = try await session.run("true") }
                }
                await #expect(throws: TransportErrorText(text)) {
                    try await caught { _ = try await session.fence(.test("step")) }
                }
                await session.close()
                #expect(try await sandbox.say("ls -lAR \(sandbox.folder)/runs") == before)
            }
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func folderThatCannotBeMadeIsNamed(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            try await sandbox.say("touch \(sandbox.folder)/runs")
            let session = sandbox.session()
            do {
                _ = try await session.greet(run: Sandbox.run, isNew: true)
                Issue.record("greeted")
            } catch let error as TransportError {
                #expect(error.code == .local)
                #expect(error.message.hasSuffix("\(sandbox.folder)/runs': File exists") || shell == .busybox)
            }
            await session.close()
        }
    }

    @Test func homeOfAnOrdinaryUserHoldsTheRuns() async throws {
        try await Sandbox.with { sandbox in
            // Only the choice by user number needs another user; the folder below HOME is made in the same way.
            var options = sandbox.options
            options.base = "\(sandbox.folder)/.local/state/runbook"
            let session = SupervisedSession(
                host: Sandbox.host, connection: sandbox.connect(), nonce: "n", options: options)
            let facts = try await session.greet(run: Sandbox.run, isNew: true)
            #expect(facts.folder == .made)
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func fileIsReadWhole(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let folder = sandbox.folder
            try await sandbox.say(
                """
                cd \(folder); mkdir real; printf 'a\\000b\\377' >"real/it's a file"; chmod 640 real/*; chown 0:0 real/* || :
                ln -s real link; ln -s "link/it's a file" short; : >empty; ln -s nowhere dangling
                head -c 100000 /dev/zero >big
                """)
            let owner = String(try await sandbox.say("stat -c %u:%g \(folder)/real/*").dropLast())
            let file = HostFile(
                bytes: [97, 0, 98, 255], mode: 0o640, owner: owner, path: "\(folder)/real/it's a file")
            #expect(try await session.read("\(folder)/short", limit: 4) == file)
            #expect(try await session.read("\(folder)/empty", limit: 0)?.bytes == [])
            #expect(try await session.read("\(folder)/nowhere", limit: 10) == nil)
            #expect(try await session.read("\(folder)/dangling", limit: 10) == nil)
            #expect(try await session.read("\(folder)/empty/x", limit: 10) == nil)
            #expect(try await session.read("\(folder)/big", limit: 100_000)?.bytes.count == 100_000)
            await #expect(throws: TransportErrorText("on master: \(folder)/big is longer than 99999 bytes")) {
                try await caught { _ = try await session.read("\(folder)/big", limit: 99_999) }
            }
            await #expect(throws: TransportErrorText("on master: \(folder)/real is not a file")) {
                try await caught { _ = try await session.read("\(folder)/real", limit: 10) }
            }
            await #expect(throws: TransportErrorText("the path etc/hosts does not begin with a slash")) {
                try await caught { _ = try await session.read("etc/hosts", limit: 10) }
            }
            #expect(
                try await session.read("/proc/sys/kernel/ostype", limit: 100)?.bytes == Array("Linux\n".utf8))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func hostIsHeldByOneRun(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let mine = try await sandbox.greeted()
            let other = sandbox.session("other")
            let run = RunID(rawValue: "other-run")
            _ = try await other.greet(run: run, isNew: true)
            let holder = LockHolder(
                run: Sandbox.run, who: "root@desk", since: "2026-11-24\n10:04 CET", runbook: "two-node")
            var written = holder
            written.since = "2026-11-24 10:04 CET"
            #expect(try await mine.takeLock(holder) == .taken)
            #expect(try await mine.takeLock(holder) == .taken)
            let another = LockHolder(run: run, who: "eve@desk", since: "now", runbook: "x")
            #expect(try await other.takeLock(another) == .held(by: written))
            try await other.releaseLock()
            #expect(try await other.takeLock(another) == .held(by: written))
            try await mine.releaseLock()
            #expect(try await other.takeLock(another) == .taken)
            #expect(try await mine.takeLock(holder) == .held(by: another))
            let unknown = LockHolder(run: RunID(rawValue: ""), who: "unknown", since: "", runbook: "")
            for text in ["", "two-node-1a2b\\nroot@de"] {
                try await sandbox.say("printf '\(text)' >\(sandbox.folder)/runs/lock")
                #expect(try await mine.takeLock(holder) == .held(by: unknown))
            }
            try await mine.breakLock(of: run)
            #expect(try await mine.takeLock(holder) == .held(by: unknown))
            try await mine.breakLock(of: RunID(rawValue: ""))
            #expect(try await mine.takeLock(holder) == .taken)
            try await other.breakLock(of: Sandbox.run)
            #expect(try await other.takeLock(another) == .taken)
            await mine.close()
            await other.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func cleanRemovesTheRunAndNothingElse(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let other = sandbox.session("other")
            _ = try await other.greet(run: RunID(rawValue: "other-run"), isNew: true)
            let holder = LockHolder(run: Sandbox.run, who: "root@desk", since: "now", runbook: "two-node")
            #expect(try await session.takeLock(holder) == .taken)
            var request = AttemptRequest(id: .test("left"), script: "sleep 30")
            request.timeout = Timeout(after: .milliseconds(100), then: .leave)
            #expect(try await session.attempt(request) == .left(.init()))
            await #expect(throws: TransportErrorText("on master: still running: left.master.1")) {
                try await caught { try await session.clean() }
            }
            try await session.stop(.test("left"))
            try await session.clean()
            await session.close()
            #expect(try await sandbox.say("ls -A \(sandbox.folder)/runs") == "other-run\n")
            await other.close()
        }
    }
}
