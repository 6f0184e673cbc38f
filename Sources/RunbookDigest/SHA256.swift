import CLibCrypto

/// The SHA-256 digest of `bytes`.
package func sha256(_ bytes: [UInt8]) -> Digest {
    sha256(bytes.span)
}

/// The SHA-256 digest of `bytes`.
package func sha256(_ bytes: Span<UInt8>) -> Digest {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finish()
}

/// SHA-256 over bytes that come in pieces, from libcrypto's EVP interface.
///
/// A value can be used again: `finish` leaves it as new. That is the fast way to hash many short texts, since
/// OpenSSL 3 looks an algorithm up by its name for every new context (EVP_MD_fetch(3), "Explicit fetching").
@safe package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        let fetched = unsafe EVP_MD_fetch(nil, "SHA256", nil)
        guard let algorithm = unsafe fetched, let context = unsafe EVP_MD_CTX_new() else {
            preconditionFailure("libcrypto has no SHA-256 or no memory")
        }
        unsafe self.context = unsafe context
        let isReady = unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1
        // The context keeps a reference of its own (EVP_DigestInit_ex2(3)).
        unsafe EVP_MD_free(algorithm)
        precondition(isReady, "libcrypto cannot begin a SHA-256")
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds `bytes` to what is hashed.
    package mutating func update(_ bytes: Span<UInt8>) {
        let isDone = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count) == 1
        }
        precondition(isDone, "libcrypto cannot go on with a SHA-256")
    }

    /// Adds `bytes` to what is hashed.
    package mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// The digest of everything added since the value was made or last finished; the value is as new afterwards.
    package mutating func finish() -> Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let isDone = unsafe withUnsafeMutableBytes(of: &words) { room in
            unsafe EVP_DigestFinal_ex(context, room.baseAddress, nil) == 1
        }
        // With no algorithm named, the context begins again with the one it has.
        let isReady = unsafe EVP_DigestInit_ex2(context, nil, nil) == 1
        precondition(isDone && isReady, "libcrypto cannot finish a SHA-256")
        return Digest(
            words: (
                UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2),
                UInt64(bigEndian: words.3)
            ))
    }
}
