# Finds what is too long in Swift files, which swift-format has laid out: the brace that ends a declaration
# stands at the declaration's own indentation.
#
# Give -v functions=LINES, -v file=LINES and -v tests=LINES; prints one finding a line.

function finish_file() {
    if (name == "") return
    limit = name ~ /^Tests\// ? tests : file
    if (count > limit) printf "%s: %d lines; a file has at most %d\n", name, count, limit
}

FNR == 1 {
    finish_file()
    name = FILENAME
    start = 0
}

{ count = FNR }

{
    match($0, /^ */)
    indentation = RLENGTH
}

start && indentation <= depth && substr($0, indentation + 1, 1) == "}" {
    # At a smaller indentation it ends what is around: the declaration had no body.
    if (indentation == depth && FNR - start + 1 > functions) {
        printf "%s:%d: %d lines; a function has at most %d\n", name, start, FNR - start + 1, functions
    }
    start = 0
}

/^ *([a-z@][A-Za-z()@]* )*(func [^ ]|init[(?<]|deinit|subscript[(<])/ && (!start || indentation <= depth) {
    if (!/\{.*\}$/) {
        start = FNR
        depth = indentation
    }
}

END { finish_file() }
