// What script/fuzz feeds: not a target of the package, since libFuzzer brings a `main` of its own.
import Glibc
import RunbookDiagnostics
import RunbookLanguage
import RunbookText

/// One of `parser`, `expression` and `redactor`: the variable that script/fuzz sets.
private let target: @Sendable ([UInt8]) -> Void = {
    guard let name = unsafe getenv("RUNBOOK_FUZZ").map({ unsafe String(cString: $0) }) else { return parser }
    switch name {
    case "expression": return expression
    case "redactor": return redactor
    default: return parser
    }
}()

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzOne(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    unsafe target(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// A runbook is there or an error says why it is not; whatever is said can be drawn; what is laid out says the same.
@Sendable private func parser(_ bytes: [UInt8]) {
    let source = SourceText(name: "fuzz.yaml", bytes: bytes)
    let (runbook, found) = lintRunbook(source)
    let problems = Diagnostics(found)
    precondition((runbook == nil) == problems.hasErrors, "neither a model nor an error")
    precondition(
        found.isEmpty || !DiagnosticRenderer().render(problems).isEmpty, "a problem that is not drawn")
    precondition(problems.jsonLines.isEmpty == found.isEmpty, "a problem that is not told")
    for problem in found {
        precondition(problem.primary.span.range.upperBound <= bytes.count, "a place outside of the text")
    }
    guard runbook != nil, case .formatted(let text) = formatRunbook(source).0 else { return }
    let again = formatRunbook(SourceText(name: "fuzz.yaml", text)).0
    precondition(again == .formatted(text), "laid out twice is not as laid out once")
}

/// The text as a condition, as shell text, as a pattern and as a text.
@Sendable private func expression(_ bytes: [UInt8]) {
    let text = jsonQuoted(String(decoding: bytes, as: UTF8.self))
    parser(
        Array(
            """
            runbook: fuzz
            hosts: { a: {}, b: {} }
            groups: { pair: { members: [a, b], inputs: { node: { type: hostname } } } }
            inputs: { word: { type: string, default: x }, count: { type: integer, default: 1 } }
            env: { NAME: '${{ host.id }}' }
            steps:
              - { id: first, hosts: pair, outputs: { value: { run: date } } }
              - id: second
                hosts: pair
                name: \(text)
                if: \(text)
                require: { run: date, match: \(text), message: \(text) }
                check: { that: \(text) }
                run: \(text)

            """.utf8))
}

/// The first byte is the length of the secret, which comes next; the second half of the rest comes in pieces.
@Sendable private func redactor(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let length = Redactor.shortestSecretInBytes + Int(first & 31)
    let secret = Array(bytes.dropFirst().prefix(length)), text = Array(bytes.dropFirst(1 + length))
    var redactor = Redactor()
    guard secret.count == length, (try? redactor.register(bytes: secret)) != nil else { return }
    let whole = redactor.redacted(text + secret + text)
    var stream = RedactionStream(redactor)
    var pieces: [UInt8] = []
    var rest = (text + secret + text)[...]
    var size = 1 + Int(first >> 5)
    while !rest.isEmpty {
        pieces += stream.feed(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
        size = size % 13 + 1
    }
    pieces += stream.finish()
    precondition(pieces == whole, "in pieces it is redacted otherwise")
    // The stars themselves could make up such a secret.
    guard !secret.contains(UInt8(ascii: "*")) else { return }
    precondition(!whole.contains(run: secret), "the secret is there")
}

extension [UInt8] {
    fileprivate func contains(run: [UInt8]) -> Bool {
        guard count >= run.count else { return false }
        return (0...(count - run.count)).contains { self[$0..<$0 + run.count].elementsEqual(run) }
    }
}
