import RunbookDiagnostics
import RunbookModel
import RunbookText

/// What the names in a text stand for, at the place where the text stands.
struct ReferenceContext: NameResolver {
    /// The other host of a group of two, seen from each of the hosts.
    enum Peers: Hashable {
        /// Any host of a group of two: for what is worked out on many hosts and may stay without a value.
        case any
        case hosts([HostID])
        case none(reason: String)
    }

    private(set) var declarations: Declarations
    /// The hosts on which the text is worked out; nil: any, and it may stay without a value on some.
    var hosts: [HostID]?
    var peers: Peers = .any
    /// The entries of the environment in sight.
    var environment: [String] = []
    /// Only outputs of steps with a smaller number are known; nil: all.
    var stepNumber: Int?
    /// The block that the text stands in.
    var block: StepID?
    /// What the step is done for, in a step with `for_each`.
    var item: StepItem?
    /// Whether a secret may be inserted: not where others can read it, such as a command's arguments.
    var takesSecrets = false
    /// The entries of the environment that hold a secret; nil: those of the runbook.
    private(set) var secretVariables: Set<String>?

    /// The same place of a used runbook, its inputs not yet replaced by what they are given.
    var withoutArguments: ReferenceContext {
        var context = self
        context.declarations.arguments = [:]
        return context
    }

    private typealias Found = (reference: Reference, kind: ValueKind?)

    func resolve(_ parts: [NamePart], at range: Range<Int>) -> NameResolution {
        do throws(ValueProblem) {
            if let known = try substituted(parts, at: range) { return .success(known) }
            let found = try find(parts, at: range)
            return .success((.reference(found.reference), found.kind))
        } catch {
            return .failure(error)
        }
    }

    /// What stands for something that is known when the runbook is read.
    private func substituted(
        _ parts: [NamePart], at range: Range<Int>
    ) throws(ValueProblem) -> (expression: Expression, kind: ValueKind?)? {
        switch parts.first?.text {
        case "inputs" where parts.count == 2: return declarations.arguments[parts[1].text]
        case "item":
            guard let item else {
                throw ValueProblem("unknown-name", "there is no `item` here", at: range)
                    .hint("it stands for something in a step with `for_each`")
            }
            let name = try parts.count == 1 ? nil : rest(of: parts, 1, "item.NAME", at: range)[0]
            guard let name else { return (.literal(.string(item.value)), .text) }
            if name.text == "name" { return (.literal(.string(item.name)), .text) }
            guard let id = item.host, let host = declarations.host(id) else {
                throw unknown(name, "an item has no `\(name.text)`", among: ["name"], "it has")
            }
            let found = try attribute(name, of: host)
            return (.reference(found.reference), found.kind)
        default: return nil
        }
    }

    private func find(_ parts: [NamePart], at range: Range<Int>) throws(ValueProblem) -> Found {
        guard let first = parts.first else { throw shape("a name is missing", at: range) }
        switch first.text {
        case "inputs": return try input(try rest(of: parts, 1, "inputs.NAME", at: range)[0])
        case "env": return try environment(try rest(of: parts, 1, "env.NAME", at: range)[0])
        case "host": return try thisHost(try rest(of: parts, 1, "host.NAME", at: range)[0])
        case "peer": return try peer(try rest(of: parts, 1, "peer.NAME", at: range)[0], at: range)
        case "hosts":
            let rest = try rest(of: parts, 2, "hosts.HOST.NAME", at: range)
            return try attribute(rest[1], of: try host(rest[0]))
        case "steps": return try output(Array(parts.dropFirst()), at: range)
        default: throw unknown(first, parts.count, at: range)
        }
    }

    private func rest(
        of parts: [NamePart], _ count: Int, _ form: String, at range: Range<Int>
    ) throws(ValueProblem) -> [NamePart] {
        guard parts.count == count + 1, parts.allSatisfy({ !$0.text.isEmpty }) else {
            throw shape("this name has the form `\(form)`", at: range)
        }
        return Array(parts.dropFirst())
    }

    private func shape(_ headline: String, at range: Range<Int>) -> ValueProblem {
        ValueProblem("unknown-name", headline, at: range)
    }

    private func unknown(_ name: NamePart, _ count: Int, at range: Range<Int>) -> ValueProblem {
        let problem = ValueProblem("unknown-name", "`\(name.text)` stands for nothing", at: name.range)
        let roots = ["inputs", "hosts", "host", "peer", "env", "steps"]
        if count > 1, let near = closest(to: name.text, among: roots) {
            return problem.hint("did you mean `\(near)`?", replacing: name.range, with: near)
        }
        if count == 1 {
            let known = [
                declarations.input(name.text) == nil ? nil : "inputs.\(name.text)",
                environment.contains(name.text) ? "env.\(name.text)" : nil,
            ].compactMap { $0 }.first
            if let known { return problem.hint("did you mean `\(known)`?", replacing: range, with: known) }
            return problem.hint("a text stands in single quotes", replacing: range, with: "'\(name.text)'")
        }
        return problem.hint("a name begins with \(englishList(roots.map { "`\($0).`" }, "or"))")
    }

    /// A problem with a name that is none of the known ones.
    private func unknown(
        _ part: NamePart, _ headline: String, among names: [String], _ whatThereIs: String
    ) -> ValueProblem {
        let problem = ValueProblem("unknown-name", headline, at: part.range)
        if let near = closest(to: part.text, among: names) {
            return problem.hint("did you mean `\(near)`?", replacing: part.range, with: near)
        }
        guard !names.isEmpty else { return problem }
        return problem.hint("\(whatThereIs): \(englishList(names.map { "`\($0)`" }, "and"))")
    }

    private func input(_ part: NamePart) throws(ValueProblem) -> Found {
        guard let input = declarations.input(part.text) else {
            throw unknown(
                part, "there is no input `\(part.text)`", among: declarations.inputs.map(\.name),
                "the inputs are")
        }
        try check(isSecret: input.isSecret, part)
        // What may be missing can be compared with anything.
        return (.input(input.name), input.isOptional ? nil : input.type.kind)
    }

    private func environment(_ part: NamePart) throws(ValueProblem) -> Found {
        guard environment.contains(part.text) else {
            if declarations.environment.contains(part.text) {
                throw ValueProblem("unknown-name", "`env.\(part.text)` comes later", at: part.range)
                    .hint("an entry of `env` can use only those before it")
            }
            throw unknown(part, "there is no `\(part.text)` in `env`", among: environment, "there is")
        }
        try check(isSecret: isSecret(.environment(part.text)), part)
        return (.environment(part.text), .text)
    }

    private func host(_ part: NamePart) throws(ValueProblem) -> HostDeclaration {
        guard let host = declarations.host(HostID(part.text)),
            !declarations.unnamedHosts.contains(host.id)
        else {
            throw unknown(
                part, "there is no host `\(part.text)`",
                among: declarations.hosts.map(\.id).filter { !declarations.unnamedHosts.contains($0) }
                    .map(\.rawValue),
                "the hosts are")
        }
        return host
    }

    private func attribute(_ part: NamePart, of host: HostDeclaration) throws(ValueProblem) -> Found {
        let kind = try kind(of: part, on: host)
        return (.hostAttribute(host.id, part.text), kind)
    }

    private func kind(of part: NamePart, on host: HostDeclaration) throws(ValueProblem) -> ValueKind? {
        if let input = host.inputs.first(where: { $0.name == part.text }) {
            return input.isOptional ? nil : input.type.kind
        }
        if Scope.builtInAttributes.contains(part.text) { return .text }
        if Scope.askedAttributes.contains(part.text) { return .number }
        throw unknown(
            part, "host `\(host.id)` has no `\(part.text)`",
            among: host.inputs.map(\.name) + Scope.builtInAttributes + Scope.askedAttributes, "it has")
    }

    private func thisHost(_ part: NamePart) throws(ValueProblem) -> Found {
        guard let hosts else { return (.thisHost(part.text), try kindOnSome(part)) }
        guard !hosts.isEmpty else {
            throw ValueProblem("unknown-name", "there is no `host` here: the step has none", at: part.range)
                .hint("give the step a `host:`, or write `hosts.HOST.\(part.text)`")
        }
        return (.thisHost(part.text), try kind(of: part, onAllOf: hosts))
    }

    private func peer(_ part: NamePart, at range: Range<Int>) throws(ValueProblem) -> Found {
        switch peers {
        case .any:
            guard declarations.groups.contains(where: { $0.members.count == 2 }) else {
                throw ValueProblem("no-peer", "there is no `peer`: no group has two members", at: range)
            }
            return (.peer(part.text), try kindOnSome(part))
        case .hosts(let hosts):
            return (.peer(part.text), try kind(of: part, onAllOf: hosts))
        case .none(let reason):
            throw ValueProblem("no-peer", "there is no `peer` here: \(reason)", at: range)
                .hint("`peer` is the other host of a group of two; name the host: `hosts.HOST.\(part.text)`")
        }
    }

    private func kind(of part: NamePart, onAllOf hosts: [HostID]) throws(ValueProblem) -> ValueKind? {
        var kinds: Set<ValueKind?> = []
        for host in hosts {
            guard let host = declarations.host(host) else { return nil }
            kinds.insert(try kind(of: part, on: host))
        }
        return kinds.count == 1 ? kinds.first ?? nil : nil
    }

    /// For what is worked out on any host: it is enough that one has it.
    private func kindOnSome(_ part: NamePart) throws(ValueProblem) -> ValueKind? {
        var problem: ValueProblem?
        for host in declarations.hosts {
            do throws(ValueProblem) { return try kind(of: part, on: host) } catch {
                problem = problem ?? error
            }
        }
        if var problem {
            problem.headline = "no host has `\(part.text)`"
            throw problem
        }
        return nil
    }

    // MARK: - Outputs

    /// `ID.outputs.NAME` and `ID.on.HOST.outputs.NAME`, the word `steps` left out.
    private func output(_ parts: [NamePart], at range: Range<Int>) throws(ValueProblem) -> Found {
        let words = parts.map(\.text)
        let isPlain = words.count == 3 && words[1] == "outputs"
        let isOnHost = words.count == 5 && words[1] == "on" && words[3] == "outputs"
        guard isPlain || isOnHost, words.allSatisfy({ !$0.isEmpty }) else {
            throw shape(
                "this name has the form `steps.ID.outputs.NAME` or `steps.ID.on.HOST.outputs.NAME`", at: range
            )
        }
        let step = try earlierStep(parts[0])
        guard let name = parts.last, let output = step.outputs.first(where: { $0.name == name.text }) else {
            throw unknown(
                parts[parts.count - 1], "step `\(step.id)` has no output `\(words.last ?? "")`",
                among: step.outputs.map(\.name), "it has")
        }
        if isOnHost {
            let host = try host(parts[2])
            guard step.hosts.contains(host.id) else {
                throw unknown(
                    parts[2], "step `\(step.id)` does not run on `\(host.id)`",
                    among: step.hosts.map(\.rawValue), "it runs on")
            }
            return (.output(step.id, on: host.id, output.name), output.kind)
        }
        return (
            .output(step.id, on: try implicitHost(of: step, at: range, output.name), output.name), output.kind
        )
    }

    private func earlierStep(_ part: NamePart) throws(ValueProblem) -> StepSketch {
        guard let step = declarations.step(part.text, inside: block) else {
            let names = declarations.steps.filter { !$0.outputs.isEmpty }.map(\.id.rawValue)
            throw unknown(part, "there is no step `\(part.text)`", among: names, "steps with outputs are")
        }
        if let stepNumber, step.number >= stepNumber {
            let when = step.number == stepNumber ? "are known only when it is done" : "come later"
            throw ValueProblem("later-output", "the outputs of `\(step.id)` \(when)", at: part.range)
                .hint("only outputs of earlier steps can be used")
        }
        return step
    }

    /// Without `on` an output is this host's; of a step with one host it is that host's wherever it is used.
    private func implicitHost(
        of step: StepSketch, at range: Range<Int>, _ name: String
    ) throws(ValueProblem) -> HostID? {
        if step.hosts.count == 1 { return step.hosts[0] }
        guard let hosts, !step.hosts.isEmpty else { return nil }
        guard !hosts.isEmpty, hosts.allSatisfy(step.hosts.contains) else {
            let names = step.hosts.map { "`\($0)`" }
            throw ValueProblem(
                "which-host", "step `\(step.id)` has this output on \(englishList(names, "and"))", at: range
            ).hint("say which: `steps.\(step.id).on.\(step.hosts[0]).outputs.\(name)`")
        }
        return nil
    }
}

// MARK: - Secrets

extension ReferenceContext {
    /// The same place, for a text that reaches the host by a way of its own: the environment, stdin or a file.
    var takingSecrets: ReferenceContext {
        var context = self
        context.takesSecrets = true
        return context
    }

    func isSecret(_ reference: Reference) -> Bool {
        switch reference {
        case .input(let name): declarations.input(name)?.isSecret == true
        case .environment(let name): (secretVariables ?? declarations.secretVariables).contains(name)
        default: false
        }
    }

    /// Remembers whether the entry, which stands before what is read next, holds a secret.
    mutating func note(_ entry: EnvironmentEntry) {
        let isSecret = entry.value.expressions.flatMap(\.references).contains(where: isSecret)
        var names = secretVariables ?? declarations.secretVariables
        if isSecret { names.insert(entry.name) } else { names.remove(entry.name) }
        secretVariables = names
    }

    private func check(isSecret: Bool, _ part: NamePart) throws(ValueProblem) {
        guard isSecret, !takesSecrets else { return }
        throw ValueProblem(
            "secret-place", "`\(part.text)` is a secret, and what stands here can be read by others",
            at: part.range
        )
        .hint("give it to the command by `env` or `stdin`, or write it with `copy` or `edit`")
    }
}

extension Declarations {
    func holdsSecret(_ template: Template) -> Bool {
        template.expressions.flatMap(\.references).contains { reference in
            switch reference {
            case .input(let name): input(name)?.isSecret == true
            case .environment(let name): secretVariables.contains(name)
            default: false
            }
        }
    }
}
