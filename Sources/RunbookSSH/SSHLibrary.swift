import CLibSSH

/// The SSH library that is in use.
package enum SSHLibrary {
    /// libssh's version with what it was built with: `0.10.6/openssl/zlib`.
    package static var version: String {
        unsafe ssh_version(0).map { unsafe String(cString: $0) } ?? "unknown"
    }
}
