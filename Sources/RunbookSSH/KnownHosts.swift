/// What known_hosts says of one host: every line that is about it.
///
/// The format is sshd(8)'s, SSH_KNOWN_HOSTS FILE FORMAT. Reading is strict: a line about this host that
/// cannot be understood is a refusal, not a gap through which a changed key could slip.
struct KnownHosts: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var type: String
        var blob: [UInt8]
        /// `FILE:LINE`
        var place: String
    }

    var keys: [Entry] = []
    var revoked: [Entry] = []
    /// Places of @cert-authority lines: certificates are not supported, so they prove nothing here.
    var authorities: [String] = []

    /// What the file says of a key that the host showed.
    enum Verdict: Sendable, Equatable {
        case known
        case unknown
        case revoked(Entry)
        /// Another key of this type is known.
        case changed(Entry)
        /// Only keys of other types are known.
        case otherTypes([Entry])
        /// Only a certificate authority is known.
        case authorityOnly(String)
    }

    func judge(_ key: HostKey) -> Verdict {
        if let entry = revoked.first(where: { $0.blob == key.blob }) { return .revoked(entry) }
        if keys.contains(where: { $0.blob == key.blob && $0.type == key.type }) { return .known }
        if let entry = keys.first(where: { $0.type == key.type }) { return .changed(entry) }
        if !keys.isEmpty { return .otherTypes(keys) }
        if let place = authorities.first { return .authorityOnly(place) }
        return .unknown
    }

    /// A line about this host that cannot be understood.
    struct Problem: Error, Equatable {
        var place: String
        var reason: String
    }

    /// Adds the lines of a file that are about `name` (`host` or `[host]:port`, lower case).
    mutating func read(_ text: [UInt8], file: String, name: String) throws(Problem) {
        let name = Array(name.utf8)
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            try readLine(line, place: "\(file):\(number)", name: name)
        }
    }

    private mutating func readLine(_ line: ArraySlice<UInt8>, place: String, name: [UInt8]) throws(Problem) {
        var fields = line.split(maxSplits: 4) { $0 == UInt8(ascii: " ") || $0 == 9 || $0 == 13 }
        guard let first = fields.first, first.first != UInt8(ascii: "#") else { return }
        var marker = ""
        if first.first == UInt8(ascii: "@") {
            marker = String(decoding: first, as: UTF8.self)
            fields.removeFirst()
        }
        guard let patterns = fields.first, HostPatterns.match(patterns, name: name) else { return }
        guard ["", "@revoked", "@cert-authority"].contains(marker) else {
            throw Problem(place: place, reason: "its marker is not known")
        }
        guard fields.count >= 3 else { throw Problem(place: place, reason: "it ends before the key") }
        let type = String(decoding: fields[1], as: UTF8.self)
        guard let blob = decodeBase64(fields[2]), blob.starts(with: wireText(type)) else {
            throw Problem(place: place, reason: "its key is damaged or not of the type it names")
        }
        let entry = Entry(type: type, blob: blob, place: place)
        switch marker {
        case "@revoked": revoked.append(entry)
        case "@cert-authority": authorities.append(place)
        default: keys.append(entry)
        }
    }
}

/// A text in SSH's wire form: four bytes of length, then the bytes (RFC 4251, section 5).
func wireText(_ text: String) -> [UInt8] { wireBytes(Array(text.utf8)) }

func wireBytes(_ bytes: [UInt8]) -> [UInt8] {
    let length = UInt32(bytes.count)
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + bytes
}

/// The first field of a known_hosts line.
enum HostPatterns {
    /// Whether the field is about `name`: hashed, or a list of patterns with `*`, `?` and `!`.
    ///
    /// One negated pattern that matches means no, whatever else stands in the list.
    static func match(_ field: ArraySlice<UInt8>, name: [UInt8]) -> Bool {
        if field.first == UInt8(ascii: "|") { return matchHashed(field, name: name) }
        var isMatch = false
        for pattern in field.split(separator: UInt8(ascii: ",")) {
            let isNegated = pattern.first == UInt8(ascii: "!")
            guard matchPattern(isNegated ? pattern.dropFirst() : pattern, name[...]) else { continue }
            if isNegated { return false }
            isMatch = true
        }
        return isMatch
    }

    /// `|1|SALT|HASH`: HASH is the HMAC-SHA1 of the name with SALT as key.
    private static func matchHashed(_ field: ArraySlice<UInt8>, name: [UInt8]) -> Bool {
        let parts = field.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1].elementsEqual([UInt8(ascii: "1")]),
            let salt = decodeBase64(parts[2]), let hash = decodeBase64(parts[3]), hash.count == 20
        else { return false }
        return hmacSHA1(key: salt, message: name) == hash
    }

    /// Wildcards without backtracking over more than the last `*`: linear enough for a hostile file.
    private static func matchPattern(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var p = pattern.startIndex, n = name.startIndex
        var star: (pattern: Int, name: Int)?
        while n < name.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, n)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == UInt8(ascii: "?") || lower(pattern[p]) == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                p = last.pattern
                n = last.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
