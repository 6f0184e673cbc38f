import RunbookModel
import RunbookText

/// Fills values into texts as far as they are known, and remembers which are not.
struct Filling {
    let context: UnitContext
    private(set) var notKnownYet: [String] = []

    init(context: UnitContext) { self.context = context }

    /// What has no value yet stands as the runbook writes it.
    /// - Parameter quoting: the whole as one word of the shell.
    mutating func text(_ template: Template, fit: Template.Fit = .plain, quoting: Bool = false) -> String {
        let scope = context.scope(on: context.unit.host)
        var text = ""
        var isKnown = true
        for part in template.parts {
            let one = Template(parts: [part])
            do throws(EvaluationError) {
                text += try one.text(in: scope, fit: fit)
            } catch {
                isKnown = false
                text += one.source
                note(error, one.source)
            }
        }
        return quoting && isKnown ? shellQuoted(text) : text
    }

    private mutating func note(_ error: EvaluationError, _ source: String) {
        let name = source.dropFirst("${{ ".count).dropLast(" }}".count)
        let line: String
        switch error {
        case .outputNotKnownYet(let step, let host, _):
            line = "\(name): until \(step) ran\(host.map { " on \($0)" } ?? "")"
        case .hostNotAskedYet(let host, _): line = "\(name): until \(host) is asked"
        default: line = "\(name): \(error)"
        }
        if !notKnownYet.contains(line) { notKnownYet.append(line) }
    }

    /// The variables whose names stand in the text; one without a value on this host stays unset.
    mutating func environment(of script: String) -> [(name: String, text: String)] {
        let entries = context.plan.runbook.environment + context.step.environment
        var found: [(name: String, text: String)] = []
        for entry in entries where script.contains(entry.name) {
            found.removeAll { $0.name == entry.name }
            let reference = Template(parts: [.value(.reference(.environment(entry.name)))])
            do throws(EvaluationError) {
                found.append((entry.name, try reference.text(in: context.scope(on: context.unit.host))))
            } catch {
                if case .noValue = error { continue }
                note(error, reference.source)
                found.append((entry.name, entry.value.source))
            }
        }
        return found
    }

    mutating func sentence(_ copy: CopyAction) -> String {
        var sentence = "writes \(text(copy.path))"
        switch copy.source {
        case .file(let path): sentence += " from \(path)"
        case .folder(let path):
            let tree = context.plan.trees[path].map { " (\($0.sentence))" } ?? ""
            sentence += " from \(path)/\(tree)"
        case .content(let content):
            let before = notKnownYet.count
            let known = text(content)
            if notKnownYet.count == before { sentence += " (\(counted(known.utf8.count, "byte")))" }
        }
        if let mode = copy.mode { sentence += ", mode \(String(mode, radix: 8))" }
        if let owner = copy.owner { sentence += ", owner \(owner)" }
        return sentence + validation(copy.validate)
    }

    mutating func sentence(_ edit: EditAction) -> String {
        var sentence = "edits \(text(edit.path))"
        if let from = edit.from { sentence = "writes \(text(edit.path)) from \(text(from))" }
        if edit.mayCreate { sentence += " (made if it is missing)" }
        switch edit.change {
        case .line(let line, let match):
            sentence += ": line `\(text(line))`"
            if let match { sentence += " in place of what matches `\(text(match, fit: .pattern))`" }
        case .block(let block, let marker):
            let lines = text(block).split(separator: "\n", omittingEmptySubsequences: false)
            sentence +=
                ": a block of \(counted(lines.filter { !$0.isEmpty }.count, "line")) marked `\(marker)`"
        case .replace(let pattern, let with):
            sentence += ": `\(text(pattern, fit: .pattern))` becomes `\(text(with))`"
        case .structured(let change): sentence += ":\n  \(parts(of: change))\n "
        }
        return sentence + validation(edit.validate)
    }

    private mutating func parts(of change: StructuredChange) -> String {
        var parts: [String] = []
        for setting in change.set { parts.append("\(text(setting.path)) = `\(text(setting.value))`") }
        for path in change.ensure { parts.append("\(text(path)) is there") }
        for path in change.remove { parts.append("\(text(path)) is gone") }
        for path in change.increment { parts.append("\(text(path)) goes up by one if anything changed") }
        return parts.joined(separator: "\n  ")
    }

    private mutating func validation(_ command: Template?) -> String {
        command.map { " if `\(text($0, fit: .shell))` accepts it" } ?? ""
    }
}
