import RunbookModel
import RunbookTestSupport
import RunbookTransport
import Testing

@testable import RunbookSSH

@Suite struct KnownHostsTests {
    static let ours = key("ssh-ed25519", 1)
    static let theirs = key("ssh-ed25519", 2)
    static let rsa = key("ssh-rsa", 3)

    /// A key that is whole as far as known_hosts can tell: the type in wire form, then something.
    static func key(_ type: String, _ byte: UInt8) -> HostKey {
        let blob = wireText(type) + wireBytes([UInt8](repeating: byte, count: 32))
        return HostKey(type: type, blob: blob, base64: encodeBase64(blob))
    }

    static func line(_ names: String, _ key: HostKey) -> String { "\(names) \(key.type) \(key.base64)" }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var name = "pve1"
        var verdict: KnownHosts.Verdict
    }

    static let cases = [
        Case(testDescription: "empty", text: "", verdict: .unknown),
        Case(testDescription: "comments", text: "# pve1\n\n  \n#x\n", verdict: .unknown),
        Case(testDescription: "known", text: line("pve1", ours) + " a comment", verdict: .known),
        Case(
            testDescription: "no newline, blanks and CR", text: " \t" + line("pve1", ours) + "\r",
            verdict: .known),
        Case(testDescription: "case of the name", text: line("PVE1", ours), verdict: .known),
        Case(testDescription: "list", text: line("nas,pve1,192.0.2.1", ours), verdict: .known),
        Case(testDescription: "wildcards", text: line("p?e*", ours), verdict: .known),
        Case(
            testDescription: "many stars", text: line("*a*a*a*a*a*a*a*a*b", ours),
            name: "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", verdict: .unknown),
        Case(testDescription: "negated", text: line("*,!pve1", ours), verdict: .unknown),
        Case(testDescription: "another host", text: line("pve2", theirs), verdict: .unknown),
        Case(
            testDescription: "port in brackets", text: line("[pve1]:2222", ours), name: "[pve1]:2222",
            verdict: .known),
        Case(
            testDescription: "bare name is port 22", text: line("pve1", ours), name: "[pve1]:2222",
            verdict: .unknown),
        Case(
            testDescription: "any of several", text: line("pve1", theirs) + "\n" + line("pve1", ours),
            verdict: .known),
        Case(
            testDescription: "changed", text: "\n" + line("pve1", theirs),
            verdict: .changed(.init(type: "ssh-ed25519", blob: theirs.blob, place: "f:2"))),
        Case(
            testDescription: "other type", text: line("pve1", rsa),
            verdict: .otherTypes([.init(type: "ssh-rsa", blob: rsa.blob, place: "f:1")])),
        Case(
            testDescription: "revoked although known",
            text: line("pve1", ours) + "\n@revoked " + line("*", ours),
            verdict: .revoked(.init(type: "ssh-ed25519", blob: ours.blob, place: "f:2"))),
        Case(
            testDescription: "another key revoked",
            text: line("pve1", ours) + "\n@revoked " + line("*", theirs), verdict: .known),
        Case(
            testDescription: "authority", text: "@cert-authority " + line("*", theirs),
            verdict: .authorityOnly("f:1")),
        Case(
            testDescription: "authority beside the key",
            text: "@cert-authority " + line("*", theirs) + "\n" + line("pve1", ours),
            verdict: .known),
        Case(
            testDescription: "broken line of another host", text: "pve2 ssh-ed25519 %%%%\nx",
            verdict: .unknown),
        Case(testDescription: "broken hash", text: "|1|%%|== ssh-ed25519 \(ours.base64)", verdict: .unknown),
    ]

    @Test(arguments: cases) func keysAreJudged(_ example: Case) throws {
        var known = KnownHosts()
        try known.read(Array(example.text.utf8), file: "f", name: example.name)
        #expect(known.judge(Self.ours) == example.verdict)
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        var text: String
        var reason: String
        var testDescription: String { text }
    }

    static let brokenLines = [
        Broken(text: "pve1", reason: "it ends before the key"),
        Broken(text: "pve1 ssh-ed25519", reason: "it ends before the key"),
        Broken(text: "pve1 ssh-ed25519 AAAA", reason: "its key is damaged or not of the type it names"),
        Broken(text: "pve1 ssh-rsa \(ours.base64)", reason: "its key is damaged or not of the type it names"),
        Broken(text: "pve1 1024 35 1234567", reason: "its key is damaged or not of the type it names"),
        Broken(text: "@new " + line("pve1", ours), reason: "its marker is not known"),
    ]

    @Test(arguments: brokenLines) func brokenLineOfThisHostIsRefused(_ example: Broken) {
        var known = KnownHosts()
        let problem = KnownHosts.Problem(place: "f:2", reason: example.reason)
        #expect(throws: problem) {
            try known.read(Array(("#\n" + example.text).utf8), file: "f", name: "pve1")
        }
    }

    /// A line that ssh-keygen -H made of `pve1 ssh-ed25519 …`.
    @Test func hashedNamesAreFoundAsOpenSSHWritesThem() throws {
        let folder = try TemporaryDirectory("hash")
        try SSHDServer.makeKey(folder.file("key"), .ed25519)
        let publicKey = try SSHDServer.publicKey(folder.file("key"))
        try folder.write("known", "pve1,[192.0.2.1]:2222 \(publicKey)\n")
        try runChecked(["ssh-keygen", "-q", "-H", "-f", folder.file("known")])
        let text = try readFile(folder.file("known"))
        #expect(text.starts(with: "|1|".utf8))
        for (name, count) in [("pve1", 1), ("[192.0.2.1]:2222", 1), ("pve2", 0)] {
            var known = KnownHosts()
            try known.read(text, file: "f", name: name)
            #expect(known.keys.count == count, "\(name)")
        }
    }

    static let address = try? SSHAddress(host: master, target: SiteHost(address: "pve1"))

    @Test func missingFileIsEmptyAndAnUnreadableOneIsRefused() throws {
        let address = try #require(Self.address)
        let folder = try TemporaryDirectory("known")
        #expect(
            try KnownHostsFiles(user: folder.file("none"), system: [folder.file("none2")]).entries(
                for: address) == KnownHosts())
        let error = #expect(throws: TransportError.self) {
            try KnownHostsFiles(user: folder.path).entries(for: address)
        }
        #expect(
            error
                == TransportError(
                    .knownHosts, host: master,
                    "\(folder.path) is not a file, so it is not known who master is",
                    remedy: "make \(folder.path) a readable file"))
        // A named pipe must not hang.
        try runChecked(["mkfifo", folder.file("pipe")])
        #expect(throws: TransportError.self) {
            try KnownHostsFiles(user: folder.file("pipe")).entries(for: address)
        }
    }

    @Test func acceptedHostsAreAddedOnceEach() async throws {
        let folder = try TemporaryDirectory("known")
        let files = KnownHostsFiles(user: folder.file(".ssh/known_hosts"))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    guard
                        let address = try? SSHAddress(
                            host: master, target: SiteHost(address: "pve\(number % 5)"))
                    else { return }
                    try? files.add(Self.ours, for: address)
                }
            }
        }
        let lines = String(decoding: try readFile(files.user), as: UTF8.self).split(separator: "\n").map(
            String.init)
        #expect(lines.sorted() == (0..<5).map { Self.line("pve\($0)", Self.ours) })
        #expect(try runChecked(["stat", "-c", "%a", folder.file(".ssh"), files.user]) == "700\n600\n")
    }

    @Test func lineWithoutItsNewlineIsNotContinued() throws {
        let address = try #require(Self.address)
        let folder = try TemporaryDirectory("known")
        let path = try folder.write("known_hosts", "# last")
        try KnownHostsFiles(user: path).add(Self.ours, for: address)
        #expect(
            String(decoding: try readFile(path), as: UTF8.self) == "# last\n\(Self.line("pve1", Self.ours))\n"
        )
    }

    @Test func manyHashedLinesAreReadInTime() throws {
        let hashed =
            "|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= ssh-ed25519 \(Self.ours.base64)\n"
        let text =
            Array(String(repeating: hashed, count: 2_000).utf8) + Array(Self.line("pve1", Self.ours).utf8)
        var known = KnownHosts()
        try known.read(text, file: "f", name: "pve1")
        #expect(known.keys.map(\.place) == ["f:2001"])
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        "-oProxyCommand=x", "a;id", "$(id)", "a@b", "a\nb", "", "a b", "`id`", "a/b", "é",
    ])
    func strangeAddressesAndUsersAreRefused(_ text: String) {
        var user = SiteHost(address: "pve1")
        user.user = text
        for target in [SiteHost(address: text), user] {
            let error = #expect(throws: TransportError.self) { try SSHAddress(host: master, target: target) }
            #expect(error?.code == .unreachable)
        }
    }

    @Test(
        arguments: [
            ("PVE1.Example", 22, "pve1.example"), ("pve1.", 22, "pve1"), ("fe80::1%eth0", 22, "fe80::1%eth0"),
            ("::1", 2222, "[::1]:2222"), ("192.0.2.1", 2222, "[192.0.2.1]:2222"),
        ] as [(String, UInt16, String)])
    func nameInKnownHostsIsOpenSSHs(_ text: String, _ port: UInt16, _ name: String) throws {
        var target = SiteHost(address: text)
        target.port = port
        #expect(try SSHAddress(host: master, target: target).knownHostsName == name)
    }
}

@Suite struct EncodingTests {
    @Test(
        arguments: [
            ("", []), ("Zg==", [102]), ("Zm8=", [102, 111]), ("Zm9v", [102, 111, 111]), ("+/8=", [251, 255]),
        ] as [(String, [UInt8])])
    func base64GoesBothWays(_ text: String, _ bytes: [UInt8]) {
        #expect(decodeBase64(Array(text.utf8)) == bytes)
        #expect(encodeBase64(bytes) == text)
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9-"])
    func badBase64IsRefused(_ text: String) { #expect(decodeBase64(Array(text.utf8)) == nil) }

    /// RFC 2202, test case 2.
    @Test func hmacIsTheRFCs() {
        let hash = hmacSHA1(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(hash?.map { String($0, radix: 16) }.joined() == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }
}
