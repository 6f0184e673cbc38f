import RunbookDiagnostics

/// What is wrong with steps and questions.
extension Explanation {
    static let steps: [Explanation] = [
        Explanation(
            "empty-step", "A step has a verb such as `run`, or at least something to ask.", in: .step,
            wrong: "name: Nothing", right: "name: Look\nrequire: date"),
        Explanation(
            "no-proof",
            """
            Nothing says how to see that the step worked, and an exit status is only what a command says of itself.
            Give a `check` (a lasting state, asked before and after), a `verify` (only after), or the reason why
            nothing can show it.
            """,
            in: .step,
            wrong: "run: systemctl restart nginx",
            right: "run: systemctl restart nginx\nverify: systemctl is-active nginx"),
        Explanation(
            "no-verb", "The key says how something is done, and nothing is done here.", in: .step,
            wrong: "check: date", right: "verify: date"),
        Explanation(
            "retry-without-check", "A step is issued again only when its `check` clearly says no.", in: .step,
            wrong: "run: date\nverify: date\nretry: { times: 3 }",
            right: "run: date\ncheck: date\nretry: { times: 3 }"),
        Explanation(
            "two-proofs", "`verify: { none: … }` says that nothing proves the effect, and a `check` does.",
            in: .step,
            wrong: "run: date\ncheck: date\nverify: { none: nobody knows }", right: "run: date\ncheck: date"),
        Explanation(
            "two-sources", "A thing comes from one place.", in: .step,
            wrong: "copy: { path: /x, content: y, from: y.txt }", right: "copy: { path: /x, content: y }"),
        Explanation(
            "two-unless", "The block says for all of its steps when they are not needed.", in: .steps,
            wrong: """
                - id: block
                  hosts: pair
                  unless: test -e /done
                  steps: [{ id: one, unless: date, run: date, check: date }]
                """,
            right:
                "- id: block\n  hosts: pair\n  unless: test -e /done\n  steps: [{ id: one, run: date, check: date }]"
        ),
        Explanation(
            "two-verbs", "A step does one thing, so that its check says whether that one thing worked.",
            in: .step,
            wrong: "run: date\nargv: [id]\ncheck: date", right: "run: date; id\ncheck: date"),
    ]

    static let questions: [Explanation] = [
        Explanation(
            "check-cycle", "A named check asks itself, directly or through another.", in: .top,
            wrong: "checks: { one: { use: two }, two: { use: one } }",
            right: "checks: { one: { use: two }, two: date }"),
        Explanation(
            "earlier-step", "`unless: { step: … }` is for a step that only prepares a later one.", in: .steps,
            wrong:
                "- { id: one, host: a, run: date, check: date }\n- { id: two, host: a, unless: { step: one }, run: date, verify: date }",
            right:
                "- { id: two, host: a, unless: { step: one }, run: date, verify: date }\n- { id: one, host: a, run: date, check: date }"
        ),
        Explanation(
            "negated-command",
            "`! command` makes a yes of a command that could not even start. `not` keeps the two apart.",
            in: .step,
            wrong: "require: { run: '! pgrep NetworkManager' }",
            right: "require: { not: pgrep NetworkManager }"),
        Explanation(
            "no-check", "The step has no `check` that could be asked here, or one that needs its own `env`.",
            in: .steps,
            wrong:
                "- { id: one, host: a, unless: { step: two }, run: date, verify: date }\n- { id: two, host: a, run: date, verify: date }",
            right:
                "- { id: one, host: a, unless: { step: two }, run: date, verify: date }\n- { id: two, host: a, run: date, check: date }"
        ),
        Explanation(
            "no-peer", "`peer` is the other host of a group of two, `peers` are all others of the group.",
            in: .top,
            wrong:
                "hosts: { a: {}, b: {} }\nsteps: [{ id: look, host: a, require: { host: peer, run: date } }]",
            right:
                "hosts: { a: {}, b: {} }\ngroups: { pair: [a, b] }\nsteps: [{ id: look, host: a, require: { host: peer, run: date } }]"
        ),
        Explanation(
            "duplicate-fetch",
            "Two steps bring the same file of a host to the same place: the second would take the place of the first.",
            in: .steps,
            wrong:
                "- { id: one, host: a, fetch: { path: /etc/hosts } }\n- { id: two, host: a, fetch: { path: /etc/hosts } }",
            right:
                "- { id: one, host: a, fetch: { path: /etc/hosts } }\n- { id: two, host: a, fetch: { path: /etc/hosts, to: after } }"
        ),
        Explanation(
            "no-question", "A question asks something: `run`, `use`, `that` or `not`.", in: .step,
            wrong: "require: { message: it is not so }",
            right: "require: { run: date, message: it is not so }"),
        Explanation(
            "not-of-many", "`not` goes with one question: no of several could mean any or all.", in: .top,
            wrong: "checks: { both: [date, id], neither: { not: { use: both } } }",
            right: "checks: { both: [date, id], neither: [{ not: date }, { not: id }] }"),
        Explanation(
            "two-questions", "One entry asks one thing. Write a list of two.", in: .step,
            wrong: "require: { run: date, use: up }", right: "require: [{ run: date }, { use: up }]"),
    ]
}
