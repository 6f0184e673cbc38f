import RunbookDiagnostics

/// What a line of `lint --json` holds: `Diagnostic.json` writes it.
enum LintShape {
    static let line = JSONShape.object(
        "a problem",
        [
            ("id", JSONMember("the code: `runbook explain CODE` tells more", .text, isRequired: true)),
            (
                "severity",
                JSONMember(
                    "how bad it is", .words(Diagnostic.Severity.allCases.map(\.rawValue)), isRequired: true)
            ),
            ("headline", JSONMember("the problem in one line", .text, isRequired: true)),
        ] + labelled + [
            ("also", JSONMember("other places that have to do with it", .list(labelled), isRequired: true)),
            (
                "hints",
                JSONMember(
                    "what to do",
                    .list([
                        ("text", JSONMember("in words", .text, isRequired: true)),
                        (
                            "replacement",
                            JSONMember(
                                "what to write instead, where that is certain",
                                .object(
                                    "a place, and its new text",
                                    place + [("text", JSONMember("the new text", .text, isRequired: true))]))
                        ),
                    ]), isRequired: true)
            ),
        ])

    private static let labelled =
        place + [
            ("label", JSONMember("what is said under the carets; may be empty", .text, isRequired: true))
        ]

    private static let place = [
        ("file", JSONMember("the file", .text, isRequired: true)),
        ("line", JSONMember("the line, from 1", .count, isRequired: true)),
        ("column", JSONMember("the column in Unicode scalars, from 1", .count, isRequired: true)),
        ("offset", JSONMember("the same place in bytes, from 0", .count, isRequired: true)),
        ("length", JSONMember("how many bytes", .count, isRequired: true)),
    ]
}
