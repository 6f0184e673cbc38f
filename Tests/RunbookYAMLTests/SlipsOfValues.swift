// Each slip with the whole picture that is drawn for it.

let slipsOfValues: [Slip] = [
    Slip(
        "colon", hasTree: false,
        #"""
        steps:
          - id: x
            run: echo Key: value   # say it

        """#,
        #"""
        error[colon-in-value]: a `: ` inside an unquoted value begins a new key
         --> x.yaml:3:18
          |
        3 |     run: echo Key: value   # say it
          |          -------- the value was only this
          |                  ^
          |
          = hint: put the whole value in quotes
        3 ~     run: 'echo Key: value'   # say it

        """#),
    Slip(
        "colon-item", hasTree: false,
        #"""
        check:
          - echo Key: it's here: yes

        """#,
        #"""
        error[colon-in-value]: a `: ` inside an unquoted value begins a new key
         --> x.yaml:2:24
          |
        2 |   - echo Key: it's here: yes
          |     ------------------- the value was only this
          |                        ^
          |
          = hint: put the whole value in quotes
        2 ~   - 'echo Key: it''s here: yes'

        """#),
    Slip(
        "colon-flow", hasTree: false,
        "a: { run: echo Key: value, match: x }\n",
        #"""
        error[colon-in-value]: a `:` inside an unquoted value begins a new key
         --> x.yaml:1:19
          |
        1 | a: { run: echo Key: value, match: x }
          |           -------- the value was only this
          |                   ^
          |
          = hint: put the whole value in quotes
        1 ~ a: { run: 'echo Key: value', match: x }

        """#),
    Slip(
        "pipe-key", hasTree: false,
        "run: cat x | grep a: b\n",
        #"""
        error[colon-in-value]: a `: ` inside an unquoted value begins a new key
         --> x.yaml:1:20
          |
        1 | run: cat x | grep a: b
          |      -------------- the value was only this
          |                    ^
          |
          = hint: put the whole value in quotes
        1 ~ run: 'cat x | grep a: b'

        """#),
    Slip(
        "question", hasTree: false,
        "a: b ? 0 : 1\n",
        #"""
        error[colon-in-value]: a `: ` inside an unquoted value begins a new key
         --> x.yaml:1:10
          |
        1 | a: b ? 0 : 1
          |    ------ the value was only this
          |          ^
          |
          = hint: put the whole value in quotes
        1 ~ a: 'b ? 0 : 1'

        """#),
    Slip(
        "comma", hasTree: true,
        "portal: { type: ipv4, title: Address of your NAS, e.g. 192.0.2.20, or so }\n",
        #"""
        error[comma-in-value]: a comma ended the value of `title`
         --> x.yaml:1:51
          |
        1 | portal: { type: ipv4, title: Address of your NAS, e.g. 192.0.2.20, or so }
          |                              ------------------- the value is only this
          |                                                   ^^^^^^^^^^^^^^^^^^^^^^ this became a key
          |
          = hint: put the whole value in quotes
        1 ~ portal: { type: ipv4, title: 'Address of your NAS, e.g. 192.0.2.20, or so' }

        """#),
    Slip(
        "comma-mid", hasTree: true,
        "portal: { title: Address, e.g. 192.0.2.20, type: ipv4 }\n",
        #"""
        error[comma-in-value]: a comma ended the value of `title`
         --> x.yaml:1:27
          |
        1 | portal: { title: Address, e.g. 192.0.2.20, type: ipv4 }
          |                  ------- the value is only this
          |                           ^^^^^^^^^^^^^^^ this became a key
          |
          = hint: put the whole value in quotes
        1 ~ portal: { title: 'Address, e.g. 192.0.2.20', type: ipv4 }

        """#),
    Slip(
        "flow-no-value", hasTree: true,
        "a: { b }\n",
        #"""
        error[value-missing]: `b` has no value
         --> x.yaml:1:6
          |
        1 | a: { b }
          |      ^
          |
          = hint: write `b: VALUE`; a list is written with `[ ]`

        """#),
    Slip(
        "expression", hasTree: false,
        "a: { run: ${{ inputs.x }}, b: c }\n",
        #"""
        error[expression-in-brackets]: `${{ … }}` inside `{ }` or `[ ]` must be in quotes
         --> x.yaml:1:11
          |
        1 | a: { run: ${{ inputs.x }}, b: c }
          |           ^^^
          |
          = hint: put the whole value in quotes
        1 ~ a: { run: '${{ inputs.x }}', b: c }

        """#),
    Slip(
        "expression-more", hasTree: false,
        "env: { A: x-${{ a.b }}-${{ c }}.d , B: c }\n",
        #"""
        error[expression-in-brackets]: `${{ … }}` inside `{ }` or `[ ]` must be in quotes
         --> x.yaml:1:13
          |
        1 | env: { A: x-${{ a.b }}-${{ c }}.d , B: c }
          |             ^^^
          |
          = hint: put the whole value in quotes
        1 ~ env: { A: 'x-${{ a.b }}-${{ c }}.d' , B: c }

        """#),
    Slip(
        "expression-list", hasTree: false,
        "a: [${{ inputs.x }}, b]\n",
        #"""
        error[expression-in-brackets]: `${{ … }}` inside `{ }` or `[ ]` must be in quotes
         --> x.yaml:1:5
          |
        1 | a: [${{ inputs.x }}, b]
          |     ^^^
          |
          = hint: put the whole value in quotes
        1 ~ a: ['${{ inputs.x }}', b]

        """#),
    Slip(
        "jinja", hasTree: true,
        "a: {{ inputs.x }}\n",
        #"""
        error[key-not-text]: a key must be a text, and this is a mapping
         --> x.yaml:1:5
          |
        1 | a: {{ inputs.x }}
          |     ^^^^^^^^^^^^
          |
          = hint: if this is an expression, write `'${{ … }}'` with the dollar sign, in quotes

        """#),
    Slip(
        "unclosed-end", hasTree: false,
        #"""
        a: 'foo
        b: c

        """#,
        #"""
        error[unclosed-quote]: a quote is not closed
         --> x.yaml:1:4
          |
        1 | a: 'foo
          |    ^ opened here
          |
          = hint: write the same quote at the end of the value
        1 ~ a: 'foo'
          = hint: inside '…' a quote is written twice: `''`

        """#),
    Slip(
        "unclosed-dq", hasTree: false,
        #"""
        a: "foo
        b: c

        """#,
        #"""
        error[unclosed-quote]: a quote is not closed
         --> x.yaml:1:4
          |
        1 | a: "foo
          |    ^ opened here
          |
          = hint: write the same quote at the end of the value
        1 ~ a: "foo"

        """#),
    Slip(
        "unclosed-next", hasTree: false,
        #"""
        a: 'foo
        b: 'bar'

        """#,
        #"""
        error[unclosed-quote]: a quote is not closed
         --> x.yaml:1:4
          |
        1 | a: 'foo
          |    ^ opened here
        2 | b: 'bar'
          |     - closed only by this one
          |
          = hint: write the same quote at the end of the value
        1 ~ a: 'foo'

        """#),
    Slip(
        "doc-in-quote", hasTree: false,
        #"""
        a: 'x
        ---
        b'

        """#,
        #"""
        error[unclosed-quote]: a quote is not closed
         --> x.yaml:1:4
          |
        1 | a: 'x
          |    ^ opened here
          |
          = hint: write the same quote at the end of the value
        1 ~ a: 'x'
          = hint: inside '…' a quote is written twice: `''`

        """#),
    Slip(
        "after-quote", hasTree: false,
        #"""
        run: "$X" --flag # c
        b: 1

        """#,
        #"""
        error[text-after-quote]: text follows the closing quote
         --> x.yaml:1:11
          |
        1 | run: "$X" --flag # c
          |      ---- the value ends with this quote
          |           ^
          |
          = hint: put the whole value in single quotes
        1 ~ run: '"$X" --flag' # c

        """#),
    Slip(
        "after-single", hasTree: false,
        #"""
        run: 'it's here'
        b: 1

        """#,
        #"""
        error[text-after-quote]: text follows the closing quote
         --> x.yaml:1:10
          |
        1 | run: 'it's here'
          |      ---- the value ends with this quote
          |          ^
          |
          = hint: inside '…' a quote is written twice
        1 ~ run: 'it''s here'

        """#),
    Slip(
        "after-flow", hasTree: false,
        "a: { run: \"$X\" --flag, b: 1 }\n",
        #"""
        error[text-after-quote]: text follows the closing quote
         --> x.yaml:1:16
          |
        1 | a: { run: "$X" --flag, b: 1 }
          |           ---- the value ends with this quote
          |                ^
          |
          = hint: put the whole value in single quotes
        1 ~ a: { run: '"$X" --flag', b: 1 }

        """#),
    Slip(
        "percent", hasTree: false,
        "a: %foo bar\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `%`
         --> x.yaml:1:4
          |
        1 | a: %foo bar
          |    ^
          |
          = hint: put the whole value in quotes
        1 ~ a: '%foo bar'

        """#),
    Slip(
        "percent-line", hasTree: false,
        #"""
        a: 1
        %foo bar

        """#,
        #"""
        error[directive]: a line that begins with `%` is a directive of YAML
         --> x.yaml:2:1
          |
        2 | %foo bar
          | ^
          |
          = hint: remove it; if it belongs to a text, indent it like the text

        """#),
    Slip(
        "at", hasTree: false,
        "a: @foo bar # x\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `@`
         --> x.yaml:1:4
          |
        1 | a: @foo bar # x
          |    ^
          |
          = hint: put the whole value in quotes
        1 ~ a: '@foo bar' # x

        """#),
    Slip(
        "at-flow", hasTree: false,
        "a: { b: @x, c: d }\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `@`
         --> x.yaml:1:9
          |
        1 | a: { b: @x, c: d }
          |         ^
          |
          = hint: put the whole value in quotes
        1 ~ a: { b: '@x', c: d }

        """#),
    Slip(
        "at-flow2", hasTree: false,
        "- { b: @x, c: d }\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `@`
         --> x.yaml:1:8
          |
        1 | - { b: @x, c: d }
          |        ^
          |
          = hint: put the whole value in quotes
        1 ~ - { b: '@x', c: d }

        """#),
    Slip(
        "backtick", hasTree: false,
        "a: `date`\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with a back-tick
         --> x.yaml:1:4
          |
        1 | a: `date`
          |    ^
          |
          = hint: put the whole value in quotes
        1 ~ a: '`date`'

        """#),
    Slip(
        "glob", hasTree: false,
        "path: *.conf\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `*`
         --> x.yaml:1:7
          |
        1 | path: *.conf
          |       ^
          |
          = hint: put the whole value in quotes
        1 ~ path: '*.conf'

        """#),
    Slip(
        "star-list", hasTree: false,
        "a: [*.conf, b]\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `*`
         --> x.yaml:1:5
          |
        1 | a: [*.conf, b]
          |     ^
          |
          = hint: put the whole value in quotes
        1 ~ a: ['*.conf', b]

        """#),
    Slip(
        "anchor-text", hasTree: false,
        "run: && foo\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `&`
         --> x.yaml:1:6
          |
        1 | run: && foo
          |      ^
          |
          = hint: put the whole value in quotes
        1 ~ run: '&& foo'

        """#),
    Slip(
        "escape", hasTree: false,
        "match: \"a\\d+\"\n",
        #"""
        error[unknown-escape]: this is not an escape of YAML
         --> x.yaml:1:10
          |
        1 | match: "a\d+"
          |        - in the text that begins here
          |          ^^
          |
          = hint: in single quotes a backslash stands for itself; in double quotes it is written twice

        """#),
    Slip(
        "hex-escape", hasTree: false,
        "match: \"a\\xZZ\"\n",
        #"""
        error[unknown-escape]: this is not an escape of YAML
         --> x.yaml:1:12
          |
        1 | match: "a\xZZ"
          |        - in the text that begins here
          |            ^^
          |
          = hint: in single quotes a backslash stands for itself; in double quotes it is written twice

        """#),
    Slip(
        "block-header", hasTree: false,
        #"""
        a: |x
          foo

        """#,
        #"""
        error[block-header]: `|` begins a text of several lines
         --> x.yaml:1:4
          |
        1 | a: |x
          |    ^ its text begins on the next line
          |
          = hint: if this is a text of one line, quote it
        1 ~ a: '|x'

        """#),
    Slip(
        "block-redirect", hasTree: false,
        #"""
        a: > /tmp/x
        b: 1

        """#,
        #"""
        error[block-header]: `>` begins a text of several lines
         --> x.yaml:1:4
          |
        1 | a: > /tmp/x
          |    ^ its text begins on the next line
          |
          = hint: if this is a text of one line, quote it
        1 ~ a: '> /tmp/x'

        """#),
    Slip(
        "regex", hasTree: false,
        "a: [^foo[0-9]+, b]\n",
        #"""
        error[value-in-brackets]: this value cannot stand in `{ }` or `[ ]` without quotes
         --> x.yaml:1:9
          |
        1 | a: [^foo[0-9]+, b]
          |         ^
          |
          = hint: put the whole value in quotes
        1 ~ a: ['^foo[0-9]+', b]

        """#),
    Slip(
        "brace-value", hasTree: false,
        "a: { run: f() { x; }, b: 1 }\n",
        #"""
        error[value-in-brackets]: this value cannot stand in `{ }` or `[ ]` without quotes
         --> x.yaml:1:15
          |
        1 | a: { run: f() { x; }, b: 1 }
          |               ^
          |
          = hint: put the whole value in quotes
        1 ~ a: { run: 'f() { x; }', b: 1 }

        """#),
    Slip(
        "crlf", hasTree: false,
        "a: 1\r\nb: x: y\r\n",
        #"""
        error[colon-in-value]: a `: ` inside an unquoted value begins a new key
         --> x.yaml:2:5
          |
        2 | b: x: y
          |    - the value was only this
          |     ^
          |
          = hint: put the whole value in quotes
        2 ~ b: 'x: y'

        """#),
]
