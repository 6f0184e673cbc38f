import RunbookModel
import RunbookSupervisor
import RunbookTestSupport
import RunbookText
import Testing

@testable import RunbookEngine

/// Both halves of `trust`, really run by the shells of the hosts.
@Suite struct TrustScriptTests {
    static let trust: TrustAction = {
        var trust = TrustAction(peers: [HostID("a"), HostID("b")])
        trust.keepsOperator = true
        return trust
    }()

    static let peerKey = "ssh-rsa AAAAB3peer root@b"
    static let operatorKey = "ssh-ed25519 AAAAC3op ann@desk"

    static func context() -> UnitContext {
        var plan = Plan(Step("t/keys"), Step("t/files") { $0.action = .trustFiles(trust) })
        let inputs = [Input(name: "node", type: .hostname), Input(name: "ip", type: .ipv4)]
        for index in plan.runbook.hosts.indices { plan.runbook.hosts[index].inputs = inputs }
        plan.site.hosts[HostID("b")]?.attributes = ["node": .string("pve2"), "ip": .string("10.0.0.2")]
        return UnitContext(
            plan: plan, unit: Unit("t/files", "a"),
            outputs: [
                Unit("t/keys", "b"): [
                    "public_key": .string(peerKey),
                    "host_keys": .string("ssh-rsa AAAAhost1\nssh-ed25519 AAAAhost2"),
                ]
            ], operatorKeys: [HostID("a"): operatorKey, HostID("b"): operatorKey])
    }

    static let authorized = "\(peerKey)\n\(operatorKey)\n"
    static let known = "pve2,10.0.0.2 ssh-rsa AAAAhost1\npve2,10.0.0.2 ssh-ed25519 AAAAhost2\n"

    /// Runs the second half in a folder that stands for /root/.ssh.
    static func files(_ host: HostFolder) throws -> CommandResult {
        var files: [String: HostFile?] = [:]
        for name in ["authorized_keys", "known_hosts"] {
            let path = host.path(name)
            let isThere = try host.names(in: "etc").contains(name)
            files["/root/.ssh/\(name)"] = .some(isThere ? try host.file(path) : nil)
        }
        guard let acting = try context().acting(on: files) else { throw SupportError("no verb") }
        return try host.run(acting.script.replacing("/root/.ssh", with: host.folder.file("etc")))
    }

    @Test(arguments: HostFolder.shells)
    func keysAreAddedOnceAndWhatIsThereStays(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        // Through the link that a cluster makes of it, without a newline at its end, with a comment of its own.
        try writeFile(
            host.path("shared"),
            [UInt8]("ssh-rsa AAAAB3other it's \"me\"\nfrom=\"10.*\" ssh-rsa AAAAB3peer other".utf8))
        try runChecked(["ln", "-s", "shared", host.path("authorized_keys")])
        let result = try Self.files(host)
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        let keys =
            "ssh-rsa AAAAB3other it's \"me\"\nfrom=\"10.*\" ssh-rsa AAAAB3peer other\n\(Self.operatorKey)\n"
        #expect(String(decoding: try readFile(host.path("authorized_keys")), as: UTF8.self) == keys)
        #expect(try runChecked(["readlink", host.path("authorized_keys")]) == "shared\n")
        #expect(String(decoding: try readFile(host.path("known_hosts")), as: UTF8.self) == Self.known)
        // A second time there is nothing to do.
        let again = try Self.files(host)
        #expect(again == CommandResult(status: 0, output: "", errors: ""))
        #expect(String(decoding: try readFile(host.path("authorized_keys")), as: UTF8.self) == keys)
        #expect(try host.names(in: "etc") == ["authorized_keys", "known_hosts", "shared"])
    }

    /// As ssh-keyscan and ssh-copy-id leave them: the same keys, other lines.
    @Test func whatWasDoneByHandIsEnough() throws {
        let known = """
            # pve2:22 SSH-2.0-OpenSSH
            pve2 ssh-rsa AAAAhost1
            pve2 ssh-ed25519 AAAAhost2
            10.0.0.2 ssh-rsa AAAAhost1
            10.0.0.2 ssh-ed25519 AAAAhost2 a comment

            """
        let revoked = known.replacing("10.0.0.2 ssh-rsa", with: "@revoked 10.0.0.2 ssh-rsa")
        for (known, isNeeded) in [(known, false), (revoked, true)] {
            let files = ["authorized_keys": Self.authorized, "known_hosts": known].map { name, text in
                let path = "/root/.ssh/\(name)"
                return (
                    path,
                    HostFile?.some(HostFile(bytes: [UInt8](text.utf8), mode: 0o600, owner: "0:0", path: path))
                )
            }
            let acting = try Self.context().acting(on: Dictionary(uniqueKeysWithValues: files))
            #expect(acting?.changes.map(\.isNeeded) == [false, isNeeded])
        }
    }

    @Test(arguments: HostFolder.shells)
    func missingFilesAreMadeWithTheirModes(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        #expect(try Self.files(host).status == 0)
        #expect(
            String(decoding: try readFile(host.path("authorized_keys")), as: UTF8.self) == Self.authorized)
        #expect(try host.stat(host.path("authorized_keys")).hasPrefix("600 "))
        #expect(try host.stat(host.path("known_hosts")).hasPrefix("644 "))
    }

    @Test(arguments: HostFolder.shells)
    func aFileThatChangedMeanwhileEndsItWith75(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        guard let acting = try Self.context().acting(on: [:]) else { throw SupportError("no verb") }
        try writeFile(host.path("authorized_keys"), [UInt8]("mine\n".utf8))
        let result = try host.run(acting.script.replacing("/root/.ssh", with: host.folder.file("etc")))
        #expect(result.status == 75)
        #expect(try host.names(in: "etc") == ["authorized_keys"])
        #expect(try readFile(host.path("authorized_keys")) == [UInt8]("mine\n".utf8))
    }

    @Test(arguments: HostFolder.shells)
    func aKeyIsMadeOnlyWhereThereIsNone(_ shell: [String]) throws {
        let host = try HostFolder(shell)
        let home = host.folder.file("home")
        try runChecked(["mkdir", home])
        try writeFile(
            host.folder.file("bin/getent"),
            [UInt8]("#!/bin/sh\necho root:x:0:0:root:\(shellQuoted(home)):/bin/sh\n".utf8), mode: 0o755)
        // Stands for the real one, which takes a second: it writes what it is told to, and counts.
        try writeFile(
            host.folder.file("bin/ssh-keygen"),
            [UInt8](
                """
                #!/bin/sh
                echo made >> \(shellQuoted(host.folder.file("made")))
                case $1 in
                -q) echo private > "$9"; echo public > "$9.pub" ;;
                -y) echo public again ;;
                esac

                """.utf8), mode: 0o755)
        let script = Self.context().trustKeysScript(Self.trust)
        guard case .command(let check) = UnitContext.trustKeysCheck(Self.trust).subject,
            let question = check.script.text.literal
        else { throw SupportError("no question") }
        #expect(try host.run(question).status == 1)
        #expect(try host.run(script) == CommandResult(status: 0, output: "", errors: ""))
        #expect(try host.run(question).status == 0)
        #expect(try host.stat("\(home)/.ssh").hasPrefix("700 "))
        #expect(try host.stat("\(home)/.ssh/id_rsa").hasPrefix("600 "))
        #expect(try host.run(script).status == 0)
        #expect(try readFile(host.folder.file("made")) == [UInt8]("made\n".utf8))
        // Only the public half is missing: it is worked out, the key stays.
        try runChecked(["rm", "\(home)/.ssh/id_rsa.pub"])
        #expect(try host.run(script).status == 0)
        #expect(try readFile("\(home)/.ssh/id_rsa") == [UInt8]("private\n".utf8))
        #expect(try readFile("\(home)/.ssh/id_rsa.pub") == [UInt8]("public again\n".utf8))
    }
}
