package import RunbookModel

/// What the journal says of a run so far: its entries, folded. Grows by one entry at a time.
package struct History: Sendable, Equatable {
    /// Where a unit stands. `acts` is the hash of what acted.
    package enum Standing: Sendable, Equatable {
        case pending
        /// Sent, perhaps claimed; the outcome is not recorded.
        case issued(AttemptID, acts: String, bootID: String)
        case inDoubt(AttemptID, acts: String, why: String)
        case done(acts: String, how: DoneHow)
        /// `if` or `unless` said that it is not needed, or a person skipped it.
        case skipped(String)
        /// Nothing was issued, or the outcome is known and it is not done.
        case failed(acts: String, reason: String, issued: Bool)

        package enum DoneHow: String, Sendable, Equatable, CaseIterable {
            case done, wasSo = "was so", adopted, proven, byHand = "by hand", kept
        }

        package var isFinished: Bool {
            switch self {
            case .done, .skipped: true
            default: false
            }
        }

        package var isFailed: Bool {
            if case .failed = self { true } else { false }
        }

        /// A process that ended has begun it and not done it.
        var isLeft: Bool { isOpen || isFailed }

        /// Sent, and the outcome not known.
        package var isOpen: Bool {
            switch self {
            case .issued, .inDoubt: true
            default: false
            }
        }
    }

    package private(set) var began: Began?
    package private(set) var standings: [Unit: Standing] = [:]
    package private(set) var hosts: [HostID: HostRecord] = [:]
    package private(set) var outputs: [Unit: [String: Value]] = [:]
    /// How often each unit was issued; the next attempt's number is one more.
    package private(set) var issues: [Unit: Int] = [:]
    /// Of the skipped units those that their `unless` skipped: what they were to bring about may be there.
    package private(set) var unneeded: Set<Unit> = []
    /// Of the skipped units those that a person skipped, whatever their `if` says.
    package private(set) var leftOut: Set<Unit> = []
    /// The last of what each unit's command printed, of the outcomes that are recorded.
    package private(set) var printed: [Unit: String] = [:]
    /// Units that a person confirmed in the process that writes last, and that were not issued since.
    package private(set) var confirmed: Set<Unit> = []
    /// What `during` said of each attempt.
    package private(set) var watches: [AttemptID: Watched] = [:]
    package private(set) var isFinished = false
    package private(set) var isAbandoned = false
    /// The units in the order in which they were last settled.
    package private(set) var order: [Unit] = []
    /// The attempt of each host whose outcome was recorded last. The host may not have been told to forget it.
    package private(set) var lastOutcomes: [HostID: AttemptID] = [:]

    /// What is known of the time in which an attempt was under way.
    package struct Watched: Sendable, Equatable {
        /// Why its step fails.
        package private(set) var broken: String?
        package private(set) var wasAsked = false
        /// Nobody asked for a while, since no process was there.
        package private(set) var hasGap = false

        mutating func add(_ record: WatchRecord) {
            switch record.what {
            case .asked: wasAsked = true
            case .broken: broken = broken ?? record.reason
            case .yes, .no, .unknown: break
            case .gap: hasGap = true
            }
        }
    }

    package init() {}

    package init(_ entries: some Sequence<Entry>) {
        for entry in entries { add(entry) }
    }

    /// The history of a run under the names that its steps have in this plan: `was` tells the former ones.
    package init(_ history: History, renamedFor plan: Plan) {
        self = history
        for unit in plan.schedule.units {
            guard let former = plan.schedule.step(of: unit).formerID, plan.schedule.steps[former] == nil
            else {
                continue
            }
            rename(Unit(former, unit.host), to: unit)
        }
    }

    /// Whether an attempt on this host is sent and not looked for yet.
    func isAwaiting(_ host: HostID) -> Bool {
        standings.contains { unit, standing in
            if unit.host == host, case .issued = standing { true } else { false }
        }
    }

    package func standing(of unit: Unit) -> Standing { standings[unit] ?? .pending }

    package mutating func add(_ entry: Entry) {
        switch entry {
        case .began(let began): self.began = began
        case .wentOn:
            isFinished = false
            // A word is good for what its person saw.
            confirmed = []
        case .host(let record): hosts[record.host] = record
        case .intent(let intent):
            issues[intent.unit, default: 0] += 1
            confirmed.remove(intent.unit)
            set(intent.unit, .issued(intent.attempt, acts: intent.acts, bootID: intent.bootID))
        case .outcome(let outcome): add(outcome)
        case .watched(let record): watches[record.attempt, default: Watched()].add(record)
        case .fenced(let attempt):
            if let unit = unit(issuedAs: attempt) { set(unit, .pending) }
        case .inDoubt(let attempt, let unit, let why):
            set(unit, .inDoubt(attempt, acts: acts(of: unit), why: why))
        case .settled(let settlement): add(settlement)
        case .output(let unit, let name, let value): outputs[unit, default: [:]][name] = value
        case .word(let word): add(word)
        case .takeOver: break
        case .finished: isFinished = true
        case .abandoned: isAbandoned = true
        }
    }

    private mutating func add(_ outcome: Outcome) {
        printed[outcome.unit] = outcome.output
        if let host = outcome.unit.host { lastOutcomes[host] = outcome.attempt }
        if outcome.isDone {
            set(outcome.unit, .done(acts: outcome.acts, how: .done))
        } else {
            set(outcome.unit, .failed(acts: outcome.acts, reason: outcome.reason, issued: true))
        }
    }

    private mutating func add(_ settlement: Settlement) {
        let acts = settlement.acts
        switch settlement.how {
        case .wasSo: set(settlement.unit, .done(acts: acts, how: .wasSo))
        case .adopted: set(settlement.unit, .done(acts: acts, how: .adopted))
        case .proven: set(settlement.unit, .done(acts: acts, how: .proven))
        case .fetched: set(settlement.unit, .done(acts: acts, how: .done))
        case .byHand: set(settlement.unit, .done(acts: acts, how: .byHand))
        case .skipped, .unneeded:
            set(settlement.unit, .skipped(settlement.reason))
            if settlement.how == .unneeded { unneeded.insert(settlement.unit) }
        case .failed:
            set(settlement.unit, .failed(acts: acts, reason: settlement.reason, issued: false))
        case .notDone: set(settlement.unit, .pending)
        }
    }

    private mutating func add(_ word: Word) {
        switch word.kind {
        case .confirmed: confirmed.insert(word.unit)
        case .redo: set(word.unit, .pending)
        case .keep, .resolvedDone:
            set(word.unit, .done(acts: word.acts ?? acts(of: word.unit), how: .kept))
        case .resolvedNotDone, .undone: set(word.unit, .pending)
        case .skip:
            set(word.unit, .skipped("skipped by \(word.who): \(word.why)"))
            leftOut.insert(word.unit)
        }
    }

    private mutating func set(_ unit: Unit, _ standing: Standing) {
        standings[unit] = standing
        unneeded.remove(unit)
        leftOut.remove(unit)
        order.removeAll { $0 == unit }
        order.append(unit)
    }

    private func acts(of unit: Unit) -> String {
        switch standing(of: unit) {
        case .issued(_, let acts, _), .inDoubt(_, let acts, _), .done(let acts, _), .failed(let acts, _, _):
            acts
        case .pending, .skipped: ""
        }
    }

    /// What is known of a unit's former name is known of it.
    mutating func rename(_ old: Unit, to new: Unit) {
        guard standings[new] == nil, let standing = standings.removeValue(forKey: old) else { return }
        standings[new] = standing
        outputs[new] = outputs.removeValue(forKey: old)
        issues[new] = issues.removeValue(forKey: old)
        printed[new] = printed.removeValue(forKey: old)
        if confirmed.remove(old) != nil { confirmed.insert(new) }
        if unneeded.remove(old) != nil { unneeded.insert(new) }
        if leftOut.remove(old) != nil { leftOut.insert(new) }
        order = order.map { $0 == old ? new : $0 }
    }

    private func unit(issuedAs attempt: AttemptID) -> Unit? {
        standings.first { _, standing in
            switch standing {
            case .issued(attempt, _, _), .inDoubt(attempt, _, _): true
            default: false
            }
        }?.key
    }
}
