extension ProcessEnd {
    /// `exited 0`, `signalled 9`, `timed out`, `stopped`, `rebooted`: as the journal and `--json` write it.
    package var text: String {
        switch self {
        case .exited(let status): "exited \(status)"
        case .signalled(let signal): "signalled \(signal)"
        case .timedOut: "timed out"
        case .stopped: "stopped"
        case .rebooted: "rebooted"
        }
    }

    package init?(text: String) {
        let words = text.split(separator: " ")
        switch (words.first, words.dropFirst().first.flatMap { Int32($0) }) {
        case ("exited", let status?): self = .exited(status)
        case ("signalled", let signal?): self = .signalled(signal)
        case ("timed", nil): self = .timedOut
        case ("stopped", nil): self = .stopped
        case ("rebooted", nil): self = .rebooted
        default: return nil
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let end = ProcessEnd(text: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a process's end: \(text)")
        }
        self = end
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
