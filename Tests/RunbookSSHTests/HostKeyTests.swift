import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Who the host is: nothing is done with one that is not proven to be the right one.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(1)))
    struct HostKeyTests {
        @Test func unknownHostIsRefusedWithItsFingerprint() async throws {
            let server = try SSHDServer()
            let client = try Client()
            let error = await client.failure(server.unpinned)
            #expect(error?.code == .hostKeyUnknown)
            #expect(
                error?.message
                    == "master at 127.0.0.1 port \(server.port) is not known; it shows the key "
                    + "\(server.fingerprints[0]) (ED25519)")
            #expect(client.knownHosts == "")
        }

        @Test func acceptedHostIsRememberedAndARefusedOneIsNot() async throws {
            let server = try SSHDServer()
            var client = try Client()
            let no = Person(accepts: false), yes = Person(accepts: true)
            client.prompts = no
            #expect(await client.failure(server.unpinned)?.code == .hostKeyUnknown)
            #expect(client.knownHosts == "")
            client.prompts = yes
            await (try await client.connect(server.unpinned)).close()
            let question = "master 127.0.0.1 port \(server.port) \(server.fingerprints[0]) (ED25519)"
            #expect(no.questions == [question])
            #expect(yes.questions == [question])
            #expect(client.knownHosts == server.knownHostsLines)
            // Now it is known, and nobody is asked.
            client.prompts = nil
            await (try await client.connect(server.unpinned)).close()
        }

        @Test func changedHostIsRefusedAndNobodyIsAsked() async throws {
            let server = try SSHDServer(), other = try SSHDServer()
            var client = try Client(knownHosts: "[127.0.0.1]:\(server.port) \(other.hostKeys[0])\n")
            let person = Person()
            client.prompts = person
            let error = await client.failure(server.unpinned)
            #expect(error?.code == .hostKeyChanged)
            #expect(
                error?.message
                    == "master at 127.0.0.1 port \(server.port) shows the key \(server.fingerprints[0]) (ED25519), but "
                    + "\(client.home.file("known_hosts")):1 knows \(other.fingerprints[0])")
            #expect(person.questions == [])
        }

        @Test func revokedKeyIsRefusedEvenWhenPinned() async throws {
            let server = try SSHDServer()
            let client = try Client(knownHosts: "@revoked * \(server.hostKeys[0])\n")
            #expect(await client.failure(server.target)?.code == .hostKeyChanged)
        }

        @Test func hashedKnownHostIsFound() async throws {
            let server = try SSHDServer()
            let client = try Client(knownHosts: server.knownHostsLines)
            try runChecked(["ssh-keygen", "-q", "-H", "-f", client.home.file("known_hosts")])
            #expect(client.knownHosts.hasPrefix("|1|"))
            await (try await client.connect(server.unpinned)).close()
        }

        @Test func knownKindOfKeyIsAskedFor() async throws {
            let server = try SSHDServer(hostKeys: [.ed25519, .rsa, .ecdsa])
            let client = try Client(knownHosts: "[127.0.0.1]:\(server.port) \(server.hostKeys[1])\n")
            let connection = try await client.connect(server.unpinned)
            #expect(connection.hostKey == server.fingerprints[1])
            await connection.close()
        }

        @Test func hostWithoutTheKnownKindIsRefused() async throws {
            let server = try SSHDServer(hostKeys: [.ed25519]), other = try SSHDServer(hostKeys: [.rsa])
            let client = try Client(knownHosts: "[127.0.0.1]:\(server.port) \(other.hostKeys[0])\n")
            let error = await client.failure(server.unpinned)
            #expect(error?.code == .hostKeyChanged)
        }

        @Test func pinOfAnyKindOfKeyIsFound() async throws {
            let server = try SSHDServer(hostKeys: [.ed25519, .rsa, .ecdsa])
            for fingerprint in server.fingerprints {
                var target = server.target
                target.hostKeys = ["SHA256:AAAA", fingerprint + "="]
                let connection = try await Client().connect(target)
                #expect(connection.hostKey == fingerprint)
                await connection.close()
            }
        }

        @Test func otherPinIsRefusedAlsoWhenKnownHostsHasTheKey() async throws {
            let server = try SSHDServer()
            var target = server.target
            target.hostKeys = ["SHA256:AAAA"]
            let error = await (try Client(knownHosts: server.knownHostsLines)).failure(target)
            #expect(error?.code == .hostKeyChanged)
            #expect(
                error?.message
                    == "master at 127.0.0.1 port \(server.port) shows the key \(server.fingerprints[0]) (ED25519), but "
                    + "the site file pins SHA256:AAAA")
        }

        @Test func certificateAuthorityAloneProvesNothing() async throws {
            let server = try SSHDServer()
            let client = try Client(knownHosts: "@cert-authority * \(server.hostKeys[0])\n")
            #expect(await client.failure(server.unpinned)?.code == .knownHosts)
        }

        @Test func brokenKnownHostsIsARefusal() async throws {
            let server = try SSHDServer()
            let client = try Client(knownHosts: "[127.0.0.1]:\(server.port) ssh-ed25519 AAAA\n")
            let error = await client.failure(server.target)
            #expect(
                error
                    == TransportError(
                        .knownHosts, host: master,
                        "\(client.home.file("known_hosts")):1 is about 127.0.0.1 port \(server.port), but its key is "
                            + "damaged or not of the type it names", remedy: "mend or remove that line"))
        }
    }
}
