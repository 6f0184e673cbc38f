import FoundationEssentials
import RunbookDigest
import RunbookEngine
import RunbookFiles
import RunbookModel
import RunbookTerminal
import RunbookText

/// A plan that was written to a file: what it was made from, and what it said of every step and host.
///
/// The first line names what it was made from, by digests; the others are those of `plan --json`.
struct SavedPlan {
    /// What a plan depends on. Values of secrets are not in it: a digest could be tried out.
    struct Source: Codable, Equatable {
        /// The version of this format.
        var plan = 1
        var runbook: String
        /// SHA-256 of the runbook's text.
        var text: String
        /// Of what the site file and `--set` say.
        var values: String
        /// Of the files that `copy` and `script` name.
        var files: String
        /// The last hash of the run's journal; empty when there is no run.
        var journal: String

        init(_ loaded: LoadedRunbook, journal: String) {
            let plan = loaded.plan
            runbook = plan.runbook.name
            text = plan.runbookDigest
            values = sha256([UInt8](Self.values(plan).joined(separator: "\n").utf8)).hex
            var digests = plan.materials.mapValues { sha256($0).hex }
            digests.merge(plan.trees.mapValues(\.digest)) { $1 }
            let lines = digests.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }
            files = sha256([UInt8](lines.joined().utf8)).hex
            self.journal = journal
        }

        /// How a host is entered, how it is proven, and as whom everything is done there.
        private static func way(to host: SiteHost) -> String {
            var words = ["\(host.user)@\(host.address):\(host.port)"]
            words += host.hostKeys.map { "key \($0)" }
            words += ([host.identity].compactMap { $0 } + (host.identities.files ?? [])).map {
                "identity \($0)"
            }
            if host.allowsLegacySSH { words.append("legacy") }
            if let user = host.runAs { words.append("as \(user)") }
            words += host.jumps.map { "jump \(way(to: $0))" }
            return jsonQuoted(words.joined(separator: " "))
        }

        private static func values(_ plan: Plan) -> [String] {
            let secrets = Set(plan.runbook.inputs.filter(\.isSecret).map(\.name))
            var lines = plan.site.inputs.filter { !secrets.contains($0.key) }
                .map { "\($0.key)=\(jsonQuoted($0.value.text))" }.sorted()
            for (id, host) in plan.site.hosts.sorted(by: { $0.key < $1.key }) {
                lines.append("\(id.rawValue) \(Self.way(to: host))")
                lines += host.attributes.map { "\(id.rawValue).\($0.key)=\(jsonQuoted($0.value.text))" }
                    .sorted()
            }
            return lines
        }
    }

    /// What was said of one step on one host.
    struct Prediction: Decodable {
        var step: String
        var host: String?
        var outlook: String
        var detail: String?
    }

    let path: String
    let source: Source
    let predictions: [Prediction]

    /// The longest file that is read.
    private static let lengthMax = 64 << 20

    static func write(_ source: Source, _ text: PlanText, to path: String, _ console: Console) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let head = String(decoding: try encoder.encode(source), as: UTF8.self)
        do throws(FileError) {
            try POSIXFileStore().writeAtomically(path, [UInt8]("\(head)\n\(text.jsonLines)\n".utf8))
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.failed.code
        }
    }

    init(_ path: String, _ console: Console) throws {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try POSIXFileStore().readFile(path, limit: Self.lengthMax)
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.usage.code
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { Data($0) }
        let decoder = JSONDecoder()
        guard let head = lines.first, let source = try? decoder.decode(Source.self, from: head),
            source.plan == 1,
            let predictions = try? lines.dropFirst().map({ try decoder.decode(Prediction.self, from: $0) })
        else {
            console.say("\(.error, "error"): \(path) is no plan that `runbook plan --save` has written")
            throw ExitStatus.usage.code
        }
        (self.path, self.source, self.predictions) = (path, source, predictions)
    }

    /// Ends the command when anything that the plan was made from is another by now.
    func require(_ now: Source, remedy: String, _ console: Console) throws {
        let moved = [
            ("the name of the runbook", source.runbook == now.runbook),
            ("the text of the runbook", source.text == now.text),
            ("a value of the site file or of --set", source.values == now.values),
            ("a file that the runbook sends", source.files == now.files),
            ("the state of the run", source.journal == now.journal),
        ].filter { !$0.1 }.map(\.0)
        guard !moved.isEmpty else { return }
        let verb = moved.count == 1 ? "has" : "have"
        console.say(
            "\(.error, "error"): the plan in \(path) is not for this any more: \(englishList(moved, "and")) \(verb) changed since"
        )
        console.say("nothing was connected, nothing was sent")
        console.say("look at what would happen now, then run that:")
        console.say("\(.command, "  \(remedy)")")
        throw ExitStatus.undecided.code
    }

    /// Says which steps did not go as the plan had said.
    func compare(with history: History, _ console: Console) {
        var (told, wrong): (Int, [StyledText]) = (0, [])
        for prediction in predictions {
            let unit = Unit(StepID(prediction.step), prediction.host.map { HostID($0) })
            guard let came = Self.came(history.standing(of: unit)),
                let isRight = Self.isRight(prediction, came)
            else { continue }
            told += 1
            guard !isRight else { continue }
            wrong.append(
                "  \(.step, unit.description): the plan said \(.heading, prediction.outlook), it came \(.doubt, came)"
            )
        }
        guard told > 0 else { return }
        guard !wrong.isEmpty else {
            console.say("all \(counted(told, "step")) of which the plan told something went as it said")
            return
        }
        console.say("\(.warning, "not as planned"): \(wrong.count) of \(counted(told, "step"))")
        for line in wrong { console.say(line) }
    }

    /// How a step ended; nil when it has not come to it.
    private static func came(_ standing: History.Standing) -> String? {
        switch standing {
        case .pending, .issued, .inDoubt: nil
        case .done(_, let how): how.rawValue
        case .skipped: "skipped"
        case .failed: "failed"
        }
    }

    /// nil where nothing was told, or nothing that could be wrong: without `--ask` a step runs unless it is so.
    private static func isRight(_ prediction: Prediction, _ came: String) -> Bool? {
        let finished: Set<String> = ["was so", "kept", "by hand", "adopted"]
        switch prediction.outlook {
        case "already so": return finished.contains(came)
        case "not needed", "skipped": return came == "skipped"
        case "holds": return came == "proven"
        case "would run": return came == "done" || came == "failed"
        case "will run", "will run again":
            return prediction.detail == nil || came == "failed" || came == "done" ? came != "was so" : nil
        case "will ask": return came != "skipped"
        case "cannot run": return came == "failed"
        default: return nil
        }
    }
}
