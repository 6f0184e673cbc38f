import Glibc
import RunbookTestSupport
import Testing

/// Hundreds of hosts on one sshd that drops strangers beyond ten, one of them frozen and one that refuses.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct FleetTests {
    /// What OpenSSH does unless told otherwise: of more than ten that have not logged in it drops some.
    private static let usual = "MaxStartups 10:30:100"

    private struct Fleet {
        let story: Story
        let hosts: [String]
        let frozen: SSHDServer
        let refusing: SSHDServer
        static let frozenHost = "h007"
        static let refusingHost = "h013"

        init(count: Int) throws {
            hosts = (0..<count).map { "h" + String("00\($0)".suffix(3)) }
            story = try Story("", options: [FleetTests.usual])
            let place = "SetEnv RUNBOOK_DIR=\(story.hostFolder)"
            frozen = try SSHDServer(options: [place])
            refusing = try SSHDServer(options: [place])
            frozen.freeze()
            refusing.stop()
            try story.folder.write("runbooks/small.yaml", runbook)
            try story.folder.write(
                "runbooks/small.site.yaml", "for: small\nhosts:\n" + hosts.map(site(of:)).joined())
            for step in FleetTests.steps { try story.folder.write(step, "") }
        }

        func steady(_ text: String) -> String {
            text.replacing(story.folder.path, with: "DIR").replacing(
                "port \(frozen.port)", with: "port FROZEN"
            )
            .replacing("port \(refusing.port)", with: "port REFUSING")
        }

        private var runbook: String {
            let names = hosts.joined(separator: ", ")
            let steps = FleetTests.steps.map { step in
                """
                  - id: \(step)
                    hosts: fleet
                    order: together
                    max_unavailable: 1%
                    env: { HOST: '${{ host.id }}' }
                    check: grep -qx "$HOST" \(story.folder.file(step))
                    run: echo "$HOST" >> \(story.folder.file(step))

                """
            }
            return """
                runbook: small
                hosts:
                \(hosts.map { "  \($0): {}\n" }.joined())
                groups: { fleet: [\(names)] }
                steps:
                \(steps.joined())
                """
        }

        private func site(of host: String) -> String {
            let server =
                host == Self.frozenHost ? frozen : host == Self.refusingHost ? refusing : story.server
            return """
                  \(host): { address: 127.0.0.1, port: \(server.port), user: \(server.user), \
                identity: '\(server.userKey)', host_key: '\(server.fingerprints[0])' }

                """
        }

        /// Runs to the end; the most memory that the program had, in KiB.
        func run() throws -> (result: CommandResult, memory: Int) {
            let output = story.folder.file("stdout")
            let process = try spawn(
                [
                    "sh", "-c", "exec \"$@\" >\"$0\" 2>\"$0.err\"", output, Story.program, "run",
                    story.folder.file("runbooks/small.yaml"),
                ], environment: Story.environment)
            var memory = 0
            while true {
                let text = (try? readFile("/proc/\(process)/status")).map {
                    String(decoding: $0, as: UTF8.self)
                }
                guard let line = text?.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else {
                    break
                }
                memory =
                    line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? memory
                usleep(5000)
            }
            let status = waitFor(process)
            func text(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }
            return (
                CommandResult(status: status, output: try text(output), errors: try text(output + ".err")),
                memory
            )
        }
    }

    private static let steps = ["one", "two"]

    @Test(.timeLimit(.minutes(10)))
    func twoHundredHostsOfWhichOneIsFrozenAndOneRefuses() throws {
        let small = try Fleet(count: 100).run()
        let fleet = try Fleet(count: 200)
        let first = try fleet.run()
        print("memory: \(small.memory) KiB for 100 hosts, \(first.memory) KiB for 200")
        #expect(first.result.status == 1, "\(first.result.errors)")
        let others = fleet.hosts.filter { $0 != Fleet.frozenHost && $0 != Fleet.refusingHost }
        for step in Self.steps { #expect(fleet.story.lines(step).sorted() == others, "\(step)") }
        let report = first.result.errors.split(separator: "\n", omittingEmptySubsequences: false)
            .drop { !$0.hasPrefix("left out:") }.joined(separator: "\n")
        #expect(
            fleet.steady(report) == """
                left out: 2 hosts, with all steps from there on:
                  h007  at one  127.0.0.1 port FROZEN accepts connections but does not say that it speaks SSH
                  h013  at one  h013 at 127.0.0.1, port REFUSING, refused the connection

                396 of 400 steps done
                mend what was left out and type the same command; what is done is not done again:
                  runbook run DIR/runbooks/small.yaml

                """)
        // Each host has its lines in the journal and in memory; connections are no more than with half of them.
        #expect(first.memory < small.memory + 8192)
        fleet.frozen.thaw()
        try fleet.refusing.start()
        let second = try fleet.run()
        #expect(second.result.status == 0, "\(second.result.errors)")
        for step in Self.steps { #expect(fleet.story.lines(step).sorted() == fleet.hosts, "\(step)") }
    }
}
