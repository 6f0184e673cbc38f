import RunbookModel
import RunbookSupervisor
import Testing

@Suite(.timeLimit(.minutes(10))) struct SupervisorCommandTests {
    @Test(arguments: HostShell.allCases)
    func commandRunsInACleanAndKnownPlace(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(
                id: .test("place"),
                script: """
                    echo "$LC_ALL $PATH $(pwd) $(umask) $#"
                    printf '%s|' "$A" "$B"
                    [ "$(ps -o pgid= $$ 2>/dev/null | tr -d ' ')" != 0 ] && echo
                    ls /proc/$$/fd | wc -l >/dev/null
                    for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/self/fd/$fd ] || readlink /proc/self/fd/$fd; done
                    echo "${rb_x-unset}"
                    """)
            request.environment = [ShellVariable("A", "it's\n\"$HOME\" `x` \\"), ShellVariable("B", "")]
            let path = "\(sandbox.folder)/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            let output = """
                C \(path) / 0022 0
                it's
                "$HOME" `x` \\||
                unset

                """
            #expect(
                try await session.attempt(request)
                    == .ended(.init(), AttemptEnd(.exited(0), output), after: []))
            await session.close()
        }
    }

    @Test(
        arguments: HostShell.allCases,
        [
            ("false; echo no", ProcessEnd.exited(1), "", ""),
            ("echo a; exit 7", .exited(7), "a\n", ""),
            ("exit 143", .exited(143), "", ""),
            ("kill -TERM $$", .signalled(15), "", ""),
            ("kill -KILL $$", .signalled(9), "", ""),
            ("read x || echo \"eof $?\"", .exited(0), "eof 1\n", ""),
            ("cat", .exited(0), "", ""),
            ("echo e >&2", .exited(0), "", "e\n"),
            ("if true; then\necho 'two\nlines'\nfi", .exited(0), "two\nlines\n", ""),
            ("cat <<EOF\n$((1 + 1)) '\\\\\nEOF", .exited(0), "2 '\\\n", ""),
            ("echo 'RB1 nonce-1 2 0 done'", .exited(0), "RB1 nonce-1 2 0 done\n", ""),
            ("", .exited(0), "", ""),
            ("# only a comment", .exited(0), "", ""),
        ])
    func scriptEnds(
        shell: HostShell, example: (script: String, end: ProcessEnd, output: String, errors: String)
    ) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            #expect(
                try await session.run(example.script)
                    == .ended(
                        .init(), AttemptEnd(example.end, example.output, errors: example.errors), after: []))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func unsetVariableAndPipelineFail(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            guard case .ended(_, let end, _) = try await session.run("echo \"$nothing\"; echo on") else {
                Issue.record("not ended")
                return
            }
            // bash gives 1, dash and busybox give 2.
            #expect(end.end == (shell.isBash ? .exited(1) : .exited(2)))
            #expect(end.output == CapturedText(""))
            var request = AttemptRequest(id: .test("pipe"), script: "false | true; echo on")
            request.shell = .bash
            #expect(try await session.attempt(request) == .ended(.init(), AttemptEnd(.exited(1)), after: []))
            await session.close()
        }
    }

    @Test(
        arguments: HostShell.allCases,
        [
            (#"printf 'a\000b'"#, [UInt8](arrayLiteral: 97, 0, 98)),
            (#"printf '\377\376\n\n'"#, [255, 254, 10, 10]),
            (#"printf 'no newline'"#, Array("no newline".utf8)),
            (#"printf '\n'"#, [10]),
            (#"printf '\000'"#, [0]),
            (
                #"printf ' \\ \201\202\203\204\205\206\207\210 \t\r'"#,
                [32, 92, 32, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 32, 9, 13]
            ),
            // /dev/stderr is opened anew: what the shell's own descriptor has written is not what is there.
            ("echo a >/dev/stdout", [97, 10]),
        ])
    func outputIsByteExact(shell: HostShell, example: (script: String, bytes: [UInt8])) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let end = AttemptEnd(
                end: .exited(0), output: CapturedText(head: example.bytes, total: example.bytes.count),
                errors: CapturedText(""))
            #expect(try await session.run(example.script) == .ended(.init(), end, after: []))
            #expect(try await session.lookUp(.test("step")) == .ended(end))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases, [1999, 2000, 2001, 65_536, 65_537, 1_000_000])
    func longOutputKeepsItsHeadAndItsTail(shell: HostShell, length: Int) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // Lines of ten bytes that count, so that every part tells where it is from.
            let lines = (0..<(length / 10 + 1)).map { "\($0 + 100_000_000)\n" }.joined()
            let all = Array(lines.utf8.prefix(length))
            let expected =
                length <= 65_536
                ? CapturedText(head: all, total: length)
                : CapturedText(
                    head: Array(all.prefix(16_384)), tail: Array(all.suffix(49_152)), total: length)
            let reply = try await session.run(
                "seq 100000000 \(100_000_000 + length / 10) | head -c \(length); echo e >&2")
            let end = AttemptEnd(end: .exited(0), output: expected, errors: CapturedText("e\n"))
            #expect(reply == .ended(.init(), end, after: []))
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func endlessOutputIsCutOnTheHost(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let script = """
                echo first; head -c 70000000 /dev/zero | tr '\\0' x
                i=0 out=\(sandbox.runFolder)/step.master.1.out
                until [ -e $out.cut ] && [ "$(stat -c %s $out)" -lt 67108864 ]; do
                    i=$((i + 1)); [ $i -lt 300 ] || exit 1; sleep 0.1
                done
                sleep 0.5; head -c 10000000 /dev/zero | tr '\\0' x; echo last
                """
            guard case .ended(_, let end, _) = try await session.run(script) else {
                Issue.record("not ended")
                return
            }
            // Of an output that was not cut the rest would be asked for minutes.
            try #require(end.end == .exited(0))
            #expect(end.output.total == 80_000_011)
            #expect(end.output.head == Array(("first\n" + String(repeating: "x", count: 16_378)).utf8))
            #expect(end.output.tail == Array((String(repeating: "x", count: 49_147) + "last\n").utf8))
            #expect(try await session.lookUp(.test("step")) == .ended(end))
            try await sandbox.say("[ $(stat -c %s \(sandbox.runFolder)/step.master.1.out) -lt 67108864 ]")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func childThatHoldsStdoutDelaysNothing(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            let started = ContinuousClock.now
            let reply = try await session.run("sleep 20 & echo $! >\(sandbox.folder)/pid; echo up")
            #expect(reply == .ended(.init(), AttemptEnd(.exited(0), "up\n"), after: []))
            #expect(ContinuousClock.now - started < .seconds(10))
            try await sandbox.say("kill $(cat \(sandbox.folder)/pid)")
            await session.close()
        }
    }

    @Test(arguments: HostShell.allCases)
    func signalsHaveTheirDefaultActions(shell: HostShell) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            // A mask of ignored signals, of which 32 and 33 are glibc's own business.
            let reply = try await session.run(
                #"sed -n 's/^SigIgn:.*[08]\(0000000\)$/\1/p' /proc/self/status"#)
            #expect(reply == .ended(.init(), AttemptEnd(.exited(0), "0000000\n"), after: []))
            await session.close()
        }
    }

    @Test(
        arguments: HostShell.allCases,
        [
            Array("one\ntwo".utf8), [], [0, 1, 255, 10, 0], [UInt8](repeating: 120, count: 300_000),
        ])
    func inputArrivesWhole(shell: HostShell, input: [UInt8]) async throws {
        try await Sandbox.with(shell) { sandbox in
            let session = try await sandbox.greeted()
            var request = AttemptRequest(id: .test("in"), script: "cat >\(sandbox.folder)/got")
            request.input = input
            #expect(try await session.attempt(request) == .ended(.init(), AttemptEnd(.exited(0)), after: []))
            let got = try await session.read("\(sandbox.folder)/got", limit: 1 << 20)
            #expect(got?.bytes == input)
            // Nothing of it stays.
            #expect(try await sandbox.say("ls \(sandbox.runFolder) | grep '[.]in$' || :") == "")
            await session.close()
        }
    }

    @Test func textThatNoShellCanTakeIsRefused() async throws {
        try await Sandbox.with { sandbox in
            let session = try await sandbox.greeted()
            await #expect(throws: TransportErrorText("a text holds a NUL byte, which no shell can take")) {
                try await caught { _ = try await session.run("echo a\0b") }
            }
            for name in ["1A", "A-B", "", "UID", "rb_tag", "A=B"] {
                var request = AttemptRequest(id: .test("env"), script: "true")
                request.environment = [ShellVariable(name, "x")]
                await #expect(
                    throws: TransportErrorText("a shell cannot be given a variable of the name \(name)")
                ) {
                    try await caught { _ = try await session.attempt(request) }
                }
            }
            #expect(try await session.run("true") == .ended(.init(), AttemptEnd(.exited(0)), after: []))
            await session.close()
        }
    }
}
