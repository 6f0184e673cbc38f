import RunbookModel

@testable import RunbookEngine

/// What a process of a simulated run may do when: how many hosts act at a time, and on how many it may have failed
/// before it stops.
struct SimulatedTurns {
    private let plan: Plan?
    private let width: Int
    /// What was known when the process began, with what a torn tail may have been: what was left then is tried anew.
    private var before: History
    private var acting: Set<Unit> = []
    private var leftOut: Set<HostID> = []
    /// A step failed that goes on without none of its hosts.
    private var mustStop = false

    init() {
        (plan, width, before) = (nil, 0, History())
    }

    init(plan: Plan, width: Int, history: History) {
        self.plan = plan
        self.width = width
        before = history
    }

    /// What is wrong with an effect at this place.
    mutating func problems(with effect: Effect, _ journal: [Entry]) -> [String] {
        switch effect {
        case .attempt(let unit, _, _):
            acting.insert(unit)
            return tooManyAct(unit)
        case .record(.intent(let intent)):
            if intent.text.hasPrefix("(assumed") {
                before.add(.intent(intent))
            } else {
                return issuedTooLate(intent.unit, History(journal))
            }
        case .show(.failed(let failure)):
            if step(failure.unit)?.maxUnavailable == 0 { mustStop = true }
        case .show(.leftOut(let unit, _)): if let host = unit.host { leftOut.insert(host) }
        default: break
        }
        return []
    }

    mutating func isAnswered(_ effect: Effect) {
        if case .attempt(let unit, _, _) = effect { acting.remove(unit) }
    }

    private func step(_ unit: Unit) -> Step? { plan?.schedule.steps[unit.step] }

    private func tooManyAct(_ unit: Unit) -> [String] {
        guard let step = step(unit) else { return [] }
        let most =
            switch step.order {
            case .oneByOne: 1
            case .together: width
            case .batch: min(width, step.batch)
            }
        return acting.count > most ? ["\(acting.count) hosts act at a time, and \(most) may"] : []
    }

    private func issuedTooLate(_ unit: Unit, _ now: History) -> [String] {
        guard let step = step(unit), let host = unit.host else { return [] }
        var problems: [String] = []
        if mustStop { problems.append("\(unit) is issued although the run is to stop") }
        if leftOut.contains(host) { problems.append("\(unit) is issued although its host was left out") }
        guard step.maxUnavailable > 0, !before.standing(of: unit).isFailed, !before.standing(of: unit).isOpen
        else { return problems }
        let lost = step.hosts.filter { other in
            guard other != host else { return false }
            if leftOut.contains(other) { return true }
            switch now.standing(of: Unit(step.id, other)) {
            case .failed, .inDoubt: return !isTriedAgain(Unit(step.id, other), now)
            default: return false
            }
        }
        if lost.count > step.maxUnavailable {
            problems.append("\(unit) is issued although \(lost.count) hosts are not done")
        }
        return problems
    }

    /// With `retry` a failed unit is not lost yet.
    private func isTriedAgain(_ unit: Unit, _ now: History) -> Bool {
        step(unit)?.retry != nil && now.standing(of: unit) != before.standing(of: unit)
            && !leftOut.contains(unit.host ?? HostID(""))
    }
}
