package import RunbookDiagnostics
package import RunbookModel
import RunbookYAML

/// Reads a runbook as `loadRunbook` does, and adds what is allowed and yet a trap, as warnings.
package func lintRunbook(_ source: SourceText, files: UsedFiles? = nil) -> (Runbook?, [Diagnostic]) {
    let (root, runbook, found) = loadTree(source, files: files)
    guard let runbook, let root else { return (runbook, found) }
    let linter = Linter(runbook: runbook, subjects: LintSubjects(root))
    linter.judgeQuestions()
    linter.judgeSteps()
    linter.judgeValues()
    return (runbook, Diagnostics(found + linter.problems.found).sorted)
}

/// Looks for traps in a runbook without errors.
struct Linter {
    let runbook: Runbook
    let subjects: LintSubjects
    let problems = Problems()
    private let steps: [String: Step]

    init(runbook: Runbook, subjects: LintSubjects) {
        self.runbook = runbook
        self.subjects = subjects
        steps = Dictionary(runbook.allSteps.map { ($0.id.rawValue, $0) }) { first, _ in first }
    }

    /// The step of the model; of a `trust` its second half.
    func step(_ id: String) -> Step? { steps[id] ?? steps["\(id)/files"] }

    func warn(_ problem: Diagnostic) { problems.add(problem) }

    /// A place in the text of a scalar.
    func span(_ range: Range<Int>, in scalar: YAMLScalar) -> SourceSpan { scalar.span(of: range) }
}
