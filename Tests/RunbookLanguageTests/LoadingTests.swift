import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import RunbookTestSupport
import Testing

/// What the texts become.
@Suite struct LoadingTests {
    private static let head = """
        runbook: demo
        hosts: { master: {}, slave: { user: admin } }
        groups: { nodes: { members: [master, slave], inputs: { node: { type: hostname } } } }

        """

    private func steps(_ text: String) throws -> [Step] { try load(Self.head + text).steps }
    private func shell(_ text: String) -> CommandQuestion { CommandQuestion(script: Script(Template(text))) }

    @Test func declarationsKeepTheirOrderAndTypes() throws {
        let runbook = try load(
            Self.head + """
                version: 1.10
                title: no
                inputs:
                  z: { type: choice, of: [yes, no], default: no }
                  a: { type: integer, default: 0, title: A number }
                  path: { type: path, optional: true }
                env: { B: '${{ inputs.a }}', A: '${{ env.B }}-${{ peer.node }}' }
                steps: [{ id: one, host: master, require: 'true' }]
                """)
        #expect(runbook.version == "1.10")
        #expect(runbook.title == "no")
        #expect(runbook.inputs.map(\.name) == ["z", "a", "path"])
        #expect(runbook.inputs.map(\.type) == [.choice(["yes", "no"]), .integer, .path])
        #expect(runbook.inputs.map(\.defaultValue) == [.string("no"), .integer(0), nil])
        #expect(runbook.hosts.map(\.id.rawValue) == ["master", "slave"])
        #expect(runbook.hosts.map(\.user) == [nil, "admin"])
        #expect(runbook.hosts.map { $0.inputs.map(\.name) } == [["node"], ["node"]])
        #expect(runbook.groups == [Group(name: "nodes", members: [HostID("master"), HostID("slave")])])
        #expect(
            runbook.environment.map(\.value.source) == ["${{ inputs.a }}", "${{ env.B }}-${{ peer.node }}"])
    }

    @Test func aStepHoldsWhatItsKeysSay() throws {
        let step = try #require(
            try steps(
                """
                steps:
                  - id: one
                    name: The one
                    hosts: nodes
                    order: together
                    run: service cman start
                    shell: bash
                    stdin: "y\\n"
                    check: test -e /x
                    ok_exit: 15
                    timeout: { after: 1h30m, then: leave }
                    retry: { times: 3 }
                    interrupted: rerun
                    connection: may_drop
                    tags: [a, b]
                    was: zero
                    irreversible: gone from ${{ host.node }}
                    on_failure: { show: dmesg }
                """
            ).first)
        var expected = Step(id: StepID("one"), name: "The one")
        expected.hosts = [HostID("master"), HostID("slave")]
        expected.group = expected.hosts
        expected.order = .together
        expected.action = .run(Script(Template("service cman start"), shell: .bash))
        expected.stdin = Template("y\n")
        expected.check = [Question(.command(shell("test -e /x")))]
        expected.okExit = [15]
        expected.timeout = TimeLimit(after: .seconds(5400), then: .leave)
        expected.retry = Retry(times: .fixed(3), delay: .seconds(5))
        expected.interrupted = .rerun
        expected.connectionMayDrop = true
        expected.tags = ["a", "b"]
        expected.formerID = StepID("zero")
        expected.irreversible = Template(
            parts: [.text("gone from "), .value(.reference(.thisHost("node")))])
        expected.evidence = [Template("dmesg")]
        expected.line = 5
        #expect(step == expected)
    }

    @Test func aServiceIsShellTextAndItsProof() throws {
        let steps = try steps(
            """
            steps:
              - { id: up, host: master, service: { name: x@1, state: started }, check: test -e /x }
              - { id: down, host: master, service: { name: x, state: stopped } }
              - { id: again, host: master, service: { name: x, state: restarted }, verify: date }
              - { id: read, host: master, service: { name: x, state: reloaded } }
            """)
        func text(_ step: Step) -> String {
            if case .run(let script)? = step.action { script.text.source } else { "" }
        }
        func ask(_ question: Question) -> String {
            guard case .command(let command) = question.subject else { return "" }
            return (question.isNegated ? "not " : "") + command.script.text.source
        }
        let isRunning = "if [ -d /run/systemd/system ]; then systemctl is-active x; else service x status; fi"
        #expect(
            steps.map(text) == [
                "if [ -d /run/systemd/system ]; then systemctl start x@1; else service x@1 start; fi",
                "if [ -d /run/systemd/system ]; then systemctl stop x; else service x stop; fi",
                "if [ -d /run/systemd/system ]; then systemctl restart x; else service x restart; fi",
                "if [ -d /run/systemd/system ]; then systemctl reload x; else service x reload; fi",
            ])
        #expect(
            steps.map { $0.check.map(ask) } == [
                [isRunning.replacing(" x", with: " x@1"), "test -e /x"], ["not \(isRunning)"], [], [],
            ])
        #expect(steps.map { $0.verify.map(ask) } == [[], [], [isRunning, "date"], [isRunning]])
        #expect(
            (steps[0].check + steps[1].check).compactMap(\.message?.source) == [
                "x@1 does not run on ${{ host.id }}", "x still runs on ${{ host.id }}",
            ])
    }

    /// With the scripts of sysvinit, and with systemd: the words that the two are called with.
    @Test(arguments: [("started", 0, "status"), ("started", 3, "status"), ("stopped", 3, "status")])
    func theProofOfAServiceIsItsStatus(_ state: String, _ status: Int, _ word: String) throws {
        let step = try #require(
            try steps("steps: [{ id: a, host: master, service: { name: demo, state: \(state) } }]\n").first)
        guard case .command(let command) = try #require(step.check.first).subject else { return }
        let folder = try TemporaryDirectory("service")
        try folder.write("service", "#!/bin/sh\necho service $*\nexit \(status)\n", mode: 0o700)
        try folder.write("systemctl", "#!/bin/sh\necho systemctl $*\nexit \(status)\n", mode: 0o700)
        let path = "\(folder.path):/usr/bin:/bin"
        let result = try run(
            ["sh", "-euc", command.script.text.source], environment: ["PATH": path])
        #expect(["service demo status\n", "systemctl is-active demo\n"].contains(result.output))
        #expect(result.status == Int32(status))
        #expect(command.noExit == [1, 2, 3])
    }

    @Test func aWaitPassesOnItsHostAndMayBeRepeated() throws {
        let step = try #require(
            try steps(
                "steps: [{ id: a, host: master, wait: 15m1s }]\n"
            ).first)
        #expect(step.action == .run(Script(Template("sleep 901"))))
        #expect(step.timeout == TimeLimit(after: .seconds(961), then: .stop))
        #expect(step.interrupted == .rerun)
        #expect(step.unproven == "time passes by itself")
    }

    @Test func aScriptIsAFileAndItsUserANameThatIsPlain() throws {
        let steps = try steps(
            "steps: [{ id: a, host: master, script: files/a.sh, shell: bash, as: www-data, check: date }]\n")
        #expect(steps.map(\.action) == [.script(path: "files/a.sh", shell: .bash)])
        #expect(steps.map(\.runAs) == ["www-data"])
        #expect(
            problems(
                Self.head + "steps: [{ id: a, host: master, script: ../a.sh, as: 'x; id', check: date }]\n")
                    == """
                    bad-path 4:40 a file of a runbook lies beside it or below
                    bad-value 4:53 this is not the name of a user
                    """)
        #expect(
            problems(Self.head + "steps: [{ id: a, host: master, edit: { path: /x, line: y }, as: x }]\n")
                == "key-not-here 4:61 `as` goes with `run`, `argv`, `script` or `reboot`")
    }

    @Test func trustIsTwoStepsOnAllHostsTogether() throws {
        let steps = try steps(
            """
            steps:
              - id: ssh
                name: Trust
                trust: { peers: nodes, operator: true }
                require: test -d /root
                check: { run: ssh x, no_exit: 255 }
                undo: automatic
            """)
        #expect(steps.map(\.id.rawValue) == ["ssh/keys", "ssh/files"])
        #expect(steps.map(\.order) == [.together, .together])
        #expect(steps.map(\.hosts.count) == [2, 2])
        #expect(steps.map(\.check.count) == [0, 1])
        #expect(steps.map(\.require.count) == [1, 0])
        #expect(steps.map(\.undo) == [nil, .automatic])
        var trust = TrustAction(peers: [HostID("master"), HostID("slave")])
        trust.keepsOperator = true
        #expect(steps.map(\.action) == [.trustKeys(trust), .trustFiles(trust)])
    }

    @Test func blocksGiveTheirStepsWhatTheyHave() throws {
        let runbook = try load(
            Self.head + """
                steps:
                  - id: outer
                    hosts: nodes
                    if: host.node != 'x'
                    unless: test -e /done
                    env: { A: a }
                    steps:
                      - { id: one, run: date, check: 'true', if: host.node != 'y', env: { B: '${{ env.A }}' } }
                      - { id: two, outputs: { now: { run: date } } }
                      - { id: three, require: { that: "steps.two.outputs.now != ''" } }
                """)
        let block = try #require(runbook.steps.first)
        #expect(runbook.allSteps.map(\.id.rawValue) == ["outer/one", "outer/two", "outer/three"])
        #expect(block.steps.map(\.hosts) == Array(repeating: [HostID("master"), HostID("slave")], count: 3))
        #expect(
            block.steps.map(\.unless)
                == Array(repeating: [Question(.command(shell("test -e /done")))], count: 3))
        #expect(block.steps[0].condition?.source == "host.node != 'x' and host.node != 'y'")
        #expect(block.steps[0].environment.map(\.name) == ["A", "B"])
        #expect(
            block.steps[2].require.map(\.subject) == [
                .expression(
                    .compare(
                        .notEqual, .reference(.output(StepID("outer/two"), on: nil, "now")),
                        .literal(.string(""))))
            ])
    }

    @Test func namedChecksAreWrittenOutWithWhatStandsBesideTheirUse() throws {
        let step = try #require(
            try steps(
                """
                checks:
                  up: { run: status, no_exit: [1, 3], match: '^${{ host.node }}$', message: 'no', host: slave }
                  both: [{ use: up }, { not: { use: up }, within: 5s }]
                steps:
                  - id: one
                    hosts: nodes
                    require: { use: up, host: peer, within: 30s, otherwise: warn, message: 'not ${{ host.node }}' }
                    verify: { use: both, every: 2s }
                """
            ).first)
        var up = Question(.command(shell("status")))
        var command = shell("status")
        command.noExit = [1, 3]
        command.match = [
            Template(parts: [.text("^"), .value(.reference(.thisHost("node"))), .text("$")])
        ]
        up.subject = .command(command)
        up.message = Template("no")
        up.place = .host(HostID("slave"))
        up.name = "up"
        var asked = up
        asked.place = .peer
        asked.within = .seconds(30)
        asked.onlyWarns = true
        asked.message = Template(parts: [.text("not "), .value(.reference(.thisHost("node")))])
        #expect(step.require == [asked])
        var first = up
        first.every = .seconds(2)
        first.name = "both"
        var second = first
        second.within = .seconds(5)
        second.isNegated = true
        #expect(step.verify == [first, second])
    }

    @Test func timesAndNumbersCanBeGivenByTheSite() throws {
        let runbook = try load(
            """
            runbook: test
            hosts: { master: { inputs: { patience: { type: duration } } } }
            inputs:
              limit: { type: duration }
              spare: { type: duration, optional: true }
              tries: { type: integer, default: 3 }
            defaults: { timeout: '${{ inputs.limit }}' }
            steps:
              - id: one
                check: { run: date, within: '${{ inputs.limit }}', every: "${{ default(inputs.spare, '2s') }}" }
                run: date
                retry: { times: '${{ inputs.tries }}', delay: "${{ inputs.tries > 2 and inputs.limit or '1s' }}" }
              - { id: two, reboot: { within: '${{ host.patience }}' } }
              - { id: three, for_each: { short: 5s }, wait: '${{ item }}' }
              - { id: four, wait: '${{ inputs.limit }}' }
            """)
        let one = runbook.steps[0]
        #expect(one.timeout == TimeLimit(after: .given(.reference(.input("limit"))), then: .stop))
        #expect(one.check[0].within?.source == "${{ inputs.limit }}")
        #expect(one.check[0].every?.source == "${{ default(inputs.spare, '2s') }}")
        #expect(one.retry?.times == .given(.reference(.input("tries")), in: 2...100))
        #expect(one.retry?.delay.source == "${{ inputs.tries > 2 and inputs.limit or '1s' }}")
        #expect(runbook.steps[1].action == .reboot(within: .given(.reference(.thisHost("patience")))))
        #expect(runbook.steps[2].action == .run(Script(Template("sleep 5"))))
        let sleep = Expression.call(.seconds, [.reference(.input("limit"))])
        let four = runbook.steps[3]
        #expect(four.action == .run(Script(Template(parts: [.text("sleep "), .value(sleep)]))))
        #expect(four.timeout.after.source == "${{ inputs.limit }} and 1m")
    }

    @Test func defaultsHoldForTheStepsThatSayNothing() throws {
        let steps = try load(
            """
            runbook: test
            hosts: { a: {}, b: {} }
            defaults: { timeout: { after: 2m, then: leave }, order: together, as: postgres }
            steps:
              - { id: one, hosts: [a, b], check: date, run: date }
              - { id: two, hosts: [a, b], check: date, run: date, timeout: 1m, order: one-by-one, as: root }
              - { id: three, host: a, require: date }
              - { id: block, hosts: [a, b], steps: [{ id: inner, check: date, run: date }] }
            """
        ).steps
        #expect(steps.map(\.order) == [.together, .oneByOne, .oneByOne, .oneByOne])
        #expect(steps.map(\.runAs) == ["postgres", "root", nil, nil])
        #expect(steps[3].steps.map(\.runAs) == ["postgres"])
        #expect(steps[0].timeout == TimeLimit(after: .seconds(120), then: .leave))
        #expect(steps[1].timeout == TimeLimit(after: .seconds(60), then: .stop))
    }

    @Test func theCheckOfALaterStepIsAskedWhereThatStepRuns() throws {
        let steps = try steps(
            """
            steps:
              - { id: early, host: master, unless: { step: late }, run: date, verify: 'true' }
              - { id: also, hosts: nodes, unless: { step: late }, run: date, verify: 'true' }
              - { id: late, host: slave, run: date, check: test -e /late }
            """)
        var question = Question(.command(shell("test -e /late")))
        question.place = .hosts([HostID("slave")])
        #expect(steps[0].unless == [question])
        #expect(steps[1].unless == [question])
    }

    @Test func outputsOfAStepWithOneHostAreThatHosts() throws {
        let steps = try steps(
            """
            steps:
              - { id: read, host: master, outputs: { size: { run: stat, type: integer } } }
              - { id: ask, ask: Go on? }
              - { id: use, host: slave, if: "steps.read.outputs.size > 1 and steps.ask.outputs.answer == 'yes'", require: 'true' }
            """)
        #expect(
            steps[2].condition?.source
                == "steps.read.on.master.outputs.size > 1 and steps.ask.outputs.answer == 'yes'")
        #expect(steps[1].hosts == [])
    }

    @Test func editsHoldTheirChange() throws {
        let steps = try steps(
            """
            steps:
              - { id: a, host: master, edit: { path: /a, line: 'x ${{ host.id }}', match: '^x ' } }
              - { id: b, host: master, edit: { path: /b, from: /c, set: { /r/@a: 1, /r/b: {} }, remove: /r/c, increment: [/r/@v], create: true } }
              - { id: c, host: master, copy: { path: /d, content: '', mode: 0755, owner: root } }
            """)
        let host = Expression.reference(.thisHost("id"))
        let line = EditAction(
            path: Template("/a"),
            change: .line(Template(parts: [.text("x "), .value(host)]), match: Template("^x ")))
        var change = StructuredChange()
        change.set = [.init(path: Template("/r/@a"), value: Template("1"))]
        change.ensure = [Template("/r/b")]
        change.remove = [Template("/r/c")]
        change.increment = [Template("/r/@v")]
        var tree = EditAction(path: Template("/b"), change: .structured(change))
        tree.from = Template("/c")
        tree.mayCreate = true
        var copy = CopyAction(source: .content(Template("")), path: Template("/d"))
        copy.mode = 0o755
        copy.owner = "root"
        #expect(steps.map(\.action) == [.edit(line), .edit(tree), .copy(copy)])
    }

    @Test func undoIsReadInItsThreeForms() throws {
        let steps = try steps(
            """
            steps:
              - { id: a, host: master, run: date, check: 'true', undo: { manual: by hand } }
              - id: b
                host: slave
                run: date
                check: 'true'
                undo: [{ host: master, run: pvecm delnode x, verify: 'true' }, { run: rm /x }]
            """)
        var first = UndoStep(script: Script(Template("pvecm delnode x")))
        first.host = HostID("master")
        first.verify = [Question(.command(shell("true")))]
        #expect(
            steps.map(\.undo) == [
                .manual(Template("by hand")), .steps([first, UndoStep(script: Script(Template("rm /x")))]),
            ])
    }

    @Test func rawValuesLoadWithAWarning() {
        let text =
            Self.head + """
                inputs: { options: { type: string } }
                steps: [{ id: a, host: master, run: 'tar ${{ raw(inputs.options) }}', check: 'true' }]
                """
        let (runbook, diagnostics) = loadRunbook(SourceText(name: "test.yaml", text))
        #expect(runbook != nil)
        #expect(diagnostics.map(\.severity) == [.warning])
        #expect(
            diagnostics.map(brief) == [
                "raw-value 5:45 this value is inserted in the shell text without quotes"
            ])
    }

    /// A literal block, a folded one and quotes give the same text as YAML says; nothing is trimmed.
    @Test func shellTextIsTakenAsItIs() throws {
        let steps = try steps(
            """
            steps:
              - id: a
                host: master
                check: 'true'
                run: |
                  one

                    two
              - { id: b, host: master, check: 'true', run: "a\\tb\\n" }
            """)
        #expect(
            steps.map(\.action) == [
                .run(Script(Template("one\n\n  two\n"))), .run(Script(Template("a\tb\n"))),
            ])
    }
}
