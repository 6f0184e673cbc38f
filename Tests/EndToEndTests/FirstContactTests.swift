import Glibc
import RunbookTestSupport
import Testing

/// A host whose key nobody has seen yet: a person at a terminal is asked, anybody else is refused.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct FirstContactTests {
    private static let steps = """
          - id: one
            name: The only one
            host: box
            check: test -e DIR/n/one
            run: echo x >> DIR/n/one
        """

    /// A bench whose site file pins no key, and whose operator knows no host.
    private func bench() throws -> Bench {
        let bench = try Bench(Self.steps, steps: ["one"])
        bench.environment = ["HOME": bench.folder.path]
        try bench.writeSite(pinned: false)
        return bench
    }

    /// What a person at a terminal sees who answers with `answer`, and how the run ends.
    private func meet(_ bench: Bench, _ answer: String) async throws -> (seen: String, status: Int32) {
        let terminal = try PseudoTerminal(columns: 100)
        let process = try bench.start("run", on: terminal)
        var seen = await terminal.seen(until: "now on: ")
        terminal.type(answer + "\n")
        let status = waitFor(process)
        seen += terminal.seen()
        return (bench.steady(screen(seen)), status)
    }

    /// The lines that stand on the screen at the end: a status line is overwritten from its first column.
    private func screen(_ bytes: String) -> String {
        bytes.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map {
            line in
            var shown: [Character] = []
            for part in line.split(separator: "\r", omittingEmptySubsequences: false) {
                shown.replaceSubrange(0..<min(part.count, shown.count), with: part)
            }
            while shown.last == " " { shown.removeLast() }
            // A busy machine says how long it took.
            return String(shown).replacing(/\ in [0-9]+s$/, with: "")
        }.joined(separator: "\n")
    }

    private static let question = """
        small, 1 step, state in DIR/state/small@small
        box (127.0.0.1 port PORT-box) is not known. Its key is FINGERPRINT-box (ED25519).
        Compare it with what the host's own console shows:
          for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done
        Type yes to trust it from now on: 
        """

    private static let refusal = """
        error: box at 127.0.0.1 port PORT-box is not known; it shows the key FINGERPRINT-box (ED25519)
          hint: compare it on box with `for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done`, \
        then pin it in the site file: `host_key: FINGERPRINT-box`
        0 of 1 step done
        then type the same command:
          runbook run DIR/runbooks/small.yaml

        """

    @Test(.timeLimit(.minutes(1)))
    func aPersonIsShownTheFingerprintAndAskedOnce() async throws {
        let bench = try bench()
        let first = try await meet(bench, "yes")
        #expect(first.status == 0)
        #expect(
            first.seen == Self.question
                + "yes\ndone        one on box  The only one\ndone: 1 of 1 step done\n")
        #expect(bench.count("one") == 1)
        let second = try bench.runbook("run")
        #expect(second.status == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func aPersonWhoSaysNoGetsNothingSent() async throws {
        let bench = try bench()
        let first = try await meet(bench, "no")
        #expect(first.status == 7)
        #expect(first.seen == Self.question + "no\n" + Self.refusal)
        #expect(bench.count("one") == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func withoutATerminalTheHostIsRefused() throws {
        let bench = try bench()
        let result = try bench.runbook("run")
        #expect(result.status == 7)
        #expect(
            bench.steady(result.errors) == "small, 1 step, state in DIR/state/small@small\n" + Self.refusal)
        #expect(bench.count("one") == 0)
    }
}
