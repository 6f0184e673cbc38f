import Testing

@testable import RunbookSSH

@Suite struct AlgorithmTests {
    @Test func knownKindsComeFirst() {
        #expect(
            Algorithms(known: ["ssh-rsa"], allowsLegacy: false)
                == Algorithms(
                    hostKeys: "rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                        + "ecdsa-sha2-nistp521"))
        #expect(
            Algorithms(known: ["ssh-rsa"], only: ["ssh-rsa"], allowsLegacy: true).hostKeys
                == "rsa-sha2-512,rsa-sha2-256,ssh-rsa")
    }

    @Test func sha1IsOfferedOnlyWhereItIsAllowed() {
        let modern = Algorithms(known: [], allowsLegacy: false)
        #expect(modern.hostKeys.split(separator: ",").contains("ssh-rsa") == false)
        let legacy = Algorithms(known: [], allowsLegacy: true)
        #expect(legacy.hostKeys.hasSuffix(",rsa-sha2-256,ssh-rsa"))
        #expect(legacy.keyExchange?.hasSuffix("diffie-hellman-group14-sha1") == true)
        #expect(legacy.ciphers?.hasSuffix("aes256-cbc,aes192-cbc,aes128-cbc") == true)
        #expect(legacy.macs?.hasSuffix(",hmac-sha1") == true)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var message: String
        var method: String?
        var offered: [String] = []
        var isLegacy = false
        var testDescription: String { message }
    }

    @Test(arguments: [
        Case(
            message:
                "kex error : no match for method server host key algo: server [ssh-rsa,ssh-dss], client [x]",
            method: "server host key algo", offered: ["ssh-rsa", "ssh-dss"], isLegacy: true),
        Case(
            message:
                "kex error : no match for method kex algos: server [diffie-hellman-group14-sha1], client [x]",
            method: "kex algos", offered: ["diffie-hellman-group14-sha1"], isLegacy: true),
        Case(
            message: "kex error : no match for method mac algo client->server: server [hmac-md5], client [x]",
            method: "mac algo client->server", offered: ["hmac-md5"]),
        Case(
            message: "kex error : no match for method encryption client->server: server [], client [x]",
            method: "encryption client->server"),
        Case(message: "Socket error: disconnected"),
        Case(message: "no match for method "),
    ])
    func mismatchIsRead(_ example: Case) {
        let mismatch = Algorithms.Mismatch(example.message)
        #expect(mismatch?.method == example.method)
        #expect(mismatch?.offered ?? [] == example.offered)
        #expect(mismatch?.isLegacy ?? false == example.isLegacy)
    }
}

extension Algorithms {
    fileprivate init(hostKeys: String) {
        self.init(known: [], allowsLegacy: false)
        self.hostKeys = hostKeys
    }
}

@Suite struct PulseTests {
    @Test func silenceIsAskedAndThenALoss() {
        let start = ContinuousClock.now
        var pulse = Pulse(silence: .seconds(5), signOfLife: .seconds(10), now: start)
        func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }
        #expect(pulse.next == at(5))
        #expect(pulse.feel(bytes: 0, now: at(4)) == .alive)
        #expect(pulse.feel(bytes: 10, now: at(4)) == .alive)
        #expect(pulse.next == at(9))
        #expect(pulse.feel(bytes: 10, now: at(9)) == .ask)
        #expect(pulse.next == at(19))
        #expect(pulse.feel(bytes: 11, now: at(18)) == .alive)
        #expect(pulse.feel(bytes: 11, now: at(23)) == .ask)
        #expect(pulse.feel(bytes: 11, now: at(32)) == .alive)
        #expect(pulse.feel(bytes: 11, now: at(33)) == .dead)
    }
}
