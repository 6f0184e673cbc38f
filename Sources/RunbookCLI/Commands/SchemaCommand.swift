import ArgumentParser
import FoundationEssentials
import RunbookLanguage
import RunbookTerminal

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the language as JSON Schema, for editors.",
        discussion: """
            Made from the tables by which runbooks are checked. An editor with the YAML language server takes it \
            from the first line of a file: `# yaml-language-server: $schema=PATH`. It knows keys and types; \
            `runbook lint` knows the rest.
            """)

    @Flag(help: "The schema of a site file.")
    var site = false

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        let text = JSONSchema.text(of: site ? .site : .runbook)
        console.printRaw(String(text.dropLast()))
    }
}
