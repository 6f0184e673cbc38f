import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookText

/// What an attempt sends, and the hash by which it is known again.
struct Acting: Equatable, Sendable {
    var script: String
    var shell: Script.Shell = .sh
    var environment: [ShellVariable] = []
    var input: [UInt8]?
    /// What must be on the host before.
    var staged: Staged?
    /// What is hashed: all that acts, nothing that asks, and of the environment only what the text names.
    var acts: String
    /// What the journal keeps of the script; nil: the script.
    var note: String?
    /// Shown to the person before it is done (edit, copy, trust).
    var changes: [FileChange] = []
    /// As `changes`, of a folder or a long file.
    var tree: TreeChange?

    /// Of a step that writes files: whether they are as they should be; nil of any other.
    var isInPlace: Bool? {
        if let tree { return !tree.isNeeded }
        return changes.isEmpty ? nil : !changes.contains(where: \.isNeeded)
    }

    /// What is not as it should be yet, with the difference as text.
    func differences(hiding redactor: Redactor) -> [(path: String, difference: String)] {
        if let tree { return tree.isNeeded ? [(tree.path, tree.difference)] : [] }
        return changes.filter(\.isNeeded).map { ($0.path, $0.difference(hiding: redactor)) }
    }
}

/// A file as it is and as it is to be.
struct FileChange: Equatable, Sendable {
    var path: String
    var old: HostFile?
    var new: [UInt8]
    var mode: UInt32?
    var owner: String?
    var validate: String?

    var isNeeded: Bool { old?.bytes != new }
}

extension UnitContext {
    /// The files that must be read before the verb is known: what an edit changes, what a copy replaces.
    func filesToRead() throws(EngineProblem) -> [String] {
        switch step.action {
        case .edit(let edit):
            let path = try text(edit.path)
            guard let from = edit.from else { return [path] }
            return [try text(from), path]
        case .copy(let copy): return try tree(of: copy) == nil ? [try text(copy.path)] : []
        case .fetch(let fetch): return [try text(fetch.path)]
        case .trustFiles(let trust): return try trustPaths(trust)
        default: return []
        }
    }

    /// What the verb comes to on this host, now that its files were read; nil for steps without one.
    func acting(on files: [String: HostFile?]) throws(EngineProblem) -> Acting? {
        switch step.action {
        case .run(let script):
            return try command(try text(script.text, fit: .shell), shell: script.shell)
        case .argv(let words):
            var line: [String] = []
            for word in words { line.append(shellQuoted(try text(word))) }
            return try command(line.joined(separator: " "), shell: .sh)
        case .script(let path, let shell): return try command(try scriptText(path), shell: shell)
        case .trustKeys(let trust): return try command(trustKeysScript(trust), shell: .sh)
        case .reboot: return try command(Self.rebootScript, shell: .sh)
        case .edit(let edit): return try acting(edit, files)
        case .copy(let copy): return try acting(copy, files)
        case .trustFiles(let trust): return try acting(trust, files)
        case .fetch, .manual, .ask, nil: return nil
        }
    }

    /// The hash of what acts, without a look at the host; nil where there is no verb that acts on a host.
    func actsHash() throws(EngineProblem) -> String? {
        switch step.action {
        case .run, .argv, .script, .trustKeys, .reboot: return try acting(on: [:])?.acts
        case .edit(let edit): return hash(try masked.editText(edit))
        case .copy(let copy): return hash(try masked.copyText(copy))
        case .trustFiles(let trust): return hash(trustText(trust))
        case .fetch(let fetch): return hash(["fetch", try text(fetch.path), fetch.folder])
        case .manual, .ask, nil: return nil
        }
    }

    /// reboot(8) of systemd, sysvinit and busybox alike returns at once and brings the services down in order.
    static let rebootScript = "reboot"

    func hash(_ parts: [String]) -> String {
        // Each part with its length, so that no two lists give the same text.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return sha256([UInt8](text.utf8)).hex
    }

    private func scriptText(_ path: String) throws(EngineProblem) -> String {
        guard let bytes = plan.materials[path], let text = String(validating: bytes, as: UTF8.self) else {
            throw EngineProblem("the script \(path) of step \(step.id) was not read, or is not UTF-8")
        }
        return text
    }

    private func command(_ script: String, shell: Script.Shell) throws(EngineProblem) -> Acting {
        guard let host = unit.host else { throw EngineProblem("step \(step.id) names no host to act on") }
        let environment = try environment(on: host)
        let stdin = try step.stdin.map { (stdin) throws(EngineProblem) in try text(stdin) }
        // Their values are worked out: the order in which the runbook has them says nothing any more.
        let known = masked
        let named = try known.environment(on: host).filter { script.contains($0.name) }
            .sorted { $0.name < $1.name }
        let read = try step.stdin.map { (stdin) throws(EngineProblem) in try known.text(stdin) } ?? ""
        let parts = ["run", shell.rawValue, script, read] + named.flatMap { [$0.name, $0.value] }
        return Acting(
            script: script, shell: shell, environment: environment,
            input: stdin.map { [UInt8]($0.utf8) },
            acts: hash(parts + [step.runAs ?? plan.site.hosts[host]?.worker ?? "root"]))
    }
}
