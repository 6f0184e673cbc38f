import RunbookEngine
import RunbookLab
import RunbookModel
import RunbookTerminal
import RunbookText

/// The filled matrix: a row per step and host, a column per fault and boundary.
struct CrashMatrix {
    /// In the runbook's order.
    let units: [Unit]
    let faults: [Fault]
    var cells: [Strike: CrashCell] = [:]
    /// Steps whose snapshot the lab could not bring back, and why: they have no verdict.
    var trouble: [Unit: String] = [:]
    /// What differs between two runs in which nothing was broken.
    var noise: Set<String> = []
    /// The whole runs with several faults of one kind, by kind.
    var whole: [(fault: Fault, verdict: Verdict, strikes: Int)] = []

    /// The boundaries at which a fault can strike.
    static func boundaries(of fault: Fault) -> [Boundary] {
        switch fault {
        case .kill, .cut, .reboot: Boundary.allCases
        case .die, .fail: [.sent]
        }
    }

    var isFine: Bool {
        trouble.isEmpty && cells.values.allSatisfy(\.verdict.isFine)
            && whole.allSatisfy(\.verdict.isFine)
    }

    /// The table as lines; widths are those of the longest step.
    var lines: [String] {
        let width = (units.map(\.description.count).max() ?? 0) + 2
        let heads = faults.map { fault in (fault, Self.boundaries(of: fault)) }
        var first = String(repeating: " ", count: width)
        var second = first
        for (fault, boundaries) in heads {
            let column = max(boundaries.count, fault.rawValue.count) + 2
            first += padded(fault.rawValue, to: column)
            second += padded(
                String(boundaries.map { boundaries.count == 1 ? " " : $0.letter }), to: column)
        }
        var lines = second.allSatisfy { $0 == " " } ? [first] : [first, second]
        for unit in units {
            var line = padded(unit.description, to: width)
            for (fault, boundaries) in heads {
                let signs = boundaries.map { boundary in
                    trouble[unit] != nil
                        ? "L" : cells[Strike(fault, boundary, unit)]?.verdict.sign ?? " "
                }
                line += padded(String(signs), to: max(boundaries.count, fault.rawValue.count) + 2)
            }
            lines.append(line)
        }
        return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
    }

    static let legend = [
        "a asked, nothing recorded · i intent recorded, not sent · s sent, command runs · "
            + "e command ended, reply lost · r outcome recorded",
        "= as after the clean run · ~ as in the clean run some steps later · ? stops and asks · m stops and says what to mend · x ends differently · 2 an effect took place twice · "
            + "! does not get on · . nothing to break there",
    ]

    /// Cells with the same verdict and reason, for people: which steps, at which moments.
    func groups(_ isWanted: (Verdict) -> Bool) -> [(units: String, verdict: Verdict)] {
        var groups: [(places: [String], verdict: Verdict)] = []
        for unit in units {
            for fault in faults {
                for boundary in Self.boundaries(of: fault) {
                    guard let cell = cells[Strike(fault, boundary, unit)], isWanted(cell.verdict) else {
                        continue
                    }
                    let place = cell.strike.words
                    if let index = groups.firstIndex(where: { $0.verdict == cell.verdict }) {
                        groups[index].places.append(place)
                    } else {
                        groups.append(([place], cell.verdict))
                    }
                }
            }
        }
        return groups.map { group in
            let more = group.places.count > 3 ? "; and \(group.places.count - 3) more" : ""
            return (group.places.prefix(3).joined(separator: "; ") + more, group.verdict)
        }
    }

    /// One JSON object a line: a cell each.
    var jsonLines: String {
        var text = ""
        for unit in units {
            for fault in faults {
                for boundary in Self.boundaries(of: fault) {
                    guard let cell = cells[Strike(fault, boundary, unit)] else { continue }
                    text += line(cell)
                }
            }
        }
        return text
    }

    private func line(_ cell: CrashCell) -> String {
        var members = [
            ("step", cell.strike.unit.step.rawValue), ("host", cell.strike.unit.host?.rawValue ?? ""),
            ("fault", cell.strike.fault.rawValue), ("boundary", cell.strike.boundary.rawValue),
            ("verdict", cell.verdict.word), ("detail", cell.verdict.detail),
        ]
        members.append(("ms", cell.times.map { String(Int($0 / .milliseconds(1))) }.joined(separator: " + ")))
        if !cell.verdict.isFine { members.append(("talk", cell.talk)) }
        return "{" + members.map { "\(jsonQuoted($0.0)):\(jsonQuoted($0.1))" }.joined(separator: ",") + "}\n"
    }
}

extension Boundary {
    fileprivate var letter: Character { rawValue.first ?? " " }
}
