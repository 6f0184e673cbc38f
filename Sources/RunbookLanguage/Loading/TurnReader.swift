import RunbookDiagnostics
import RunbookModel
import RunbookYAML

/// Reads how several hosts take their turn: `order`, `batch` and `max_unavailable`.
extension RunbookLoader {
    /// Percentages are of the step's hosts, rounded down; a batch has one host at least.
    func readTurn(into step: inout Step, _ sketch: StepSketch) {
        let fields = sketch.fields
        step.order = fields.text("order").flatMap(Step.Order.init) ?? defaultOrder(sketch)
        let count = step.hosts.count
        if let batch = fields.text("batch").flatMap(Share.init) { step.batch = max(1, batch.of(count)) }
        if let most = fields.text("max_unavailable").flatMap(Share.init) {
            step.maxUnavailable = most.of(count)
        }
    }

    /// What must hold between the three, and where they may stand.
    func checkTurn(_ sketch: StepSketch) {
        let fields = sketch.fields
        if fields.text("order") == Step.Order.batch.rawValue, !fields.isGiven("batch"),
            !fields.meantKeys.contains("batch")
        {
            problems.add(
                .error("missing-key", "`order: batch` needs `batch`", at: fields.span(ofKey: "order"))
                    .hint("add `batch:` with a number of hosts, or a percentage such as `25%`"))
        }
        if fields.isGiven("batch"), fields.text("order") != Step.Order.batch.rawValue,
            !fields.isGiven("order") || fields["order"] != nil
        {
            problems.add(
                .error("key-not-here", "`batch` goes with `order: batch`", at: fields.span(ofKey: "batch")))
        }
        for key in fields.given(among: ["batch", "max_unavailable"]) {
            if sketch.block != nil, !sketch.saysHosts {
                problems.add(
                    .error(
                        "key-not-here", "the block says how its hosts take their turn",
                        at: fields.span(ofKey: key)
                    )
                    .hint("give `\(key)` to the block"))
            } else if fields.isGiven("host") || !sketch.saysHosts {
                problems.add(
                    .error("key-not-here", "`\(key)` goes with several hosts", at: fields.span(ofKey: key))
                        .hint("say `hosts:`, or leave `\(key)` out"))
            } else if fields.isGiven("trust") {
                problems.add(
                    .error(
                        "key-not-here", "`\(key)` cannot stand beside `trust`", at: fields.span(ofKey: key)
                    )
                    .hint("it needs the keys of all hosts before it writes on the first"))
            }
        }
    }
}

/// A number of hosts, or a percentage of them.
enum Share: Equatable {
    case number(Int)
    case percent(Int)

    init?(_ text: String) {
        let isPercent = text.hasSuffix("%")
        guard let number = Int(isPercent ? text.dropLast() : text[...]), number >= 0,
            text == "\(number)\(isPercent ? "%" : "")", number <= (isPercent ? 100 : Self.numberMax)
        else { return nil }
        self = isPercent ? .percent(number) : .number(number)
    }

    /// More hosts than any group has.
    static let numberMax = 100_000

    func of(_ count: Int) -> Int {
        switch self {
        case .number(let number): number
        case .percent(let percent): count * percent / 100
        }
    }
}
