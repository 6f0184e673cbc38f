/// The public key that a host showed and proved to have.
struct HostKey: Sendable, Equatable {
    /// The name in known_hosts: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`.
    var type: String
    /// The key in SSH's wire form.
    var blob: [UInt8]
    /// The same as it stands in known_hosts.
    var base64: String

    /// `SHA256:…` as OpenSSH prints it.
    var fingerprint: String { fingerprintOf(blob) }

    /// The fingerprint with the kind of key, as ssh-keygen -l ends its line: `SHA256:… (ED25519)`.
    var description: String { "\(fingerprint) (\(kindOfKey(type)))" }
}

/// `SHA256:…` of a key in wire form.
func fingerprintOf(_ blob: [UInt8]) -> String {
    "SHA256:" + encodeBase64WithoutPadding(sha256(blob) ?? [])
}

/// What people call a key type: `ED25519`, `ECDSA`, `RSA`; the type itself when it is another.
func kindOfKey(_ type: String) -> String {
    switch type {
    case "ssh-ed25519": "ED25519"
    case "ssh-rsa": "RSA"
    case "ssh-dss": "DSA"
    case _ where type.hasPrefix("ecdsa-sha2-"): "ECDSA"
    default: type
    }
}
