import RunbookDiagnostics
import RunbookModel
import RunbookText
import RunbookYAML

/// Reads the verb of a step.
extension RunbookLoader {
    static let verbs = [
        "run", "argv", "script", "service", "wait", "reboot", "copy", "edit", "fetch", "trust", "manual",
        "ask",
    ]

    func readAction(_ sketch: StepSketch, _ context: ReferenceContext) -> Action? {
        let fields = sketch.fields
        let given = fields.given(among: Self.verbs)
        if given.count > 1 {
            problems.add(
                .error(
                    "two-verbs", "a step does one thing: `\(given[0])` or `\(given[1])`",
                    at: fields.span(ofKey: given[1]), "the second verb"
                )
                .also(fields.span(ofKey: given[0]), "the first verb")
                .hint("make two steps of it, each with its own check"))
            return nil
        }
        guard let verb = given.first, let node = fields[verb] else { return nil }
        switch verb {
        case "run": return .run(script(node, shell: fields.text("shell"), context))
        case "argv":
            if node.sequence?.isEmpty == true {
                problems.add(.error("empty-list", "`argv` names a program", at: node.span))
            }
            return .argv(templates(node, context))
        case "script":
            guard let path = ownFile(node) else { return nil }
            return .script(path: path, shell: fields.text("shell").flatMap(Script.Shell.init) ?? .sh)
        // Written out when the whole step is known.
        case "service", "wait": return nil
        case "reboot":
            let within = Fields(node, as: .reboot, problems)["within"]
            return .reboot(within: time(within, context) ?? .seconds(600))
        case "copy": return readCopy(node, context).map { .copy($0) }
        case "edit": return readEdit(node, context, sketch).map { .edit($0) }
        case "fetch": return readFetch(node, fields, context).map { .fetch($0) }
        case "trust": return readTrust(node)
        case "manual": return .manual(template(node, context))
        default: return readAsk(node, context)
        }
    }

    // MARK: - Files

    private func readCopy(_ node: YAMLNode, _ context: ReferenceContext) -> CopyAction? {
        let fields = Fields(node, as: .copy, problems)
        let sources = fields.given(among: ["from", "content"])
        guard sources.count == 1 else {
            problems.add(
                .error(
                    sources.isEmpty ? "missing-key" : "two-sources", "a copy has either `from` or `content`",
                    at: fields.start))
            return nil
        }
        guard let path = absolutePath(fields["path"], context) else { return nil }
        var copy: CopyAction
        if let content = fields["content"] {
            copy = CopyAction(source: .content(template(content, context.takingSecrets)), path: path)
        } else {
            guard let node = fields["from"], let file = ownFile(node) else { return nil }
            let isFolder = file.hasSuffix("/")
            let name = String(file.reversed().drop { $0 == "/" }.reversed())
            copy = CopyAction(source: isFolder ? .folder(path: name) : .file(path: name), path: path)
            if isFolder, let validate = fields["validate"] {
                problems.add(
                    .error(
                        "bad-value", "`validate` looks at one file, and `from` is a folder", at: validate.span
                    )
                    .also(node.span, "a slash at the end means a folder")
                    .hint("prove the whole by a `verify` of the step"))
            }
        }
        copy.mode = readMode(fields["mode"])
        if let owner = fields["owner"], let name = owner.text {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count <= 2, parts.allSatisfy({ InputValues.isUserName(String($0)) }) {
                copy.owner = name
            } else {
                problems.add(.error("bad-value", "an owner is `user` or `user:group`", at: owner.span))
            }
        }
        copy.validate = readValidate(fields["validate"], context)
        return copy
    }

    /// The path of a file beside the runbook.
    func ownFile(_ node: YAMLNode) -> String? {
        guard let file = node.text else { return nil }
        if !isInsideFolder(file) {
            problems.add(
                .error("bad-path", "a file of a runbook lies beside it or below", at: node.span)
                    .hint("write a relative path without `..`"))
        }
        return folder + file
    }

    private func readFetch(
        _ node: YAMLNode, _ step: Fields, _ context: ReferenceContext
    ) -> FetchAction? {
        for key in step.given(among: ["timeout", "retry", "interrupted", "connection", "undo", "guard"]) {
            problems.add(
                .error(
                    "key-not-here", "`\(key)` goes with a command, and `fetch` sends none",
                    at: step.span(ofKey: key)))
        }
        let fields = Fields(node, as: .fetch, problems)
        guard let path = absolutePath(fields["path"], context) else { return nil }
        var fetch = FetchAction(path: path)
        if let to = fields["to"], let folder = to.text {
            if isInsideFolder(folder), FetchAction.isFolder(folder) {
                fetch.folder = folder
            } else {
                problems.add(
                    .error(
                        "bad-path", "`to` is a folder beside the folder `state`, or below one", at: to.span
                    )
                    .hint("write a relative path without `..`"))
            }
        }
        if path.literal.map({ $0.hasSuffix("/") || $0.split(separator: "/").contains("..") }) == true {
            problems.add(
                .error("bad-path", "this is no path of a file", at: fields.span(ofKey: "path"))
                    .hint("a folder is packed first: `run: tar -czf /root/backup.tgz /etc/pve`"))
        }
        return fetch
    }

    /// Two steps that keep their files in one place would take turns in it.
    func refuseSameFetches() {
        let fetches = declarations.steps.filter { $0.fields.isGiven("fetch") && $0.item == nil }
        for (number, second) in fetches.enumerated() {
            guard let node = second.fields["fetch"], let path = node["path"]?.text else { continue }
            let same = fetches[..<number].first { first in
                first.fields["fetch"]?["path"]?.text == path
                    && first.fields["fetch"]?["to"]?.text == node["to"]?.text
                    && first.hosts.contains(where: second.hosts.contains)
            }
            guard let same, let place = same.fields["fetch"]?["path"] else { continue }
            problems.add(
                .error(
                    "duplicate-fetch", "step `\(same.id)` keeps the same file in the same place",
                    at: node["path"]?.span ?? node.span
                )
                .also(place.span, "the other one")
                .hint("say `to:` in one of them: the file as it was before stays beside the one after"))
        }
    }

    private func isInsideFolder(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }

    private func readMode(_ node: YAMLNode?) -> UInt32? {
        guard let node, let text = node.text else { return nil }
        if (3...4).contains(text.utf8.count), let mode = UInt32(text, radix: 8) { return mode }
        problems.add(
            .error("bad-value", "a mode is three or four octal digits", at: node.span)
                .hint("write `'0644'`", replacing: node.span, with: "'0644'"))
        return nil
    }

    /// A path on a host. What `${{ }}` brings in front is not known yet.
    private func absolutePath(_ node: YAMLNode?, _ context: ReferenceContext) -> Template? {
        guard let node else { return nil }
        let path = template(node, context)
        if case .text(let start)? = path.parts.first, !start.hasPrefix("/") {
            problems.add(.error("bad-path", "a path on a host begins with `/`", at: node.span))
            return nil
        }
        return path
    }

    private func readValidate(_ node: YAMLNode?, _ context: ReferenceContext) -> Template? {
        guard let node else { return nil }
        if node.text?.contains("%s") == false {
            problems.add(
                .error("bad-value", "`validate` does not look at the new file", at: node.span)
                    .hint("write `%s` where the command takes the file's path"))
        }
        return template(node, as: .shell, context)
    }

    // MARK: - Edit

    private static let structuredKeys = ["set", "remove", "increment"]

    private func readEdit(_ node: YAMLNode, _ context: ReferenceContext, _ sketch: StepSketch) -> EditAction?
    {
        let fields = Fields(node, as: .edit, problems)
        let isStructured = !fields.given(among: Self.structuredKeys).isEmpty
        let forms = fields.given(among: ["line", "block", "replace"]) + (isStructured ? ["set"] : [])
        guard forms.count == 1 else {
            problems.add(
                .error(
                    forms.isEmpty ? "missing-key" : "two-verbs",
                    "an edit has one of `line`, `block`, `replace`, or `set`, `remove`, `increment`",
                    at: fields.start))
            return nil
        }
        for (key, owner) in [("match", "line"), ("marker", "block"), ("with", "replace"), ("lens", "set")]
        where fields.isGiven(key) && owner != forms[0] {
            problems.add(.error("key-not-here", "`\(key)` goes with `\(owner)`", at: fields.span(ofKey: key)))
        }
        guard let path = absolutePath(fields["path"], context),
            let change = readChange(forms[0], fields, context, sketch)
        else { return nil }
        var edit = EditAction(path: path, change: change)
        if fields.isGiven("from") { edit.from = absolutePath(fields["from"], context) }
        edit.mayCreate = fields.flag("create") ?? false
        edit.validate = readValidate(fields["validate"], context)
        return edit
    }

    private func readChange(
        _ form: String, _ fields: Fields, _ context: ReferenceContext, _ sketch: StepSketch
    ) -> EditAction.Change? {
        switch form {
        case "line":
            guard let line = fields["line"] else { return nil }
            if line.text?.contains("\n") == true {
                problems.add(
                    .error("bad-value", "`line` is one line", at: line.span).hint(
                        "use `block` for several lines"))
            }
            return .line(
                template(line, context.takingSecrets),
                match: fields["match"].map { template($0, as: .pattern, context) })
        case "block":
            guard let block = fields["block"] else { return nil }
            return .block(
                template(block, context.takingSecrets), marker: fields.text("marker") ?? sketch.id.rawValue)
        case "replace":
            guard let replace = fields["replace"] else { return nil }
            guard let with = fields["with"] else {
                if !fields.isGiven("with") {
                    problems.add(
                        .error("missing-key", "`replace` needs `with`", at: fields.span(ofKey: "replace"))
                            .hint("to remove the text write `with: ''`"))
                }
                return nil
            }
            return .replace(
                pattern: template(replace, as: .pattern, context), with: template(with, context.takingSecrets)
            )
        default:
            return .structured(readStructured(fields, context))
        }
    }

    private func readStructured(_ fields: Fields, _ context: ReferenceContext) -> StructuredChange {
        var change = StructuredChange()
        change.lens = fields.text("lens")
        for entry in fields["set"]?.mapping ?? [] {
            guard let path = treePath(entry.key, context) else { continue }
            if entry.value.mapping != nil {
                change.ensure.append(path)
            } else {
                change.set.append(.init(path: path, value: template(entry.value, context.takingSecrets)))
            }
        }
        change.remove = (fields["remove"]?.elements ?? []).compactMap { treePath($0, context) }
        change.increment = (fields["increment"]?.elements ?? []).compactMap { treePath($0, context) }
        return change
    }

    private func treePath(_ node: YAMLNode, _ context: ReferenceContext) -> Template? {
        let path = template(node, context)
        if case .text(let start)? = path.parts.first, start.hasPrefix("/") { return path }
        problems.add(
            .error("bad-path", "the path of an element begins with `/`", at: node.span)
                .hint("write `/cluster/cman/@transport`; `@` names an attribute"))
        return nil
    }

    // MARK: - Trust and people

    private func readTrust(_ node: YAMLNode) -> Action? {
        let fields = Fields(node, as: .trust, problems)
        guard let peers = fields["peers"] else { return nil }
        var trust = TrustAction(peers: hostList(peers).hosts)
        if trust.peers.count == 1 {
            problems.add(.error("bad-value", "`trust` is between two hosts at least", at: peers.span))
        }
        if let user = fields["user"], let name = user.text {
            if InputValues.isUserName(name) {
                trust.user = name
            } else {
                problems.add(.error("bad-value", "this is not the name of a user", at: user.span))
            }
        }
        trust.keepsOperator = fields.flag("operator") ?? false
        return .trustFiles(trust)
    }

    private func readAsk(_ node: YAMLNode, _ context: ReferenceContext) -> Action? {
        if node.scalar != nil { return .ask(AskAction(question: template(node, context))) }
        let fields = Fields(node, as: .ask, problems)
        guard let question = fields["question"] else { return nil }
        var ask = AskAction(question: template(question, context))
        ask.choices = fields.texts("choices")
        return .ask(ask)
    }
}
