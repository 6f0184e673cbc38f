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
    ///
    /// - Parameters:
    ///   - isCutInFront: Something stood before them that is not there: they may begin inside of a secret.
    ///   - isCutBehind: They may end inside of a secret.
    package func redacted(_ bytes: [UInt8], isCutInFront: Bool = false, isCutBehind: Bool = false) -> [UInt8]
    {
        if isEmpty { return bytes }
        let rest = isCutInFront ? lengthOfRest(at: bytes) : 0
        var stream = RedactionStream(self)
        let whole = stream.feed(Array(bytes[rest...]))
        let end = stream.finish(isCut: isCutBehind)
        return (rest > 0 ? Self.mark : []) + whole + end
    }

    /// The text with every secret replaced.
    package func redacted(_ text: String) -> String {
        isEmpty ? text : String(decoding: redacted(Array(text.utf8)), as: UTF8.self)
    }

    /// The longest end of a pattern that the bytes begin with.
    private func lengthOfRest(at bytes: [UInt8]) -> Int {
        var longest = 0
        for pattern in patterns.joined() {
            let most = min(pattern.count - 1, bytes.count)
            guard most > longest, most >= Self.shortestRestInBytes else { continue }
            for length in stride(from: most, to: max(longest, Self.shortestRestInBytes - 1), by: -1)
            where pattern.suffix(length).elementsEqual(bytes.prefix(length)) {
                longest = length
                break
            }
        }
        return longest
    }

    /// Shortest part of a secret that is hidden where a text was cut: shorter ones tell little and are common.
    static let shortestRestInBytes = 4

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
    ///
    /// - Parameter isCut: More stood behind it, which is not there: what may be the beginning of a secret is hidden.
    package mutating func finish(isCut: Bool = false) -> [UInt8] {
        guard isCut else { return advance(through: held, isLast: true) }
        var shown: [UInt8] = []
        while !held.isEmpty {
            // Only what one secret begins with, for its whole length, is held.
            if held.count >= Redactor.shortestRestInBytes {
                return shown + (coveredCount > 0 ? [] : Redactor.mark)
            }
            let first = held.removeFirst()
            if coveredCount > 0 { coveredCount -= 1 } else { shown.append(first) }
            shown += advance(through: held, isLast: false)
        }
        return shown
    }

    private mutating func advance(through bytes: [UInt8], isLast: Bool) -> [UInt8] {
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            var longest = 0
            for pattern in redactor.patterns[Int(bytes[position])] {
                switch match(pattern, bytes, at: position) {
                case .none: continue
                case .whole(let length): longest = max(longest, length)
                case .begun:
                    if isLast { continue }
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

    private enum Match {
        case none
        /// With the line breaks inside.
        case whole(length: Int)
        /// The bytes end before the pattern does.
        case begun
    }

    /// A pattern may be split over lines anywhere: encoders and terminals break long lines.
    private func match(_ pattern: [UInt8], _ bytes: [UInt8], at position: Int) -> Match {
        var place = position + 1
        for wanted in pattern.dropFirst() {
            while place < bytes.count, bytes[place] != wanted, isLineBreak(bytes, at: place) { place += 1 }
            guard place < bytes.count else { return .begun }
            guard bytes[place] == wanted else { return .none }
            place += 1
        }
        return .whole(length: place - position)
    }

    /// A line feed, or a carriage return that has one behind it, as far as that can be seen.
    private func isLineBreak(_ bytes: [UInt8], at place: Int) -> Bool {
        switch bytes[place] {
        case UInt8(ascii: "\n"): true
        case UInt8(ascii: "\r"): place + 1 == bytes.count || bytes[place + 1] == UInt8(ascii: "\n")
        default: false
        }
    }
}

extension Redactor {
    /// What stands in place of a secret.
    package static let mark = Array("***".utf8)
}
