import FoundationEssentials
import RunbookEngine
import RunbookModel
import RunbookTerminal

/// The same events as JSON, one object a line.
actor JSONView: RunView {
    private let console: Console
    private(set) var failures: [Failure] = []
    private(set) var leftOut: [(Unit, String)] = []

    init(_ console: Console) { self.console = console }

    func show(_ event: RunEvent) async {
        if case .failed(let failure) = event { failures.append(failure) }
        if case .leftOut(let unit, let reason) = event { leftOut.append((unit, reason)) }
        if case .outlook(let lines) = event {
            for line in lines {
                var object = JSONLine(event: "outlook", line.unit)
                object.name = line.name
                object.how = line.verdict.rawValue
                object.reason = line.detail
                print(object)
            }
        } else {
            print(Self.line(for: event))
        }
    }

    private func print(_ line: JSONLine) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return }
        console.printRaw(String(decoding: data, as: UTF8.self))
    }

    private static func line(for event: RunEvent) -> JSONLine {
        switch event {
        case .outlook: return JSONLine(event: "outlook", nil)
        case .started(let unit, let name): return JSONLine(event: "started", unit, name: name)
        case .issued(let unit, let attempt): return JSONLine(event: "issued", unit, attempt: attempt.rawValue)
        case .following(let unit, let attempt):
            return JSONLine(event: "following", unit, attempt: attempt.rawValue)
        case .settled(let unit, let name, let how, let reason):
            return JSONLine(event: "settled", unit, name: name, how: how, reason: reason)
        case .warned(let unit, let text): return JSONLine(event: "warned", unit, reason: text)
        case .failed(let failure):
            var line = JSONLine(event: "failed", failure.unit, name: failure.name)
            line.reason = failure.reasons.joined(separator: " ")
            line.hints = failure.hints
            line.output = failure.output
            line.errors = failure.errors
            line.isUndecided = failure.isUndecided
            return line
        case .leftOut(let unit, let reason): return JSONLine(event: "left-out", unit, reason: reason)
        case .reconnecting(let host, let message):
            return JSONLine(event: "reconnecting", Unit(StepID(""), host), reason: message)
        case .fileChange(let unit, let path, let difference):
            var line = JSONLine(event: "file", unit, name: path)
            line.difference = difference
            return line
        case .note(let text): return JSONLine(event: "note", nil, reason: text)
        }
    }
}

private struct JSONLine: Encodable {
    var event: String
    var step: String?
    var host: String?
    var name: String?
    var how: String?
    var reason: String?
    var attempt: String?
    var hints: [String]?
    var output: String?
    var errors: String?
    var difference: String?
    var isUndecided: Bool?

    init(
        event: String, _ unit: Unit?, name: String? = nil, how: String? = nil, reason: String? = nil,
        attempt: String? = nil
    ) {
        self.event = event
        step = unit.flatMap { $0.step.rawValue.isEmpty ? nil : $0.step.rawValue }
        host = unit?.host?.rawValue
        self.name = name
        self.how = how
        self.reason = reason
        self.attempt = attempt
    }
}
