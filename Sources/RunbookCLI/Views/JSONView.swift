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
                print(
                    EventLine(
                        .outlook, line.unit, name: line.name, how: line.verdict.rawValue, reason: line.detail
                    ))
            }
        } else {
            print(Self.line(for: event))
        }
    }

    private func print(_ line: EventLine) {
        guard let text = try? line.json else { return }
        console.printRaw(text)
    }

    private static func line(for event: RunEvent) -> EventLine {
        switch event {
        case .outlook: return EventLine(.outlook, nil)
        case .started(let unit, let name): return EventLine(.started, unit, name: name)
        case .issued(let unit, let attempt): return EventLine(.issued, unit, attempt: attempt.rawValue)
        case .following(let unit, let attempt): return EventLine(.following, unit, attempt: attempt.rawValue)
        case .settled(let unit, let name, let how, let reason):
            return EventLine(.settled, unit, name: name, how: how, reason: reason)
        case .warned(let unit, let text): return EventLine(.warned, unit, reason: text)
        case .failed(let failure):
            var line = EventLine(.failed, failure.unit, name: failure.name)
            line.reason = failure.reasons.joined(separator: " ")
            line.why = failure.why
            line.hints = failure.hints
            line.output = failure.output
            line.errors = failure.errors
            line.evidence = failure.evidence.map { .init(command: $0.command, output: $0.output) }
            line.isUndecided = failure.isUndecided
            return line
        case .leftOut(let unit, let reason): return EventLine(.leftOut, unit, reason: reason)
        case .reconnecting(let host, let message):
            return EventLine(.reconnecting, Unit(StepID(""), host), reason: message)
        case .fileChange(let unit, let path, let difference):
            var line = EventLine(.file, unit, name: path)
            line.difference = difference
            return line
        case .note(let text): return EventLine(.note, nil, reason: text)
        }
    }
}
