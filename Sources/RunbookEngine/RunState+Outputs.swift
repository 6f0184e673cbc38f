import RunbookModel
import RunbookSupervisor
import RunbookText

// The outputs of a unit that is done or was so, and its end.
extension RunState {
    /// Whether it is finished, but an earlier process ended before its outputs were read.
    func lacksOutputs(_ unit: Unit) -> Bool {
        guard unit.host != nil else { return false }
        let hasPrinted: Bool
        switch history.standing(of: unit) {
        case .done(_, let how): hasPrinted = how == .done && history.printed[unit] != nil
        case .skipped where history.unneeded.contains(unit): hasPrinted = false
        case .skipped, .pending, .issued, .inDoubt, .failed: return false
        }
        let known = history.outputs[unit] ?? [:]
        return context(unit).allOutputs.contains { output in
            known[output.name] == nil && (output.source != .stdout || hasPrinted)
        }
    }

    /// Reads what an earlier process could not.
    mutating func readMissingOutputs(_ unit: Unit) {
        switch history.standing(of: unit) {
        case .done(_, .done): readOutputs(unit, how: "done")
        case .skipped: readOutputs(unit, how: Settlement.How.unneeded.forPeople)
        default: readOutputs(unit, how: "outputs read")
        }
    }

    /// Reads the step's outputs, then settles it. `how` is `done` when the outcome is recorded already.
    mutating func readOutputs(_ unit: Unit, how: String) {
        do throws(EngineProblem) {
            let context = context(unit)
            let outputs = context.allOutputs
            guard !outputs.isEmpty, let host = unit.host else {
                settleNow(unit, how: how)
                return
            }
            var inquiry = Inquiry()
            inquiry.environment = try context.environment(on: host)
            for output in outputs {
                guard case .command(let script) = output.source else { continue }
                var request = QuestionRequest(script: try context.text(script.text, fit: .shell))
                request.shell = script.shell
                request.runAs = context.worker(on: host)
                inquiry.questions.append(request)
            }
            active[unit]?.stage = .readingOutputs(outputs, how: how)
            if inquiry.questions.isEmpty {
                keep(outputs, of: unit, [:], how: how)
            } else {
                effects.append(.inquire(unit, [host: inquiry]))
            }
        } catch {
            failWithProblem(unit, error)
        }
    }

    mutating func keep(
        _ outputs: [Output], of unit: Unit, _ findings: [HostID: Findings], how: String
    ) {
        var answers = (unit.host.flatMap { findings[$0] }?.answers ?? [])[...]
        for output in outputs {
            do throws(EngineProblem) {
                let text: String
                switch output.source {
                case .stdout:
                    // What was so has printed nothing: there is no such value.
                    let printed = active[unit]?.ended?.end.output.lastText ?? history.printed[unit]
                    guard how == "done", let printed else { continue }
                    text = printed
                case .command:
                    guard let answer = answers.popFirst() else {
                        throw EngineProblem("output \(output.name) could not be read")
                    }
                    guard answer.verdict == .yes else {
                        let end = answer.end.map { ": \($0.sentence)" } ?? ""
                        throw EngineProblem(
                            "output \(output.name) could not be read\(end)",
                            output: answer.output + answer.errors)
                    }
                    text = answer.output
                }
                let value = try output.value(of: text, context(unit))
                // It was hidden when it came, and would be another value in the next run.
                guard plan.redactor.isEmpty || !value.text.utf8.contains(Redactor.mark) else {
                    throw EngineProblem("output \(output.name) holds a secret, which is not kept")
                }
                record(.output(unit, name: output.name, value: value))
            } catch {
                // What is not needed need not be there: whoever uses the output says so.
                let unneeded = Settlement.How.unneeded
                guard how != unneeded.rawValue, how != unneeded.forPeople else { continue }
                failWithProblem(unit, error)
                return
            }
        }
        settleNow(unit, how: how)
    }

    private mutating func settleNow(_ unit: Unit, how: String) {
        if let settled = Settlement.How(rawValue: how) {
            let reason = settled == .unneeded ? "its unless says that it is not needed" : ""
            settle(unit, settled, settled == .fetched ? active[unit]?.brought ?? "" : reason)
        } else {
            show(.settled(unit, name: step(unit).name, how: how, reason: ""))
            leave(unit)
        }
    }

    mutating func settle(_ unit: Unit, _ how: Settlement.How, _ reason: String) {
        record(
            .settled(
                Settlement(unit: unit, how: how, reason: reason, acts: acts(of: unit), time: options.time())))
        show(.settled(unit, name: step(unit).name, how: how.forPeople, reason: reason))
        leave(unit)
    }
}
