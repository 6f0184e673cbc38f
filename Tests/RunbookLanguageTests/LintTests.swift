import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// What loads and is a trap. Each case is one step and what is said of it.
@Suite struct LintTests {
    private static let head = """
        runbook: demo
        hosts: { a: {}, b: {} }
        groups: { pair: [a, b] }
        checks:
          said: { run: test -e /said, message: it is not said }
          silent: test -e /silent
        steps:
          - id: demo
            why: A test.

        """

    private func lint(_ step: String) -> [String] {
        let place = step.contains("hosts:") ? "" : "    host: a\n"
        let text =
            Self.head + place + step.split(separator: "\n").map { "    \($0)\n" }.joined()
        let (runbook, found) = lintRunbook(SourceText(name: "test.yaml", text))
        #expect(runbook != nil, "\(rendered(found))")
        return found.map { "\($0.id): \($0.primary.span.text)" }
    }

    @Test(arguments: [
        ("cat /x | grep y", "|"), ("n=$(a | wc -l); test $n = 1", "|"), ("a || b", ""),
        ("test 'a|b' = \"c|d\"", ""),
        ("case $x in a|b) exit 1 ;; c|d) exit 0 ;; esac", ""), ("a # b | c", ""), ("cat <<E\na | b\nE", ""),
        ("if a; then b | c; fi", "|"), ("a |& b", "|"), ("echo `a | b`", "|"), ("a \\| b", ""),
        ("test -n \"$(a | b)\"", "|"), ("test ${x:-a|b}", ""),
    ])
    func pipesAreFoundWhereTheyArePipes(_ script: String, _ place: String) {
        let text =
            "run: date\ncheck:\n  run: |\n" + script.split(separator: "\n").map { "    \($0)\n" }.joined()
        #expect(lint(text) == (place.isEmpty ? [] : ["pipe-in-question: |"]))
    }

    @Test(arguments: [
        ("rm -f /x", "rm -f /x"), ("service demo restart", "service demo restart"),
        ("service demo status", ""),
        ("systemctl restart demo", "systemctl restart demo"), ("systemctl is-active demo", ""),
        ("systemctl --quiet stop demo", "systemctl --quiet stop demo"),
        ("/etc/init.d/demo reload", "/etc/init.d/demo reload"), ("/etc/init.d/demo status", ""),
        ("test -e /x && touch /y", "touch /y"), ("timeout 5 rm /x", "timeout 5 rm /x"),
        ("A=b mv x y", "A=b mv x y"),
        ("echo x > /etc/x", "/etc/x"), ("echo x >> /etc/x", "/etc/x"), ("cat x 2>/dev/null >&2", ""),
        ("cat < /x", ""), ("cat x 2>&1", ""), ("cat 2>/tmp/x", "/tmp/x"),
        ("sed -i s/a/b/ /x", "sed -i s/a/b/ /x"),
        ("sed -n s/a/b/p /x", ""), ("sed -ni p /x", "sed -ni p /x"), ("echo rm -f /x", ""),
        ("test -e rm", ""),
        ("f=/etc/pve/.runbook.$$; touch \"$f\" && rm \"$f\"", ""),
        ("f=$(mktemp); date > \"$f\"; rm -f $f", ""),
        ("x=$(rm /y)", "rm /y"), ("dpkg -s nginx", ""), ("dpkg -i x.deb", "dpkg -i x.deb"),
        ("apt-get install x", "apt-get install x"), ("apt-get -s check", ""), ("ip addr show", ""),
        ("ip addr add 1 dev x", "ip addr add 1 dev x"), ("mkfs.ext4 /x", "mkfs.ext4 /x"),
        ("mkqdisk -L", ""), ("mkqdisk -f x", ""), ("iscsiadm -m session", ""),
        ("iscsiadm -m node --login", "iscsiadm -m node --login"), ("qm status 1", ""),
        ("qm stop 1", "qm stop 1"),
    ])
    func effectsAreFoundInQuestions(_ script: String, _ place: String) {
        let text = "run: date\ncheck:\n  run: |\n    \(script)"
        #expect(lint(text) == (place.isEmpty ? [] : ["effect-in-question: \(place)"]))
    }

    @Test func questionsOfEveryPlaceAreLookedAt() {
        #expect(
            lint(
                """
                run: date
                check: { not: { run: rm /1 } }
                require: [{ run: rm /2, message: x }]
                unless: rm /3
                verify: rm /4
                outputs: { x: { run: rm /5 } }
                hints: [{ run: rm /6, say: x }]
                on_failure: { show: rm /7 }
                undo: { run: rm /8, verify: rm /9 }
                """) == (1...7).map { "effect-in-question: rm /\($0)" } + ["effect-in-question: rm /9"])
    }

    @Test(arguments: [
        ("run: pvecm create x\nverify: { none: y }", "lying-status: pvecm create x"),
        ("run: mkqdisk -c /dev/x -l y\nverify: { none: y }", "lying-status: mkqdisk -c /dev/x -l y"),
        ("run: service rgmanager start\nverify: { none: y }", "lying-status: service rgmanager start"),
        ("run: fence_tool join\nverify: { none: y }", "lying-status: fence_tool join"),
        (
            "run: pvesh create /cluster/ha/changes\nverify: { none: y }",
            "lying-status: pvesh create /cluster/ha/changes"
        ),
        ("run: date\nverify: { none: y }", "unproven: y"),
        ("argv: [date]\nverify: { none: y }", "unproven: y"),
        ("manual: look\nverify: { none: y }", ""), ("run: fence_tool join\ncheck: date", ""),
        ("run: date\nverify: nc -z localhost 8006", "lying-check: nc -z localhost 8006"),
        (
            "run: date\nverify: { run: ': < /dev/tcp/localhost/1', shell: bash }",
            "lying-check: : < /dev/tcp/localhost/1"
        ),
        ("run: date\ncheck: service rgmanager status", "lying-check: service rgmanager status"),
        ("run: date\ncheck: { run: service rgmanager status, hold: 10s }", ""),
        ("run: date\nverify: { not: service rgmanager status }", ""),
        (
            "hosts: pair\norder: together\nrun: service x restart\ncheck: date",
            "restart-together: service x restart"
        ),
        ("hosts: pair\norder: together\nrun: reboot\nverify: date", "restart-together: reboot"),
        ("hosts: pair\norder: together\nrun: service x start\ncheck: date", ""),
        ("hosts: pair\nrun: service x restart\ncheck: date", ""),
        ("order: together\nrun: service x restart\ncheck: date", ""),
        ("irreversible: gone\nrun: date\nverify: date", "irreversible-unasked: gone"),
        ("irreversible: gone\nrun: date\ncheck: date", ""), ("require: date", "missing-message: date"),
        ("require: { run: date, message: x }", ""), ("require: { use: said }", ""),
        ("require: { use: silent }", "missing-message: use: silent"), ("require: { not: { use: said } }", ""),
        ("require: { not: date }", "missing-message: not: date"),
        ("require: { that: host.id == 'a' }", "missing-message: that: host.id == 'a'"),
    ])
    func stepsAreJudged(_ step: String, _ expected: String) {
        #expect(lint(step) == (expected.isEmpty ? [] : [expected]))
    }

    @Test(arguments: [
        ("ping 10.1.2.3", "literal-address: 10.1.2.3"), ("ping 10.1.2.3:80", "literal-address: 10.1.2.3"),
        ("ping 127.0.0.1", ""), ("nc 0.0.0.0", ""), ("mask 255.255.0.0", ""), ("version 1.2.3", ""),
        ("v1.2.3.4", ""),
        ("ping fd00::12", "literal-address: fd00::12"), ("ping ::1", ""), ("date +%H:%M:%S", ""),
        ("at 12:30:00", ""),
        ("mac 00:16:3e:11:22:33", ""), ("ping 2001:db8:0:0:0:0:0:1", "literal-address: 2001:db8:0:0:0:0:0:1"),
        ("x 1.2.3.4.5", ""), ("echo (10.0.0.9).", "literal-address: 10.0.0.9"),
        ("mysql --password=hunter22", "literal-secret: --password=hunter22"), ("mysql --password=\"$P\"", ""),
        ("export PASSWORD=hunter22", "literal-secret: PASSWORD=hunter22"), ("test -n \"$PASSWORD\"", ""),
        ("id AKIAABCDEFGHIJKLMNOP", "literal-secret: AKIAABCDEFGHIJKLMNOP"), ("echo secret: none", ""),
    ])
    func valuesThatBelongToOnePlaceAreFound(_ script: String, _ expected: String) {
        #expect(lint("run: |\n  \(script)\ncheck: date") == (expected.isEmpty ? [] : [expected]))
    }

    @Test func textsForPeopleMayGiveExamples() {
        #expect(lint("name: For example 10.1.2.3\nrequire: { run: date, message: use 10.1.2.3 }") == [])
    }

    @Test func aStepThatTakesSomethingAwaySaysWhy() {
        let text = """
            runbook: demo
            hosts: { a: {} }
            steps:
              - { id: one, run: service x restart, check: date }
              - { id: two, run: date, check: date }
              - { id: three, destroys: /dev/x, run: date, check: date }
            """
        let found = lintRunbook(SourceText(name: "test.yaml", text)).1
        #expect(
            found.map(brief) == [
                "missing-why 4:11 `one` does not say why it is there",
                "missing-why 6:11 `three` does not say why it is there",
            ])
    }

    @Test(arguments: try Files.names(in: Files.root + "/runbooks", withSuffix: ".site.example.yaml"))
    func shippedRunbooksAreClean(_ name: String) throws {
        let path = "\(Files.root)/runbooks/\(name).yaml"
        #expect(rendered(lintRunbook(SourceText(name: path, try Files.text(path))).1) == "")
    }
}
