import RunbookModel
import RunbookSupervisor
import RunbookText
import RunbookTransport

// A step that can cut the operator off is guarded: before the change its undo is armed on the host, where it runs by
// itself after the guard's time. Only a connection that was made after the change disarms it. Each side takes the
// same file away with one rename(2), so that either the guard was disarmed or it took the change back, never both.
extension UnitContext {
    /// The command behind its guard: what is armed is on the host before the first line of it runs.
    func guarded(_ script: String, _ attempt: AttemptID) throws(EngineProblem) -> String {
        guard let time = step.guardTime, case .steps(let parts) = step.undo else { return script }
        var undo: [String] = []
        for part in parts { undo.append(try text(part.script.text, fit: .shell)) }
        let seconds = Int(plan.scaled(time, floor: .seconds(5)) / .seconds(1))
        let fire = """
            sleep \(max(1, seconds))
            mv "$1.armed" "$1.fired" 2>/dev/null || exit 0
            sh -eu "$1.undo" >"$1.said" 2>&1
            echo $? >"$1.done"
            """
        return """
            rb_guard=$RUNBOOK_FOLDER/\(attempt).guard
            (umask 077; printf '%s\\n' \(shellQuoted(undo.joined(separator: "\n"))) >"$rb_guard.undo"; : >"$rb_guard.armed")
            setsid sh -c \(shellQuoted(fire)) runbook "$rb_guard" </dev/null >/dev/null 2>&1 &
            \(script)
            """
    }

    /// Disarms: yes, it never fired; no with status 1, it took the change back; with status 4, it tried to; with
    /// status 5, it still tries to after a minute.
    func disarming(_ attempt: AttemptID, on host: HostID) -> QuestionRequest {
        var request = QuestionRequest(
            script: """
                g=$RUNBOOK_FOLDER/\(attempt).guard
                mv "$g.armed" "$g.safe" 2>/dev/null || :
                [ -e "$g.fired" ] || exit 0
                i=0
                until [ -s "$g.done" ]; do
                    [ $i -lt 60 ] || exit 5
                    i=$((i + 1))
                    sleep 1
                done
                read -r status <"$g.done"
                [ "$status" = 0 ] && exit 1
                cat "$g.said"
                exit 4
                """)
        request.noExit = [1, 4, 5]
        request.timeout = .seconds(90)
        request.runAs = worker(on: host)
        return request
    }
}

extension RunState {
    /// The command of a guarded step has ended: only a new connection shows that the operator can still get in.
    mutating func awaitConfirmation(_ unit: Unit, _ end: AttemptEnd) {
        guard let host = unit.host else { return }
        active[unit]?.ended = Active.Ended(end: end)
        connected[host] = nil
        tries[host] = 0
        show(.reconnecting(host, "the guard is disarmed over a new connection"))
        withHosts([host], of: unit, .disarm)
    }

    /// The new connection is there.
    mutating func disarm(_ unit: Unit) {
        guard let host = unit.host, let attempt = active[unit]?.attempt else {
            preconditionFailure("\(unit) has no attempt")
        }
        rebootWaits[unit] = nil
        active[unit]?.stage = .disarming
        var inquiry = Inquiry()
        inquiry.questions = [context(unit).disarming(attempt, on: host)]
        effects.append(.inquire(unit, [host: inquiry]))
    }

    mutating func disarmed(_ unit: Unit, _ findings: [HostID: Findings]) {
        guard let host = unit.host, let time = step(unit).guardTime, let attempt = active[unit]?.attempt,
            let answer = findings[host]?.answers.first
        else { return }
        if let why = active[unit]?.doubt {
            settleDoubt(unit, why, answer)
            return
        }
        switch (answer.verdict, answer.end) {
        case (.yes, _): goOnAfterEnd(unit)
        case (.no, .exited(1)):
            conclude(
                unit,
                problem:
                    "the guard took the change back: no new connection to \(host) came within \(time.forPeople)"
            )
        case (.no, .exited(4)):
            conclude(
                unit,
                problem: "the guard ran the undo because no new connection to \(host) came within "
                    + "\(time.forPeople), and the undo failed: \(visible(answer.output))")
        case (.no, _):
            stayInDoubt(
                unit, attempt, "its guard takes the change back, and the undo on \(host) has not ended yet")
        default: stayInDoubt(unit, attempt, "whether its guard on \(host) took the change back is not known")
        }
    }

    /// The guard may still act, behind whatever a check says now: the next run asks it first.
    private mutating func stayInDoubt(_ unit: Unit, _ attempt: AttemptID, _ why: String) {
        record(.inDoubt(attempt, unit, why: why))
        leaveInDoubt(unit, why, [])
    }

    /// A guard outlives the supervisor that armed it. It must not fire behind a doubt that was settled, nor take
    /// back what the next attempt does, so it is disarmed first. False when there is none that could be asked.
    mutating func disarmsFirst(_ unit: Unit, _ why: String) -> Bool {
        guard step(unit).guardTime != nil, let host = unit.host,
            connected[host]?.folder.takesLock == true
        else { return false }
        active[unit]?.doubt = why
        disarm(unit)
        return true
    }

    private mutating func settleDoubt(_ unit: Unit, _ why: String, _ answer: Answer) {
        guard let attempt = active[unit]?.attempt else { preconditionFailure("\(unit) has no attempt") }
        active[unit]?.doubt = nil
        switch (answer.verdict, answer.end) {
        case (.yes, _): settleDoubtNow(unit, attempt, why)
        case (.no, .exited(1)): settleDoubtNow(unit, attempt, "\(why); its guard took the change back")
        case (.no, .exited(4)): leaveInDoubt(unit, "\(why); its guard ran the undo, which failed", [])
        default: leaveInDoubt(unit, "\(why); whether its guard took the change back is not known", [])
        }
    }

    /// The command ended, and nothing is in the way of the questions after it.
    mutating func goOnAfterEnd(_ unit: Unit) {
        guard waves[wave].isTogether else {
            askAfter(unit)
            return
        }
        waitForSiblings(unit)
    }
}
