import RunbookDiagnostics

/// What loads and is a trap all the same: warnings of `runbook lint`.
extension Explanation {
    static let lint: [Explanation] = [
        Explanation(
            "effect-in-question",
            "A question is asked before and after, in every later run, by `plan --ask` and by `verify`. It only looks.",
            in: .step,
            wrong: "run: date\ncheck: service demo start",
            right: "run: service demo start\ncheck: { run: service demo status, no_exit: [3] }"),
        Explanation(
            "irreversible-unasked",
            "What cannot be taken back should be sent only when something was asked before it.",
            in: .step,
            wrong:
                "why: It is old.\nirreversible: the old pool is gone\nrun: zpool destroy old\nverify: date",
            right: "why: It is old.\nirreversible: the old pool is gone\nrun: zpool destroy old\n"
                + "require: { run: test -e /backup/old, message: there is no backup }\nverify: date"),
        Explanation(
            "literal-address",
            "A runbook with an address in it works at one place only. The site file has addresses.",
            in: .step,
            wrong: "run: ping -c 1 10.1.2.3\ncheck: date",
            right: "env: { PORTAL: '${{ inputs.portal }}' }\nrun: ping -c 1 \"$PORTAL\"\ncheck: date"),
        Explanation(
            "literal-secret",
            "Everybody who is given the runbook is given the secret, and so is its history.", in: .step,
            wrong: "run: mysql --password=hunter22 -e 'select 1'\ncheck: date",
            right: "run: mysql --defaults-file=/root/.my.cnf -e 'select 1'\ncheck: date"),
        Explanation(
            "lying-check", "The question says yes when the thing is not so.", in: .step,
            wrong: "run: service pveproxy restart\nwhy: New certificate.\nverify: nc -z localhost 8006",
            right: """
                why: New certificate.
                run: service pveproxy restart
                verify: { run: curl -sk https://localhost:8006/, match: Proxmox }
                """),
        Explanation(
            "lying-status",
            "The command's exit status 0 is known to say nothing. Look at what it is there for.", in: .step,
            wrong: "run: fence_tool join\nverify: { none: it says so itself }",
            right: "run: fence_tool join\ncheck: { run: fence_tool ls, match: '^fence domain$', within: 60s }"
        ),
        Explanation(
            "missing-message",
            "A `require` that says no refuses the step. Its reader wants to know what to do.", in: .step,
            wrong: "require: test -e /etc/demo.conf",
            right: "require: { run: test -e /etc/demo.conf, message: write /etc/demo.conf first }"),
        Explanation(
            "missing-why",
            "The step takes something away, and does not say why. It is read when things go wrong.",
            in: .step,
            wrong: "run: service demo restart\nverify: service demo status",
            right:
                "why: The new settings are read at the start only.\nrun: service demo restart\nverify: service demo status"
        ),
        Explanation(
            "pipe-in-question",
            """
            Of a pipe only the last command's status counts: a tool that is missing or dead looks like a no. Ask the
            command itself and judge what it prints.
            """,
            in: .step,
            wrong: "run: date\ncheck: cman_tool status | grep -q '^Quorum device votes'",
            right: "run: date\ncheck: { run: cman_tool status, match: '^Quorum device votes' }"),
        Explanation(
            "restart-together", "With `order: together` the service is away on all hosts at the same time.",
            in: .step,
            wrong:
                "why: New settings.\nhosts: pair\norder: together\nrun: service demo restart\nverify: service demo status",
            right: "why: New settings.\nhosts: pair\nrun: service demo restart\nverify: service demo status"),
        Explanation(
            "unproven", "A reason why nothing proves the effect is allowed, and a proof is better.",
            in: .step,
            wrong: "run: echo hello > /etc/motd\nverify: { none: it is only a greeting }",
            right: "run: echo hello > /etc/motd\ncheck: { run: cat /etc/motd, match: '^hello$' }"),
    ]
}
