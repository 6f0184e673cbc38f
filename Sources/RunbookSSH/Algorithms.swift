/// The algorithms that are offered to a host.
///
/// Nil leaves libssh's own choice, which is today's: no SHA-1 in a signature, a key exchange or a MAC.
struct Algorithms: Sendable, Equatable {
    var hostKeys: String
    var publicKeys: String?
    var keyExchange: String?
    var ciphers: String?
    var macs: String?

    private static let modernHostKeys = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
        "rsa-sha2-256",
    ]

    /// What OpenSSH 6.0p1 (Debian 7, PVE 3.4) has and today's defaults lack: its RSA keys sign with SHA-1
    /// only (RSA with SHA-2 came with 7.2); the rest is for servers whose owner cut the list short.
    private static let legacy: [String: [String]] = [
        "host key": ["ssh-rsa"],
        "kex": ["diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1"],
        "encryption": ["aes256-cbc", "aes192-cbc", "aes128-cbc"],
        "mac": ["hmac-sha1"],
    ]

    /// - Parameters:
    ///   - known: types of the keys that are known of the host, as in known_hosts: asked for first, so that a
    ///     host that is known by its RSA key does not show another one that nobody knows.
    ///   - only: nothing but these types of host key.
    init(known: [String], only: [String]? = nil, allowsLegacy: Bool) {
        let all = Self.modernHostKeys + (allowsLegacy ? Self.legacy["host key"] ?? [] : [])
        let types = only.map { types in all.filter { types.contains(Self.keyType(of: $0)) } } ?? all
        let first = types.filter { known.contains(Self.keyType(of: $0)) }
        hostKeys = (first + types.filter { !first.contains($0) }).joined(separator: ",")
        guard allowsLegacy else { return }
        publicKeys = all.joined(separator: ",")
        keyExchange = Self.list(
            "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                + "ecdh-sha2-nistp521,diffie-hellman-group18-sha512,diffie-hellman-group16-sha512,"
                + "diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256", "kex")
        ciphers = Self.list(
            "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,"
                + "aes192-ctr,aes128-ctr", "encryption")
        macs = Self.list(
            "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512", "mac")
    }

    private static func list(_ modern: String, _ kind: String) -> String {
        ([modern] + (legacy[kind] ?? [])).joined(separator: ",")
    }

    /// The type in known_hosts of a signature algorithm's key.
    static func keyType(of algorithm: String) -> String {
        algorithm.hasPrefix("rsa-sha2-") ? "ssh-rsa" : algorithm
    }

    /// What a failed negotiation lacked.
    struct Mismatch: Equatable {
        /// libssh's words: `kex algos`, `server host key algo`, `mac algo client->server`.
        var method: String
        var offered: [String]

        /// Whether `legacy_ssh: true` would have found an algorithm.
        var isLegacy: Bool {
            Algorithms.legacy.contains { kind, algorithms in
                method.contains(kind) && offered.contains { algorithms.contains($0) }
            }
        }

        /// Reads libssh's message, `kex error : no match for method M: server [A,B], client [C]`.
        init?(_ message: String) {
            guard message.contains("no match for method ") else { return nil }
            let parts = message.split(separator: "[", omittingEmptySubsequences: false)
            guard parts.count >= 2, let head = parts.first,
                let start = head.firstRange(of: "no match for method "), let end = head.lastIndex(of: ":"),
                start.upperBound <= end
            else { return nil }
            method = String(head[start.upperBound..<end])
            offered = parts[1].prefix { $0 != "]" }.split(separator: ",").map(String.init)
        }
    }
}
