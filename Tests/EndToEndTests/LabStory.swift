import FoundationEssentials
import Glibc
import RunbookLab
import RunbookTestSupport
import Testing

/// A running lab of the two-node runbook in a folder of its own, and the built program.
final class LabStory {
    let folder: TemporaryDirectory
    let lab: LabProcess
    /// The lab's folder, as the program is told it.
    let home: String

    /// Why no lab can run on this machine, for a suite to say aloud; nil when one can.
    static let missing: String? = {
        let missing = LabProbe.missing()
        return missing.isEmpty ? nil : "no lab can run here: " + missing.joined(separator: "; ")
    }()
    static let isAvailable = missing == nil
    static let comment = Comment(rawValue: missing ?? "a lab can run here")

    /// The repository's own runbooks, also when they are worked on.
    static let runbooks: String = {
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/runbooks"
    }()

    static let lun =
        "/dev/disk/by-path/ip-192.168.0.20:3260-iscsi-iqn.2015-08.lan.nas:quorum-lun-0"
    /// The words that a person would type.
    static let words = ["join=yes", "activate=yes", "partition=\(lun)", "mkqdisk=\(lun)-part1"]

    /// Starts the lab.
    ///
    /// - Parameter edit: changes the text of the lab's description before the lab starts.
    init(_ edit: (String) -> String = { $0 }) throws {
        folder = try TemporaryDirectory("lab")
        home = folder.file("lab")
        lab = LabProcess(folder: home)
        unsafe mkdir(folder.file("runbooks"), 0o755)
        try folder.write("runbooks/two-node.yaml", Self.text("two-node.yaml"))
        try folder.write("runbooks/two-node.lab.yaml", edit(Self.text("two-node.lab.yaml")))
        let up = try program("lab", "up", runbook, "--dir", home)
        guard up.status == 0 else { throw SupportError("no lab: \(up.errors)") }
    }

    deinit { lab.down() }

    static func text(_ name: String) throws -> String {
        String(decoding: try readFile("\(runbooks)/\(name)"), as: UTF8.self)
    }

    var runbook: String { folder.file("runbooks/two-node.yaml") }
    var site: String { "\(home)/two-node.site.yaml" }
    var state: String { "\(home)/state" }
    var journal: String { "\(state)/two-node@two-node/journal.jsonl" }
    /// What leads to this run, as the program prints it.
    var target: String { "\(runbook) --site \(site) --state \(state)" }

    // MARK: - The program

    /// Runs `runbook ARGUMENTS` to its end, with no terminal; two minutes at most.
    @discardableResult
    func program(_ arguments: String...) throws -> CommandResult { try program(arguments) }

    func program(_ arguments: [String]) throws -> CommandResult {
        try RunbookTestSupport.run(
            ["timeout", "-k", "5", "120", Story.program] + arguments, environment: Story.environment)
    }

    /// The arguments of `runbook run`, with the words that it needs.
    func arguments(_ more: [String] = [], words: [String] = LabStory.words) -> [String] {
        ["run", runbook, "--site", site, "--state", state] + words.flatMap { ["--yes", $0] } + more
    }

    /// `runbook run`, for people.
    @discardableResult
    func run(_ more: String...) throws -> CommandResult { try program(arguments(more)) }

    /// `runbook run --json`, its events read.
    @discardableResult
    func events(_ more: String...) throws -> RunEvents {
        RunEvents(try program(arguments(["--json"] + more)))
    }

    /// Starts `runbook run`; what it says goes to a file of the story's folder.
    func start(writingTo name: String, _ more: String...) throws -> Int32 {
        let file = try folder.write(name, "")
        return try spawn(
            ["sh", "-c", "exec >\"$0\" 2>&1 \"$@\"", file, Story.program] + arguments(more),
            environment: Story.environment)
    }

    /// Text of the program with what differs from lab to lab taken out.
    func steady(_ text: String) -> String { text.replacing(folder.path, with: "DIR") }

    // MARK: - The lab

    func fault(_ name: String, _ value: String = "on") throws { try lab.setFault(name, to: value) }

    /// The next call of a command on a node fails, before it does anything.
    func failOnce(_ node: String, _ command: String, _ status: Int, _ message: String = "") throws {
        try fault("fail-once", "\(node): \(command) => \(status) \(message)")
    }

    /// Runs a script in a node.
    @discardableResult
    func shell(_ node: String, _ script: String) throws -> CommandResult {
        try program(["lab", "shell", node, "--dir", home, "--", "sh", "-c", script])
    }

    /// How often each effect really took place, by `NODE EFFECT`.
    func effects() throws -> [String: Int] {
        let text = String(decoding: try readFile("\(home)/effects.jsonl"), as: UTF8.self)
        return text.split(separator: "\n").reduce(into: [:]) { counts, line in
            guard let effect = try? JSONDecoder().decode(Effect.self, from: Data(line.utf8)) else { return }
            counts["\(effect.node) \(effect.effect)", default: 0] += 1
        }
    }

    private struct Effect: Decodable {
        var node: String
        var effect: String
    }

    /// The effects that must happen once, whatever happens: each with its count.
    func onceOnly() throws -> [String: Int] {
        try effects().filter { effect, _ in
            ["pvecm create", "pvecm add", "mkqdisk -c"].contains { effect.hasSuffix($0) }
        }
    }

    static let once = ["pve1 pvecm create": 1, "pve2 pvecm add": 1, "pve1 mkqdisk -c": 1]
}

/// What a run with `--json` said.
struct RunEvents {
    struct Event: Decodable, Equatable {
        var event: String
        var step: String?
        var host: String?
        var how: String?
        var reason: String?
        var hints: [String]?
        var output: String?
        var errors: String?
        var attempt: String?
        /// `create on master`
        var unit: String { (step ?? "") + (host.map { " on \($0)" } ?? "") }
    }

    var status: Int32
    var errors: String
    var all: [Event]

    init(_ result: CommandResult) {
        status = result.status
        errors = result.errors
        all = result.output.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    var failures: [Event] { all.filter { $0.event == "failed" } }

    /// How each step was settled, by `STEP on HOST`.
    var settled: [String: String] {
        all.filter { $0.event == "settled" }.reduce(into: [:]) { $0[$1.unit] = $1.how }
    }
}
