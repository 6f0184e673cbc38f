import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads what a runbook declares, before any text that uses it.
extension RunbookLoader {
    func readDeclarations(_ fields: Fields) {
        declarations.inputs = readInputs(fields["inputs"], reserved: [])
        for entry in named(fields["hosts"], "host") {
            declarations.hosts.append(readHost(entry))
        }
        for entry in named(fields["groups"], "group") { readGroup(entry) }
        for entry in fields["env"]?.mapping ?? [] where isVariable(entry) {
            declarations.environment.append(entry.name)
        }
        declarations.checks = named(fields["checks"], "check")
        readDefaults(fields["defaults"])
        readSketches(fields["steps"])
    }

    /// The entries of a mapping whose keys are the author's names.
    private func named(_ node: YAMLNode?, _ what: String) -> [YAMLEntry] {
        (node?.mapping ?? []).filter { entry in
            guard let scalar = entry.key.scalar else { return false }
            guard let problem = ScalarCheck.name(scalar, "the name of this \(what)") else { return true }
            problems.add(problem)
            return false
        }
    }

    // MARK: - Inputs

    func readInputs(_ node: YAMLNode?, reserved: [String]) -> [Input] {
        (node?.mapping ?? []).compactMap { entry in
            guard ScalarCheck.isInputName(entry.name) else {
                problems.add(
                    .error("bad-name", "`\(entry.name)` is not a name for an input", at: entry.key.span)
                        .hint("it is made of `a`–`z`, `0`–`9`, `-` and `_`, and begins with a letter"))
                return nil
            }
            guard !reserved.contains(entry.name) else {
                problems.add(
                    .error("reserved-name", "every host has `\(entry.name)` already", at: entry.key.span)
                        .hint("choose another name"))
                return nil
            }
            return readInput(entry)
        }
    }

    private func readInput(_ entry: YAMLEntry) -> Input? {
        let fields = Fields(entry.value, as: .input, problems)
        guard let word = fields.text("type"), let type = inputType(word, fields) else { return nil }
        var input = Input(name: entry.name, type: type)
        input.title = fields.text("title")
        input.isOptional = fields.flag("optional") ?? false
        input.isSecret = fields.flag("secret") ?? false
        if input.isSecret { checkSecret(input, fields) }
        if let pattern = fields["pattern"]?.scalar {
            let found = PatternDialect.problems(in: pattern.text)
            for problem in found { problems.add(ValueProblem(problem), in: pattern) }
            if found.isEmpty { input.pattern = pattern.text }
        }
        if let value = fields["default"] {
            switch InputValues.read(value.text ?? "", for: input) {
            case .success(let value): input.defaultValue = value
            case .failure(let refusal): problems.add(InputValues.diagnostic(refusal, at: value.span))
            }
            if input.isOptional {
                problems.add(
                    .error(
                        "needless-optional", "an input with a default is never missing",
                        at: fields.span(ofKey: "optional")
                    )
                    .hint("keep one of `default` and `optional`"))
            }
        }
        return input
    }

    private func checkSecret(_ input: Input, _ fields: Fields) {
        if input.type != .string {
            problems.add(
                .error("bad-value", "a secret is a `string`", at: fields.span(ofKey: "type")))
        }
        if fields.isGiven("default") {
            problems.add(
                .error("secret-in-file", "a secret has no default", at: fields.span(ofKey: "default"))
                    .hint("the site file says where it comes from: prompt, environment, file or command"))
        }
    }

    private func inputType(_ word: String, _ fields: Fields) -> InputType? {
        if word != "choice", fields.isGiven("of") {
            problems.add(
                .error("key-not-here", "`of` goes with `type: choice`", at: fields.span(ofKey: "of")))
        }
        switch word {
        case "string": return .string
        case "integer": return .integer
        case "boolean": return .boolean
        case "ipv4": return .ipv4
        case "hostname": return .hostname
        case "path": return .path
        case "duration": return .duration
        default: break
        }
        let words = fields.texts("of")
        if words.isEmpty, !fields.isGiven("of") || fields["of"] != nil {
            problems.add(
                .error("missing-key", "a `choice` needs its choices", at: fields.span(ofKey: "type"))
                    .hint("add `of: [one, other]`"))
            return nil
        }
        return .choice(words)
    }

    // MARK: - Hosts and groups

    /// What a host has without being declared, and what the site file calls by these names.
    static let reservedAttributes =
        Scope.builtInAttributes + Scope.askedAttributes + LanguageSchema.siteHost.keys.map(\.name) + ["name"]

    /// Words of the language that stand where a host or a group does.
    static let reservedNames = ["peer", "peers", "all", "none"]

    private func readHost(_ entry: YAMLEntry) -> HostDeclaration {
        let fields = Fields(entry.value, as: .host, problems)
        var host = HostDeclaration(id: HostID(entry.name))
        if Self.reservedNames.contains(entry.name) {
            problems.add(
                .error("reserved-name", "`\(entry.name)` cannot be the name of a host", at: entry.key.span)
                    .hint("the language has a meaning for it: choose another name"))
        }
        host.title = fields.text("title")
        if let user = fields["user"], let name = user.text {
            if InputValues.isUserName(name) {
                host.user = name
            } else {
                problems.add(.error("bad-value", "this is not the name of a user", at: user.span))
            }
        }
        host.inputs = readInputs(fields["inputs"], reserved: Self.reservedAttributes)
        refuseSecrets(host.inputs, fields["inputs"])
        return host
    }

    private func refuseSecrets(_ inputs: [Input], _ node: YAMLNode?) {
        for input in inputs where input.isSecret {
            guard let entry = node?.mapping?.first(where: { $0.name == input.name }) else { continue }
            problems.add(
                .error("secret-place", "a value of a host cannot be a secret", at: entry.key.span)
                    .hint("make it an input of the runbook, one for each host"))
        }
    }

    private func readGroup(_ entry: YAMLEntry) {
        let isHost = declarations.host(HostID(entry.name)) != nil
        if isHost || Self.reservedNames.contains(entry.name) {
            problems.add(
                .error("reserved-name", "`\(entry.name)` cannot be the name of a group", at: entry.key.span)
                    .hint(
                        isHost
                            ? "a group and a host never have the same name"
                            : "the language has a meaning for it: choose another name"))
        }
        var members: [HostID] = []
        let isMapping = entry.value.mapping != nil
        let fields = isMapping ? Fields(entry.value, as: .group, problems) : nil
        var limits: ClosedRange<Int>?
        if let fields {
            limits = readLimits(fields)
            if let limits { members = declareMembers(of: entry.name, limits, fields) }
        }
        for node in (fields?["members"] ?? (isMapping ? nil : entry.value))?.elements ?? [] {
            guard let id = knownHost(node) else { continue }
            if members.contains(id) {
                problems.add(.error("duplicate-member", "`\(id)` is named twice", at: node.span))
            } else {
                members.append(id)
            }
        }
        let inputs = readInputs(fields?["inputs"], reserved: Self.reservedAttributes)
        refuseSecrets(inputs, fields?["inputs"])
        for (index, host) in declarations.hosts.enumerated() where members.contains(host.id) {
            for input in inputs {
                if host.inputs.contains(where: { $0.name == input.name }) {
                    problems.add(
                        .error(
                            "duplicate-input", "host `\(host.id)` has an input `\(input.name)` already",
                            at: entry.key.span))
                } else {
                    declarations.hosts[index].inputs.append(input)
                }
            }
        }
        var group = Group(name: entry.name, members: members)
        group.limits = limits
        declarations.groups.append(group)
    }

    /// A host that is declared; anything else is reported.
    func knownHost(_ node: YAMLNode) -> HostID? {
        let id = HostID(node.text ?? "")
        if declarations.unnamedHosts.contains(id) {
            problems.add(
                .error(
                    "unknown-host", "only the site file says whether there is a host `\(id)`", at: node.span
                )
                .hint("name the group"))
            return nil
        }
        guard declarations.host(id) == nil else { return id }
        let names = declarations.hosts.map(\.id.rawValue)
        problems.add(unknownName("host", id.rawValue, among: names, at: node.span))
        return nil
    }

    func unknownName(_ what: String, _ name: String, among names: [String], at span: SourceSpan) -> Diagnostic
    {
        let problem = Diagnostic.error(
            DiagnosticID("unknown-\(what)"), "there is no \(what) `\(name)`", at: span)
        if let near = closest(to: name, among: names) {
            return problem.hint("did you mean `\(near)`?", replacing: span, with: near)
        }
        guard !names.isEmpty else { return problem }
        return problem.hint("there is \(englishList(names.map { "`\($0)`" }, "and"))")
    }

    // MARK: - Environment and checks

    /// Names that the shell, the loader of programs or the supervisor give a meaning of their own.
    static let reservedVariables: Set<String> = [
        "PATH", "IFS", "HOME", "ENV", "BASH_ENV", "PWD", "OLDPWD", "SHELL", "SHELLOPTS", "BASHOPTS", "PS1",
        "PS2",
        "PS4", "CDPATH", "OPTIND", "OPTARG", "PPID", "UID", "EUID", "LANG", "LANGUAGE", "TMPDIR", "USER",
        "LOGNAME",
        "nl",
    ]

    /// Whether the key of an entry of `env` can be the name of a variable.
    func isVariable(_ entry: YAMLEntry) -> Bool {
        let name = entry.name
        guard ScalarCheck.isVariableName(name) else {
            problems.add(
                .error("bad-name", "`\(name)` is not a name for a variable", at: entry.key.span)
                    .hint("it is made of letters, digits and `_`, and does not begin with a digit"))
            return false
        }
        let isReserved =
            Self.reservedVariables.contains(name) || name.hasPrefix("LD_") || name.hasPrefix("LC_")
            || name.lowercased().hasPrefix("runbook_")
        guard !isReserved else {
            problems.add(
                .error(
                    "reserved-variable", "`\(name)` has a meaning of its own in the shell", at: entry.key.span
                )
                .hint("choose another name; to change it for one command, set it in the shell text"))
            return false
        }
        return true
    }

    func readRunbookEnvironment(_ node: YAMLNode?) -> [EnvironmentEntry] {
        readEnvironment(node, ReferenceContext(declarations: declarations))
    }

    /// Entries in order; each sees the ones before it.
    func readEnvironment(_ node: YAMLNode?, _ context: ReferenceContext) -> [EnvironmentEntry] {
        var context = context
        var entries: [EnvironmentEntry] = []
        for entry in node?.mapping ?? [] where isVariable(entry) {
            let value = template(entry.value, context.takingSecrets)
            entries.append(EnvironmentEntry(name: entry.name, value: value))
            context.environment.append(entry.name)
            context.note(entries[entries.count - 1])
        }
        return entries
    }

    /// Reads every named check once as if it were asked anywhere, so that what is wrong in one that no step
    /// uses is found too.
    func readUnusedChecks() {
        for entry in declarations.checks {
            let place = QuestionPlace(
                context: ReferenceContext(declarations: declarations, environment: declarations.environment))
            _ = readQuestions(entry.value, place, trail: [entry.name])
        }
    }
}

extension ValueProblem {
    init(_ problem: PatternDialect.Problem) {
        self.init("bad-pattern", problem.message, at: problem.range)
        guard let remedy = problem.remedy else { return }
        self =
            problem.replacement.map { hint(remedy, replacing: problem.range, with: $0) } ?? hint(remedy)
    }
}
