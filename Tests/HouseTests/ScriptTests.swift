import RunbookTestSupport
import Testing

/// The scripts do what their first lines say, where that can be seen without a build.
@Suite(.timeLimit(.minutes(1))) struct ScriptTests {
    /// Runs `script/bootstrap` with other programs in place of this machine's.
    private func bootstrap(
        _ arguments: [String] = [], user: Int, installed: Set<String>
    ) throws -> (result: CommandResult, calls: String) {
        let folder = try TemporaryDirectory("bootstrap")
        let calls = folder.file("calls")
        func program(_ name: String, _ text: String) throws {
            try folder.write(name, "#!/bin/sh\n\(text)\n", mode: 0o755)
        }
        try program("swift", "echo 'Swift version 6.3.1'")
        try program("id", "echo \(user)")
        try program(
            "dpkg-query",
            "for p; do :; done; case ' \(installed.sorted().joined(separator: " ")) ' in *\" $p \"*) "
                + "echo 'installed ' ;; *) exit 1 ;; esac")
        try program("apt-get", "echo \"$@\" >> \(calls)")
        let result = try run(
            ["\(Repository.root)/script/bootstrap"] + arguments,
            environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
        let called = (try? readFile(calls)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (result, called)
    }

    private static let packages: Set<String> = [
        "git", "ca-certificates", "pkg-config", "libyaml-dev", "libssh-dev", "libaugeas-dev", "libssl-dev",
        "bubblewrap", "iproute2", "util-linux", "openssh-client", "openssl", "procps", "perl-base",
    ]

    @Test(arguments: [0, 1000]) func bootstrapWithEverythingThereIsSilent(_ user: Int) throws {
        let (result, calls) = try bootstrap(user: user, installed: Self.packages)
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        #expect(calls == "")
    }

    @Test func bootstrapTellsAnOrdinaryUserTheCommand() throws {
        let (result, calls) = try bootstrap(
            user: 1000, installed: Self.packages.subtracting(["libssh-dev", "bubblewrap"]))
        #expect(
            result
                == CommandResult(
                    status: 1,
                    output: "sudo apt-get install --no-install-recommends libssh-dev bubblewrap\n",
                    errors: "These packages are missing. Install them with:\n"))
        #expect(calls == "")
    }

    @Test func bootstrapRefusesWhatItDoesNotKnow() throws {
        let (result, calls) = try bootstrap(["--fast"], user: 0, installed: [])
        #expect(
            result == CommandResult(status: 64, output: "", errors: "usage: script/bootstrap [--tests]\n"))
        #expect(calls == "")
    }

    private func tally(_ events: [String]) throws -> String {
        let folder = try TemporaryDirectory("tally")
        let stream = try folder.write("events.jsonl", events.joined(separator: "\n"))
        let lines = try runChecked(["awk", "-f", "\(Repository.root)/script/tally.awk", stream])
            .split(separator: "\n")
        // awk keeps no order; the counts come last.
        return (lines.dropLast().sorted() + lines.suffix(1)).joined(separator: "\n")
    }

    private static func function(_ name: String) -> String {
        #"{"kind":"test","payload":{"id":"T.S\/\#(name)","isParameterized":false,"kind":"function"},"version":"6.3.0"}"#
    }

    private static func event(_ kind: String, _ name: String, symbol: String, text: String) -> String {
        #"{"kind":"event","payload":{"kind":"\#(kind)","messages":[{"symbol":"\#(symbol)","text":"\#(text)"}],"#
            + #""testID":"T.S\/\#(name)"},"version":"6.3.0"}"#
    }

    @Test func everyKindOfResultIsCounted() throws {
        let counted = try tally([
            #"{"kind":"test","payload":{"id":"T.S","kind":"suite"},"version":"6.3.0"}"#,
            Self.function("passes"), Self.function("fails"), Self.function("isOff"), Self.function("crashes"),
            Self.function("comesLater"), Self.function("isKnown"),
            Self.event("testStarted", "passes", symbol: "default", text: "started"),
            Self.event("testEnded", "passes", symbol: "pass", text: "passed"),
            Self.event("issueRecorded", "fails", symbol: "fail", text: #"says \"kind\":\"testEnded\""#),
            Self.event("testEnded", "fails", symbol: "fail", text: "failed with 1 issue"),
            Self.event("testEnded", "isKnown", symbol: "passWithKnownIssue", text: "passed"),
            Self.event("testSkipped", "isOff", symbol: "skip", text: #"Test isOff() skipped: \"no sshd\""#),
            Self.event("testStarted", "crashes", symbol: "default", text: "started"),
            #"{"kind":"event","payload":{"kind":"testEnd"#,
        ])
        #expect(
            counted == """
                failed T.S/comesLater (did not start)
                failed T.S/crashes (did not end)
                failed T.S/fails
                skipped T.S/isOff: Test isOff() skipped: "no sshd"
                counts 2 3 1
                """)
    }

    @Test func anEmptyStreamCountsNothing() throws {
        #expect(try tally([]) == "counts 0 0 0")
    }

    @Test func longFunctionsAndFilesAreFound() throws {
        let folder = try TemporaryDirectory("limits")
        let file = try folder.write(
            "Long.swift",
            """
            protocol Short {
                func without()
                func body() -> Int
            }
            struct Long {
                func one() -> Int { 1 }
                init(
                    first: Int
                ) throws {
                    second()
                    third()
                }
                func three() {
                    second()
                }
            }

            """)
        let found = try runChecked([
            "awk", "-f", "\(Repository.root)/script/limits.awk", "-v", "functions=4", "-v", "file=15", "-v",
            "tests=15", file,
        ])
        #expect(
            found == """
                \(file):7: 6 lines; a function has at most 4
                \(file): 16 lines; a file has at most 15

                """)
    }
}
