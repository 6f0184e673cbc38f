import FoundationEssentials
import Glibc
import RunbookTestSupport

/// A story with a secret input `key`, whose steps write into a folder beside it: there the secret may be.
struct SecretStory {
    let story: Story
    let data: TemporaryDirectory

    /// - Parameters:
    ///   - text: of the runbook; DATA is the folder.
    ///   - key: what the site file says of the secret.
    init(_ text: String, key: String) throws {
        story = try Story("")
        data = try TemporaryDirectory("data")
        try story.folder.write("runbooks/small.yaml", text.replacing("DATA", with: data.path))
        let site = story.site(["box"]).replacing("hosts:", with: "inputs: { key: \(key) }\nhosts:")
        try story.folder.write("runbooks/small.site.yaml", site)
    }

    var file: String { story.folder.file("runbooks/small.yaml") }

    /// A file of the data as text.
    func text(_ name: String) throws -> String {
        String(decoding: try readFile(data.file(name)), as: UTF8.self)
    }

    /// Text with what differs from run to run taken out.
    func steady(_ text: String) -> String {
        text.replacing(story.folder.path, with: "DIR").replacing(data.path, with: "DATA")
    }

    // MARK: - Traces

    /// Pieces of the secret and of all its forms that are long enough to be no accident.
    private static let traces: [[UInt8]] = {
        let pieces = SecretForms.cores.flatMap { core in
            [core.bytes.prefix(9), core.bytes.suffix(9)].map(Array.init)
        }
        let texts = [#"$p&<é>"#, "y\"q'$p"].map { Array($0.utf8) }
        let wide = [true, false].map { SecretForms.utf16("q'$p&<é>", isBig: $0) }
        return Array(Set(pieces + texts + wide))
    }()

    static func traces(in bytes: [UInt8]) -> [String] {
        traces.filter { bytes.firstRange(of: $0) != nil }.map { String(decoding: $0, as: UTF8.self) }
    }

    static func traces(in result: CommandResult) -> [String] {
        traces(in: Array((result.output + result.errors).utf8))
    }

    /// Every file below the story's folder that holds a trace, with the trace: the runbook, the state, the host's
    /// folder, and what a test has kept of stdout and stderr.
    func traces() throws -> [String] {
        var found: [String] = []
        for name in try FileManager.default.subpathsOfDirectory(atPath: story.folder.path) {
            guard let bytes = try? readFile(story.folder.file(name)) else { continue }
            found += Self.traces(in: bytes).map { "\(name): \($0)" }
        }
        return found
    }

    /// Runs `runbook ARGUMENTS` to its end with the secret in the variable THE_KEY, and looks at the command lines
    /// of all processes meanwhile.
    ///
    /// - Parameter terminal: nil: stdout and stderr go into the files `out` and `err` of the story.
    func watched(
        _ arguments: [String], on terminal: PseudoTerminal? = nil
    ) throws -> (status: Int32, seen: String, commandLines: Set<String>) {
        let words =
            terminal == nil ? ["sh", "-c", "exec \"$@\" > \"$0/out\" 2> \"$0/err\"", story.folder.path] : []
        let process = try spawn(
            words + [Story.program] + arguments,
            environment: Story.environment.merging(["THE_KEY": SecretForms.secret]) { $1 },
            stdin: terminal?.program ?? -1, stdout: terminal?.program ?? -1, stderr: terminal?.program ?? -1)
        var found: Set<String> = [], status: Int32 = 0, seen = ""
        while unsafe waitpid(process, &status, WNOHANG) == 0 {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            where name.first?.isNumber == true {
                guard let line = try? readFile("/proc/\(name)/cmdline") else { continue }
                found.formUnion(Self.traces(in: line))
            }
            if let terminal { seen += terminal.seen() } else { usleep(2000) }
        }
        if let terminal { seen += terminal.seen() }
        return (status >> 8 & 0xFF, seen, found)
    }
}
