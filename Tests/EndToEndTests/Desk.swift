import Glibc
import RunbookTestSupport

/// A folder with a runbook, a site file and the built program, and no host at all.
struct Desk {
    let folder: TemporaryDirectory

    /// - Parameter site: nil: there is no site file.
    init(_ runbook: String, site: String? = Desk.site) throws {
        folder = try TemporaryDirectory("desk")
        unsafe mkdir(folder.file("runbooks"), 0o755)
        try folder.write("runbooks/small.yaml", runbook)
        if let site { try folder.write("runbooks/small.site.yaml", site) }
    }

    static let site = """
        for: small
        hosts:
          a: { address: 192.0.2.1 }
          b: { address: 192.0.2.2 }

        """

    /// Runs `runbook ARGUMENTS` to its end, with no terminal; FILE is the runbook.
    @discardableResult
    func runbook(_ arguments: String...) throws -> CommandResult { try run(arguments) }

    func run(_ arguments: [String]) throws -> CommandResult {
        var result = try RunbookTestSupport.run(
            [Story.program] + arguments.map { $0 == "FILE" ? folder.file("runbooks/small.yaml") : $0 },
            environment: Story.environment)
        result.output = result.output.replacing(folder.path, with: "DIR")
        result.errors = result.errors.replacing(folder.path, with: "DIR")
        return result
    }

    func text(_ name: String) throws -> String {
        String(decoding: try readFile(folder.file(name)), as: UTF8.self)
    }

    func has(_ name: String) -> Bool { unsafe access(folder.file(name), F_OK) == 0 }
}
