import RunbookEngine
import RunbookModel
import RunbookText

/// How the hosts of a step take their turn, in words.
struct TurnWords {
    let step: Step
    /// The block that it stands in, whose hosts it is done on.
    let block: Step?

    init(_ step: Step, in runbook: Runbook) {
        self.step = step
        block = runbook.steps.first { block in
            block.steps.contains { $0.id == step.id } && block.hosts == step.hosts
        }
    }

    private var order: Step.Order { block?.order ?? step.order }
    private var batch: Int { block?.batch ?? step.batch }
    private var atOnce: Int {
        switch order {
        case .oneByOne: 1
        case .together: step.hosts.count
        case .batch: min(batch, step.hosts.count)
        }
    }
    private var width: Int { min(atOnce, RunOptions.usualWidth) }

    /// Beside the step's name in a plan; empty: one after the other, or all at the same time.
    var short: String {
        var words: [String] = []
        if order == .batch { words.append("\(atOnce) at a time") }
        if atOnce > width {
            words.append(order == .batch ? "\(width) of them at once" : "\(width) at a time")
        }
        if step.maxUnavailable > 0 { words.append("goes on without up to \(step.maxUnavailable)") }
        return words.joined(separator: ", ")
    }

    /// Where it runs, and how.
    var lines: [String] {
        let hosts = step.hosts.map(\.rawValue)
        guard hosts.count > 1 else { return ["on \(hosts.first ?? "")"] }
        let place =
            "on \(hosts.count > Self.namedMax ? "\(englishList(Array(hosts.prefix(3)), "")) … (\(hosts.count) hosts)" : englishList(hosts, "and"))"
        let isTolerant = step.maxUnavailable > 0
        var lines: [String]
        switch order {
        case .oneByOne:
            let stop = isTolerant ? "" : "; a failure stops before the next"
            lines = ["\(place), one after the other\(stop)"]
        case .together where block != nil: lines = ["\(place) side by side, each through the block by itself"]
        case .batch where block != nil:
            lines = [
                "\(place), \(atOnce) side by side, each through the block by itself; then the next \(atOnce)"
            ]
        case .together:
            lines = [
                isTolerant
                    ? "\(place) at the same time, each by itself"
                    : "\(place) at the same time: asked on all, issued on all, verified on all"
            ]
        case .batch:
            lines = [
                isTolerant
                    ? "\(place), \(atOnce) at a time, each by itself"
                    : "\(place), \(atOnce) at a time: asked, issued and verified on these; a failure stops before the next \(atOnce)"
            ]
        }
        if atOnce > width { lines.append("\(width) of them at once, unless --width says another number") }
        if isTolerant {
            lines.append(
                "it goes on without up to \(step.maxUnavailable) of them; a host that is left out has none of the steps after it either, until the next run"
            )
        }
        return lines
    }

    private static let namedMax = 12
}
