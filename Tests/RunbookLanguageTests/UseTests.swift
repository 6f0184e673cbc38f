import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// `use` and `for_each`: what is written out when the runbook is read.
@Suite struct UseTests {
    static let part = """
        runbook: time
        hosts: { node: { inputs: { ip: { type: ipv4 } } } }
        inputs: { server: { type: hostname }, port: { type: integer, default: 123 } }
        env: { SERVER: '${{ inputs.server }}:${{ inputs.port }}' }
        checks: { same: { run: chronyc tracking, match: '${{ inputs.server }}' } }
        hints: [{ exit: 7, say: 'no way to ${{ inputs.server }}' }]
        defaults: { timeout: 1m }
        steps:
          - id: source
            host: node
            copy: { from: files/own, path: '/etc/${{ host.ip }}' }
          - { id: reload, check: { use: same }, run: 'reload "$SERVER"', outputs: { n: { run: date } } }
        """

    static let head = """
        runbook: demo
        hosts: { a: {}, b: {} }
        groups: { nodes: { members: [a, b], inputs: { ip: { type: ipv4 } } } }
        inputs: { ntp: { type: hostname } }

        """

    private func loaded(_ steps: String, part: String = part, path: String = "parts/time.yaml") -> (
        Runbook?, String
    ) {
        let (runbook, found) = loadRunbook(
            SourceText(name: "demo.yaml", Self.head + "steps:\n" + steps),
            files: { asked in
                asked == path
                    ? .success(SourceText(name: path, part))
                    : .failure(UnreadableFile("there is no \(asked)"))
            })
        return (runbook, found.map(brief).joined(separator: "\n"))
    }

    @Test func theStepsOfAnotherRunbookAreABlock() throws {
        let (runbook, problems) = loaded(
            "  - { id: time, hosts: nodes, env: { A: b }, use: parts/time.yaml, with: { server: '${{ inputs.ntp }}' } }\n"
        )
        #expect(problems == "")
        let block = try #require(runbook?.steps.first)
        #expect(block.hosts == [HostID("a"), HostID("b")])
        #expect(block.steps.map(\.id.rawValue) == ["time/source", "time/reload"])
        guard case .copy(let copy) = block.steps[0].action else {
            Issue.record("\(block.steps[0])")
            return
        }
        #expect(copy.source == .file(path: "parts/files/own"))
        let reload = block.steps[1]
        #expect(reload.environment.map(\.name) == ["A", "SERVER"])
        #expect(reload.environment[1].value.source == "${{ inputs.ntp }}:${{ 123 }}")
        guard case .command(let check) = reload.check[0].subject else {
            Issue.record("\(reload.check)")
            return
        }
        #expect(check.match.map(\.source) == ["${{ inputs.ntp }}"])
        #expect(reload.hints.map(\.say.source) == ["no way to ${{ inputs.ntp }}"])
        #expect(reload.timeout.after == .seconds(60))
    }

    @Test(arguments: [
        ("with: { sever: x }", "unknown-input", "missing-input"),
        ("with: { server: 'a b' }", "bad-value", ""),
        ("with: { server: 'x${{ inputs.ntp }}' }", "bad-value", ""), ("name: x", "missing-input", ""),
        ("with: { server: x }, run: date", "key-not-here", ""),
    ])
    func whatItIsGivenIsChecked(_ keys: String, _ first: String, _ second: String) {
        let (runbook, problems) = loaded("  - { id: time, hosts: nodes, use: parts/time.yaml, \(keys) }\n")
        #expect(runbook == nil)
        let codes = problems.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        #expect(Set(codes) == Set([first, second].filter { !$0.isEmpty }), "\(problems)")
    }

    @Test(arguments: [
        ("host: node", "hosts: node", "key-not-here"),
        ("{ node: { inputs", "{ x: {}, node: { inputs", "used-hosts"),
        ("ip: { type", "mac: { type", "used-hosts"),
        ("type: hostname }", "type: string, secret: true }", "secret-place"),
        ("check: { use: same }", "check: { use: none }", "unknown-check"),
        ("host: node", "host: node\n    use: x", "key-not-here"),
    ])
    func whatCannotBeUsedIsRefused(_ old: String, _ new: String, _ code: String) {
        let (runbook, problems) = loaded(
            "  - { id: time, hosts: nodes, use: parts/time.yaml, with: { server: x } }\n",
            part: Self.part.replacing(old, with: new))
        #expect(runbook == nil)
        #expect(problems.split(separator: "\n").contains { $0.hasPrefix(code + " ") }, "\(problems)")
    }

    @Test func aFileThatIsNotThereIsNamed() {
        let (_, problems) = loaded("  - { id: time, hosts: nodes, use: other.yaml }\n")
        #expect(problems == "unreadable-file 6:36 there is no other.yaml")
        #expect(loaded("  - { id: time, hosts: nodes, use: ../other.yaml }\n").1.hasPrefix("bad-path 6:36"))
    }

    /// Only the file that is given is laid out; what it says is compared with what it uses.
    @Test func aRunbookThatUsesAnotherIsLaidOut() {
        let messy =
            Self.head + """
                steps:
                - {id: time, hosts: nodes, use: parts/time.yaml, with: {server: x}}
                - {id: then, host: a, if: steps.time/reload.on.a.outputs.n != '',  require: date}

                """
        let files: UsedFiles = { path in .success(SourceText(name: path, Self.part)) }
        let (result, found) = formatRunbook(SourceText(name: "demo.yaml", messy), files: files)
        #expect(found.map(brief) == [])
        #expect(
            result
                == .formatted(
                    Self.head + """
                        steps:
                          - { id: time, hosts: nodes, use: parts/time.yaml, with: { server: x } }
                          - { id: then, host: a, if: steps.time/reload.on.a.outputs.n != '', require: date }

                        """))
        // Without the file its step is not known.
        #expect(formatRunbook(SourceText(name: "demo.yaml", messy)).0 == nil)
    }

    // MARK: - for_each

    private func scripts(_ step: String) throws -> [String] {
        let (runbook, problems) = loaded("  - { id: s, \(step) }\n")
        #expect(problems == "")
        return try #require(runbook).steps.map { step in
            guard case .run(let script) = step.action else { return "\(step.id)" }
            return "\(step.id): \(script.text.source)"
        }
    }

    @Test func aStepIsWrittenOutForEach() throws {
        #expect(
            try scripts("host: a, for_each: [x, y], run: 'do ${{ item }}', check: date")
                == ["s/x: do ${{ 'x' }}", "s/y: do ${{ 'y' }}"])
        #expect(
            try scripts(
                "host: a, for_each: { x: 1 2, y: /z }, run: 'do ${{ item }} ${{ item.name }}', check: date")
                == ["s/x: do ${{ '1 2' }} ${{ 'x' }}", "s/y: do ${{ '/z' }} ${{ 'y' }}"])
        #expect(
            try scripts("hosts: nodes, for_each: nodes, run: 'do ${{ item }} ${{ item.ip }}', check: date")
                == ["s/a: do ${{ 'a' }} ${{ hosts.a.ip }}", "s/b: do ${{ 'b' }} ${{ hosts.b.ip }}"])
    }

    @Test(arguments: [
        ("for_each: [], run: date, check: date", "empty-list"),
        ("for_each: [x, x], run: date, check: date", "duplicate-member"),
        ("for_each: none, run: date, check: date", "unknown-host"),
        ("for_each: [x], run: 'do ${{ item.ip }}', check: date", "unknown-name"),
        ("run: 'do ${{ item }}', check: date", "unknown-name"), ("for_each: [x], use: y", "key-not-here"),
    ])
    func aWrongListIsRefused(_ keys: String, _ code: String) {
        let (_, problems) = loaded("  - { id: s, host: a, \(keys) }\n")
        #expect(problems.prefix { $0 != " " } == code[...], "\(problems)")
    }
}
