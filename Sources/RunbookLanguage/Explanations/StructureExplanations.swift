import RunbookDiagnostics

/// What is wrong with names, keys and their values.
extension Explanation {
    static let structure: [Explanation] = [
        Explanation(
            "bad-name",
            "Names are made of `a`–`z`, `0`–`9` and `-`: they become names of files on the hosts.",
            in: .steps,
            wrong: "- { id: Look First, host: a, require: date }",
            right: "- { id: look-first, host: a, require: date }"),
        Explanation(
            "bad-path", "A path on a host begins with `/`; a file of the runbook lies beside it or below.",
            in: .step,
            wrong: "copy: { path: etc/motd, content: hello }",
            right: "copy: { path: /etc/motd, content: hello }"),
        Explanation(
            "bad-value", "The value has the right type and not the right form.", in: .step,
            wrong: "copy: { path: /x, content: y, mode: rw }",
            right: "copy: { path: /x, content: y, mode: '0644' }"),
        Explanation(
            "duplicate-input",
            "A host gets an input of this name from the group and from itself, or from two groups.",
            in: .top,
            wrong: """
                hosts: { a: { inputs: { node: { type: hostname } } } }
                groups: { all-of-them: { members: [a], inputs: { node: { type: hostname } } } }
                """,
            right:
                "hosts: { a: {} }\ngroups: { all-of-them: { members: [a], inputs: { node: { type: hostname } } } }"
        ),
        Explanation(
            "duplicate-member", "A host is named twice in one list.", in: .step,
            wrong: "hosts: [a, b, a]\nrequire: date", right: "hosts: [a, b]\nrequire: date"),
        Explanation(
            "duplicate-step", "An id names one step for good: the journal knows steps by it.", in: .steps,
            wrong: "- { id: look, host: a, require: date }\n- { id: look, host: b, require: date }",
            right: "- { id: look, host: a, require: date }\n- { id: look-again, host: b, require: date }"),
        Explanation(
            "empty-list", "A list has one element at least; else leave the key out.", in: .step,
            wrong: "run: date\ncheck: []", right: "run: date\ncheck: [date]"),
        Explanation(
            "key-not-here", "The key is known, and does not belong to what stands beside it.", in: .step,
            wrong: "run: date\ncheck: { use: up, match: x }", right: "run: date\ncheck: { use: up }"),
        Explanation(
            "missing-key", "Something that is needed is not said.", in: .steps,
            wrong: "- { name: Look, host: a, require: date }",
            right: "- { id: look, name: Look, host: a, require: date }"),
        Explanation(
            "needless-optional", "An input with a default always has a value, so it cannot be missing.",
            in: .top,
            wrong: "inputs: { n: { type: integer, default: 1, optional: true } }",
            right: "inputs: { n: { type: integer, default: 1 } }"),
        Explanation(
            "out-of-range", "The number is too small or too large for its place.", in: .step,
            wrong: "run: date\ncheck: date\nretry: { times: 1 }",
            right: "run: date\ncheck: date\nretry: { times: 2 }"),
        Explanation(
            "reserved-name", "The word has a meaning of its own, so it cannot be the name of something else.",
            in: .top,
            wrong: "hosts: { peer: {} }", right: "hosts: { second: {} }"),
        Explanation(
            "reserved-variable",
            "The shell, the loader of programs or the supervisor gives this variable a meaning.",
            in: .step,
            wrong: "env: { PATH: /opt/bin }\nrun: date\ncheck: date",
            right: "run: PATH=/opt/bin:$PATH date\ncheck: date"),
        Explanation(
            "unreadable-file",
            "The runbook that a step uses lies beside this one or below, and can be read."),
        Explanation(
            "used-hosts",
            "A runbook that is used has one host and no groups: its host stands for each host of the step. What it asks "
                + "of its host, the runbook that uses it declares."),
        Explanation(
            "two-places", "`host` and `hosts` cannot stand together.", in: .step,
            wrong: "host: a\nhosts: pair\nrequire: date", right: "hosts: pair\nrequire: date"),
        Explanation(
            "unknown-check", "No question in `checks` has this name.", in: .step,
            wrong: "require: { use: upp }", right: "require: { use: up }"),
        Explanation(
            "unknown-choice", "Only some words can stand here, and this is none of them.", in: .step,
            wrong: "hosts: pair\norder: parallel\nrequire: date",
            right: "hosts: pair\norder: together\nrequire: date"),
        Explanation(
            "unknown-host", "No host has this name; a group stands in `hosts`, a single host in `host`.",
            in: .step,
            wrong: "host: c\nrequire: date", right: "host: b\nrequire: date"),
        Explanation(
            "unknown-key",
            "The key is not known here. A key that nobody reads would be a promise that nobody keeps.",
            in: .step,
            wrong: "run: date\nchek: date", right: "run: date\ncheck: date"),
        Explanation(
            "unknown-step", "No step has this id.", in: .steps,
            wrong:
                "- { id: one, host: a, unless: { step: twoo }, run: date, verify: date }\n- { id: two, host: a, run: date, check: date }",
            right:
                "- { id: one, host: a, unless: { step: two }, run: date, verify: date }\n- { id: two, host: a, run: date, check: date }"
        ),
        Explanation(
            "value-not-here", "This text is shown before anything is known, so it cannot hold `${{ }}`.",
            in: .step,
            wrong: "name: Look at ${{ host.id }}\nrequire: date",
            right: "name: Look at the host\nrequire: date"),
        Explanation(
            "wrong-type",
            "The value has another type than its place wants. A duration has a unit, a boolean is `true` "
                + "or `false`, a number has no leading zero.",
            in: .step,
            wrong: "run: date\ncheck: date\ntimeout: 30", right: "run: date\ncheck: date\ntimeout: 30s"),
    ]
}
