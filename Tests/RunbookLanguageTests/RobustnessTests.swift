import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import RunbookYAML
import Testing

/// Nothing that is written makes the loader fall over, and nothing of a wrong type is let through.
@Suite struct RobustnessTests {
    private static let text = """
        runbook: demo
        inputs: { a: { type: string, pattern: '[a-z]+', default: x } }
        hosts: { m: {}, s: {} }
        groups: { g: { members: [m, s], inputs: { node: { type: hostname } } } }
        env: { A: '${{ inputs.a }}' }
        checks: { c: { run: cat /x, match: '^${{ host.node }}( |$)' } }
        steps:
          - id: one
            hosts: g
            if: inputs.a in ['x', 'y']
            require: [{ host: peer, use: c, within: 3s }]
            check: { not: test -e /x }
            run: |
              echo ${{ inputs.a }} > "/x"
            outputs: { o: { run: date } }
          - { id: two, trust: { peers: g }, hints: [{ exit: 1, say: 'o ${{ steps.one.on.m.outputs.o }}' }] }

        """

    /// A runbook is there or an error says why it is not, and drawing the problems works.
    private func isAnswered(_ bytes: [UInt8]) -> Bool {
        let (runbook, diagnostics) = loadRunbook(SourceText(name: "t.yaml", bytes: bytes))
        let isRefused = diagnostics.contains { $0.severity == .error }
        return (runbook == nil) == isRefused && (diagnostics.isEmpty || !rendered(diagnostics).isEmpty)
    }

    @Test func theTextItselfLoads() throws { _ = try load(Self.text) }

    @Test(.timeLimit(.minutes(2))) func everyPrefixIsAnswered() {
        let bytes = Array(Self.text.utf8)
        let unanswered = (0..<bytes.count).filter { !isAnswered(Array(bytes[..<$0])) }
        #expect(unanswered == [])
    }

    @Test(.timeLimit(.minutes(2))) func everyDeletionOfAByteIsAnswered() {
        let bytes = Array(Self.text.utf8)
        let unanswered = bytes.indices.filter { index in
            var changed = bytes
            changed.remove(at: index)
            return !isAnswered(changed)
        }
        #expect(unanswered == [])
    }

    @Test(.timeLimit(.minutes(2)), arguments: Array("'\"{}[]:$#|>&*!%@`\\-,?\n\t ".utf8))
    func everyInsertionOfASignIsAnswered(_ sign: UInt8) {
        let bytes = Array(Self.text.utf8)
        let unanswered = stride(from: 0, to: bytes.count, by: 7).filter { index in
            var changed = bytes
            changed.insert(sign, at: index)
            return !isAnswered(changed)
        }
        #expect(unanswered == [])
    }

    /// What libFuzzer found to cover most in little: see script/fuzz.
    @Test(.timeLimit(.minutes(2))) func everyTextOfTheCorpusIsAnswered() throws {
        let folder = Files.root + "/Tests/Fuzz/corpus/parser"
        let names = try Files.names(in: folder, withSuffix: "")
        #expect(names.count >= 30)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
            if !isAnswered(bytes) { Issue.record("\(name)") }
        }
    }

    // MARK: - Types

    /// For each key of each mapping a value of every shape that its type does not take.
    struct WrongType: CustomTestStringConvertible {
        let mapping: ValueType.Mapping
        let key: String
        let value: String
        var testDescription: String { "\(mapping.rawValue): \(key): \(value)" }
    }

    static let wrongTypes: [WrongType] = ValueType.Mapping.allCases.flatMap { mapping in
        mapping.schema.keys.flatMap { key in
            ["[[a]]", "{ zz: {} }", "{ zz: [] }", "[{ zz: 1 }]", "''", "text", "~", "[~]"].filter {
                !takes(key.type, $0)
            }
            .map { WrongType(mapping: mapping, key: key.name, value: $0) }
        }
    }

    /// Whether a value has a shape that the type takes: those are judged elsewhere.
    private static func takes(_ type: ValueType, _ value: String) -> Bool {
        let isText = value == "''" || value == "text"
        switch type {
        case .text, .template, .shell, .pattern, .value, .expression: return isText
        case .name, .choice: return value == "text"
        case .integer, .count, .boolean, .duration, .share: return false
        case .list(let element): return value == "[{ zz: 1 }]" && takes(element, "{ zz: [] }")
        case .oneOrMore(let element): return takes(element, value) || takes(.list(element), value)
        case .mapping: return value.hasPrefix("{")
        case .table(let element):
            return (value == "{ zz: {} }" && takes(element, "{ zz: [] }"))
                || (value == "{ zz: [] }" && isList(element))
                || (value == "{ zz: {} }" && takesEmpty(element))
        case .emptyMapping: return false
        case .either(let types): return types.contains { takes($0, value) }
        }
    }

    private static func isList(_ type: ValueType) -> Bool {
        switch type {
        case .list: true
        case .either(let types): types.contains(where: isList)
        default: false
        }
    }

    private static func takesEmpty(_ type: ValueType) -> Bool {
        switch type {
        case .emptyMapping: true
        case .either(let types): types.contains(where: takesEmpty)
        default: false
        }
    }

    /// A mapping with the key, at a place of a runbook where it is read.
    static func document(_ wrong: WrongType) -> (text: String, isSite: Bool) {
        let entry = "\(wrong.key): \(wrong.value)"
        let head = "runbook: demo\nhosts: { m: {}, s: {} }\n"
        func step(_ rest: String) -> String { head + "steps: [{ id: one, host: m, \(rest) }]\n" }
        switch wrong.mapping {
        case .runbook: return (entry + "\n", false)
        case .input: return (head + "inputs: { a: { \(entry) } }\n", false)
        case .host: return ("runbook: demo\nhosts: { m: { \(entry) } }\n", false)
        case .group: return (head + "groups: { g: { \(entry) } }\n", false)
        case .defaults: return (head + "defaults: { \(entry) }\n", false)
        case .question: return (step("require: { \(entry) }"), false)
        case .noProof: return (step("run: date, verify: { \(entry) }"), false)
        case .step: return (head + "steps: [{ \(entry) }]\n", false)
        case .timeout: return (step("timeout: { \(entry) }"), false)
        case .retry: return (step("retry: { \(entry) }"), false)
        case .output: return (step("outputs: { a: { \(entry) } }"), false)
        case .hint: return (step("hints: [{ \(entry), exit: 1 }]"), false)
        case .undo: return (step("undo: { \(entry) }"), false)
        case .evidence: return (step("on_failure: { \(entry) }"), false)
        case .copy: return (step("copy: { \(entry) }"), false)
        case .edit: return (step("edit: { \(entry) }"), false)
        case .fetch: return (step("fetch: { \(entry) }"), false)
        case .trust: return (step("trust: { \(entry) }"), false)
        case .service: return (step("service: { \(entry) }"), false)
        case .reboot: return (step("reboot: { \(entry) }"), false)
        case .ask: return (step("ask: { \(entry) }"), false)
        case .site: return (entry + "\n", true)
        case .siteHost: return ("hosts: { m: { \(entry) } }\n", true)
        case .secretSource: return ("inputs: { key: { \(entry) } }\n", true)
        case .jump: return ("hosts: { m: { address: a, jump: { \(entry) } } }\n", true)
        }
    }

    @Test(arguments: wrongTypes)
    func wrongTypesAreRefusedAtTheirPlace(_ wrong: WrongType) throws {
        let (text, isSite) = Self.document(wrong)
        let source = SourceText(name: "t.yaml", text)
        let diagnostics: [Diagnostic]
        if isSite {
            let runbook = try load(
                "runbook: demo\nhosts: { m: {} }\ninputs: { key: { type: string, secret: true } }\nsteps: [{ id: a, require: 'true' }]\n"
            )
            diagnostics = loadSite(source, for: runbook).1
        } else {
            diagnostics = loadRunbook(source).1
        }
        let typed: Set<String> = [
            "wrong-type", "value-missing", "empty-list", "bad-name", "unknown-choice", "unknown-key",
            "unknown-host",
            "bad-value", "comma-in-value",
        ]
        let start =
            text.utf8.count
            - (text.firstRange(of: wrong.key + ":").map { text[$0.lowerBound...].utf8.count } ?? 0)
        #expect(
            diagnostics.contains { typed.contains($0.id.slug) && $0.primary.span.range.lowerBound >= start },
            "\(rendered(diagnostics))")
    }

    @Test func thereIsAWrongTypeForEveryKey() {
        let covered = Set(Self.wrongTypes.map { "\($0.mapping) \($0.key)" })
        let all = ValueType.Mapping.allCases.flatMap { mapping in
            mapping.schema.keys.map { "\(mapping) \($0.name)" }
        }
        #expect(covered == Set(all))
        #expect(Self.wrongTypes.count > 500)
    }
}
