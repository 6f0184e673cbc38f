import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// Where a secret may stand in a runbook, and how a site file says where it comes from.
@Suite struct SecretTests {
    static let head = """
        runbook: demo
        hosts: { a: {}, b: {} }
        inputs:
          key: { type: string, secret: true }
          other: { type: string, secret: true, optional: true }

        """

    private func step(_ rest: String) -> String { Self.head + "steps: [{ id: one, host: a, \(rest) }]\n" }

    @Test(arguments: [
        "run: login, check: date, env: { KEY: '${{ inputs.key }}', BOTH: 'x:${{ env.KEY }}' }",
        "run: login, check: date, stdin: 'user:${{ inputs.key }}'",
        "copy: { path: /x, content: 'key=${{ inputs.key }}' }",
        "edit: { path: /x, line: 'key=${{ inputs.key }}', match: '^key=' }",
        "edit: { path: /x, block: 'key=${{ inputs.key }}' }",
        "edit: { path: /x, replace: old, with: '${{ inputs.key }}' }",
        "edit: { path: /x.conf, lens: Shellvars, set: { /KEY: '${{ inputs.key }}' } }",
        "run: login, check: date, if: inputs.other, env: { KEY: \"${{ default(inputs.other, 'none') }}\" }",
    ])
    func aSecretReachesTheHostByAWayOfItsOwn(_ rest: String) throws {
        let runbook = try load(step(rest))
        #expect(runbook.inputs.map(\.isSecret) == [true, true])
    }

    @Test(arguments: [
        "run: 'login ${{ inputs.key }}', check: date", "argv: [login, '${{ inputs.key }}'], check: date",
        "run: login, check: 'test ${{ inputs.key }}'",
        "run: login, check: { run: x, match: '${{ inputs.key }}' }",
        "run: login, check: { run: x, message: '${{ inputs.key }}' }",
        "manual: 'type ${{ inputs.key }}', check: x",
        "copy: { path: '/${{ inputs.key }}', content: x }",
        "run: login, check: date, irreversible: '${{ inputs.key }}'",
        "run: login, check: date, env: { KEY: '${{ inputs.key }}' }, undo: { run: 'x ${{ env.KEY }}' }",
        "run: 'x ${{ env.KEY }}', check: date, env: { KEY: '${{ inputs.key }}' }",
        "run: x, check: date, env: { KEY: '${{ lower(inputs.key) }}' }",
        "run: x, check: date, env: { KEY: \"${{ inputs.other or 'x' }}\" }",
    ])
    func aSecretStandsNowhereElse(_ rest: String) {
        let found = problems(step(rest)).split(separator: "\n").map { $0.split(separator: " ")[0] }
        #expect(found == ["secret-place"])
    }

    @Test func aVariableThatHidesASecretOneIsNone() throws {
        let text =
            Self.head.replacing("inputs:\n", with: "env: { KEY: '${{ inputs.key }}' }\ninputs:\n")
            + "steps: [{ id: one, host: a, env: { KEY: plain }, run: 'x ${{ env.KEY }}', check: date }]\n"
        _ = try load(text)
        #expect(
            problems(text.replacing("env: { KEY: plain }, ", with: ""))
                == "secret-place 7:45 `KEY` is a secret, and what stands here can be read by others")
    }

    @Test(arguments: [
        ("inputs: { k: { type: integer, secret: true } }", "bad-value 3:16 a secret is a `string`"),
        (
            "inputs: { k: { type: string, secret: true, default: x } }",
            "secret-in-file 3:44 a secret has no default"
        ),
    ])
    func aSecretIsATextWithoutADefault(_ line: String, _ problem: String) {
        let text = "runbook: demo\nhosts: { a: {} }\n\(line)\nsteps: [{ id: one, require: date }]\n"
        #expect(problems(text) == problem)
    }

    @Test func aHostHasNoSecrets() {
        let text =
            "runbook: demo\nhosts: { a: { inputs: { k: { type: string, secret: true } } } }\n"
            + "steps: [{ id: one, require: date }]\n"
        #expect(problems(text) == "secret-place 2:25 a value of a host cannot be a secret")
    }

    // MARK: - Site files

    private func site(_ inputs: String, _ overrides: [String: String] = [:]) throws -> (Site?, String) {
        let runbook = try load(step("require: date"))
        let text = "for: demo\n\(inputs)hosts: { a: { address: a }, b: { address: b } }\n"
        let (site, found) = loadSite(SourceText(name: "s.yaml", text), for: runbook, overrides: overrides)
        return (site, found.map(brief).joined(separator: "\n"))
    }

    @Test(arguments: [
        ("", SecretSource.prompt), ("inputs: { key: prompt }\n", .prompt),
        ("inputs: { key: { env: KEY } }\n", .environment("KEY")),
        ("inputs: { key: { file: ~/key } }\n", .file("~/key")),
        ("inputs: { key: { command: pass show key } }\n", .command("pass show key")),
        ("practice_clock: 1\ninputs: { key: practice }\n", .practice("practice")),
    ])
    func theSiteFileSaysWhereItComesFrom(_ inputs: String, _ source: SecretSource) throws {
        let (site, problems) = try site(inputs)
        #expect(problems == "")
        #expect(site?.secrets == ["key": source])
        #expect(site?.inputs == ["key": .string("***"), "other": .missing])
    }

    @Test(arguments: [
        (
            "inputs: { key: letmein }\n",
            "secret-in-file 2:16 a secret does not stand in a file that is kept and copied"
        ),
        ("inputs: { key: { env: A, file: B } }\n", "two-sources 2:16 a secret comes from one place"),
        ("inputs: { key: {} }\n", "missing-key 2:16 a secret comes from one place"),
    ])
    func aSiteFileWithASecretIsRefused(_ inputs: String, _ problem: String) throws {
        #expect(try site(inputs).1 == problem)
    }

    @Test func theCommandLineTakesNoSecret() throws {
        #expect(
            try site("", ["key": "letmein"]).1
                == "secret-in-file 1:1 everybody on this machine can read what `--set` says")
    }

    @Test func theInterviewDoesNotAskForIt() throws {
        let runbook = try load(step("require: date"))
        #expect(runbook.siteQuestions.map(\.path) == ["a.address", "b.address"])
        #expect(
            runbook.siteText(["a.address": "a", "b.address": "b"]) == """
                # The values of one place for the runbook demo. They are not part of the runbook.
                for: demo
                inputs:
                  key: prompt
                  # other: prompt
                hosts:
                  a:
                    address: a
                  b:
                    address: b

                """)
    }
}
