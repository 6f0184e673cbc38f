package import RunbookModel
import RunbookText

/// The plan that takes a run back: what really ran, in reverse, on the hosts where it ran.
///
/// It is a plan like any other, with a journal of its own, so that an undo is checkpointed, stops at a failed
/// step and goes on. It must be run under the run's own id: the copies of replaced files lie in that run's
/// folder on the host, and the host is locked for that run.
package struct UndoPlan: Sendable {
    /// The steps of the undo.
    package private(set) var plan: Plan
    /// What each step of the undo takes back.
    package private(set) var takesBack: [StepID: Unit] = [:]
    /// What ran and cannot be taken back, with the reason.
    package private(set) var remains: [(unit: Unit, why: String)] = []

    /// - Parameters:
    ///   - plan: The run's plan.
    ///   - history: What the run did.
    ///   - last: The earliest step that is taken back; nil: all.
    package init(_ plan: Plan, _ history: History, backTo last: StepID?) {
        var runbook = Runbook(name: plan.runbook.name)
        runbook.groups = plan.runbook.groups
        runbook.hosts = plan.runbook.hosts
        runbook.environment = plan.runbook.environment
        self.plan = Plan(runbook: runbook, site: plan.site, runbookDigest: plan.runbookDigest)
        self.plan.givenOutputs = history.outputs

        var units = plan.schedule.units
        if let last, let first = units.firstIndex(where: { $0.step == last }) {
            units.removeFirst(first)
        }
        for unit in units.reversed() {
            guard case .done(_, let how) = history.standing(of: unit), how == .done || how == .adopted else {
                continue
            }
            let step = plan.schedule.step(of: unit)
            guard step.action != nil else { continue }
            let context = UnitContext(plan: plan, unit: unit, outputs: history.outputs)
            let steps = Self.steps(for: unit, step, context)
            if steps.isEmpty {
                let why = step.irreversible.map { "cannot be taken back: \(context.saying($0))" }
                remains.append((unit, why ?? "the runbook does not say how it is taken back"))
            }
            for step in steps { takesBack[step.id] = unit }
            runbook.steps += steps
        }
        self.plan.runbook = runbook
        self.plan.schedule = Schedule(runbook)
    }

    private static func steps(for unit: Unit, _ step: Step, _ context: UnitContext) -> [Step] {
        switch step.undo {
        case nil: return []
        case .manual(let text):
            var undo = base(unit, step, number: 1)
            undo.hosts = []
            undo.action = .manual(Template(context.saying(text)))
            return [undo]
        case .automatic:
            guard let script = try? context.restoreScript() else { return [] }
            var undo = base(unit, step, number: 1)
            undo.action = .run(Script(Template(script)))
            return [undo]
        case .steps(let list):
            return list.enumerated().map { number, part in
                var undo = base(unit, step, number: number + 1)
                if let host = part.host { undo.hosts = [host] }
                undo.action = .run(part.script)
                undo.verify = part.verify
                return undo
            }
        }
    }

    private static func base(_ unit: Unit, _ step: Step, number: Int) -> Step {
        let name = unit.step.rawValue.replacing("/", with: "-")
        let suffix = number == 1 ? "" : "-\(number)"
        let host = unit.host.map { "-\($0)" } ?? ""
        var undo = Step(id: StepID("undo-\(name)\(host)\(suffix)"), name: "Take back: \(step.name)")
        undo.hosts = unit.host.map { [$0] } ?? []
        undo.group = step.group
        undo.environment = step.environment
        undo.unproven = "an undo proves itself only where the runbook says how"
        undo.timeout = step.timeout
        undo.line = step.line
        return undo
    }
}

extension UnitContext {
    /// Puts back the files that this unit's attempt wrote, each only if it still is what was written.
    func restoreScript() throws(EngineProblem) -> String {
        let paths: [String]
        switch step.action {
        case .edit(let edit): paths = [try text(edit.path)]
        case .copy(let copy):
            // Which of both was done tells what was kept: a file may have become long or short since.
            let path = try text(copy.path)
            return [restoreScript(path, number: 1), treeRestoreScript(backupName(1))].joined(separator: "\n")
        case .trustFiles(let trust): paths = try trustPaths(trust)
        default: throw EngineProblem("only a step that writes files is taken back by itself")
        }
        return paths.enumerated().map { restoreScript($1, number: $0 + 1) }.joined(separator: "\n")
    }

    private func restoreScript(_ path: String, number: Int) -> String {
        let backup = "\"$RUNBOOK_FOLDER\"/\(shellQuoted(backupName(number)))"
        return "path=\(shellQuoted(path)) backup=\(backup)\n\(Self.restore)"
    }

    private static let restore = """
        if [ -e "$backup.wrote" ]; then
            target=$(readlink -f -- "$path") || target=$path
            read -r wrote < "$backup.wrote"
            now=$(sha256sum < "$target")
            if [ "${now%% *}" != "$wrote" ]; then
                echo "$path has changed since this run wrote it: it was left as it is" >&2
                exit 75
            fi
            if [ -e "$backup.none" ]; then
                rm -f -- "$target"
            else
                mode=$(stat -c %a -- "$target") owner=$(stat -c %u:%g -- "$target")
                new=${target%/*}/.${target##*/}.runbook-new
                rm -f -- "$new"
                umask "$(printf %03o $((0777 & ~0$mode)))"
                (set -C && cat "$backup" > "$new")
                [ "$(stat -c %a -- "$new")" = "$mode" ] || chmod "$mode" "$new"
                [ "$(stat -c %u:%g -- "$new")" = "$owner" ] || chown "$owner" "$new"
                mv -f -- "$new" "$target"
            fi
            # All of it: what is written after this has another file to go back to.
            rm -f -- "$backup.wrote" "$backup.none" "$backup"
        fi
        """
}
