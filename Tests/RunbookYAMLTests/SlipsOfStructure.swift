// Each slip with the whole picture that is drawn for it.

let slipsOfStructure: [Slip] = [
    Slip(
        "anchor", hasTree: true,
        "a: &x 1\n",
        #"""
        error[anchor]: anchors are not used here
         --> x.yaml:1:4
          |
        1 | a: &x 1
          |    ^^ names `x`
          |
          = hint: write the value where it is needed; `env` and `checks` are there for what repeats
          = hint: if the text begins with `&`, put it in quotes
        1 ~ a: '&x 1'

        """#),
    Slip(
        "alias", hasTree: true,
        "a: *x\n",
        #"""
        error[alias]: aliases are not used here
         --> x.yaml:1:4
          |
        1 | a: *x
          |    ^^ stands for `x`
          |
          = hint: write the value itself; `env` and `checks` are there for what repeats
          = hint: if the text begins with `*`, put it in quotes
        1 ~ a: '*x'

        """#),
    Slip(
        "tag", hasTree: true,
        #"""
        a: !!str 1
        b: !foo x

        """#,
        #"""
        error[tag]: tags are not used here
         --> x.yaml:1:4
          |
        1 | a: !!str 1
          |    ^^^^^ means `tag:yaml.org,2002:str`
          |
          = hint: remove it: the place of a value decides its type
          = hint: if the text begins with `!`, put it in quotes; a question is turned round by `not:`
        1 ~ a: '!!str 1'

        error[tag]: tags are not used here
         --> x.yaml:2:4
          |
        2 | b: !foo x
          |    ^^^^ means `!foo`
          |
          = hint: remove it: the place of a value decides its type
          = hint: if the text begins with `!`, put it in quotes; a question is turned round by `not:`
        2 ~ b: '!foo x'

        """#),
    Slip(
        "bang", hasTree: true,
        "check: ! test -e /x\n",
        #"""
        error[tag]: tags are not used here
         --> x.yaml:1:8
          |
        1 | check: ! test -e /x
          |        ^ means `!`
          |
          = hint: remove it: the place of a value decides its type
          = hint: if the text begins with `!`, put it in quotes; a question is turned round by `not:`
        1 ~ check: '! test -e /x'

        """#),
    Slip(
        "handle", hasTree: false,
        "a: !e!foo x\n",
        #"""
        error[reserved-start]: an unquoted value cannot begin with `!`
         --> x.yaml:1:4
          |
        1 | a: !e!foo x
          |    ^
          |
          = hint: put the whole value in quotes
        1 ~ a: '!e!foo x'

        """#),
    Slip(
        "merge", hasTree: true,
        "<<: { a: 1 }\n",
        #"""
        error[merge-key]: merge keys are not used here
         --> x.yaml:1:1
          |
        1 | <<: { a: 1 }
          | ^^
          |
          = hint: write the entries out; `defaults` and `checks` are there for what repeats

        """#),
    Slip(
        "duplicate", hasTree: true,
        #"""
        steps:
          - id: a
            run: x
            why: y
            id: b

        """#,
        #"""
        error[duplicate-key]: `id` is given twice
         --> x.yaml:5:5
          |
        2 |   - id: a
          |     -- first given here
        ...
        5 |     id: b
          |     ^^ given again here
          |
          = hint: keep one of the two

        """#),
    Slip(
        "duplicate-nfc", hasTree: true,
        "é: 1\ne\u{301}: 2\n",
        #"""
        error[duplicate-key]: `e\#u{301}` is given twice
         --> x.yaml:2:1
          |
        1 | é: 1
          | - first given here
        2 | e\#u{301}: 2
          | ^ given again here
          |
          = hint: keep one of the two

        """#),
    Slip(
        "duplicate-flow", hasTree: true,
        "x: { a: 1, a: 2 }\n",
        #"""
        error[duplicate-key]: `a` is given twice
         --> x.yaml:1:12
          |
        1 | x: { a: 1, a: 2 }
          |      - first given here
          |            ^ given again here
          |
          = hint: keep one of the two

        """#),
    Slip(
        "empty", hasTree: false,
        "",
        #"""
        error[empty-file]: the file has no content
         --> x.yaml:1:1
          |
        1 |
          | ^
          |
          = hint: a runbook begins with `runbook: NAME`; docs/language.md has a small one

        """#),
    Slip(
        "comments", hasTree: false,
        #"""
        # only
        # comments

        """#,
        #"""
        error[empty-file]: the file has no content
         --> x.yaml:2:11
          |
        2 | # comments
          |           ^
          |
          = hint: a runbook begins with `runbook: NAME`; docs/language.md has a small one

        """#),
    Slip(
        "dashes", hasTree: false,
        "---\n",
        #"""
        error[empty-file]: the file has no content
         --> x.yaml:1:4
          |
        1 | ---
          |    ^
          |
          = hint: a runbook begins with `runbook: NAME`; docs/language.md has a small one

        """#),
    Slip(
        "two-docs", hasTree: false,
        #"""
        a: 1
        ---
        b: 2

        """#,
        #"""
        error[second-document]: the file holds more than one document
         --> x.yaml:2:1
          |
        2 | ---
          | ^^^ the second one begins here
          |
          = hint: put it into a file of its own; to keep it here as text, indent it under `|`

        """#),
    Slip(
        "directive", hasTree: true,
        #"""
        %YAML 1.1
        ---
        a: 1

        """#,
        #"""
        error[directive]: directives (`%YAML`, `%TAG`) are not used here
         --> x.yaml:1:1
          |
        1 | %YAML 1.1
          | ^^^^^^^^^
          |
          = hint: remove the lines that begin with `%`

        """#),
    Slip(
        "directive-tag", hasTree: true,
        #"""
        %TAG !e! tag:x,2000:
        ---
        a: 1

        """#,
        #"""
        error[directive]: directives (`%YAML`, `%TAG`) are not used here
         --> x.yaml:1:1
          |
        1 | %TAG !e! tag:x,2000:
          | ^^^^^^^^^^^^^^^^^^^^
          |
          = hint: remove the lines that begin with `%`

        """#),
    Slip(
        "deeper", hasTree: false,
        #"""
        - id: x
           name: y

        """#,
        #"""
        error[bad-indentation]: `name` does not fit below the line above it
         --> x.yaml:2:4
          |
        1 | - id: x
          |   ----- this has a value already
        2 |    name: y
          |    ^^^^
          |
          = hint: begin it in the column of its neighbours, or put the text above it in quotes

        """#),
    Slip(
        "a colon in what looks like quotes inside of a text", hasTree: false,
        #"""
        run: foo
          ': ': x

        """#,
        #"""
        error[bad-indentation]: `': '` does not fit below the line above it
         --> x.yaml:2:3
          |
        1 | run: foo
          | -------- this has a value already
        2 |   ': ': x
          |   ^^^^
          |
          = hint: begin it in the column of its neighbours, or put the text above it in quotes

        """#),
    Slip(
        "continued", hasTree: false,
        #"""
        run: foo
          bar: baz

        """#,
        #"""
        error[bad-indentation]: `bar` does not fit below the line above it
         --> x.yaml:2:3
          |
        1 | run: foo
          | -------- this has a value already
        2 |   bar: baz
          |   ^^^
          |
          = hint: begin it in the column of its neighbours, or put the text above it in quotes

        """#),
    Slip(
        "tab", hasTree: false,
        "a:\n\tb: 1\n",
        #"""
        error[tab-indentation]: a tab stands in the indentation
         --> x.yaml:2:1
          |
        2 |     b: 1
          | ^^^^
          |
          = hint: YAML is indented with blanks only
        2 ~   b: 1

        """#),
    Slip(
        "tab-two", hasTree: false,
        "a:\n  - b: 1\n  \tc: 2\n",
        #"""
        error[tab-indentation]: a tab stands in the indentation
         --> x.yaml:3:3
          |
        3 |       c: 2
          |   ^^^^
          |
          = hint: YAML is indented with blanks only
        3 ~     c: 2

        """#),
    Slip(
        "tab-literal", hasTree: false,
        "a: |\n\tfoo\n",
        #"""
        error[tab-indentation]: a tab stands in the indentation
         --> x.yaml:2:1
          |
        2 |     foo
          | ^^^^
          |
          = hint: YAML is indented with blanks only
        2 ~   foo

        """#),
]
