import RunbookDiagnostics

/// What is not YAML, or not the YAML of a runbook.
extension Explanation {
    static let yamlSyntax: [Explanation] = [
        Explanation(
            "bad-indentation",
            "The column of a line says what it belongs to. This one fits nothing above it.",
            in: .step,
            wrong: "name: Look\n  run: date\nverify: { none: just looks }",
            right: "name: Look\nrun: date\nverify: { none: just looks }"),
        Explanation(
            "block-header",
            "A `|` begins a text of several lines: its text begins on the next line, indented.",
            in: .step,
            wrong: "run: | date\nverify: { none: just looks }",
            right: "run: |\n  date\nverify: { none: just looks }"),
        Explanation(
            "colon-in-value",
            "A colon and a blank make a key of what stands before them. Put the value in quotes.",
            in: .step,
            wrong: "check: { run: date }\nrun: echo Status: on",
            right: "check: { run: date }\nrun: 'echo Status: on'"),
        Explanation(
            "directive", "Lines that begin with `%` are directives of YAML, which a runbook does not use.",
            in: .whole, wrong: "%YAML 1.2\n---\nrunbook: demo",
            right: "runbook: demo\nhosts: { a: {} }\nsteps: [{ id: look, require: date }]"),
        Explanation(
            "expression-in-brackets",
            "Inside `{ }` and `[ ]` the braces of `${{ }}` would be YAML's own. Put the value in quotes.",
            in: .step,
            wrong: "env: { PORTAL: ${{ inputs.portal }} }\nrun: date\ncheck: date",
            right: "env: { PORTAL: '${{ inputs.portal }}' }\nrun: date\ncheck: date"),
        Explanation(
            "key-missing", "A colon stands where a key is missing.", in: .step,
            wrong: "run: date\n: look\ncheck: date", right: "run: date\nname: look\ncheck: date"),
        Explanation(
            "list-in-line", "A list that begins with `-` begins on a line of its own.", in: .step,
            wrong: "require: - date\n- id", right: "require:\n  - date\n  - id"),
        Explanation(
            "missing-colon", "A key is followed by a colon and a blank.", in: .step,
            wrong: "run:date\ncheck: date", right: "run: date\ncheck: date"),
        Explanation(
            "reserved-start",
            "YAML keeps some signs for itself: an unquoted value cannot begin with `@`, `%` or a back-tick.",
            in: .step,
            wrong: "name: @home\nrun: date\ncheck: date", right: "name: '@home'\nrun: date\ncheck: date"),
        Explanation(
            "tab-indentation", "YAML is indented with blanks only; a tab has no width.", in: .step,
            wrong: "check: date\nrun: date\nenv:\n\tA: b", right: "check: date\nrun: date\nenv:\n  A: b"),
        Explanation(
            "text-after-end", "A line stands further left than the first key of the file, or behind `...`.",
            in: .whole, wrong: "  runbook: demo\n  title: A demo\nhosts: { a: {} }",
            right: "runbook: demo\ntitle: A demo\nhosts: { a: {} }\nsteps: [{ id: look, require: date }]"),
        Explanation(
            "text-after-quote", "A value that begins with a quote ends with it. Quote the whole value.",
            in: .step,
            wrong: "run: 'echo' hello\ncheck: date", right: "run: '''echo'' hello'\ncheck: date"),
        Explanation(
            "unclosed-bracket", "A `{` or `[` is not closed, or a comma is missing before this place.",
            in: .step,
            wrong: "env: { A: b\nrun: date\ncheck: date", right: "env: { A: b }\nrun: date\ncheck: date"),
        Explanation(
            "unclosed-quote", "A quote is not closed. Inside single quotes a quote is written twice.",
            in: .step,
            wrong: "name: 'the host\nrun: date\ncheck: date",
            right: "name: 'the host'\nrun: date\ncheck: date"),
        Explanation(
            "unknown-escape", "In double quotes a backslash begins an escape. Single quotes know none.",
            in: .step,
            wrong: #"check: { run: date, match: "\." }"# + "\nrun: date",
            right: #"check: { run: date, match: '\.' }"# + "\nrun: date"),
        Explanation(
            "value-in-brackets", "This value cannot stand inside `{ }` or `[ ]` without quotes.", in: .step,
            wrong: "require: { run: test [a] = b }",
            right: "require: { run: 'test [a] = b' }"),
        Explanation(
            "value-missing", "A key has no value. Give one, or leave the key out.", in: .step,
            wrong: "name:\nrun: date\ncheck: date", right: "name: Look\nrun: date\ncheck: date"),
        Explanation(
            "yaml-syntax",
            "The text is not YAML, in a way that has no words of ours. Most often a value needs quotes."),
    ]

    static let yamlRules: [Explanation] = [
        Explanation(
            "alias",
            "Aliases make a text that a person cannot read in order. `checks` and `env` are for what repeats.",
            in: .step,
            wrong: "env: &e { A: b }\nrun: date\ncheck: *e", right: "env: { A: b }\nrun: date\ncheck: date"),
        Explanation(
            "anchor",
            "Anchors are not used here. `checks`, `env` and `hints` of the runbook are for what repeats.",
            in: .step,
            wrong: "run: &command date\ncheck: date", right: "run: date\ncheck: date"),
        Explanation(
            "comma-in-value",
            "Inside `{ }` a comma ends a value, and the rest became a key. Quote the value.",
            in: .step,
            wrong: "require: { run: date, message: wait, then try again }",
            right: "require: { run: date, message: 'wait, then try again' }"),
        Explanation(
            "control-character",
            "The file holds a character that cannot be seen, or that makes the text look different from what it "
                + "is. It often comes with a copy from a web page. Remove it."),
        Explanation(
            "duplicate-key", "A key is given twice. Which of them should count? Keep one.", in: .step,
            wrong: "run: date\ncheck: date\nrun: id", right: "run: date; id\ncheck: date"),
        Explanation(
            "empty-file", "The file has no content.", in: .whole,
            wrong: "# nothing\n",
            right: "runbook: demo\nhosts: { a: {} }\nsteps: [{ id: look, require: date }]"),
        Explanation(
            "file-too-large",
            "A runbook is text for people: 4 MiB are enough. Put large data into a file of its own "
                + "beside it, and name that in a `copy`."),
        Explanation(
            "key-not-text", "A key is a text, and here a list or a mapping stands in its place.", in: .step,
            wrong: "env: { [A]: b }\nrun: date\ncheck: date", right: "env: { A: b }\nrun: date\ncheck: date"),
        Explanation(
            "merge-key", "Merge keys (`<<`) are not used here. Write the entries where they are needed.",
            in: .step,
            wrong: "env: { <<: { A: b } }\nrun: date\ncheck: date",
            right: "env: { A: b }\nrun: date\ncheck: date"),
        Explanation(
            "nested-too-deep",
            "Lists and mappings stand more than 64 deep in one another. A bracket may be written "
                + "too often."),
        Explanation(
            "not-utf8", "The file is not UTF-8. From Latin-1: `iconv -f ISO-8859-1 -t UTF-8 OLD > NEW`."),
        Explanation(
            "nul-in-text", "No command can take a NUL. Remove the `\\0`.", in: .step,
            wrong: #"run: "printf 'a\0b'""# + "\ncheck: date", right: #"run: printf 'a\0b'"# + "\ncheck: date"
        ),
        Explanation("out-of-memory", "This machine has not enough memory to read the file."),
        Explanation(
            "scalar-too-long", "One text is longer than 64 KiB. Put it into a file beside the runbook."),
        Explanation(
            "second-document", "A file holds one runbook. A line `---` begins another document.", in: .whole,
            wrong: "runbook: demo\n---\nrunbook: other",
            right: "runbook: demo\nhosts: { a: {} }\nsteps: [{ id: look, require: date }]"),
        Explanation(
            "tag", "Tags (`!`) are not used: the place of a value decides its type.", in: .step,
            wrong: "run: !command date\ncheck: date", right: "run: date\ncheck: date"),
        Explanation(
            "too-many-nodes", "The file has more than 500,000 values. Split it into several runbooks."),
    ]
}
