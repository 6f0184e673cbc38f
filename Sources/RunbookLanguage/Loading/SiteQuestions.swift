package import RunbookModel
import RunbookText
import RunbookYAML

/// One value that a site file gives, as a person is asked for it.
package struct SiteQuestion: Sendable {
    /// nil: an input of the runbook.
    package let host: HostID?
    /// `portal`, or of a host `address`.
    package let name: String
    package let title: String?
    /// What is wanted: `an IPv4 address`.
    package let form: String
    /// What holds when nothing is said.
    package let defaultText: String?
    package let isNeeded: Bool
    private let input: Input?

    fileprivate init(_ input: Input, of host: HostID? = nil) {
        self.host = host
        name = input.name
        title = input.title
        form = input.type.form
        defaultText = input.defaultValue?.text
        isNeeded = input.isNeeded
        self.input = input
    }

    fileprivate init(addressOf host: HostDeclaration) {
        self.host = host.id
        name = "address"
        title = host.title
        form = "a name or an address that this machine reaches it by"
        defaultText = nil
        isNeeded = true
        input = nil
    }

    /// `portal`, or `master.address`: as `--set` and `--host` name it.
    package var path: String { host.map { "\($0).\(name)" } ?? name }

    /// What is wrong with an answer, and what to say instead; nil when it is right.
    package func objection(to answer: String) -> String? {
        guard let input else {
            return InputValues.isAddress(answer) ? nil : "this is neither a host name nor an address"
        }
        switch InputValues.read(answer, for: input) {
        case .success: return nil
        case .failure(let refusal): return refusal.headline + (refusal.hint.map { "; \($0)" } ?? "")
        }
    }
}

extension Runbook {
    /// What a site file for this runbook says, in the order in which a person is asked.
    package var siteQuestions: [SiteQuestion] {
        inputs.filter { !$0.isSecret }.map { SiteQuestion($0) }
            + hosts.flatMap { host in
                [SiteQuestion(addressOf: host)] + host.inputs.map { SiteQuestion($0, of: host.id) }
            }
    }

    /// The keys that a site file may give a host beside what this runbook asks of it.
    package static let siteHostKeys = LanguageSchema.siteHost.keys.map(\.name)

    /// A site file with these answers, by their path. What is not answered stands there as a comment.
    package func siteText(_ answers: [String: String]) -> String {
        var lines = [
            "# The values of one place for the runbook \(name). They are not part of the runbook.",
            "for: \(name)",
        ]
        let given = inputs.contains { answers[$0.name] != nil || ($0.isSecret && !$0.isOptional) }
        if !inputs.isEmpty { lines.append(given ? "inputs:" : "inputs: {}") }
        for input in inputs {
            lines += comment(input.title, "  ")
            if input.isSecret {
                // Where it comes from; `{ env: NAME }`, `{ file: PATH }` and `{ command: … }` are others.
                lines.append("  \(input.isOptional ? "# " : "")\(input.name): prompt")
                continue
            }
            lines.append(entry(input.name, answers[input.name], input.defaultValue?.text, "  "))
        }
        let open = groups.filter { $0.limits != nil }
        if !open.isEmpty { lines.append("groups:") }
        for group in open {
            lines.append("  \(group.name): [\(group.members.map(\.rawValue).joined(separator: ", "))]")
        }
        lines.append("hosts:")
        for host in hosts {
            lines += comment(host.title, "  ")
            lines.append("  \(host.id):")
            lines.append(entry("address", answers["\(host.id).address"], nil, "    "))
            for input in host.inputs {
                lines += comment(input.title, "    ")
                lines.append(
                    entry(input.name, answers["\(host.id).\(input.name)"], input.defaultValue?.text, "    "))
            }
            for key in Self.siteHostKeys where key != "address" {
                guard let answer = answers["\(host.id).\(key)"] else { continue }
                lines.append(entry(key, answer, nil, "    "))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func comment(_ text: String?, _ indentation: String) -> [String] {
        text?.split(separator: "\n").map { "\(indentation)# \($0)" } ?? []
    }

    private func entry(_ key: String, _ answer: String?, _ defaultText: String?, _ indentation: String)
        -> String
    {
        guard let answer else { return "\(indentation)# \(key): \(written(defaultText ?? ""))" }
        return "\(indentation)\(key): \(written(answer))"
    }

    /// Plain where nobody could read it otherwise.
    private func written(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map {
                ExpressionLexer.isDigit($0) || ExpressionLexer.isNameStart($0) || $0 == UInt8(ascii: "/")
            }
            ?? false
        let allowed = text.utf8.allSatisfy {
            ExpressionLexer.isDigit($0) || ExpressionLexer.isNameStart($0) || "/.:@+-=".utf8.contains($0)
        }
        return isPlain && allowed && !text.hasSuffix(":") ? text : yamlSingleQuoted(text)
    }
}

extension InputType {
    fileprivate var form: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .ipv4: "an IPv4 address"
        case .hostname: "a host name"
        case .path: "an absolute path"
        case .choice(let words): englishList(words, "or")
        case .duration: "a duration such as 30s"
        }
    }
}
