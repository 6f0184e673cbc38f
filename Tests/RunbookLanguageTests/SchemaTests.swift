import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import RunbookTestSupport
import Testing

/// The JSON Schema says the same as the checker, as far as it can.
@Suite struct SchemaTests {
    private static let files: [(mapping: ValueType.Mapping, path: String)] = [
        (.runbook, "docs/runbook.schema.json"), (.site, "docs/site.schema.json"),
    ]

    /// `RECORD_GOLDEN=1` writes the files anew and fails, so that a recording is looked at before it is believed.
    @Test(arguments: files) func theFilesOfTheRepositoryAreTheOnesThatAreMade(
        _ file: (mapping: ValueType.Mapping, path: String)
    ) throws {
        let path = "\(Files.root)/\(file.path)", made = JSONSchema.text(of: file.mapping)
        if environmentValue("RECORD_GOLDEN") != nil {
            try made.write(toFile: path, atomically: true, encoding: .utf8)
            Issue.record("recorded \(file.path)")
        }
        #expect(try Files.text(path) == made)
    }

    @Test(arguments: try Files.names(in: Files.root + "/runbooks", withSuffix: ".yaml"))
    func theLineForEditorsLeadsToAFile(_ name: String) throws {
        let first = try Files.text("\(Files.root)/runbooks/\(name).yaml").split(separator: "\n").first ?? ""
        guard !name.hasSuffix(".lab") else { return }
        let schema = name.hasSuffix(".site.example") ? "site" : "runbook"
        #expect(first == "# yaml-language-server: $schema=../docs/\(schema).schema.json")
    }

    // MARK: - Judged by another reader

    /// The numbers of the documents that the schemas take.
    private func taken(_ documents: [(mapping: ValueType.Mapping, text: String)]) throws -> [Int] {
        try SchemaJudge.taken(
            documents.map { ($0.mapping.rawValue, $0.text) },
            by: ["runbook": JSONSchema.text(of: .runbook), "site": JSONSchema.text(of: .site)])
    }

    @Test(.enabled(if: SchemaJudge.isAvailable, Comment(rawValue: SchemaJudge.missing)))
    func shippedFilesAreTaken() throws {
        let folder = Files.root + "/runbooks"
        var documents: [(mapping: ValueType.Mapping, text: String)] = []
        for name in try Files.names(in: folder, withSuffix: ".site.example.yaml") {
            documents.append((.runbook, try Files.text("\(folder)/\(name).yaml")))
            documents.append((.site, try Files.text("\(folder)/\(name).site.example.yaml")))
        }
        let page = try Files.text("\(Files.root)/docs/language.md")
        for block in page.components(separatedBy: "```yaml runbook\n").dropFirst() {
            documents.append((.runbook, block.components(separatedBy: "\n```\n")[0]))
        }
        #expect(documents.count >= 7)
        #expect(try taken(documents) == Array(documents.indices))
    }

    @Test(.enabled(if: SchemaJudge.isAvailable, Comment(rawValue: SchemaJudge.missing)))
    func mistakesOfKeysAndTypesAreNotTaken() throws {
        let folder = "\(Files.tests)/Mistakes"
        var documents: [(mapping: ValueType.Mapping, text: String)] = try [
            "unknown-key", "wrong-types", "missing-keys",
        ]
        .map { (.runbook, try Files.text("\(folder)/\($0).yaml")) }
        for wrong in RobustnessTests.wrongTypes {
            let (text, isSite) = RobustnessTests.document(wrong)
            documents.append((isSite ? .site : .runbook, text))
        }
        #expect(documents.count > 500)
        let names = ["", "", ""] + RobustnessTests.wrongTypes.map(\.testDescription)
        #expect(try taken(documents).map { names[$0] } == [])
    }
}
