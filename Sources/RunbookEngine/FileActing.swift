import RunbookDigest
import RunbookEdit
import RunbookModel
import RunbookSupervisor
import RunbookText

// Edit and copy: the file was read, the new text is worked out here, and one script puts it in place.
extension UnitContext {
    func acting(_ edit: EditAction, _ files: [String: HostFile?]) throws(EngineProblem) -> Acting {
        let path = try text(edit.path)
        let source = try edit.from.map { (from) throws(EngineProblem) in try text(from) } ?? path
        let old = try textFile(source, files)
        let change = try fileEdit(edit)
        let result: EditResult
        do throws(EditProblem) {
            result = try change.apply(to: old)
        } catch {
            throw EngineProblem("\(source): \(error)")
        }
        // An edit that reads one file and writes another has nothing to do when the first has it all.
        let target = files[path] ?? nil
        let unchanged = source != path && !result.changed
        let file = FileChange(
            path: path, old: unchanged ? asFound([UInt8](result.text.utf8), path) : target,
            new: [UInt8](result.text.utf8), mode: target == nil ? (files[source] ?? nil)?.mode : nil,
            owner: nil,
            validate: try edit.validate.map { (command) throws(EngineProblem) in
                try text(command, fit: .shell)
            })
        return acting(file, try editText(edit), masked: try masked.editText(edit))
    }

    func acting(_ copy: CopyAction, _ files: [String: HostFile?]) throws(EngineProblem) -> Acting {
        if let (name, tree) = try tree(of: copy) { return try acting(copy, name, tree, files) }
        let path = try text(copy.path)
        let file = FileChange(
            path: path, old: files[path] ?? nil, new: try content(of: copy), mode: copy.mode,
            owner: copy.owner,
            validate: try copy.validate.map { (command) throws(EngineProblem) in
                try text(command, fit: .shell)
            })
        return acting(file, try copyText(copy), masked: try masked.copyText(copy))
    }

    /// - Parameters:
    ///   - parts: what acts.
    ///   - masked: the same without secrets.
    private func acting(_ file: FileChange, _ parts: [String], masked: [String]) -> Acting {
        let put = PutScript(file, backup: backupName(1))
        var acting = Acting(script: put.script, input: file.new, acts: hash(masked), changes: [file])
        // The script tells the digest of the file, from which a short secret can be found by trying.
        if parts != masked { acting.note = "(writes \(file.path), which holds a secret)" }
        return acting
    }

    /// Where the file as it was is kept on the host: in the run's folder, which the supervisor names.
    func backupName(_ number: Int) -> String {
        "\(AttemptID(step: unit.step, host: unit.host ?? HostID("-"), number: 0)).before.\(number)"
    }

    func editText(_ edit: EditAction) throws(EngineProblem) -> [String] {
        var parts = [
            "edit", try text(edit.path),
            try edit.from.map { (from) throws(EngineProblem) in
                try text(from)
            } ?? "",
        ]
        switch edit.change {
        case .line(let line, let match):
            parts += ["line", try text(line)]
            if let match { parts.append(try text(match, fit: .pattern)) }
        case .block(let block, let marker): parts += ["block", try text(block), marker]
        case .replace(let pattern, let with):
            parts += ["replace", try text(pattern, fit: .pattern), try text(with)]
        case .structured(let change):
            parts += ["structured", change.lens ?? ""]
            for setting in change.set { parts += [try text(setting.path), try text(setting.value)] }
            let lists = [
                ("ensure", change.ensure), ("remove", change.remove), ("increment", change.increment),
            ]
            for (word, list) in lists {
                parts.append(word)
                for path in list { parts.append(try text(path)) }
            }
        }
        if edit.mayCreate { parts.append("create") }
        if let validate = edit.validate { parts += ["validate", try text(validate, fit: .shell)] }
        return parts
    }

    func copyText(_ copy: CopyAction) throws(EngineProblem) -> [String] {
        // Any bytes: as text two files could look the same.
        let content =
            if let tree = try tree(of: copy)?.tree { tree.digest } else { sha256(try content(of: copy)).hex }
        var parts = ["copy", try text(copy.path), content, copy.mode.map { String($0, radix: 8) } ?? ""]
        parts.append(copy.owner ?? "")
        if let validate = copy.validate { parts += ["validate", try text(validate, fit: .shell)] }
        return parts
    }

    private func content(of copy: CopyAction) throws(EngineProblem) -> [UInt8] {
        switch copy.source {
        case .content(let template): return [UInt8](try text(template).utf8)
        case .file(let path), .folder(let path):
            guard let bytes = plan.materials[path] else {
                throw EngineProblem("the file \(path), which step \(step.id) copies, was not read")
            }
            return bytes
        }
    }

    private func textFile(_ path: String, _ files: [String: HostFile?]) throws(EngineProblem) -> String? {
        guard let file = files[path] ?? nil else { return nil }
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw EngineProblem("\(path) is not a text file (it is not UTF-8)")
        }
        return text
    }

    private func asFound(_ bytes: [UInt8], _ path: String) -> HostFile {
        HostFile(bytes: bytes, mode: 0, owner: "", path: path)
    }
}

extension UnitContext {
    /// The edit with its texts worked out.
    private func fileEdit(_ edit: EditAction) throws(EngineProblem) -> FileEdit {
        let path = try text(edit.from ?? edit.path)
        let change: FileEdit.Change
        switch edit.change {
        case .line(let line, let match):
            change = .line(
                try text(line),
                match: try match.map { (match) throws(EngineProblem) in try text(match, fit: .pattern) })
        case .block(let block, let marker):
            change = .block(try text(block), marker: marker, comment: "#")
        case .replace(let pattern, let with):
            change = .replace(pattern: try text(pattern, fit: .pattern), with: try text(with), count: nil)
        case .structured(let structured): change = .structured(try self.structured(structured))
        }
        return FileEdit(path: path, change: change, create: edit.mayCreate)
    }

    private func structured(_ change: StructuredChange) throws(EngineProblem) -> StructuredEdit {
        var edit = StructuredEdit(lens: change.lens)
        for setting in change.set {
            edit.set.append(.init(path: try text(setting.path), value: try text(setting.value)))
        }
        for path in change.ensure { edit.ensure.append(try text(path)) }
        for path in change.remove { edit.remove.append(try text(path)) }
        for path in change.increment { edit.increment.append(try text(path)) }
        return edit
    }
}
