import RunbookSupervisor
import RunbookTestSupport

/// A folder that stands for a host: scripts run in it as the supervisor runs them.
struct HostFolder {
    let folder: TemporaryDirectory
    /// The shell and its first words: `busybox sh`.
    let shell: [String]

    /// The shells of the hosts: Debian's `sh`, bash, and what small systems have.
    static let shells = [["dash"], ["bash"], ["busybox", "sh"]]

    init(_ shell: [String]) throws {
        self.shell = shell
        folder = try TemporaryDirectory("host")
        try runChecked(["mkdir", folder.file("etc"), folder.file("run"), folder.file("bin")])
    }

    func path(_ name: String) -> String { folder.file("etc/\(name)") }

    /// Runs a script under `-eu` with stdin from bytes, the run's folder named, and `bin` first on PATH.
    func run(_ script: String, input: [UInt8] = []) throws -> CommandResult {
        try writeFile(folder.file("script"), [UInt8](script.utf8))
        try writeFile(folder.file("input"), input)
        return try RunbookTestSupport.run(
            [
                "sh", "-c",
                "cd / && input=$1 script=$2 && shift 2 && exec \"$@\" -eu \"$script\" <\"$input\"", "sh",
            ]
                + [folder.file("input"), folder.file("script")] + shell,
            environment: [
                "RUNBOOK_FOLDER": folder.file("run"), "LC_ALL": "C",
                "PATH": "\(folder.file("bin")):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ])
    }

    /// The names in a folder, hidden ones too, sorted.
    func names(in name: String) throws -> [String] {
        try runChecked(["ls", "-A", folder.file(name)]).split(separator: "\n").map(String.init).sorted()
    }

    /// Mode and owner, as numbers.
    func stat(_ path: String) throws -> String {
        try runChecked(["stat", "-c", "%a %u:%g", path]).split(separator: "\n").joined()
    }

    func file(_ path: String) throws -> HostFile {
        let words = try stat(path).split(separator: " ").map(String.init)
        return HostFile(
            bytes: try readFile(path), mode: UInt32(words[0], radix: 8) ?? 0, owner: words[1], path: path)
    }
}
