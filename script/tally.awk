# Counts the tests of Swift Testing's event stream (one JSON object a line; see `swift test --help-hidden`).
#
# A quotation mark inside a JSON string always has a backslash before it, so that `"kind":"testEnded"` can only
# be the member. Suites have a testID too; only functions were announced with `"kind":"function"`.
#
# Prints `failed ID`, `skipped TEXT` a line, and last `counts PASSED FAILED SKIPPED`.

# The string value of a member, still escaped as JSON, except for the slash.
function member(name,    start, rest, i, letter, value) {
    start = index($0, "\"" name "\":\"")
    if (start == 0) return ""
    rest = substr($0, start + length(name) + 4)
    for (i = 1; i <= length(rest); i++) {
        letter = substr(rest, i, 1)
        if (letter == "\"") break
        if (letter == "\\") {
            i++
            letter = substr(rest, i, 1)
            if (letter != "/" && letter != "\"") letter = "\\" letter
        }
        value = value letter
    }
    return value
}

/"kind":"test",/ && /"kind":"function"/ { known[member("id")] = 1 }

/"kind":"testSkipped"/ {
    id = member("testID")
    if (id in known) skip(id)
}

/"kind":"testStarted"/ { started[member("testID")] = 1 }

/"kind":"testEnded"/ {
    id = member("testID")
    if (!(id in known)) next
    if (index($0, "\"symbol\":\"fail\"")) {
        failed[id] = 1
    } else if (index($0, "\"symbol\":\"skip\"")) {
        skip(id)
    }
    ended[id] = 1
}

function skip(id) {
    skipped[id] = member("text")
    ended[id] = 1
}

END {
    for (id in known) {
        if (id in failed || !(id in ended)) {
            f++
            print "failed " id (id in ended ? "" : id in started ? " (did not end)" : " (did not start)")
        } else if (id in skipped) {
            s++
            print "skipped " id ": " skipped[id]
        } else {
            p++
        }
    }
    printf "counts %d %d %d\n", p, f, s
}
