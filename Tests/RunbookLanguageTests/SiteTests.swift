import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

@Suite struct SiteTests {
    private static let runbook = """
        runbook: demo
        inputs:
          cluster: { type: string, pattern: '[a-z]+', default: homelab }
          portal: { type: ipv4, title: Address of your NAS }
          guest: { type: integer, optional: true }
        hosts:
          master: { title: the first node, user: admin }
          slave: {}
        groups:
          nodes: { members: [master, slave], inputs: { node: { type: hostname, title: Its name } } }
        steps: [{ id: one, host: master, require: 'true' }]
        """

    private func site(_ text: String?, set overrides: [String: String] = [:]) throws -> (Site?, [Diagnostic])
    {
        let runbook = try load(Self.runbook)
        return loadSite(
            text.map { SourceText(name: "demo.site.yaml", $0) }, for: runbook, overrides: overrides)
    }

    @Test func defaultsAreFilledInAndOverridesWin() throws {
        let key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        let (site, diagnostics) = try site(
            """
            for: demo
            inputs: { portal: 192.0.2.20 }
            hosts:
              master: { address: 192.0.2.11, node: pve1, port: 2222, host_key: [\(key), \(key)], legacy_ssh: true }
              slave: { address: 'fd00::12', node: pve2, user: root, identity: ~/.ssh/id_lab }
            """, set: ["portal": "192.0.2.21", "guest": "100"])
        #expect(rendered(diagnostics) == "")
        #expect(
            site?.inputs == [
                "cluster": .string("homelab"), "portal": .string("192.0.2.21"), "guest": .integer(100),
            ])
        var master = SiteHost(address: "192.0.2.11")
        (master.port, master.user, master.hostKeys, master.allowsLegacySSH) = (
            2222, "admin", [key, key], true
        )
        master.attributes = ["node": .string("pve1")]
        var slave = SiteHost(address: "fd00::12")
        slave.identity = "~/.ssh/id_lab"
        slave.attributes = ["node": .string("pve2")]
        #expect(site?.hosts == [HostID("master"): master, HostID("slave"): slave])
    }

    @Test func aTimeOrANumberThatAStepCannotUseIsSaidAtItsLine() throws {
        let runbook = try load(
            """
            runbook: demo
            inputs: { limit: { type: duration }, tries: { type: integer } }
            hosts: { a: {} }
            steps:
              - id: one
                check: date
                run: date
                timeout: '${{ inputs.limit }}'
                retry: { times: '${{ inputs.tries }}' }
            """)
        let source = SourceText(
            name: "demo.site.yaml",
            "for: demo\ninputs:\n  limit: soon\n  tries: 1\nhosts: { a: { address: 192.0.2.1 } }\n")
        #expect(
            loadSite(source, for: runbook).1.map(brief) == [
                "bad-value 3:10 `soon` is not a duration",
                "out-of-range 4:10 step `one` takes a number from 2 to 100 here",
            ])
        let set = loadSite(source, for: runbook, overrides: ["limit": "5m", "tries": "101"])
        #expect(set.1.map(brief).last == "out-of-range 1:7 step `one` takes a number from 2 to 100 here")
        let right = SourceText(
            name: "demo.site.yaml",
            "for: demo\ninputs: { limit: 1h30m, tries: 2 }\nhosts: { a: { address: 192.0.2.1 } }\n")
        #expect(loadSite(right, for: runbook).0 != nil)
    }

    // MARK: - Groups that are left to the site file

    private static let open = """
        runbook: demo
        hosts: { boss: {} }
        groups: { nodes: { min: 2, max: 4, title: a node, user: admin, inputs: { node: { type: hostname } } } }
        steps:
          - { id: one, hosts: nodes, require: { hosts: peers, run: date } }
          - { id: two, hosts: nodes, for_each: peers, edit: { path: /etc/hosts, line: 'x ${{ item.node }}' } }
        """

    @Test func theSiteFileNamesTheMembersOfAGroup() throws {
        let source = SourceText(name: "demo.yaml", Self.open)
        let runbook = try load(Self.open)
        #expect(runbook.groups[0].members.map(\.rawValue) == ["nodes-1", "nodes-2", "nodes-3"])
        let site = SourceText(
            name: "demo.site.yaml",
            """
            for: demo
            groups: { nodes: [west, east] }
            hosts:
              boss: { address: 192.0.2.1 }
              east: { address: 192.0.2.2, node: e1 }
              west: { address: 192.0.2.3, node: w1, user: root }
            """)
        let (members, problems) = readMembers(site, for: runbook)
        #expect(rendered(problems) == "")
        #expect(members == ["nodes": [HostID("west"), HostID("east")]])
        let whole = try #require(loadRunbook(source, members: members).0)
        #expect(whole.groups[0].members == [HostID("west"), HostID("east")])
        #expect(whole.steps.map(\.id.rawValue) == ["one", "two/west", "two/east"])
        #expect(whole.steps.map { $0.hosts.map(\.rawValue) } == [["west", "east"], ["east"], ["west"]])
        let (loaded, found) = loadSite(site, for: whole)
        #expect(rendered(found) == "")
        #expect(loaded?.hosts[HostID("east")]?.user == "admin")
        #expect(loaded?.hosts[HostID("west")]?.attributes == ["node": .string("w1")])
        #expect(
            loadSite(SourceText(name: "demo.site.yaml", whole.siteText([:])), for: whole).1.map(\.id.slug)
                == ["value-missing", "value-missing", "value-missing"])
    }

    @Test(arguments: [
        ("for: demo\nhosts: {}\n", "missing-host 1:1 the members of the group `nodes` are not named"),
        (
            "for: demo\ngroups: { node: [a, b] }\n",
            "missing-host 2:1 the members of the group `nodes` are not named"
        ),
        ("for: demo\ngroups: { nodes: [a] }\n", "out-of-range 2:18 the group `nodes` has 1 member"),
        ("for: demo\ngroups: { nodes: [a, a] }\n", "duplicate-member 2:22 `a` is named twice"),
        (
            "for: demo\ngroups: { nodes: [a, boss] }\n",
            "reserved-name 2:22 `boss` has a meaning in this runbook already"
        ),
        (
            "for: demo\ngroups: { nodes: [a, nodes] }\n",
            "reserved-name 2:22 `nodes` has a meaning in this runbook already"
        ),
    ])
    func wrongMembersAreSaidAtTheirPlace(_ text: String, _ problem: String) throws {
        let found = readMembers(SourceText(name: "demo.site.yaml", text), for: try load(Self.open)).1
        #expect(found.map(brief) == [problem])
    }

    @Test func membersAreNamedOfOpenGroupsOnly() throws {
        let (_, found) = try site("for: demo\ngroups: { nodes: [master] }\n")
        #expect(found.map(brief).contains("unknown-key 2:11 `demo` leaves no group `nodes` to the site file"))
    }

    @Test func everythingThatIsWrongIsSaidAtOnce() throws {
        let (site, diagnostics) = try site(
            """
            for: other
            inputs: { cluster: HOME, protal: 192.0.2.20, guest: 007 }
            hosts:
              master: { address: 192.0.2.11, nodes: pve1, jump: 'bastion:x', host_key: 'aa:bb' }
              salve: { address: x }
            steps: []
            """, set: ["clutser": "x", "guest": "many"])
        #expect(site == nil)
        #expect(
            diagnostics.map(brief) == [
                "other-runbook 1:6 these values are for `other`, not for `demo`",
                "missing-input 2:1 the input `portal` has no value: Address of your NAS",
                "bad-value 2:20 `cluster` does not have the right form",
                "unknown-key 2:26 `demo` has no input `protal`",
                "bad-value 2:53 a number is written without a leading zero",
                "missing-host 3:1 the host `slave` is not described",
                "missing-attribute 4:3 host `master` has no `node`: Its name",
                "unknown-key 4:34 `nodes` is not asked of host `master`",
                "bad-value 4:53 this is no host to go through",
                "bad-value 4:76 this is not the fingerprint of a host key",
                "unknown-key 5:3 `demo` has no host `salve`",
                "unknown-key 6:1 `steps` is not a key of a site file",
                "unknown-input 1:1 `demo` has no input `clutser`",
                "bad-value 1:7 `many` is not a whole number",
            ])
    }

    @Test func hostsToGoThroughAreReadInTheirOrder() throws {
        let (site, diagnostics) = try site(
            """
            for: demo
            inputs: { portal: 192.0.2.20 }
            hosts:
              master: { address: a, node: b, user: lena, identity: k, jump: '[fd00::1]:2222' }
              slave:
                address: c
                node: d
                jump: [kim@gate, { address: inner, port: 2022, user: root, identity: i, legacy_ssh: true }]
            """)
        #expect(rendered(diagnostics) == "")
        var gate = SiteHost(address: "fd00::1")
        (gate.port, gate.user, gate.identity) = (2222, "lena", "k")
        #expect(site?.hosts[HostID("master")]?.jumps == [gate])
        var first = SiteHost(address: "gate")
        first.user = "kim"
        var second = SiteHost(address: "inner")
        (second.port, second.identity, second.allowsLegacySSH) = (2022, "i", true)
        #expect(site?.hosts[HostID("slave")]?.jumps == [first, second])
    }

    @Test func missingValuesSayWhereToWriteThem() throws {
        let (_, diagnostics) = try site(
            "for: demo\nhosts: { master: { address: a, node: b }, slave: { address: c, node: d } }\n")
        #expect(
            rendered(diagnostics) == """
                error[missing-input]: the input `portal` has no value: Address of your NAS
                 --> demo.site.yaml:1:1
                  |
                1 | for: demo
                  | ^^^
                  |
                  = hint: add `portal: 192.0.2.1` under `inputs:`, or `--set portal=…`

                """)
    }

    @Test func withoutASiteFileItIsSaidWhatOneHolds() throws {
        let (site, diagnostics) = try site(nil)
        #expect(site == nil)
        #expect(
            rendered(diagnostics) == """
                error[no-site]: there is no site file for `demo`
                 --> demo.site.yaml:1:1
                  |
                1 |
                  | ^
                  |
                  = hint: write these values into NAME.site.yaml beside the runbook, or name another file with `--site FILE`
                  = hint: inputs: portal: Address of your NAS
                  = hint: hosts: master: address and node
                  = hint: hosts: slave: address and node

                """)
    }

    /// Names of hosts and users reach other programs: none may look like an option or shell text.
    @Test(arguments: [
        "-oProxyCommand=x", "a;id", "$(id)", "root@host", "host:22", "a b", "", "a/b", "`id`", "a\\nb",
    ])
    func hostileAddressesAndUsersAreRefused(_ text: String) throws {
        let (site, diagnostics) = try site(
            """
            for: demo
            inputs: { portal: 192.0.2.20 }
            hosts:
              master: { address: "\(text)", node: a }
              slave: { address: b, node: b, user: "\(text)" }
            """)
        #expect(site == nil)
        #expect(
            diagnostics.map(brief) == [
                "bad-value 4:22 this is neither a host name nor an address",
                "bad-value 5:39 this is not the name of a user",
            ])
    }

    @Test(arguments: [
        ("192.0.2.01", false), ("192.0.2", false), ("256.0.0.1", false), ("0.0.0.0", true),
        ("192.0.2.1\n", false),
    ])
    func addressesOfInputsAreJudgedExactly(_ text: String, _ isRight: Bool) throws {
        let (_, diagnostics) = try site(
            "for: demo\nhosts: { master: { address: a, node: a }, slave: { address: b, node: b } }\n",
            set: ["portal": text])
        #expect(diagnostics.isEmpty == isRight)
    }

    @Test(arguments: [
        ("a", true), ("a-b.c", true), ("-a", false), ("a-", false), ("a_b", false), ("a..b", false),
        ("é", false),
        (String(repeating: "a", count: 64), false),
    ])
    func hostNamesAreJudgedByTheirLabels(_ text: String, _ isRight: Bool) throws {
        let (_, diagnostics) = try site(
            """
            for: demo
            inputs: { portal: 192.0.2.20 }
            hosts: { master: { address: a, node: '\(text)' }, slave: { address: b, node: b } }
            """)
        #expect(diagnostics.isEmpty == isRight)
    }
}
