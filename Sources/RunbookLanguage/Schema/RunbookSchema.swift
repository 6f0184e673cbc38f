/// The tables of the language.
package enum LanguageSchema {
    static let inputTypes = [
        "string", "integer", "boolean", "ipv4", "hostname", "path", "choice", "duration",
    ]

    private static let oneQuestion = ValueType.either([.shell, .mapping(.question)])
    private static let name = ValueType.name

    package static let runbook = MappingSchema(
        .runbook, "a runbook",
        otherWords: ["name": "runbook", "tasks": "steps", "vars": "env", "variables": "inputs"],
        [
            KeySchema("runbook", name, "what it is called; the site file says it in `for`", required: true),
            KeySchema("version", .text, "its version"),
            KeySchema("title", .text, "what it does, in one line"),
            KeySchema("description", .text, "what it does, in more lines"),
            KeySchema("inputs", .table(.mapping(.input)), "the values that a site must or may give"),
            KeySchema(
                "hosts", .table(.mapping(.host)), "the hosts, by their role in the runbook", required: true),
            KeySchema("groups", .table(.either([.list(name), .mapping(.group)])), "ordered groups of hosts"),
            KeySchema("env", .table(.template), "environment of every command, worked out for each host"),
            KeySchema(
                "defaults", .mapping(.defaults), "what holds for every step that does not say otherwise"),
            KeySchema(
                "checks", .table(.oneOrMore(oneQuestion)), "questions with a name, asked by `use: NAME`"),
            KeySchema("hints", .list(.mapping(.hint)), "what failures mean, for every step"),
            KeySchema("steps", .list(.mapping(.step)), "what is done, in this order", required: true),
            KeySchema(
                "runs", .choice(["again"]),
                "`again`: behind a finished run the next one begins, without `--new`"),
        ])

    package static let input = MappingSchema(
        .input, "an input",
        otherWords: ["description": "title", "required": "optional", "enum": "of", "choices": "of"],
        [
            KeySchema("type", .choice(inputTypes), "what the value is", required: true),
            KeySchema("title", .text, "what it is, for the person who gives it"),
            KeySchema("default", .value, "the value when the site gives none"),
            KeySchema("optional", .boolean, "it may be left out; then it is missing"),
            KeySchema("pattern", .text, "a pattern that the whole text must match"),
            KeySchema("of", .list(.text), "the choices of a `choice`"),
            KeySchema(
                "secret", .boolean,
                "`true`: never shown or written down; the site file says where it comes from"),
        ])

    package static let host = MappingSchema(
        .host, "a host", otherWords: ["address": "inputs", "ip": "inputs", "port": "inputs"],
        [
            KeySchema("title", .text, "what this host is"),
            KeySchema("user", .text, "who logs in; default `root`"),
            KeySchema(
                "inputs", .table(.mapping(.input)), "what the site must say of this host, beside its address"),
        ])

    package static let group = MappingSchema(
        .group, "a group", otherWords: ["hosts": "members"],
        [
            KeySchema("members", .list(name), "the hosts, in the order that counts"),
            KeySchema("inputs", .table(.mapping(.input)), "what the site must say of every member"),
            KeySchema(
                "min", .integer(1...500), "in place of `members`: the site file names so many hosts at least"),
            KeySchema("max", .integer(1...500), "and so many at most; default `64`"),
            KeySchema("title", .text, "with `min`: what each of the hosts is"),
            KeySchema("user", .text, "with `min`: who logs in; default `root`"),
        ])

    package static let defaults = MappingSchema(
        .defaults, "defaults",
        [
            KeySchema(
                "timeout", .either([.duration, .mapping(.timeout)]),
                "how long a step may take; built in: `10m`"),
            KeySchema("order", .choice(orders), "how several hosts take their turn; built in: `one-by-one`"),
            KeySchema("as", .text, "the user that commands run as; built in: who logs in"),
        ])

    private static let orders = ["one-by-one", "together"]

    package static let question = MappingSchema(
        .question, "a question",
        otherWords: [
            "command": "run", "cmd": "run", "shell_command": "run", "grep": "match", "matches": "match",
            "expect": "match", "no": "no_exit", "delegate_to": "host", "timeout_after": "within",
            "retry": "within",
            "if": "that", "msg": "message", "fail_msg": "message",
        ],
        [
            KeySchema("run", .shell, "shell text that is asked; status 0 means yes"),
            KeySchema("shell", .choice(["sh", "bash"]), "the shell that reads `run`; default `sh`"),
            KeySchema("match", .oneOrMore(.pattern), "patterns, each of which must match a line of stdout"),
            KeySchema("none", .oneOrMore(.pattern), "patterns that must match no line of stdout"),
            KeySchema("no_exit", .oneOrMore(.integer(1...255)), "the statuses that mean no; default `[1]`"),
            KeySchema("use", name, "the name of a question in `checks:`"),
            KeySchema("that", .expression, "an expression that must be true"),
            KeySchema("not", oneQuestion, "a question that must be answered by no"),
            KeySchema("step", .text, "in `unless`: the check of this later step"),
            KeySchema("reconnect", .boolean, "whether a second login to the host still works"),
            KeySchema("host", name, "where it is asked: a host, or `peer`"),
            KeySchema("hosts", .oneOrMore(name), "where it is asked: a group, or `peers`; all must say yes"),
            KeySchema("within", .duration, "how long to go on asking for a yes"),
            KeySchema("every", .duration, "the pause between two askings"),
            KeySchema("hold", .duration, "a yes must still be a yes after this time"),
            KeySchema("timeout", .duration, "how long one asking may take; default `30s`"),
            KeySchema("grace", .duration, "in `during`: how long it may fail to say yes; default `10s`"),
            KeySchema("message", .template, "what a person is told when the answer is no"),
            KeySchema("otherwise", .choice(["warn"]), "`warn`: a no is shown and stops nothing"),
        ])

    package static let noProof = MappingSchema(
        .noProof, "a reason", [KeySchema("none", .text, "why nothing can prove the effect", required: true)])

    package static let step = MappingSchema(
        .step, "a step",
        otherWords: [
            "command": "run", "cmd": "run", "when": "if", "tasks": "steps", "block": "steps",
            "register": "outputs",
            "retries": "retry", "environment": "env", "description": "why", "because": "why", "title": "name",
            "until": "verify", "assert": "require", "pre": "require", "precondition": "require",
            "post": "verify",
            "status": "check", "creates": "check", "changed_when": "check", "failed_when": "ok_exit",
            "file": "copy",
            "template": "copy", "lineinfile": "edit", "pause": "manual", "rollback": "undo",
            "delegate_to": "host",
            "parallel": "order", "serial": "batch", "max_fail_percentage": "max_unavailable",
            "any_errors_fatal": "max_unavailable", "continue_on_error": "ok_exit", "ignore_errors": "ok_exit",
            "confirm": "ask",
        ],
        stepFrame + stepQuestions + stepVerbs + stepDetails)

    private static let stepFrame = [
        KeySchema("id", name, "what the step is called: unique, and never changed", required: true),
        KeySchema("name", .text, "what it does, in one line"),
        KeySchema("why", .text, "why it is there; shown when it fails"),
        KeySchema("host", name, "the host that it runs on"),
        KeySchema("hosts", .oneOrMore(name), "a group, or hosts in the order that counts"),
        KeySchema(
            "order", .choice(orders + ["batch"]),
            "how several hosts take their turn; default `one-by-one`"),
        KeySchema("batch", .share, "with `order: batch`: how many hosts have their turn at a time"),
        KeySchema("max_unavailable", .share, "how many of its hosts the step goes on without; default `0`"),
        KeySchema("if", .expression, "an expression; when it is false the step is skipped"),
        KeySchema("tags", .oneOrMore(name), "words about the step; no command selects by them yet"),
        KeySchema("was", .text, "the id that the step had before it was renamed"),
        KeySchema("env", .table(.template), "environment of this step's commands"),
        KeySchema("steps", .list(.mapping(.step)), "a block: all of them on one host before the next host"),
    ]

    private static let stepQuestions = [
        KeySchema("require", .oneOrMore(oneQuestion), "must hold before the step is issued, else it fails"),
        KeySchema("unless", .oneOrMore(oneQuestion), "when it holds the step is not needed"),
        KeySchema(
            "check", .oneOrMore(oneQuestion),
            "the lasting state that the step brings about; asked before and after"),
        KeySchema(
            "verify", .either([.mapping(.noProof), .oneOrMore(oneQuestion)]),
            "must hold after the step; `none: REASON` where nothing proves it"),
    ]

    private static let stepVerbs = [
        KeySchema("run", .shell, "shell text, under `set -eu`"),
        KeySchema("argv", .list(.template), "a program and its arguments, without a shell"),
        KeySchema("copy", .mapping(.copy), "puts a file or a folder on the host"),
        KeySchema("edit", .mapping(.edit), "changes a config file"),
        KeySchema("trust", .mapping(.trust), "root may log in from each of the hosts to the others"),
        KeySchema("manual", .template, "a person does this"),
        KeySchema(
            "ask", .either([.template, .mapping(.ask)]),
            "a person is asked; the answer is the output `answer`"),
        KeySchema("script", .text, "a shell script beside the runbook, run as it is"),
        KeySchema("service", .mapping(.service), "starts, stops, restarts or reloads a service"),
        KeySchema("wait", .duration, "lets time pass"),
        KeySchema("reboot", .mapping(.reboot), "reboots the host, and waits until it is back"),
        KeySchema("use", .text, "another runbook beside this one, whose steps are done on each of the hosts"),
        KeySchema("with", .table(.template), "what it is given for its inputs"),
        KeySchema("fetch", .mapping(.fetch), "brings a file of the host to this machine"),
        KeySchema(
            "guard", .text,
            "`reconnect 60s`: the undo runs by itself on the host unless a new connection came in that time"),
    ]

    private static let stepDetails = [
        KeySchema("shell", .choice(["sh", "bash"]), "the shell that reads `run` or `script`; default `sh`"),
        KeySchema("stdin", .template, "what the command reads"),
        KeySchema("as", .text, "the user that its commands and questions run as; default who logs in"),
        KeySchema(
            "ok_exit", .oneOrMore(.integer(0...255)), "the statuses that are no failure; default `[0]`"),
        KeySchema(
            "timeout", .either([.duration, .mapping(.timeout)]), "how long it may take; default `10m`"),
        KeySchema("retry", .mapping(.retry), "issue it again after a clear no of `check`"),
        KeySchema("outputs", .table(.mapping(.output)), "values that later steps use"),
        KeySchema("hints", .list(.mapping(.hint)), "what failures mean"),
        KeySchema("on_failure", .mapping(.evidence), "what is shown when it failed"),
        KeySchema(
            "undo", .either([.choice(["automatic"]), .oneOrMore(.mapping(.undo))]), "how it is taken back"),
        KeySchema("irreversible", .template, "what cannot be taken back; a person must say yes first"),
        KeySchema("destroys", .template, "the device that is wiped; a person must type its name first"),
        KeySchema(
            "interrupted", .choice(["check", "ask", "rerun"]),
            "what decides about an attempt that died in the middle; default `check`"),
        KeySchema("connection", .choice(["may_drop"]), "the command may cut the connection"),
        KeySchema(
            "during", .oneOrMore(oneQuestion),
            "must not say no while the command runs; asked before, meanwhile and after"),
        KeySchema(
            "for_each", .either([name, .list(name), .table(.text)]),
            "the step once for each: names, names with values, the members of a group, or `peers`"),
    ]

    package static let service = MappingSchema(
        .service, "a service", otherWords: ["service": "name", "status": "state", "enabled": "state"],
        [
            KeySchema("name", .text, "what it is called", required: true),
            KeySchema(
                "state", .choice(["started", "stopped", "restarted", "reloaded"]), "what becomes of it",
                required: true),
        ])

    package static let reboot = MappingSchema(
        .reboot, "a reboot", otherWords: ["timeout": "within", "reboot_timeout": "within"],
        [KeySchema("within", .duration, "how long it may take until the host is back; default `10m`")])

    package static let timeout = MappingSchema(
        .timeout, "a time-out",
        [
            KeySchema("after", .duration, "how long", required: true),
            KeySchema("then", .choice(["stop", "leave"]), "`stop` ends the command, `leave` lets it go on"),
        ])

    package static let retry = MappingSchema(
        .retry, "a retry",
        otherWords: ["count": "times", "interval": "delay", "wait": "delay", "retries": "times"],
        [
            KeySchema("times", .count(2...100), "how many attempts in all", required: true),
            KeySchema("delay", .duration, "the pause between two; default `5s`"),
        ])

    package static let output = MappingSchema(
        .output, "an output", otherWords: ["match": "regex", "value": "run", "command": "run"],
        [
            KeySchema("run", .shell, "a question of its own; its stdout is the value"),
            KeySchema("shell", .choice(["sh", "bash"]), "the shell that reads `run`; default `sh`"),
            KeySchema("from", .choice(["stdout"]), "`stdout`: the value is what the step printed"),
            KeySchema("regex", .pattern, "the first line that matches, or what its first group matched"),
            KeySchema("line", .integer(1...1_000_000), "only this line of the text"),
            KeySchema("json", .text, "only this member of JSON text: `.a.b[0]`"),
            KeySchema(
                "type", .choice(["string", "integer", "boolean"]), "what the value is; default `string`"),
            KeySchema("secret", .boolean, "only `false`: a value in the journal is no secret"),
        ])

    package static let hint = MappingSchema(
        .hint, "a hint", otherWords: ["pattern": "output", "message": "say"],
        [
            KeySchema("output", .pattern, "matches a line of the output"),
            KeySchema("exit", .oneOrMore(.integer(0...255)), "the command's exit status"),
            KeySchema("timeout", .boolean, "`true`: the step took too long"),
            KeySchema("run", .shell, "asked after the failure; status 0 means that the hint fits"),
            KeySchema("match", .oneOrMore(.pattern), "with `run`: each must match a line of its stdout"),
            KeySchema("say", .template, "what it means, and what to do", required: true),
        ])

    package static let undo = MappingSchema(
        .undo, "an undo",
        [
            KeySchema("run", .shell, "shell text that takes the step back"),
            KeySchema("manual", .template, "what a person does to take it back"),
            KeySchema("host", name, "where, when it is not the step's own host"),
            KeySchema("verify", .oneOrMore(oneQuestion), "must hold afterwards"),
        ])

    package static let evidence = MappingSchema(
        .evidence, "evidence",
        [KeySchema("show", .oneOrMore(.shell), "commands whose output is shown", required: true)])

    package static let copy = MappingSchema(
        .copy, "a copy", otherWords: ["src": "from", "dest": "path", "to": "path", "text": "content"],
        [
            KeySchema("path", .template, "where the file or the folder is put", required: true),
            KeySchema("from", .text, "a file beside the runbook, or a folder: `files/app/`"),
            KeySchema("content", .template, "the file's text"),
            KeySchema("mode", .text, "its mode, or that of a folder's files: `'0644'`"),
            KeySchema("owner", .text, "`user` or `user:group`"),
            KeySchema("validate", .shell, "a command that must accept the file first; `%s` is its path"),
        ])

    package static let edit = MappingSchema(
        .edit, "an edit", otherWords: ["file": "path", "regexp": "match", "insert": "line", "state": "line"],
        [
            KeySchema("path", .template, "the file", required: true),
            KeySchema("from", .template, "read this file instead, and write `path`"),
            KeySchema("create", .boolean, "`true`: a missing file is made"),
            KeySchema("validate", .shell, "a command that must accept the new file first; `%s` is its path"),
            KeySchema("line", .template, "a line that must be there"),
            KeySchema("match", .pattern, "with `line`: the line that it takes the place of"),
            KeySchema("block", .template, "lines that must be there, between two marker lines"),
            KeySchema("marker", .text, "with `block`: the word on its marker lines; default the step's id"),
            KeySchema("replace", .pattern, "what is replaced"),
            KeySchema("with", .template, "with `replace`: what it is replaced by"),
            KeySchema(
                "set", .table(.either([.template, .emptyMapping])), "elements and attributes, through a lens"),
            KeySchema("remove", .oneOrMore(.template), "elements and attributes that must not be there"),
            KeySchema(
                "increment", .oneOrMore(.template), "numbers that go up by one when something else changed"),
            KeySchema("lens", .text, "the Augeas lens; default by the file's name"),
        ])

    package static let fetch = MappingSchema(
        .fetch, "a fetch", otherWords: ["src": "path", "from": "path", "dest": "to", "file": "path"],
        [
            KeySchema("path", .template, "the file on the host", required: true),
            KeySchema("to", .text, "the folder on this machine; default `fetched`"),
        ])

    package static let trust = MappingSchema(
        .trust, "a trust",
        [
            KeySchema("peers", .oneOrMore(name), "the group", required: true),
            KeySchema("user", .text, "whose keys; default `root`"),
            KeySchema("operator", .boolean, "`true`: the key that we came in with is put on all of them"),
        ])

    package static let ask = MappingSchema(
        .ask, "a question to a person",
        [
            KeySchema("question", .template, "what is asked", required: true),
            KeySchema("choices", .list(.text), "the answers that are taken; without it any text"),
        ])

    package static let site = MappingSchema(
        .site, "a site file",
        [
            KeySchema("for", name, "the runbook that these values are for", required: true),
            KeySchema(
                "inputs", .table(.either([.value, .mapping(.secretSource)])),
                "the values of the runbook's inputs"),
            KeySchema("hosts", .table(.mapping(.siteHost)), "the runbook's hosts"),
            KeySchema(
                "groups", .table(.list(name)), "the members of groups that the runbook leaves to the site"),
            KeySchema(
                "practice_clock", .integer(1...1000),
                "how much faster than the clock practice nodes live; only a lab writes it"),
        ])

    package static let secretSource = MappingSchema(
        .secretSource, "where a secret comes from",
        [
            KeySchema("env", .text, "a variable of this program's environment"),
            KeySchema(
                "file", .text, "a file that only its owner can read; relative to the site file, or `~/…`"),
            KeySchema("command", .text, "shell text that prints it, on this machine"),
        ])

    /// Beside these keys a host has those that the runbook declares for it.
    package static let siteHost = MappingSchema(
        .siteHost, "a host",
        [
            KeySchema(
                "address", .text, "a name or an address that this machine reaches it by", required: true),
            KeySchema("port", .integer(1...65535), "default `22`"),
            KeySchema("user", .text, "who logs in; default the runbook's, else `root`"),
            KeySchema(
                "host_key", .oneOrMore(.text), "`SHA256:…`, one or several; without it known_hosts decides"),
            KeySchema("identity", .text, "a private key file to try first"),
            KeySchema("legacy_ssh", .boolean, "`true`: allow ssh-rsa (SHA-1), for OpenSSH before 7.2"),
            KeySchema(
                "as", .text, "the user that everything is done as, through su or sudo; default who logs in"),
            KeySchema(
                "ssh_config", .boolean,
                "`true`: what is not said here is taken from ~/.ssh/config, where `address` is looked up"),
            KeySchema(
                "jump", .oneOrMore(.either([.text, .mapping(.jump)])),
                "hosts to go through, the first of them first: `USER@ADDRESS:PORT` or a mapping"),
        ])

    package static let jump = MappingSchema(
        .jump, "a host to go through",
        [
            KeySchema(
                "address", .text, "a name or an address that the host before it reaches it by", required: true
            ),
            KeySchema("port", .integer(1...65535), "default `22`"),
            KeySchema("user", .text, "who logs in; default as at the host behind it"),
            KeySchema(
                "host_key", .oneOrMore(.text), "`SHA256:…`, one or several; without it known_hosts decides"),
            KeySchema("identity", .text, "a private key file to try first"),
            KeySchema("legacy_ssh", .boolean, "`true`: allow ssh-rsa (SHA-1), for OpenSSH before 7.2"),
        ])
}
