import ArgumentParser
import FoundationEssentials
import RunbookLanguage
import RunbookTerminal

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the language, or what --json prints, as JSON Schema.",
        discussion: """
            The language's are made from the tables by which runbooks are checked. An editor with the YAML language \
            server takes them from the first line of a file: `# yaml-language-server: $schema=PATH`. They know keys \
            and types; `runbook lint` knows the rest. Those of --json speak of one line each, as this version of the \
            program prints it: events are those of `run` and `verify`.
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case runbook, site, events, plan, status, lint
    }

    @Argument(help: "runbook, site, events, plan, status or lint.")
    var kind: Kind = .runbook

    func run() async throws {
        let console = Console(environment: ProcessInfo.processInfo.environment)
        console.printRaw(String(text.dropLast()))
    }

    private var text: String {
        switch kind {
        case .runbook: JSONSchema.text(of: .runbook)
        case .site: JSONSchema.text(of: .site)
        case .events: JSONSchema.text("a line of `run --json` and `verify --json`", EventLine.schema.schema)
        case .plan: JSONSchema.text("a line of `plan --json`", PlanLine.schema.schema)
        case .status:
            JSONSchema.text(
                "a line of `status --json`", JSONShape.oneOf([StatusHead.schema, StandingLine.schema]).schema)
        case .lint: JSONSchema.text("a line of `lint --json`", LintShape.line.schema)
        }
    }
}
