import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// What must hold between the keys of a step.
extension RunbookLoader {
    func checkRules(_ sketch: StepSketch) {
        let fields = sketch.fields
        let verb = fields.given(among: Self.verbs).first
        if let verb {
            checkProof(fields, verb)
        } else {
            checkWithoutVerb(fields)
        }
        checkCompanions(fields, verb)
        checkTurn(sketch)
        reportMissingHost(sketch)
        if fields.isGiven("retry"), !fields.isGiven("check") {
            problems.add(
                .error("retry-without-check", "`retry` needs a `check`", at: fields.span(ofKey: "retry"))
                    .hint("a step is issued again only when its check clearly says no"))
        }
        if fields.isGiven("verify"),
            fields["verify"]?.mapping?.contains(where: { $0.name == "none" }) == true,
            fields["verify"]?["run"] == nil, fields.isGiven("check")
        {
            problems.add(
                .error(
                    "two-proofs", "`verify: { none: … }` says that nothing proves the effect",
                    at: fields.span(ofKey: "verify")
                )
                .also(fields.span(ofKey: "check"), "but this does")
                .hint("remove one of the two"))
        }
    }

    /// A verb whose effect is not a file that we wrote ourselves must be proven, or the author says why not.
    private func checkProof(_ fields: Fields, _ verb: String) {
        let proofs = ["check", "verify"]
        guard ["run", "argv", "script", "manual"].contains(verb), fields.given(among: proofs).isEmpty,
            fields.meantKeys.isDisjoint(with: proofs)
        else { return }
        problems.add(
            .error("no-proof", "nothing says how to see that this step worked", at: fields.span(ofKey: verb))
                .hint("add `check:` with a lasting state, asked before and after")
                .hint("or `verify:` for what is only seen after, such as a restart")
                .hint("or `verify: { none: why nothing can show it }`"))
    }

    private func checkWithoutVerb(_ fields: Fields) {
        if fields.given(among: ["require", "check", "verify", "outputs"]).isEmpty {
            // A verb that was misspelt is there.
            guard fields.meantKeys.isEmpty else { return }
            problems.add(
                .error("empty-step", "this step does nothing", at: fields.start)
                    .hint(
                        "add a verb such as `run`, or questions: `require` (a gate), `verify` (a wait), `outputs`"
                    ))
        } else if fields.isGiven("check") {
            problems.add(
                .error(
                    "no-verb", "`check` is the state that a verb brings about, and there is no verb",
                    at: fields.span(ofKey: "check")
                )
                .hint("write `verify` to wait for it, or `require` to stop when it does not hold"))
        }
        for key in fields.given(among: [
            "timeout", "retry", "undo", "irreversible", "destroys", "interrupted", "connection", "during",
        ]) {
            problems.add(
                .error(
                    "no-verb", "`\(key)` goes with a verb, and this step has none",
                    at: fields.span(ofKey: key)))
        }
    }

    /// The verbs that can be done as another user.
    static let verbsOfUsers = ["run", "argv", "script", "reboot"]

    /// Keys that mean something only beside some verbs.
    private func checkCompanions(_ fields: Fields, _ verb: String?) {
        let commands = ["run", "argv", "script"]
        let companions: [(key: String, verbs: [String])] = [
            ("shell", ["run", "script"]), ("stdin", commands), ("ok_exit", commands),
            ("as", Self.verbsOfUsers), ("during", Self.verbsOfUsers + ["service", "wait"]),
        ]
        for (key, verbs) in companions
        where fields.isGiven(key) && !verbs.contains(verb ?? "") && (verb != nil || key != "during") {
            problems.add(
                .error(
                    "key-not-here", "`\(key)` goes with \(englishList(verbs.map { "`\($0)`" }, "or"))",
                    at: fields.span(ofKey: key)))
        }
        if !commands.contains(verb ?? "") {
            for entry in fields["outputs"]?.mapping ?? [] where entry.value["from"] != nil {
                problems.add(
                    .error("key-not-here", "`from: stdout` needs a command", at: entry.key.span)
                        .hint("give the output a question of its own: `run:`"))
            }
        }
    }

    /// Only what a person does can be without a host.
    func reportMissingHost(_ sketch: StepSketch) {
        let fields = sketch.fields
        guard sketch.hosts.isEmpty, sketch.block == nil, !sketch.saysHosts, !fields.isGiven("trust")
        else {
            return
        }
        let isForPeople = !fields.given(among: ["ask", "manual"]).isEmpty
        let asks = !fields.given(among: ["check", "verify", "require", "unless", "outputs"]).isEmpty
        let proves = fields["verify"]?.mapping?.allSatisfy { $0.name == "none" } == true
        if isForPeople,
            !asks || (proves && fields.given(among: ["check", "require", "unless", "outputs"]).isEmpty)
        {
            return
        }
        problems.add(
            .error("missing-key", "a step needs `host` or `hosts`", at: fields.start)
                .hint("add `host: \(declarations.hosts.first?.id.rawValue ?? "HOST")`"))
    }
}
