import RunbookTestSupport
import Testing

/// The harness itself: OpenSSH's client gets in, so a failure elsewhere is not the server's.
@Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
struct SSHDServerTests {
    @Test func opensshClientGetsIn() throws {
        let server = try SSHDServer()
        let known = try server.directory.write("known_hosts", server.knownHostsLines)
        let result = try run([
            "ssh", "-F", "none", "-i", server.userKey, "-o", "UserKnownHostsFile=\(known)", "-o",
            "BatchMode=yes", "-o", "LogLevel=ERROR", "-p", "\(server.port)", "\(server.user)@127.0.0.1",
            "echo in; exit 5",
        ])
        #expect(result == CommandResult(status: 5, output: "in\n", errors: ""))
    }
}
