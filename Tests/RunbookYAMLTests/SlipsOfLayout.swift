// Each slip of indentation and brackets with the whole picture that is drawn for it.

let slipsOfLayout: [Slip] = [
    Slip(
        "missing-colon", hasTree: false,
        #"""
        steps:
          - id: x
            run
            name: y

        """#,
        #"""
        error[missing-colon]: `run` is neither a key nor a value
         --> x.yaml:3:5
          |
        3 |     run
          |     ^^^
          |
          = hint: a key is followed by a colon and a blank: `run: VALUE`

        """#),
    Slip(
        "no-blank", hasTree: false,
        #"""
        id:x
        name: y

        """#,
        #"""
        error[missing-colon]: `id:x` is neither a key nor a value
         --> x.yaml:1:1
          |
        1 | id:x
          | ^^^^
          |
          = hint: a blank follows the colon
        1 ~ id: x

        """#),
    Slip(
        "no-blank-last", hasTree: false,
        #"""
        name: y
        id:x

        """#,
        #"""
        error[missing-colon]: `id:x` is neither a key nor a value
         --> x.yaml:2:1
          |
        2 | id:x
          | ^^^^
          |
          = hint: a blank follows the colon
        2 ~ id: x

        """#),
    Slip(
        "word-first", hasTree: false,
        #"""
        run
        name: y

        """#,
        #"""
        error[missing-colon]: `run` is neither a key nor a value
         --> x.yaml:1:1
          |
        1 | run
          | ^^^
          |
          = hint: a key is followed by a colon and a blank: `run: VALUE`

        """#),
    Slip(
        "word-last", hasTree: false,
        #"""
        name: y
        run

        """#,
        #"""
        error[missing-colon]: `run` is neither a key nor a value
         --> x.yaml:2:1
          |
        2 | run
          | ^^^
          |
          = hint: a key is followed by a colon and a blank: `run: VALUE`

        """#),
    Slip(
        "list-in-line", hasTree: false,
        "a: - b\n",
        #"""
        error[list-in-line]: a list cannot begin behind a key on the same line
         --> x.yaml:1:4
          |
        1 | a: - b
          |    ^
          |
          = hint: begin it on the next line, or write `[ ]`; if it is text, put the value in quotes

        """#),
    Slip(
        "indent-less", hasTree: false,
        #"""
        steps:
          - id: x
           name: y

        """#,
        #"""
        error[bad-indentation]: this line fits into nothing above it
         --> x.yaml:3:4
          |
        2 |   - id: x
          |   - the list that is open here begins in this column
        3 |    name: y
          |    ^
          |
          = hint: begin the line in the column of the lines it belongs to

        """#),
    Slip(
        "indent-less2", hasTree: false,
        #"""
        steps:
          - id: x
            name: y
          why: z

        """#,
        #"""
        error[bad-indentation]: this line fits into nothing above it
         --> x.yaml:4:3
          |
        2 |   - id: x
          |   - the list that is open here begins in this column
        3 |     name: y
        4 |   why: z
          |   ^
          |
          = hint: begin the line in the column of the lines it belongs to

        """#),
    Slip(
        "dedent", hasTree: false,
        #"""
          a: 1
        b: 2

        """#,
        #"""
        error[text-after-end]: the document has ended before this line
         --> x.yaml:2:1
          |
        2 | b: 2
          | ^
          |
          = hint: begin the line in the column of the first key of the file; `...` ends a file

        """#),
    Slip(
        "end-marker", hasTree: false,
        #"""
        a: 1
        ...
        b: 2

        """#,
        #"""
        error[text-after-end]: the document has ended before this line
         --> x.yaml:3:1
          |
        3 | b: 2
          | ^
          |
          = hint: begin the line in the column of the first key of the file; `...` ends a file

        """#),
    Slip(
        "unclosed-bracket", hasTree: false,
        "a: [1, 2\n",
        #"""
        error[unclosed-bracket]: `[` is not closed, or a comma is missing
         --> x.yaml:1:4
          |
        1 | a: [1, 2
          |    ^ opened here
          |         - `]` or a comma should stand before this
          |
          = hint: write `]` where it ends; a value with brackets or braces in it needs quotes

        """#),
    Slip(
        "unclosed-brace", hasTree: false,
        #"""
        a: { b: c
        d: e

        """#,
        #"""
        error[unclosed-bracket]: `{` is not closed, or a comma is missing
         --> x.yaml:1:4
          |
        1 | a: { b: c
          |    ^ opened here
        2 | d: e
          |  - `}` or a comma should stand before this
          |
          = hint: write `}` where it ends; a value with brackets or braces in it needs quotes

        """#),
    Slip(
        "missing-comma", hasTree: false,
        #"""
        a: {
          b: c
          d: e
        }

        """#,
        #"""
        error[unclosed-bracket]: `{` is not closed, or a comma is missing
         --> x.yaml:1:4
          |
        1 | a: {
          |    ^ opened here
        2 |   b: c
        3 |   d: e
          |    - `}` or a comma should stand before this
          |
          = hint: write `}` where it ends; a value with brackets or braces in it needs quotes

        """#),
    Slip(
        "stray", hasTree: false,
        "a: ]\n",
        #"""
        error[value-missing]: a value should stand here
         --> x.yaml:1:4
          |
        1 | a: ]
          |    ^
          |
          = hint: if the sign is meant as text, put the value in quotes

        """#),
    Slip(
        "double-comma", hasTree: false,
        "a: [b,, c]\n",
        #"""
        error[value-missing]: a value should stand here
         --> x.yaml:1:7
          |
        1 | a: [b,, c]
          |       ^
          |
          = hint: if the sign is meant as text, put the value in quotes

        """#),
    Slip(
        "complex", hasTree: true,
        #"""
        ? [a, b]
        : c

        """#,
        #"""
        error[key-not-text]: a key must be a text, and this is a list
         --> x.yaml:1:3
          |
        1 | ? [a, b]
          |   ^^^^^^
          |
          = hint: if it is meant as text, put it in quotes

        """#),
    Slip(
        "no-key", hasTree: false,
        ": x\n",
        #"""
        error[key-missing]: there is no key before this `:`
         --> x.yaml:1:1
          |
        1 | : x
          | ^
          |
          = hint: write a key, or put the text in quotes

        """#),
    Slip(
        "nul", hasTree: true,
        "a: \"x\\0y\"\n",
        #"""
        error[nul-in-text]: the text holds a NUL, which no command can take
         --> x.yaml:1:4
          |
        1 | a: "x\0y"
          |    ^^^^^^
          |
          = hint: remove the `\0`

        """#),
]
