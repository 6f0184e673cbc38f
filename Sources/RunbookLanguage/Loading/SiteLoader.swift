package import RunbookDiagnostics
package import RunbookModel
import RunbookText
import RunbookYAML

/// Reads a site file against the runbook that it is for. The site is there when nothing is an error.
///
/// - Parameters:
///   - source: the site file; nil when there is none.
///   - overrides: values of inputs that win over the site file (`--set NAME=VALUE`).
package func loadSite(
    _ source: SourceText?, for runbook: Runbook, overrides: [String: String] = [:]
) -> (Site?, [Diagnostic]) {
    let loader = SiteLoader(runbook: runbook, source: source)
    let site = loader.site(overrides)
    let found = Diagnostics(loader.problems.found).sorted
    return (loader.problems.hasErrors ? nil : site, found)
}

/// Reads one site file.
private final class SiteLoader {
    let runbook: Runbook
    let problems = Problems()
    private let source: SourceText
    private let isThere: Bool
    private var fields: Fields?
    private var inputs: [String: Value] = [:]
    private var secrets: [String: SecretSource] = [:]
    private var hosts: [HostID: SiteHost] = [:]
    /// Where the value of an input stands.
    private var places: [String: SourceSpan] = [:]

    init(runbook: Runbook, source: SourceText?) {
        self.runbook = runbook
        self.source = source ?? SourceText(name: "\(runbook.name).site.yaml", "")
        isThere = source != nil
    }

    func site(_ overrides: [String: String]) -> Site {
        if isThere { readFile() }
        readOverrides(overrides)
        fillInputs()
        if isThere {
            fillHosts()
            checkCounts()
        } else {
            reportNoFile()
        }
        var site = Site(runbook: runbook.name, inputs: inputs, hosts: hosts)
        site.secrets = secrets
        if let factor = fields?.integer("practice_clock") { site.clockFactor = Double(factor) }
        return site
    }

    private func readFile() {
        let (root, syntax) = parseYAML(source)
        problems.add(contentsOf: syntax)
        guard let root else { return }
        guard root.mapping != nil else {
            return problems.add(
                .error(
                    "wrong-type", "a site file is a mapping, not \(root.kindInWords)", at: source.span(at: 0)
                )
                .hint("it begins with `for: \(runbook.name)`"))
        }
        let fields = Fields(root, as: .site, problems)
        self.fields = fields
        if let node = fields["for"], let name = node.text, name != runbook.name {
            problems.add(
                .error(
                    "other-runbook", "these values are for `\(name)`, not for `\(runbook.name)`",
                    at: node.span
                )
                .hint("give another site file with `--site`"))
        }
        for entry in fields["inputs"]?.mapping ?? [] { readInput(entry) }
        for entry in fields["hosts"]?.mapping ?? [] { readHost(entry) }
        // What stands in them was read before the runbook was.
        let open = runbook.groups.filter { $0.limits != nil }.map(\.name)
        for entry in fields["groups"]?.mapping ?? [] where !open.contains(entry.name) {
            problems.add(
                unknown(
                    entry, "`\(runbook.name)` leaves no group `\(entry.name)` to the site file", among: open))
        }
    }

    // MARK: - Inputs

    private func readInput(_ entry: YAMLEntry) {
        guard let input = runbook.inputs.first(where: { $0.name == entry.name }) else {
            return problems.add(
                unknown(
                    entry, "`\(runbook.name)` has no input `\(entry.name)`", among: runbook.inputs.map(\.name)
                ))
        }
        if input.isSecret {
            inputs[input.name] = .missing
            guard let source = readSecretSource(entry.value) else { return }
            (inputs[input.name], secrets[input.name]) = (.string(Site.hiddenSecret), source)
        } else if entry.value.scalar == nil {
            inputs[input.name] = .missing
            problems.add(
                .error(
                    "wrong-type", "`\(input.name)` is no secret: its value stands here", at: entry.value.span)
            )
        } else {
            inputs[input.name] = value(entry.value, for: input)
            places[input.name] = entry.value.span
        }
    }

    private func readSecretSource(_ node: YAMLNode) -> SecretSource? {
        if let text = node.text {
            if text == "prompt" { return .prompt }
            if fields?.isGiven("practice_clock") == true { return .practice(text) }
            problems.add(
                .error(
                    "secret-in-file", "a secret does not stand in a file that is kept and copied",
                    at: node.span
                )
                .hint("write `prompt`, `{ env: NAME }`, `{ file: PATH }` or `{ command: … }`"))
            return nil
        }
        let source = Fields(node, as: .secretSource, problems)
        let given = source.given(among: ["env", "file", "command"])
        guard given.count == 1 else {
            problems.add(
                .error(
                    given.isEmpty ? "missing-key" : "two-sources", "a secret comes from one place",
                    at: node.span
                )
                .hint("write `prompt`, `{ env: NAME }`, `{ file: PATH }` or `{ command: … }`"))
            return nil
        }
        let text = source.text(given[0]) ?? ""
        switch given[0] {
        case "env": return .environment(text)
        case "file": return .file(text)
        default: return .command(text)
        }
    }

    /// The value; a wrong one is reported and counts as missing, so that it is not reported as left out too.
    private func value(_ node: YAMLNode, for input: Input) -> Value {
        switch InputValues.read(node.text ?? "", for: input) {
        case .success(let value): return value
        case .failure(let refusal):
            var problem = InputValues.diagnostic(refusal, at: node.span)
            if let title = input.title { problem = problem.hint("`\(input.name)` is: \(title)") }
            problems.add(problem)
            return .missing
        }
    }

    private func readOverrides(_ overrides: [String: String]) {
        for (name, text) in overrides.sorted(by: { $0.key < $1.key }) {
            let written = SourceText(name: "--set", "\(name)=\(text)")
            let nameSpan = written.span(0..<name.utf8.count)
            guard let input = runbook.inputs.first(where: { $0.name == name }) else {
                let problem = Diagnostic.error(
                    "unknown-input", "`\(runbook.name)` has no input `\(name)`", at: nameSpan)
                let near = closest(to: name, among: runbook.inputs.map(\.name))
                problems.add(
                    near.map { problem.hint("did you mean `\($0)`?", replacing: nameSpan, with: $0) }
                        ?? problem)
                continue
            }
            guard !input.isSecret else {
                inputs[name] = .missing
                problems.add(
                    .error(
                        "secret-in-file", "everybody on this machine can read what `--set` says", at: nameSpan
                    )
                    .hint("the site file says where a secret comes from: `\(name): { env: NAME }`"))
                continue
            }
            let span = written.span(name.utf8.count + 1..<written.bytes.count)
            places[name] = span
            switch InputValues.read(text, for: input) {
            case .success(let value): inputs[name] = value
            case .failure(let refusal):
                problems.add(InputValues.diagnostic(refusal, at: span))
                inputs[name] = .missing
            }
        }
    }

    private func fillInputs() {
        for input in runbook.inputs where inputs[input.name] == nil {
            if let value = input.defaultValue {
                inputs[input.name] = value
            } else if input.isOptional {
                inputs[input.name] = .missing
            } else if input.isSecret {
                // Nothing is said: a person is asked.
                (inputs[input.name], secrets[input.name]) = (.string(Site.hiddenSecret), .prompt)
            } else if isThere, fields == nil || fields?["inputs"] != nil || fields?.isGiven("inputs") == false
            {
                let place = fields?.isGiven("inputs") == true ? fields?.span(ofKey: "inputs") : fields?.start
                problems.add(
                    .error(
                        "missing-input", "the input `\(input.name)` has no value\(Self.described(input))",
                        at: place ?? source.span(at: 0)
                    ).hint(
                        "add `\(input.name): \(input.example)` under `inputs:`, or `--set \(input.name)=…`"
                    ))
            }
        }
    }

    private static func described(_ input: Input) -> String { input.title.map { ": \($0)" } ?? "" }

    // MARK: - Hosts

    private func readHost(_ entry: YAMLEntry) {
        guard let declared = runbook.hosts.first(where: { $0.id.rawValue == entry.name }) else {
            return problems.add(
                unknown(
                    entry, "`\(runbook.name)` has no host `\(entry.name)`",
                    among: runbook.hosts.map(\.id.rawValue)))
        }
        let fields = Fields(entry.value, as: .siteHost, problems, takesOtherKeys: true)
        var host = readPlace(fields, user: declared.user ?? "root")
        readIdentity(fields, into: &host)
        if let node = fields["as"], let user = node.text {
            host.runAs = user
            if !InputValues.isUserName(user) {
                problems.add(.error("bad-value", "this is not the name of a user", at: node.span))
            }
        }
        host.jumps = (fields["jump"]?.elements ?? []).compactMap { readJump($0, to: host) }
        if fields.flag("ssh_config") == true {
            // The cases are called as the keys are; the name has none: `address` is what is looked up.
            host.leftToSSHConfig = Set(SSHSetting.allCases.filter { !fields.isGiven("\($0)") })
        }
        for other in fields.others { readAttribute(other, of: declared, into: &host) }
        fillAttributes(of: declared, &host, at: entry.key.span)
        hosts[declared.id] = host
    }

    /// Where a host is, and who logs in.
    private func readPlace(_ fields: Fields, user: String) -> SiteHost {
        var host = SiteHost(address: fields.text("address") ?? "")
        if let node = fields["address"], !InputValues.isAddress(host.address) {
            problems.add(
                .error("bad-value", "this is neither a host name nor an address", at: node.span)
                    .hint("user and port have keys of their own: `user`, `port`"))
        }
        host.port = fields.integer("port").flatMap { UInt16(exactly: $0) } ?? 22
        host.user = user
        if let node = fields["user"], let user = node.text {
            host.user = user
            if !InputValues.isUserName(user) {
                problems.add(.error("bad-value", "this is not the name of a user", at: node.span))
            }
        }
        return host
    }

    /// Who the host is, and who we are.
    private func readIdentity(_ fields: Fields, into host: inout SiteHost) {
        host.hostKeys = readHostKeys(fields["host_key"])
        host.identity = fields.text("identity")
        host.allowsLegacySSH = fields.flag("legacy_ssh") ?? false
    }

    /// A host to go through. Who logs in and with which key is as at the host behind it, unless it is said.
    private func readJump(_ node: YAMLNode, to target: SiteHost) -> SiteHost? {
        if let text = node.text { return readJump(text, at: node.span, to: target) }
        let fields = Fields(node, as: .jump, problems)
        var host = readPlace(fields, user: target.user)
        readIdentity(fields, into: &host)
        host.identity = host.identity ?? target.identity
        return host.address.isEmpty ? nil : host
    }

    /// `USER@ADDRESS:PORT`; an IPv6 address with a port is `[ADDRESS]:PORT`, as in ssh_config(5), ProxyJump.
    private func readJump(_ text: String, at span: SourceSpan, to target: SiteHost) -> SiteHost? {
        guard let parts = JumpText(text), InputValues.isAddress(parts.address),
            parts.user.map(InputValues.isUserName) ?? true
        else {
            problems.add(
                .error("bad-value", "this is no host to go through", at: span)
                    .hint("write `USER@ADDRESS:PORT`; user and port may be left out"))
            return nil
        }
        return parts.host(behind: target)
    }

    /// OpenSSH's form of a fingerprint: SHA-256 in base64 without padding (ssh-keygen(1), `-l`).
    private func readHostKeys(_ node: YAMLNode?) -> [String] {
        (node?.elements ?? []).compactMap { node in
            guard let scalar = node.scalar else { return nil }
            let digest = scalar.text.dropFirst("SHA256:".count)
            let isBase64 = digest.utf8.allSatisfy {
                ExpressionLexer.isDigit($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
            }
            guard scalar.text.hasPrefix("SHA256:"), digest.utf8.count == 43, isBase64 else {
                problems.add(
                    .error("bad-value", "this is not the fingerprint of a host key", at: node.span)
                        .hint(
                            "it is `SHA256:` and 43 characters: `ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub`"
                        ))
                return nil
            }
            return scalar.text
        }
    }

    private func readAttribute(_ entry: YAMLEntry, of declared: HostDeclaration, into host: inout SiteHost) {
        guard let input = declared.inputs.first(where: { $0.name == entry.name }) else {
            let names = declared.inputs.map(\.name) + LanguageSchema.siteHost.keys.map(\.name)
            return problems.add(
                unknown(entry, "`\(entry.name)` is not asked of host `\(declared.id)`", among: names))
        }
        guard entry.value.scalar != nil, !entry.value.isMissing else {
            host.attributes[input.name] = .missing
            return problems.add(.error("value-missing", "`\(input.name)` has no value", at: entry.key.span))
        }
        host.attributes[input.name] = value(entry.value, for: input)
    }

    private func fillAttributes(of declared: HostDeclaration, _ host: inout SiteHost, at span: SourceSpan) {
        for input in declared.inputs where host.attributes[input.name] == nil {
            if let value = input.defaultValue {
                host.attributes[input.name] = value
            } else if input.isOptional {
                host.attributes[input.name] = .missing
            } else {
                problems.add(
                    .error(
                        "missing-attribute",
                        "host `\(declared.id)` has no `\(input.name)`\(Self.described(input))", at: span
                    ).hint("add `\(input.name): \(input.example)` under `\(declared.id):`"))
            }
        }
    }

    private func fillHosts() {
        guard fields == nil || fields?["hosts"] != nil || fields?.isGiven("hosts") == false, let fields else {
            return
        }
        let place = fields.isGiven("hosts") ? fields.span(ofKey: "hosts") : fields.start
        for declared in runbook.hosts where hosts[declared.id] == nil {
            let title = declared.title.map { ": \($0)" } ?? ""
            let values =
                (["address: 192.0.2.1"]
                    + declared.inputs.filter(\.isNeeded).map { "\($0.name): \($0.example)" })
            problems.add(
                .error(
                    "missing-host", "the host `\(declared.id)` is not described\(title)",
                    at: place
                )
                .hint("add `\(declared.id): { \(values.joined(separator: ", ")) }` under `hosts:`"))
        }
    }

    /// The numbers that steps take from the site must be such as they can use.
    private func checkCounts() {
        for step in runbook.allSteps {
            guard case .given(let expression, let range)? = step.retry?.times else { continue }
            for host in step.hosts where hosts[host] != nil {
                let scope = Scope(inputs: inputs, hosts: hosts, host: host)
                guard case .integer(let number)? = try? expression.evaluate(in: scope),
                    !range.contains(number)
                else { continue }
                let name = expression.references.lazy.compactMap { reference in
                    if case .input(let name) = reference { name } else { nil }
                }.first
                problems.add(
                    .error(
                        "out-of-range",
                        "step `\(step.id)` takes a number from \(range.lowerBound) to \(range.upperBound) here",
                        at: name.flatMap { places[$0] } ?? fields?.start ?? source.span(at: 0)))
            }
        }
    }

    private func reportNoFile() {
        var lines = runbook.inputs.filter { $0.isNeeded && inputs[$0.name] == nil }.map {
            "inputs: \($0.name)\(Self.described($0))"
        }
        for group in runbook.groups {
            if let limits = group.limits { lines.append("groups: \(group.name): \(limits.words)") }
        }
        for host in runbook.hosts {
            let names = ["address"] + host.inputs.filter(\.isNeeded).map(\.name)
            lines.append("hosts: \(host.id): \(englishList(names, "and"))")
        }
        var problem = Diagnostic.error(
            "no-site", "there is no site file for `\(runbook.name)`", at: source.span(at: 0)
        )
        .hint(
            "write these values into NAME.site.yaml beside the runbook, or name another file with `--site FILE`"
        )
        for line in lines { problem = problem.hint(line) }
        problems.add(problem)
    }

    private func unknown(_ entry: YAMLEntry, _ headline: String, among names: [String]) -> Diagnostic {
        let problem = Diagnostic.error("unknown-key", headline, at: entry.key.span)
        if let near = closest(to: entry.name, among: names) {
            return problem.hint("did you mean `\(near)`?", replacing: entry.key.span, with: near)
        }
        guard !names.isEmpty else { return problem }
        return problem.hint("it has \(englishList(names.map { "`\($0)`" }, "and"))")
    }
}

extension Input {
    /// Whether the site must say it.
    var isNeeded: Bool { defaultValue == nil && !isOptional && !isSecret }

    /// A value of the right form, for a person to write their own over it.
    var example: String {
        switch type {
        case .string: "…"
        case .integer: "1"
        case .boolean: "true"
        case .ipv4: "192.0.2.1"
        case .hostname: "name"
        case .path: "/path"
        case .choice(let words): words.first ?? "…"
        case .duration: "30s"
        }
    }
}
