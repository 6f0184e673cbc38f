/// Replaces secrets by `***` in everything that leaves the program.
///
/// Every byte that belongs to an occurrence of a registered secret is replaced, also where two occurrences
/// overlap. A command can always leak a secret in a form nobody foresaw; that is not promised.
package struct Redactor: Sendable {
    /// Shortest secret that can be hidden: a shorter one would blacken ordinary words.
    package static let shortestSecretInBytes = 6

    package enum Refusal: Error, Equatable {
        /// The secret has fewer bytes than `shortestSecretInBytes`.
        case tooShort(lengthInBytes: Int)
    }

    /// The byte strings to look for: at the place of their first byte, the longest first.
    private(set) var patterns: [[[UInt8]]] = []

    package init() {}

    package var isEmpty: Bool { patterns.isEmpty }

    /// Hides a secret from now on, in each of the forms that `SecretForm` lists.
    package mutating func register(_ secret: String) throws(Refusal) {
        try register(bytes: Array(secret.utf8))
    }

    /// Hides a secret of any bytes from now on.
    package mutating func register(bytes secret: [UInt8]) throws(Refusal) {
        guard secret.count >= Self.shortestSecretInBytes else {
            throw .tooShort(lengthInBytes: secret.count)
        }
        for form in SecretForm.allCases {
            for pattern in form.patterns(of: secret) where pattern.count >= Self.shortestSecretInBytes {
                add(pattern)
            }
        }
    }

    /// The bytes with every secret replaced. For output that comes in pieces use `RedactionStream`.
    package func redacted(_ bytes: [UInt8]) -> [UInt8] {
        if isEmpty { return bytes }
        var stream = RedactionStream(self)
        return stream.feed(bytes) + stream.finish()
    }

    /// The text with every secret replaced.
    package func redacted(_ text: String) -> String {
        isEmpty ? text : String(decoding: redacted(Array(text.utf8)), as: UTF8.self)
    }

    private mutating func add(_ pattern: [UInt8]) {
        guard let first = pattern.first else { return }
        if patterns.isEmpty { patterns = Array(repeating: [], count: 256) }
        if patterns[Int(first)].contains(pattern) { return }
        patterns[Int(first)].append(pattern)
        patterns[Int(first)].sort { $0.count > $1.count }
    }
}

/// Redacts output that comes in pieces: a secret that is cut between two pieces is found too.
///
/// Only bytes that may be the beginning of a secret are held back, so ordinary output is never late.
package struct RedactionStream: Sendable {
    private let redactor: Redactor
    /// The beginning of what may become a secret.
    private var held: [UInt8] = []
    /// How many of the coming bytes, held ones included, belong to a secret that was found already.
    private var coveredCount = 0

    package init(_ redactor: Redactor) { self.redactor = redactor }

    /// Takes the next piece; returns what can be shown by now.
    package mutating func feed(_ piece: [UInt8]) -> [UInt8] {
        if redactor.isEmpty { return piece }
        return advance(through: held + piece, isLast: false)
    }

    /// Returns what was held back. Call it once, when no piece follows.
    package mutating func finish() -> [UInt8] { advance(through: held, isLast: true) }

    private mutating func advance(through bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            var longest = 0
            for pattern in redactor.patterns[Int(bytes[position])] {
                let available = min(pattern.count, bytes.count - position)
                guard matches(pattern, bytes, at: position, count: available) else { continue }
                if available == pattern.count {
                    longest = max(longest, available)
                } else if !isLast {
                    held = Array(bytes[position...])
                    return shown
                }
            }
            if longest > 0, coveredCount == 0 { shown += Redactor.mark }
            coveredCount = max(coveredCount, longest)
            if coveredCount > 0 { coveredCount -= 1 } else { shown.append(bytes[position]) }
            position += 1
        }
        held = []
        return shown
    }

    private func matches(_ pattern: [UInt8], _ bytes: [UInt8], at position: Int, count: Int) -> Bool {
        for offset in 0..<count where pattern[offset] != bytes[position + offset] { return false }
        return true
    }
}

extension Redactor {
    /// What stands in place of a secret.
    static let mark = Array("***".utf8)
}
