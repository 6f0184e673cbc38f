import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import Testing

/// ~/.ssh/config, as far as it is supported: what ssh itself makes of it is what counts.
@Suite struct SSHConfigTests {
    private static let hasSSH = unsafe access("/usr/bin/ssh", X_OK) == 0
    static let names = ["web", "web1.lan", "db", "gate", "10.0.0.7"]

    /// What both programs say of a name.
    struct Answer: Equatable {
        var hostName: String, user: String?, port: UInt16, files: [String], only: Bool, jumps: [JumpText]
    }

    private func ours(_ path: String, _ name: String) throws -> Answer {
        let config = try #require(try SSHConfig.at(path, as: "config", home: "/home/lena"))
        let values = try config.values(for: name)
        let jump = values.proxyJump.flatMap { $0 == "none" ? nil : $0 }
        return Answer(
            hostName: values.hostName ?? name, user: values.user, port: values.port ?? 22,
            files: values.identityFiles, only: values.identitiesOnly ?? false,
            jumps: (jump ?? "").split(separator: ",").compactMap { JumpText(String($0)) })
    }

    private func theirs(_ path: String, _ name: String) throws -> Answer {
        let text = try runChecked(["ssh", "-G", "-F", path, name])
        var answer = Answer(hostName: "", user: nil, port: 0, files: [], only: false, jumps: [])
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "hostname": answer.hostName = words[1]
            case "user": answer.user = words[1]
            case "port": answer.port = UInt16(words[1]) ?? 0
            case "identityfile": answer.files.append(words[1])
            case "identitiesonly": answer.only = words[1] == "yes"
            case "proxyjump":
                answer.jumps = words[1].split(separator: ",").compactMap { JumpText(String($0)) }
            default: break
            }
        }
        return answer
    }

    /// Each number makes a configuration of its own, with files that it includes, and is asked of five names.
    @Test(.enabled(if: hasSSH, "ssh is not installed"), arguments: 0..<120)
    func whatSSHMakesOfItIsWhatWeMakeOfIt(_ seed: Int) throws {
        let folder = try TemporaryDirectory("sshconfig")
        var maker = ConfigMaker(seed: seed, folder: folder.path)
        let text = maker.configuration()
        for (name, text) in maker.files { try write(folder, name, text) }
        try write(folder, "empty", "\n")
        try write(folder, "config", text)
        let nothing = try theirs(folder.file("empty"), "web")
        for name in Self.names {
            var ours = try ours(folder.file("config"), name)
            let theirs = try theirs(folder.file("config"), name)
            // What is not said is each program's own.
            ours.user = ours.user ?? nothing.user
            if ours.files.isEmpty { ours.files = nothing.files }
            #expect(ours == theirs, "\(name) in\n\(text)\n\(maker.files)")
        }
    }

    private func write(_ folder: TemporaryDirectory, _ name: String, _ text: String) throws {
        try folder.write(name, text)
        unsafe chmod(folder.file(name), 0o600)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        var text: String, message: String
        var testDescription: String { text }
    }

    static let refusals = [
        ("Host web\n  ProxyCommand nc %h %p", "config line 2: `ProxyCommand` is not supported"),
        ("ProxyUseFdpass yes", "config line 1: `ProxyUseFdpass` is not supported"),
        ("UserKnownHostsFile /dev/null", "config line 1: `UserKnownHostsFile` is not supported"),
        ("StrictHostKeyChecking no", "config line 1: `StrictHostKeyChecking` is not supported"),
        ("HostKeyAlias x", "config line 1: `HostKeyAlias` is not supported"),
        ("CertificateFile x", "config line 1: `CertificateFile` is not supported"),
        ("IdentityAgent none", "config line 1: `IdentityAgent` is not supported"),
        ("CanonicalizeHostname yes", "config line 1: `CanonicalizeHostname` is not supported"),
        ("LocalCommand x", "config line 1: `LocalCommand` is not supported"),
        ("RemoteCommand x", "config line 1: `RemoteCommand` is not supported"),
        ("Match exec \"touch /tmp/x\"", "config line 1: `Match exec` is not supported"),
        ("Match host web user lena", "config line 1: `Match user` is not supported"),
        ("Match canonical all", "config line 1: `Match canonical` is not supported"),
        ("Host", "config line 1: `Host` has no value"),
        ("HostName \"web", "config line 1: a quote is not closed"),
        ("HostName %C.lan", "config line 1: `%C` in `HostName` is not supported"),
        ("Port ssh", "config line 1: `Port ssh` is no port"),
        ("IdentitiesOnly perhaps", "config line 1: `IdentitiesOnly perhaps` is neither yes nor no"),
    ].map { Refusal(text: $0.0, message: $0.1) }

    @Test(arguments: refusals) func whatIsNotSupportedIsRefusedByItsName(_ refusal: Refusal) throws {
        let folder = try TemporaryDirectory("sshconfig")
        try write(folder, "config", refusal.text + "\n")
        let config = try #require(try SSHConfig.at(folder.file("config"), as: "config", home: folder.path))
        let problem = #expect(throws: SSHConfig.Problem.self) { try config.values(for: "web") }
        #expect(problem?.message == refusal.message)
        // Where it does not apply it is of no interest.
        try write(folder, "config", "Host other\n\(refusal.text)\n")
        guard !refusal.text.hasPrefix("Match"), !refusal.text.hasPrefix("Host web"), refusal.text != "Host",
            !refusal.message.hasSuffix("not closed")
        else { return }
        let elsewhere = try #require(try SSHConfig.at(folder.file("config"), as: "config", home: folder.path))
        #expect(try elsewhere.values(for: "web") == SSHConfig.Values())
    }

    @Test func whatWasTakenAndPassedOverIsToldWithItsPlace() throws {
        let folder = try TemporaryDirectory("sshconfig")
        try write(
            folder, "config",
            "Host web\n  HostName 192.0.2.7\n  Compression yes\nHost *\n  HostName other\n  User lena\n")
        let config = try #require(try SSHConfig.at(folder.file("config"), as: "config", home: folder.path))
        let values = try config.values(for: "web")
        #expect(
            values.taken == [
                SSHConfig.Said(keyword: "HostName", value: "192.0.2.7", place: "config line 2"),
                SSHConfig.Said(keyword: "User", value: "lena", place: "config line 6"),
            ])
        #expect(
            values.passedOver == [
                SSHConfig.Said(keyword: "Compression", value: "yes", place: "config line 3")
            ])
    }

    @Test func theSiteFileWinsAndJumpsAreLookedUpAsWell() throws {
        let folder = try TemporaryDirectory("sshconfig")
        try write(
            folder, "config",
            """
            Host inner
              HostName 192.0.2.7
              Port 2022
              User lena
              IdentityFile ~/.ssh/%r_%p
              IdentitiesOnly yes
              ProxyJump gate,kim@192.0.2.2:22
            Host gate
              HostName gate.example
              ProxyJump far
            Host far
              User root
            Host 192.0.2.2
              ProxyJump far
            """)
        let config = try #require(try SSHConfig.at(folder.file("config"), as: "config", home: folder.path))
        var host = SiteHost(address: "inner")
        host.leftToSSHConfig = [.name, .user, .identity, .jump]
        host.port = 2222
        let reader = SSHConfig.Reader(home: "/home/me", userName: "me")
        let (filled, _) = try config.filled(host, for: reader)
        var expected = host
        (expected.address, expected.user) = ("192.0.2.7", "lena")
        expected.identities.files = ["~/.ssh/lena_2222"]
        expected.identities.isExclusive = true
        func jump(_ address: String, _ user: String) -> SiteHost {
            var host = SiteHost(address: address)
            host.user = user
            return host
        }
        expected.jumps = [jump("far", "root"), jump("gate.example", "me"), jump("192.0.2.2", "kim")]
        #expect(filled == expected)
    }

    @Test func filesThatOthersMayWriteAreRefused() throws {
        let folder = try TemporaryDirectory("sshconfig")
        try write(folder, "config", "User lena\n")
        unsafe chmod(folder.file("config"), 0o666)
        let problem = #expect(throws: SSHConfig.Problem.self) {
            try SSHConfig.at(folder.file("config"), as: "config", home: folder.path)
        }
        #expect(
            problem?.message == "config is another user's, or others may write to it: chmod 600")
        let isThere = try SSHConfig.at(folder.file("none"), as: "none", home: folder.path) != nil
        #expect(!isThere)
    }
}

/// Makes configurations in the supported subset.
private struct ConfigMaker {
    private var state: UInt64
    private let folder: String
    private(set) var files: [(String, String)] = []

    init(seed: Int, folder: String) {
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        self.folder = folder
    }

    private mutating func roll(_ count: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(count))
    }

    private mutating func one(of texts: [String]) -> String { texts[roll(texts.count)] }

    mutating func configuration() -> String {
        (0..<(2 + roll(5))).map { _ in block(mayInclude: true) }.joined()
    }

    private mutating func block(mayInclude: Bool) -> String {
        let lines = (0..<(1 + roll(4))).map { _ in line(mayInclude: mayInclude) }.joined()
        return head() + lines
    }

    private mutating func head() -> String {
        let pattern = [
            "web", "web*", "*.lan", "d?", "gate", "10.0.*", "*", "!web1*", "!db", "w*1.lan", "[a]",
        ]
        let list = ["web,db", "*,!gate", "web*", "10.0.0.7", "192.0.*", "*.example"]
        switch roll(8) {
        case 0: return ""
        case 1: return "Match all\n"
        case 2: return "Match \(one(of: ["", "!"]))host \(one(of: list))\n"
        case 3: return "Match originalhost \(one(of: list)) \(one(of: ["", "!"]))host \(one(of: list))\n"
        default:
            let patterns = (0..<(1 + roll(3))).map { _ in one(of: pattern) }
            return "\(one(of: ["Host", "host", "HOST"])) \(patterns.joined(separator: " "))\n"
        }
    }

    private mutating func line(mayInclude: Bool) -> String {
        if mayInclude, roll(6) == 0 { return include() }
        let entries: [(String, [String])] = [
            ("HostName", ["192.0.2.1", "%h.lan", "a%%b.example", "gate.example", "10.0.0.9"]),
            ("User", ["lena", "root", "\"two words\"", "kim"]), ("Port", ["22", "2222", "65535"]),
            (
                "IdentityFile",
                ["~/.ssh/a", "/keys/b", "\"/keys/with blank\"", "/keys/with\\ blank", "~/.ssh/a"]
            ),
            ("IdentitiesOnly", ["yes", "no", "true", "false"]),
            ("ProxyJump", ["hop", "lena@hop:2222", "a,kim@b:22,c", "none", "[fd00::1]:22", "x@10.0.0.1"]),
            ("Compression", ["yes"]), ("ServerAliveInterval", ["30"]), ("# comment", ["x"]),
        ]
        let (keyword, values) = entries[roll(entries.count)]
        let separator = keyword.hasPrefix("#") ? " " : one(of: [" ", "\t", "=", " = ", "  "])
        let written = one(of: [keyword, keyword.lowercased(), keyword.uppercased()])
        // ssh takes what stands behind the hosts of a ProxyJump for a part of the last one's name.
        let comment = keyword == "ProxyJump" ? "" : " # comment"
        return one(of: ["", "  ", "\t"]) + written + separator + one(of: values)
            + one(of: ["", " ", comment, "\t"]) + one(of: ["\n", "\n", "\n\n", "\r\n"])
    }

    private mutating func include() -> String {
        let name = "part\(files.count)"
        files.append((name, ""))
        let index = files.count - 1
        files[index].1 = (0..<(1 + roll(3))).map { _ in block(mayInclude: roll(3) == 0) }.joined()
        return "Include \(folder)/\(one(of: [name, "part\(index)*", "\"\(name)\"", "none*"]))\n"
    }
}
