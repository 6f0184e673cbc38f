import CLibCrypto

/// SHA-256, for fingerprints.
func sha256(_ bytes: [UInt8]) -> [UInt8]? {
    LibCrypto.digest([bytes], of: .sha256)
}

/// HMAC-SHA1 (RFC 2104), with which OpenSSH hides the names in known_hosts.
///
/// Nil when libcrypto will not do SHA-1: then a hashed line cannot be read.
func hmacSHA1(key: [UInt8], message: [UInt8]) -> [UInt8]? {
    let blockSize = 64
    guard key.count <= blockSize else { return nil }
    let padded = key + [UInt8](repeating: 0, count: blockSize - key.count)
    guard let inner = LibCrypto.digest([padded.map { $0 ^ 0x36 }, message], of: .sha1) else { return nil }
    return LibCrypto.digest([padded.map { $0 ^ 0x5C }, inner], of: .sha1)
}

private enum LibCrypto {
    enum Algorithm { case sha1, sha256 }

    static func digest(_ parts: [[UInt8]], of algorithm: Algorithm) -> [UInt8]? {
        guard let context = unsafe EVP_MD_CTX_new() else { return nil }
        defer { unsafe EVP_MD_CTX_free(context) }
        let method = unsafe algorithm == .sha1 ? EVP_sha1() : EVP_sha256()
        guard unsafe EVP_DigestInit_ex(context, method, nil) == 1 else { return nil }
        for part in parts {
            guard unsafe EVP_DigestUpdate(context, part, part.count) == 1 else { return nil }
        }
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard unsafe EVP_DigestFinal_ex(context, &result, &length) == 1 else { return nil }
        return Array(result.prefix(Int(length)))
    }
}
