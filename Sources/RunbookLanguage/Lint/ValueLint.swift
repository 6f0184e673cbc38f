import RunbookDiagnostics
import RunbookText
import RunbookYAML

// A runbook is shared: it holds no address and no secret.
extension Linter {
    func judgeValues() {
        for entry in subjects.root.mapping ?? [] where !Self.forPeople.contains(entry.name) {
            judge(entry.value)
        }
        for input in subjects.root["inputs"]?.mapping ?? [] where Self.namesSecret(input.name) {
            guard let value = input.value["default"], value.text?.isEmpty == false else { continue }
            warnOfSecret(value.span)
        }
    }

    /// Texts that only people read may give examples.
    private static let forPeople: Set<String> = [
        "runbook", "version", "title", "description", "name", "why", "message", "say", "manual", "question",
        "none", "pattern",
    ]

    private func judge(_ node: YAMLNode) {
        switch node.kind {
        case .scalar(let scalar):
            if let range = LiteralAddress.find(in: Array(scalar.text.utf8)) {
                warnOfAddress(span(range, in: scalar))
            }
            if let range = LiteralSecret.find(in: scalar.text) { warnOfSecret(span(range, in: scalar)) }
        case .sequence(let nodes): nodes.forEach(judge)
        case .mapping(let entries):
            for entry in entries where !Self.forPeople.contains(entry.name) || entry.value.scalar == nil {
                judge(entry.value)
            }
        }
    }

    private func warnOfAddress(_ span: SourceSpan) {
        warn(
            .warning("literal-address", "the address `\(span.text)` stands in the runbook", at: span)
                .hint(
                    "make an input of it, or an attribute of a host: the site file says what it is at your place"
                ))
    }

    private func warnOfSecret(_ span: SourceSpan) {
        warn(
            .warning(
                "literal-secret", "this looks like a secret", at: span, "everybody who has the runbook has it"
            )
            .hint("let the host make it, read it from a file on the host, or give it through an input"))
    }

    static func namesSecret(_ name: String) -> Bool {
        let words = name.lowercased().split { $0 == "-" || $0 == "_" }
        return words.contains { ["password", "passwd", "passphrase", "secret"].contains($0) }
    }
}

/// An IPv4 or IPv6 address that stands for a machine: not the loopback, not `0.0.0.0`, no mask.
enum LiteralAddress {
    static func find(in bytes: [UInt8]) -> Range<Int>? {
        var index = 0
        while index < bytes.count {
            guard isPart(bytes[index]), index == 0 || !isBefore(bytes[index - 1]) else {
                index += 1
                continue
            }
            var end = index
            while end < bytes.count, isPart(bytes[end]) { end += 1 }
            // A sentence or a list may end behind it.
            var last = end
            while last > index, [UInt8(ascii: "."), UInt8(ascii: ":")].contains(bytes[last - 1]),
                last - index > 2,
                !(bytes[last - 1] == UInt8(ascii: ":") && bytes[last - 2] == UInt8(ascii: ":"))
            {
                last -= 1
            }
            let word = String(decoding: bytes[index..<last], as: UTF8.self)
            let isWhole = end == bytes.count || !isBefore(bytes[end])
            if isWhole, let length = length(of: word) { return index..<index + length }
            index = max(end, index + 1)
        }
        return nil
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        ExpressionLexer.isDigit(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
    }

    /// What makes another word of it.
    private static func isBefore(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || ExpressionLexer.isDigit(byte)
            || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\\")].contains(byte)
    }

    /// The address at the start of a word, perhaps with a port behind it.
    private static func length(of word: String) -> Int? {
        let address = word.split(separator: ":", maxSplits: 1).first.map(String.init) ?? ""
        if InputValues.isIPv4(address) {
            let isOwn = address.hasPrefix("127.") || address == "0.0.0.0" || address.hasPrefix("255.")
            return isOwn ? nil : address.utf8.count
        }
        let groups = word.split(separator: ":", omittingEmptySubsequences: false)
        guard !word.contains("."), groups.count >= 3, groups.allSatisfy({ $0.utf8.count <= 4 }) else {
            return nil
        }
        let isShort = word.contains("::")
        guard isShort ? groups.count <= 9 : groups.count == 8 else { return nil }
        return ["::", "::1"].contains(word) ? nil : word.utf8.count
    }
}

/// Words that are written where a secret is given.
enum LiteralSecret {
    static func find(in text: String) -> Range<Int>? {
        let bytes = Array(text.utf8)
        for pattern in patterns {
            if let ranges = pattern.firstRanges(in: bytes), let whole = ranges.first ?? nil { return whole }
        }
        return nil
    }

    private static let patterns = [
        "-----BEGIN [A-Z ]*PRIVATE KEY-----",
        "AKIA[0-9A-Z]{16}",
        "--?password[= ][\"']?[A-Za-z0-9+/!@#%^&*._-]{4,}",
        "([Pp]assword|PASSWORD|[Pp]asswd|PASSWD|[Ss]ecret|SECRET|[Pp]assphrase|[Aa]pi_?[Kk]ey)[\"']?"
            + "[=:][\"']?[A-Za-z0-9+/!@#%^&*._-]{4,}",
    ].compactMap { try? ExtendedRegex($0) }
}
