import Glibc
import RunbookTestSupport
import Testing

/// `runbook init`.
@Suite(.timeLimit(.minutes(1))) struct InitTests {
    static let runbook = """
        runbook: small
        inputs:
          portal: { type: ipv4, title: Address of your NAS }
          mode: { type: choice, of: [fast, safe], default: safe, title: How }
          guest: { type: integer, optional: true }
        hosts:
          a: { title: the first one, inputs: { node: { type: hostname, title: What it calls itself } } }
          b: {}
        steps: [{ id: look, host: a, require: date }]

        """

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test func withoutATerminalTheCommandLineSaysAll() throws {
        let desk = try Desk(Self.runbook, site: nil)
        let result = try desk.runbook(
            "init", "FILE", "--set", "portal=192.0.2.20", "--host", "a.address=10.0.0.1", "--host",
            "a.node=n1",
            "--host", "b.address=fd00::2", "--host", "b.user=admin", "--host", "b.port=2222")
        #expect(
            result.errors == """
                written: DIR/runbooks/small.site.yaml, which only you can read
                what would happen now:
                  runbook plan DIR/runbooks/small.yaml

                """)
        #expect(result.status == 0)
        #expect(
            try desk.text("runbooks/small.site.yaml") == """
                # The values of one place for the runbook small. They are not part of the runbook.
                for: small
                inputs:
                  # Address of your NAS
                  portal: 192.0.2.20
                  # How
                  # mode: safe
                  # guest: ''
                hosts:
                  # the first one
                  a:
                    address: 10.0.0.1
                    # What it calls itself
                    node: n1
                  b:
                    address: fd00::2
                    port: 2222
                    user: admin

                """)
        #expect(mode(of: desk.folder.file("runbooks/small.site.yaml")) == 0o600)
        #expect(try desk.runbook("plan", "FILE").status == 0)
    }

    @Test func whatIsMissingIsNamedAndNothingIsWritten() throws {
        let desk = try Desk(Self.runbook, site: nil)
        let result = try desk.runbook("init", "FILE", "--host", "a.address=10.0.0.1")
        #expect(
            result.errors == """
                error: these values are missing, and there is no terminal to ask at:
                  --set portal=…  Address of your NAS
                  --host a.node=…  What it calls itself
                  --host b.address=…  a name or an address that this machine reaches it by

                """)
        #expect(result.status == 2)
        #expect(!desk.has("runbooks/small.site.yaml"))
    }

    @Test(arguments: [
        (
            ["--set", "portal=10.0.0"], 2,
            "error: portal: `10.0.0` is not an IPv4 address; four numbers from 0 to 255, as in `192.0.2.20`\n"
        ),
        (["--set", "protal=10.0.0.1"], 2, "error: `small` does not ask for protal; did you mean portal?\n"),
        (["--host", "a.adress=x"], 2, "error: `small` does not ask for a.adress; did you mean a.address?\n"),
        (
            ["--host", "c.address=x"], 2,
            "error: `small` does not ask for c.address; did you mean a.address?\n"
        ),
        (
            ["--host", "a.address=-oProxyCommand=x"], 2,
            "error: a.address: this is neither a host name nor an address\n"
        ),
        (["--set", "portal"], 64, "error: --set takes NAME=VALUE, not `portal`\n"),
    ])
    func wrongValuesAreRefused(_ options: [String], _ status: Int32, _ errors: String) throws {
        let desk = try Desk(Self.runbook, site: nil)
        let result = try desk.run(["init", "FILE"] + options)
        #expect(result.errors == errors)
        #expect(result.status == status)
    }

    /// What a used runbook asks for is handed on by the one that uses it: with it the values are right or wrong.
    @Test(arguments: [("node", 0), ("rack", 2)] as [(String, Int32)])
    func usedRunbooksAreRead(_ asked: String, _ status: Int32) throws {
        let desk = try Desk(
            """
            runbook: small
            inputs: { ntp: { type: hostname, title: Where the time comes from } }
            hosts: { a: { inputs: { node: { type: hostname } } } }
            steps:
              - { id: time, host: a, use: time.yaml, with: { server: '${{ inputs.ntp }}' } }
              - { id: then, host: a, if: steps.time/ask.outputs.n != '', require: date }

            """, site: nil)
        try desk.folder.write(
            "runbooks/time.yaml",
            """
            runbook: time
            hosts: { host: { inputs: { \(asked): { type: hostname } } } }
            inputs: { server: { type: hostname } }
            steps:
              - { id: ask, outputs: { n: { run: 'ntpq ${{ inputs.server }} ${{ host.\(asked) }}' } } }

            """)
        let result = try desk.runbook(
            "init", "FILE", "--set", "ntp=time.example", "--host", "a.address=10.0.0.1", "--host", "a.node=n1"
        )
        #expect(result.status == status)
        #expect(desk.has("runbooks/small.site.yaml") == (status == 0))
        #expect(try desk.runbook("plan", "FILE").status == status)
        guard status != 0 else { return }
        #expect(
            result.errors == """
                error[used-hosts]: host `a` has no `rack`, which the used runbook asks for
                 --> DIR/runbooks/small.yaml:5:26
                  |
                5 |   - { id: time, host: a, use: time.yaml, with: { server: '${{ inputs.ntp }}' } }
                  |                          ^^^
                  |
                  = hint: declare it in the `inputs` of the host or its group

                error[unknown-name]: host `a` has no `rack`
                 --> DIR/runbooks/time.yaml:5:73
                  |
                5 |   - { id: ask, outputs: { n: { run: 'ntpq ${{ inputs.server }} ${{ host.rack }}' } } }
                  |                                                                         ^^^^
                  |
                  = hint: it has: `node`, `id`, `address`, `clock_skew` and `operator_key`

                """)
    }

    @Test func aSiteFileThatIsThereStays() throws {
        let desk = try Desk(Self.runbook, site: "for: small\n")
        let result = try desk.runbook("init", "FILE", "--set", "portal=192.0.2.20")
        #expect(
            result.errors == "error: DIR/runbooks/small.site.yaml is there already: --force replaces it\n")
        #expect(result.status == 64)
        #expect(try desk.text("runbooks/small.site.yaml") == "for: small\n")
    }

    /// A person at a terminal: a wrong value is asked again, Enter takes the default.
    @Test func atATerminalEveryValueIsAsked() throws {
        let desk = try Desk(Self.runbook, site: nil)
        let command = "\(Story.program) init \(desk.folder.file("runbooks/small.yaml"))"
        let result = try run(
            ["script", "-qec", command, "/dev/null"], environment: Story.environment,
            input: "10.0.0\n192.0.2.20\n\n7\n10.0.0.1\nn1\n10.0.0.2\n")
        #expect(result.status == 0)
        for line in [
            "Address of your NAS", "portal (an IPv4 address): ", "`10.0.0` is not an IPv4 address", "How",
            "mode (fast or safe, Enter for safe): ", "guest (a whole number, Enter for none): ",
            "a: the first one",
            "address (a name or an address that this machine reaches it by): ", "node (a host name): ",
        ] {
            #expect(result.output.firstRange(of: line) != nil, "\(line) is not in \(result.output)")
        }
        #expect(
            try desk.text("runbooks/small.site.yaml") == """
                # The values of one place for the runbook small. They are not part of the runbook.
                for: small
                inputs:
                  # Address of your NAS
                  portal: 192.0.2.20
                  # How
                  # mode: safe
                  guest: 7
                hosts:
                  # the first one
                  a:
                    address: 10.0.0.1
                    # What it calls itself
                    node: n1
                  b:
                    address: 10.0.0.2

                """)
    }

    @Test(.enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
    func fingerprintsAreShownAndNotBelieved() throws {
        let server = try SSHDServer()
        let desk = try Desk(
            "runbook: small\nhosts: { a: {} }\nsteps: [{ id: look, host: a, require: date }]\n", site: nil)
        let result = try desk.runbook(
            "init", "FILE", "--fingerprints", "--host", "a.address=127.0.0.1", "--host",
            "a.port=\(server.port)")
        let shown = result.errors.split(separator: "\n").first.map(String.init) ?? ""
        #expect(
            server.fingerprints.contains { shown.hasPrefix("a shows the ") && shown.hasSuffix(" key \($0)") },
            "\(shown)")
        #expect(try desk.text("runbooks/small.site.yaml").firstRange(of: "host_key") == nil)
    }
}
