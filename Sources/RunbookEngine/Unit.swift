package import RunbookModel

/// A step on a host: what is asked, issued and recorded as one. Steps without a host have one unit.
package struct Unit: Hashable, Sendable, Codable, CustomStringConvertible {
    package var step: StepID
    package var host: HostID?

    package init(_ step: StepID, _ host: HostID?) {
        self.step = step
        self.host = host
    }

    package var description: String { host.map { "\(step) on \($0)" } ?? step.rawValue }
}

/// The order of a runbook's units: waves, one after the other; the units of a wave go on side by side.
///
/// A step that goes one-by-one is a wave per host. A step that goes together is one wave, one in batches a wave
/// per batch. A block is, per host, a wave for each of its steps; a block whose hosts are done side by side is a
/// wave in which each host has all of them.
package struct Schedule: Sendable, Equatable {
    package struct Wave: Sendable, Equatable {
        /// Those of one host are done in this order.
        package var units: [Unit]
        /// Issued when all were asked, verified when it has ended on all. Else each unit goes by itself.
        package var isTogether: Bool
    }

    package private(set) var waves: [Wave] = []
    package private(set) var steps: [StepID: Step] = [:]

    package init(_ runbook: Runbook) {
        for step in runbook.steps {
            if step.steps.isEmpty {
                add(step)
            } else {
                addBlock(step)
            }
        }
    }

    /// Every unit in order.
    package var units: [Unit] { waves.flatMap(\.units) }

    /// The waves of a process that finds what an earlier one left.
    ///
    /// Where a step of several turns goes on without some of its hosts, the hosts that were left have their turns
    /// before those that were not tried, whatever their place in the group; turns are of the same size as else.
    package func waves(leftFirst isLeft: (Unit) -> Bool) -> [Wave] {
        var (result, rest) = ([Wave](), waves[...])
        while let first = rest.first {
            let steps = Set(first.units.map(\.step))
            let turns = rest.prefix { Set($0.units.map(\.step)) == steps }
            rest = rest.dropFirst(turns.count)
            let units = turns.flatMap(\.units)
            guard turns.count > 1, units.allSatisfy({ step(of: $0).maxUnavailable > 0 }),
                units.contains(where: isLeft)
            else {
                result += turns
                continue
            }
            let left = Set(units.filter(isLeft).map(\.host))
            let size = Set(first.units.map(\.host)).count
            for hosts in [units.filter { left.contains($0.host) }, units.filter { !left.contains($0.host) }] {
                result += Self.waves(of: hosts, size: size)
            }
        }
        return result
    }

    /// Units in the order of their hosts, so many hosts a wave.
    private static func waves(of units: [Unit], size: Int) -> [Wave] {
        let hosts = units.map(\.host).reduce(into: [HostID?]()) { if $0.last != $1 { $0.append($1) } }
        return stride(from: 0, to: hosts.count, by: size).map { first in
            let turn = Set(hosts[first..<min(first + size, hosts.count)])
            return Wave(units: units.filter { turn.contains($0.host) }, isTogether: false)
        }
    }

    /// The step of a unit of this schedule.
    package func step(of unit: Unit) -> Step {
        guard let step = steps[unit.step] else { preconditionFailure("\(unit) is not in this runbook") }
        return step
    }

    private mutating func add(_ step: Step) {
        steps[step.id] = step
        guard !step.hosts.isEmpty else {
            waves.append(Wave(units: [Unit(step.id, nil)], isTogether: false))
            return
        }
        // Where the step goes on without some of its hosts, none of them waits for another.
        let isTogether = step.order != .oneByOne && step.maxUnavailable == 0
        for hosts in Self.turns(of: step) {
            waves.append(Wave(units: hosts.map { Unit(step.id, $0) }, isTogether: isTogether))
        }
    }

    /// The hosts that have their turn at the same time, turn by turn.
    private static func turns(of step: Step) -> [[HostID]] {
        let size =
            switch step.order {
            case .oneByOne: 1
            case .together: step.hosts.count
            case .batch: max(1, step.batch)
            }
        return stride(from: 0, to: step.hosts.count, by: size).map { first in
            Array(step.hosts[first..<min(first + size, step.hosts.count)])
        }
    }

    private mutating func addBlock(_ block: Step) {
        for inner in block.steps { steps[inner.id] = inner }
        guard block.order == .oneByOne || block.hosts.isEmpty else {
            for hosts in Self.turns(of: block) {
                let units = hosts.flatMap { host in block.steps.map { Unit($0.id, host) } }
                waves.append(Wave(units: units, isTogether: false))
            }
            return
        }
        let hosts: [HostID?] = block.hosts.isEmpty ? [nil] : block.hosts
        for host in hosts {
            for inner in block.steps {
                // An inner step may name hosts of its own; then it is not repeated for each host of the block.
                let own = inner.hosts.isEmpty || inner.hosts == block.hosts
                if own {
                    waves.append(Wave(units: [Unit(inner.id, host)], isTogether: false))
                } else if host == hosts.first {
                    add(inner)
                }
            }
        }
    }
}
