import FoundationEssentials

/// Judges documents by JSON Schemas, with another reader than ours: python3's jsonschema.
package enum SchemaJudge {
    /// Prints the numbers of the documents that are right. Scalars of YAML are typed as YAML 1.2 types them, as editors
    /// do.
    private static let script = #"""
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
        def read(text):
            try: return json.loads(text)
            except ValueError: return yaml.load(text, Loader)
        for number, (kind, text) in enumerate(work["documents"]):
            if judges[kind].is_valid(read(text)): right.append(number)
        print(json.dumps(right))

        """#

    package static let isAvailable: Bool = {
        let result = try? run(["python3", "-c", "import yaml, jsonschema; jsonschema.Draft202012Validator"])
        return result?.status == 0
    }()

    package static let missing = "python3 with yaml and jsonschema is not here: no schema is judged"

    private struct Work: Encodable {
        var schemas: [String: String]
        var documents: [[String]]
    }

    /// The numbers of the documents that the schema of their kind takes.
    ///
    /// - Parameter documents: each JSON or YAML, with the name of its schema.
    package static func taken(
        _ documents: [(kind: String, text: String)], by schemas: [String: String]
    ) throws -> [Int] {
        let work = Work(schemas: schemas, documents: documents.map { [$0.kind, $0.text] })
        let folder = try TemporaryDirectory("schema")
        let input = try folder.write(
            "work.json", String(decoding: try JSONEncoder().encode(work), as: UTF8.self))
        let script = try folder.write("judge.py", Self.script)
        let output = try runChecked(["sh", "-c", "python3 \(script) < \(input)"])
        return try JSONDecoder().decode([Int].self, from: Data(output.utf8))
    }
}
