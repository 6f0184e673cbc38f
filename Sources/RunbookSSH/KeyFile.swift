import CLibSSH
import Glibc

/// A private key file as far as it can be judged without using it.
struct KeyFile: Sendable, Equatable {
    var path: String

    enum Problem: Equatable {
        case missing
        /// A sentence's end: `is not a file`.
        case unusable(String)
    }

    /// Longer than any key: libssh's own limit is 4 MiB.
    private static let sizeMax = 1 << 20

    /// Why the file cannot be used; nil when it looks like one that can.
    var problem: Problem? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? .missing : .unusable("cannot be read: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .unusable("is not a file") }
        guard status.st_size <= Self.sizeMax else { return .unusable("is too large for a key") }
        if status.st_uid == getuid(), status.st_mode & 0o077 != 0 {
            return .unusable("can be read by others: make it yours alone with chmod 600")
        }
        guard unsafe access(path, R_OK) == 0 else { return .unusable("cannot be read: \(errorText(errno))") }
        return nil
    }

    /// The public key, from the file itself (OpenSSH's format) or from `.pub` beside it.
    var publicKey: HostKey? { readPublic(path) ?? readPublic(path + ".pub") }

    private func readPublic(_ path: String) -> HostKey? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var key: ssh_key?
        guard unsafe ssh_pki_import_pubkey_file(path, &key) == SSH_OK, let key = unsafe key else {
            return nil
        }
        defer { unsafe ssh_key_free(key) }
        return unsafe RunbookSSH.publicKey(of: key)
    }

    /// What opening the file with a passphrase gave.
    enum Opened: ~Copyable {
        case key(PrivateKey)
        case needsPassphrase
        case unusable
    }

    func open(passphrase: String?) -> Opened {
        var key: ssh_key?
        var asked = false
        let result = unsafe ssh_pki_import_privkey_file(
            path, passphrase,
            { _, buffer, length, _, _, asked in
                // Without this call-back OpenSSL would ask on the terminal by itself.
                unsafe asked?.storeBytes(of: true, as: Bool.self)
                if length > 0 { unsafe buffer?.pointee = 0 }
                return -1
            }, &asked, &key)
        if result == SSH_OK, let key = unsafe key { return .key(unsafe PrivateKey(raw: key)) }
        return asked || passphrase != nil || isEncrypted ? .needsPassphrase : .unusable
    }

    /// Whether the text says so: OpenSSH's format names the cipher, the old one has a header.
    private var isEncrypted: Bool {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let bytes = readAll(descriptor) else { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("ENCRYPTED") { return true }
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        guard text.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----"), let blob = decodeBase64(Array(body.utf8))
        else { return false }
        // "openssh-key-v1\0", then the cipher's name (PROTOCOL.key).
        var reader = WireReader(blob.dropFirst(15))
        guard let cipher = reader.string() else { return false }
        return !cipher.elementsEqual("none".utf8)
    }
}

/// libssh's handle of a private key.
@safe struct PrivateKey: ~Copyable {
    let raw: ssh_key
    deinit { unsafe ssh_key_free(raw) }
}
