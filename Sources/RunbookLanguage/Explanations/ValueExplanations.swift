import RunbookDiagnostics

/// What is wrong with `${{ }}` and patterns, and with site files.
extension Explanation {
    static let values: [Explanation] = [
        Explanation(
            "bad-pattern",
            "Patterns are POSIX extended regular expressions, which every grep reads alike: `[0-9]`, not `\\d`; no "
                + "look-around, no lazy `*?`.",
            in: .step,
            wrong: #"require: { run: id, match: 'uid=\d' }"#,
            right: "require: { run: id, match: 'uid=[0-9]' }"),
        Explanation(
            "expression-syntax", "The text in `${{ }}`, `if` or `that` is no expression.", in: .step,
            wrong: "if: inputs.mode = 'fast'\nrequire: date",
            right: "if: inputs.mode == 'fast'\nrequire: date"),
        Explanation(
            "later-output", "An output is known when its step is done: only later steps can use it.",
            in: .steps,
            wrong:
                "- { id: one, host: a, require: { that: steps.two.outputs.n > 1 } }\n- { id: two, host: a, outputs: { n: { run: date, type: integer } } }",
            right:
                "- { id: two, host: a, outputs: { n: { run: date, type: integer } } }\n- { id: one, host: a, require: { that: steps.two.outputs.n > 1 } }"
        ),
        Explanation(
            "raw-value", "`raw( )` inserts a value in shell text without quotes: what it holds is run.",
            in: .step,
            wrong: "run: 'echo ${{ raw(inputs.mode) }}'\ncheck: date",
            right: "run: 'echo ${{ inputs.mode }}'\ncheck: date"),
        Explanation(
            "secret-in-file",
            "A secret stands in no file that is kept and copied, and in no command line. The site file says where it "
                + "comes from: `prompt`, `{ env: NAME }`, `{ file: PATH }` or `{ command: … }`.",
            in: .top,
            wrong: "inputs: { password: { type: string, secret: true, default: letmein } }",
            right: "inputs: { password: { type: string, secret: true } }"),
        Explanation(
            "secret-place",
            "A secret may stand in `env`, in `stdin`, and in what `copy` and `edit` write. Shell text becomes the "
                + "arguments of commands, which everybody on a host can read; messages and names are shown.",
            in: .top,
            wrong: "inputs: { key: { type: string, secret: true } }\n"
                + "steps: [{ id: demo, host: a, run: 'login ${{ inputs.key }}', check: date }]",
            right: "inputs: { key: { type: string, secret: true } }\n"
                + "steps: [{ id: demo, host: a, run: login, stdin: '${{ inputs.key }}', check: date }]"),
        Explanation(
            "unknown-function", "The functions are `lower`, `trim`, `length` and `default`.", in: .step,
            wrong: "if: upper(inputs.mode) == 'fast'\nrequire: date",
            right: "if: lower(inputs.mode) == 'fast'\nrequire: date"),
        Explanation(
            "unknown-name",
            "The name in `${{ }}` stands for nothing. Names begin with `inputs.`, `host.`, `hosts.`, "
                + "`peer.`, `env.` or `steps.`",
            in: .step,
            wrong: "run: echo ${{ inputs.portl }}\ncheck: date",
            right: "run: echo ${{ inputs.portal }}\ncheck: date"),
        Explanation(
            "value-in-quotes",
            """
            A value is inserted as one quoted word. Inside quotes, a here-document or a comment its own quotes would
            be in the way, and what it holds could be run. Give it a name in `env`.
            """,
            in: .step,
            wrong: #"run: echo "${{ inputs.portal }}""# + "\ncheck: date",
            right: "env: { PORTAL: '${{ inputs.portal }}' }\n" + #"run: echo "$PORTAL""# + "\ncheck: date"),
        Explanation(
            "which-host", "The step has run on several hosts: say whose output is meant.", in: .steps,
            wrong:
                "- { id: read, hosts: pair, outputs: { v: { run: date } } }\n- { id: show, ask: 'It is ${{ steps.read.outputs.v }}. Go on?' }",
            right:
                "- { id: read, hosts: pair, outputs: { v: { run: date } } }\n- { id: show, ask: 'It is ${{ steps.read.on.a.outputs.v }}. Go on?' }"
        ),
        Explanation(
            "wrong-arguments", "The function takes another number of values.", in: .step,
            wrong: "if: default(inputs.mode) == 'fast'\nrequire: date",
            right: "if: default(inputs.mode, 'safe') == 'fast'\nrequire: date"),
    ]

    static let site: [Explanation] = [
        Explanation(
            "missing-attribute", "The runbook asks something of this host that the site file does not say.",
            in: .site,
            wrong: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1 } }",
            right: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1, node: n1 } }"
        ),
        Explanation(
            "missing-host", "The runbook has a host that the site file does not describe.", in: .site,
            wrong: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: {}",
            right: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1, node: n1 } }"
        ),
        Explanation(
            "missing-input", "The runbook has an input without a default, and nothing gives it a value.",
            in: .site,
            wrong: "for: demo\nhosts: { a: { address: 192.0.2.1, node: n1 } }",
            right: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1, node: n1 } }"
        ),
        Explanation(
            "no-site",
            "There is no site file: nothing says which machines are meant. `runbook init FILE` "
                + "asks for them and writes it."
        ),
        Explanation(
            "other-runbook",
            "The site file says in `for` which runbook its values are for, and it is another.", in: .site,
            wrong:
                "for: other\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1, node: n1 } }",
            right: "for: demo\ninputs: { portal: 192.0.2.20 }\nhosts: { a: { address: 192.0.2.1, node: n1 } }"
        ),
        Explanation("unknown-input", "`--set` names an input that the runbook does not have."),
    ]
}
