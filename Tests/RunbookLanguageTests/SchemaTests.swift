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

    /// Judges documents by the schemas; prints the numbers of those that are right. Scalars are typed as YAML 1.2
    /// types them, as editors do.
    private static let judge = #"""
        import json, re, sys, yaml, jsonschema
        class Loader(yaml.SafeLoader): pass
        Loader.yaml_implicit_resolvers = {}
        for tag, pattern, first in [
            ("bool", r"^(true|false)$", "tf"), ("null", r"^(~|null|)$", ["~", "n", ""]),
            ("int", r"^[-+]?[0-9]+$", "-+0123456789"), ("float", r"^[-+]?[0-9]+\.[0-9]*$", "-+0123456789"),
        ]:
            Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))
        work = json.load(sys.stdin)
        judges = {k: jsonschema.Draft202012Validator(json.loads(s)) for k, s in work["schemas"].items()}
        for s in judges.values(): jsonschema.Draft202012Validator.check_schema(s.schema)
        right = []
        for number, (kind, text) in enumerate(work["documents"]):
            if judges[kind].is_valid(yaml.load(text, Loader)): right.append(number)
        print(json.dumps(right))
        """#

    private static let hasPython: Bool = {
        let result = try? run(["python3", "-c", "import yaml, jsonschema; jsonschema.Draft202012Validator"])
        return result?.status == 0
    }()
    private static let missing: Comment =
        "python3 with yaml and jsonschema is not here: the schema is not judged"

    private struct Work: Encodable {
        var schemas: [String: String]
        var documents: [[String]]
    }

    /// The numbers of the documents that the schemas take.
    private func taken(_ documents: [(mapping: ValueType.Mapping, text: String)]) throws -> [Int] {
        let work = Work(
            schemas: ["runbook": JSONSchema.text(of: .runbook), "site": JSONSchema.text(of: .site)],
            documents: documents.map { [$0.mapping.rawValue, $0.text] })
        let folder = try TemporaryDirectory("schema")
        let input = try folder.write(
            "work.json", String(decoding: try JSONEncoder().encode(work), as: UTF8.self))
        let script = try folder.write("judge.py", Self.judge)
        let output = try runChecked(["sh", "-c", "python3 \(script) < \(input)"])
        return try JSONDecoder().decode([Int].self, from: Array(output.utf8).asData)
    }

    @Test(.enabled(if: hasPython, missing)) func shippedFilesAreTaken() throws {
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

    @Test(.enabled(if: hasPython, missing)) func mistakesOfKeysAndTypesAreNotTaken() throws {
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

extension [UInt8] {
    fileprivate var asData: Data { Data(self) }
}
