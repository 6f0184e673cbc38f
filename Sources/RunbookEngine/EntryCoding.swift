import FoundationEssentials
import RunbookModel

/// An entry as the members of a journal line: `"kind":"intent","unit":{…},…`.
extension Entry {
    /// Why a journal line is not an entry of this version.
    package struct CodingProblem: Error, Equatable, Sendable {
        package var message: String
    }

    /// The members, without braces, in the order of their names after `kind`.
    package var members: [UInt8] {
        get throws(CodingProblem) {
            switch self {
            case .began(let began): try Self.members("began", began)
            case .wentOn(let name, let time, let digest):
                try Self.members("went-on", WentOn(operator: name, time: time, runbookDigest: digest))
            case .host(let record): try Self.members("host", record)
            case .intent(let intent): try Self.members("intent", intent)
            case .outcome(let outcome): try Self.members("outcome", outcome)
            case .watched(let record): try Self.members("watched", record)
            case .fenced(let attempt): try Self.members("fenced", Fenced(attempt: attempt))
            case .inDoubt(let attempt, let unit, let why):
                try Self.members("in-doubt", InDoubt(attempt: attempt, unit: unit, why: why))
            case .settled(let settlement): try Self.members("settled", settlement)
            case .output(let unit, let name, let value):
                try Self.members("output", OutputRecord(unit: unit, name: name, value: value))
            case .word(let word): try Self.members("word", word)
            case .takeOver(let word): try Self.members("take-over", word)
            case .finished(let time): try Self.members("finished", Finished(time: time))
            case .abandoned(let why, let who, let time):
                try Self.members("abandoned", Abandoned(why: why, who: who, time: time))
            }
        }
    }

    /// Reads a whole journal line; members that it does not know are ignored, a kind that it does not know is
    /// refused.
    package init(line: [UInt8]) throws(CodingProblem) {
        let data = Data(line)
        switch try Self.read(Kind.self, data).kind {
        case "began": self = .began(try Self.read(Began.self, data))
        case "went-on":
            let entry = try Self.read(WentOn.self, data)
            self = .wentOn(operator: entry.operator, time: entry.time, runbookDigest: entry.runbookDigest)
        case "host": self = .host(try Self.read(HostRecord.self, data))
        case "intent": self = .intent(try Self.read(Intent.self, data))
        case "outcome": self = .outcome(try Self.read(Outcome.self, data))
        case "watched": self = .watched(try Self.read(WatchRecord.self, data))
        case "fenced": self = .fenced(try Self.read(Fenced.self, data).attempt)
        case "in-doubt":
            let entry = try Self.read(InDoubt.self, data)
            self = .inDoubt(entry.attempt, entry.unit, why: entry.why)
        case "settled": self = .settled(try Self.read(Settlement.self, data))
        case "output":
            let entry = try Self.read(OutputRecord.self, data)
            self = .output(entry.unit, name: entry.name, value: entry.value)
        case "word": self = .word(try Self.read(Word.self, data))
        case "take-over": self = .takeOver(try Self.read(TakeOverWord.self, data))
        case "finished": self = .finished(time: try Self.read(Finished.self, data).time)
        case "abandoned":
            let entry = try Self.read(Abandoned.self, data)
            self = .abandoned(why: entry.why, who: entry.who, time: entry.time)
        case let kind:
            throw CodingProblem(message: "a record of the kind `\(kind)` is not known to this version")
        }
    }

    /// The kinds of records, as docs/journal-format.md lists them.
    package static let kinds = [
        "began", "went-on", "host", "intent", "outcome", "watched", "fenced", "in-doubt", "settled", "output",
        "word",
        "take-over", "finished", "abandoned",
    ]

    private static func members(_ kind: String, _ payload: some Encodable) throws(CodingProblem) -> [UInt8] {
        let encoder = JSONEncoder()
        // Sorted, so that the same entry is always the same line.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(payload), data.count > 2 else {
            throw CodingProblem(message: "a record of the kind `\(kind)` cannot be written as JSON")
        }
        return [UInt8]("\"kind\":\"\(kind)\",".utf8) + data.dropFirst().dropLast()
    }

    private static func read<Payload: Decodable>(
        _ type: Payload.Type, _ data: Data
    ) throws(CodingProblem) -> Payload {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw CodingProblem(message: "a record does not have the members of its kind: \(error)")
        }
    }
}

private struct Kind: Codable { var kind: String }
private struct WentOn: Codable {
    var `operator`: String
    var time: String
    var runbookDigest: String
}
private struct Fenced: Codable { var attempt: AttemptID }
private struct InDoubt: Codable {
    var attempt: AttemptID
    var unit: Unit
    var why: String
}
private struct OutputRecord: Codable {
    var unit: Unit
    var name: String
    var value: Value
}
private struct Finished: Codable { var time: String }
private struct Abandoned: Codable {
    var why: String
    var who: String
    var time: String
}
